from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.documents import FR_EN, translate, unchanged
from transformer_cli.documents.document import Task
from transformer_cli.errors import DataError

# As Xcode lays it out.
CATALOGUE = """{
  "sourceLanguage" : "fr",
  "strings" : {
    "" : {

    },
    "%lld chats" : {
      "localizations" : {
        "de" : {
          "stringUnit" : {
            "state" : "translated",
            "value" : "%lld Katzen"
          }
        },
        "fr" : {
          "variations" : {
            "plural" : {
              "one" : {
                "stringUnit" : {
                  "state" : "translated",
                  "value" : "un chat"
                }
              },
              "other" : {
                "stringUnit" : {
                  "state" : "translated",
                  "value" : "%lld chats"
                }
              }
            }
          }
        }
      }
    },
    "done" : {
      "localizations" : {
        "en" : {
          "stringUnit" : {
            "state" : "translated",
            "value" : "There"
          }
        },
        "fr" : {
          "stringUnit" : {
            "state" : "translated",
            "value" : "Fini"
          }
        }
      }
    },
    "le chat" : {
      "comment" : "Un animal"
    },
    "le nom" : {
      "shouldTranslate" : false
    },
    "par appareil" : {
      "localizations" : {
        "fr" : {
          "variations" : {
            "device" : {
              "other" : {
                "stringUnit" : {
                  "state" : "translated",
                  "value" : "touchez"
                }
              }
            }
          }
        }
      }
    },
    "vide" : {

    }
  },
  "version" : "1.0"
}"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_catalogue_read_and_written_is_the_same_in_every_byte(line_end):
    data = CATALOGUE.replace("\n", line_end).encode()

    assert unchanged(data, "xcstrings") == data
    assert translate(translate(data, "xcstrings"), "xcstrings") == translate(data, "xcstrings")
    assert translate(data, "xcstrings").replace(b"\r\n", b"\n") == translate(CATALOGUE.encode(), "xcstrings")


def test_translations_are_added_as_xcode_lays_them_out_and_nothing_else_changes():
    old = json.loads(CATALOGUE)
    new = translate(CATALOGUE.encode(), "xcstrings", str.upper).decode()

    def unit(value):
        return {"stringUnit": {"state": "needs_review", "value": value}}

    strings = old["strings"]
    plural = {"one": unit("UN CHAT"), "other": unit("%LLD CHATS")}
    strings["%lld chats"]["localizations"]["en"] = {"variations": {"plural": plural}}
    strings["le chat"]["localizations"] = {"en": unit("LE CHAT")}
    strings["vide"]["localizations"] = {"en": unit("VIDE")}
    expected = json.dumps(old, indent=2, sort_keys=True, separators=(",", " : "), ensure_ascii=False)
    assert re.sub(r"\{\n\n +\}", "{}", new) == expected


def test_only_all_translates_again_and_a_final_one_needs_no_review():
    task = Task("fr", "en", is_final=True)

    new = json.loads(translate(CATALOGUE.encode(), "xcstrings", str.upper, task=task, replace_all=True))

    assert new["strings"]["done"]["localizations"]["en"] == {"stringUnit": {"state": "translated", "value": "FINI"}}


@pytest.mark.parametrize(
    "entry",
    [
        "3",
        '"x"',
        "[{}]",
        "null",
        '{"localizations": 3}',
        '{"localizations": "x"}',
        '{"localizations": {"en": 3}}',
        '{"localizations": {"en": ["x"]}}',
        '{"localizations": {"fr": null}}',
    ],
)
def test_what_is_no_entry_stays_as_it_is(entry):
    text = f'{{"sourceLanguage": "fr", "strings": {{"le chien": {entry}, "le chat": {{}}}}}}'
    new = translate(text.encode(), "xcstrings", str.upper, replace_all=True).decode()

    assert f'"le chien": {entry}, "le chat": ' in new
    assert json.loads(new)["strings"]["le chat"]["localizations"]["en"]["stringUnit"]["value"] == "LE CHAT"


@pytest.mark.parametrize("text", ["{}", '{"strings": {}}', '{"sourceLanguage": "fr", "strings": []}', "[1]"])
def test_other_json_is_refused(text):
    with pytest.raises(DataError, match="no string catalogue"):
        unchanged(text.encode(), "xcstrings")


def test_a_catalogue_of_another_language_is_refused():
    with pytest.raises(DataError, match="line 1: the catalogue is in de, the model reads fr"):
        unchanged(b'{"sourceLanguage": "de", "strings": {}}', "xcstrings", task=FR_EN)


KEYS = st.text(max_size=6) | st.sampled_from(["le chat", "un <b>chat</b> dort", 'le "chat"\n'])
UNITS = st.fixed_dictionaries({"stringUnit": st.fixed_dictionaries({"state": st.just("new"), "value": KEYS})})
ENTRIES = st.fixed_dictionaries(
    {}, optional={"comment": KEYS, "localizations": st.dictionaries(st.sampled_from(["fr", "en", "de"]), UNITS)}
)


@settings(max_examples=50)
@given(st.dictionaries(KEYS, ENTRIES, max_size=4), st.sampled_from([None, 1, 2]), st.text(max_size=5))
def test_whatever_a_catalogue_holds_any_answer_is_read_again(strings, indent, answer):
    catalogue = {"sourceLanguage": "fr", "strings": strings, "version": "1.0"}
    data = json.dumps(catalogue, indent=indent).encode()

    new = json.loads(translate(data, "xcstrings", lambda _: answer))

    for entry in new["strings"].values():
        entry.get("localizations", {}).pop("en", None)
    for entry in strings.values():
        entry.get("localizations", {}).pop("en", None)
    assert [{"localizations": {}} | entry for entry in new["strings"].values()] == [
        {"localizations": {}} | entry for entry in strings.values()
    ]
