from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from tests.support.inspections import HOSTILE, LANGUAGES, inspection, tiny_preset
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli.config import DecodingConfig
from transformer_cli.inspection.page import embedded_json, inspection_page
from transformer_cli.inspection.sentence import inspect_sentence

LINKS = {"src", "href", "action", "data", "srcset", "poster"}


class Reader(HTMLParser):
    """Collects elements with their attributes, and the text of each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open = tag + ("#inspection" if dict(attrs).get("id") == "inspection" else "")

    def handle_data(self, data):
        self.texts[self._open] = self.texts.get(self._open, "") + data


def test_the_page_holds_the_document():
    found = inspection()

    reader = Reader(inspection_page(found))

    assert json.loads(reader.texts["script#inspection"]) == json.loads(json.dumps(found.document()))


def test_text_of_the_data_is_text_wherever_it_stands():
    page = inspection_page(inspection(HOSTILE, target=HOSTILE))
    plain = Reader(inspection_page(inspection("Je", target="I")))
    reader = Reader(page)

    kinds = {"li", "b", "bdi", "small"}  # there are more pieces
    assert [tag for tag, _ in reader.elements if tag not in kinds] == [
        tag for tag, _ in plain.elements if tag not in kinds
    ]
    assert json.loads(reader.texts["script#inspection"])["source"]["text"] == HOSTILE
    assert HOSTILE in reader.texts["bdi"]
    assert "alert(1)</script>" not in page


@pytest.mark.parametrize("text", ["</script>", "<!--", "&amp;", "\u2028", '"\\'])
def test_no_text_can_end_the_script_that_holds_the_data(text):
    embedded = str(embedded_json({"text": text}))

    assert not re.search("[<>&\u2028]", embedded)
    assert json.loads(embedded) == {"text": text}


def test_the_page_asks_nothing_of_the_network():
    page = inspection_page(inspection())
    reader = Reader(page)

    links = [value for _, attributes in reader.elements for name, value in attributes.items() if name in LINKS]
    assert all(value and value.startswith("#") for value in links)
    assert set(re.findall(r"url\(([^)]*)\)|@import|fetch\(", page)) <= {"#masked"}
    (policy,) = (attributes["content"] for _, attributes in reader.elements if "http-equiv" in attributes)
    assert policy
    assert policy.startswith("default-src 'none'")


def test_every_part_is_reached_from_the_top_and_has_a_title():
    reader = Reader(inspection_page(inspection()))

    ids = {attributes["id"] for _, attributes in reader.elements if "id" in attributes}
    sections = [attributes for tag, attributes in reader.elements if tag == "section"]
    links = [str(attributes["href"])[1:] for tag, attributes in reader.elements if tag == "a"]
    assert links == [section["id"] for section in sections]
    assert {section["aria-labelledby"] for section in sections} <= ids
    assert len(sections) == 9


def test_thirty_words_on_the_tiny_preset_stay_below_two_megabytes():
    text = "the cat of my neighbour eats bread while three old dogs sleep and wait for the train"[:75]
    found = inspect_sentence(
        tiny_preset(),
        tiny_tokenizers(),
        text,
        languages=LANGUAGES,
        target=text,
        decoding=DecodingConfig(beam_size=5, max_length_ratio=1.0),
    )

    # So many pieces are more than thirty words have with a vocabulary of some thousand pieces. With random weights none
    # is near 0 and can be written short: the page of a trained model is smaller.
    assert len(found.source.ids) >= 50
    assert len(inspection_page(found).encode()) < 2_000_000


def _but_pieces(reader: Reader) -> list[str]:
    """Return the kinds of elements, less those of which there is one for each piece."""
    return [tag for tag, _ in reader.elements if tag not in {"li", "b", "bdi", "small"}]
