from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_cli.text.sentences import learn_abbreviations, sentence_spans, without_space_behind


# ruff: noqa: RUF001
def sentences(text: str, *abbreviations: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, abbreviations)]


@settings(deadline=None)  # the machine may be busy
@given(st.text() | st.text(alphabet="aA1 .!?»«\"'\u00a0。」（と…)", max_size=40))
def test_the_sentences_are_the_text(text: str):
    found = sentences(text)

    assert "".join(found) == text
    assert all(found)


@settings(deadline=None)
@given(st.text(alphabet="aA1 .!?»«\"'\u00a0。」（と…)", max_size=40))
def test_marks_alone_are_no_sentence_beside_others(text: str):
    found = sentences(text)

    assert len(found) <= 1 or all(any(character.isalnum() for character in each) for each in found)


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(["Bonjour ! ", "Ça va ? ", "Oui."], id="French"),
        pytest.param(["« Bonjour. » ", "Il part."], id="guillemets"),
        pytest.param(["„Ja, „wirklich.“ ", "Er ging."], id="German quotes"),
        pytest.param(["»Ja!« ", "»Nein!« ", "›Doch.‹ ", "Er ging."], id="guillemets inwards"),
        pytest.param(["„Er sagte: ‚Ja.‘“ ", "Dann ging er."], id="quotes in quotes"),
        pytest.param(["„Ja!“ sagte er."], id="a small letter behind quotes"),
        pytest.param(["He left. ", "“Go.” ", "‘No.’ ", "She stayed."], id="quotes that open"),
        pytest.param(["<b>It ended.</b> ", "<i>„Then.“</i> ", "„<1>It began.</1>“ ", "So."], id="tags that close"),
        pytest.param(["<b>Dr.</b> Smith came. ", "He sat."], id="a tag around an abbreviation"),
        pytest.param(["One.<br/>", "Two! <br> <br />", "Three.<br>"], id="line breaks of HTML"),
        pytest.param(["It ended.[1][23] ", "Then it began."], id="footnotes"),
        pytest.param(["Great!😀👍🏽🇫🇷 ", "Next one.👩‍🚀 ", "End."], id="emoji"),
        pytest.param(["Πού είσαι; ", "Είμαι εδώ; ", "Πού;"], id="Greek questions"),
        pytest.param(["An angle π; Then more; Much."], id="a Greek letter alone"),
        pytest.param(["(Really.) ", "No."], id="brackets"),
        pytest.param(['He said "Go." ', "Then he went."], id="quotes"),
        pytest.param(["Mme. Dupont est là. ", "Il dort."], id="a title"),
        pytest.param(["J. R. R. Tolkien wrote it. ", "He did."], id="initials"),
        pytest.param(["He works for E.S.E. Electronics. ", "She does not."], id="initials without spaces"),
        pytest.param(["j. k. rowling wrote it. ", "i don't. ", "they weigh 5 g. ", "then."], id="small initials"),
        pytest.param(
            ["I DON'T. ", "SHE DOES. ", "IT IS D’É. ZOLA. ", "The value of x. ", "Then more."], id="no initials"
        ),
        pytest.param(["Vive en EE. UU. desde 1990. ", "Pág. 5 y núm. 6."], id="Spanish abbreviations"),
        pytest.param(["Polska m.in. Gdańsk, tzw. Trójmiasto, ul. Długa. ", "Tak."], id="Polish abbreviations"),
        pytest.param(["Bkz. Şekil. ", "Geldi."], id="a Turkish abbreviation"),
        pytest.param(["Он живёт на р. Волга в с. Ивановка. ", "Это я. ", "Вот."], id="Russian letters"),
        pytest.param(["Він живе у м. Київ, вул. Хрещатик, буд. А. Так."], id="Ukrainian abbreviations"),
        pytest.param(["قابلت د. محمد في القاهرة. ", "ثم ذهبنا."], id="an Arabic letter"),
        pytest.param(["ספר של א. ב. יהושע. ", "הוא טוב."], id="Hebrew letters"),
        pytest.param(["მე ვმუშაობ Google-ში. ", "ის კარგია. ", "შენ ვინ ხარ?"], id="Georgian"),
        pytest.param(["ილია მ. ჭავჭავაძე. ", "ის."], id="a Georgian letter"),
        pytest.param(["मैंने ए. पी. जे. अब्दुल कलाम को देखा। ", "वे महान थे।"], id="Hindi letters"),
        pytest.param(["ড. ইউনূস বলেছেন। ", "হ্যাঁ।"], id="a Bengali letter"),
        pytest.param(["ते घर आहे. ", "तू जा. ", "मी येतो."], id="Marathi words"),
        pytest.param(["તે ઘર છે. ", "હું જાઉં છું."], id="a Gujarati word"),
        pytest.param(["เขาอยู่ อ. เมือง จ. เชียงใหม่"], id="Thai"),
        pytest.param(["네. ", "알겠습니다."], id="a Korean word"),
        pytest.param(["Am 5. Mai kam er. ", "Er blieb."], id="an ordinal"),
        pytest.param(["Er sah z.B. Bären. ", "Dann ging er."], id="an abbreviation"),
        pytest.param(["See node.js and example.com. ", "Then go."], id="marks inside words"),
        pytest.param(['Look: <a title="One. Two."> and `a. B` here. ', "Go."], id="inside of tags and code"),
        pytest.param(["It said ok. ok was enough."], id="a small letter goes on"),
        pytest.param(["ok. ", "bien. ", "voilà"], id="no capitals anywhere"),
        pytest.param(["?! Quoi ? ", "Rien. ..."], id="marks alone belong to a neighbour"),
        pytest.param(["然后走了。", "（真的。）", "好吗？", "好。"], id="Chinese"),
        pytest.param(["「はい。」と言った。", "そう。"], id="a Japanese quotation"),
        pytest.param(
            ["売上は３．５億円．", "第１．２節．", "１．はじめに．", "ｅ．ｇ．Ａ．", "終。"], id="full-width stops"
        ),
        pytest.param(["وأين تسكن؟ ", "أسكن في باريس."], id="Arabic"),
        pytest.param(["क्या हाल है। ", "ठीक है।"], id="Hindi"),
        pytest.param(["12 345"], id="no letters"),
        pytest.param(["Il dort. ", "12345"], id="a number by itself"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(expected):
    assert sentences("".join(expected)) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["A shirt with number 5. ", "A dog runs."]),
        ("eng_Latn", ["1. A dog runs in World War II. ", "2. It ends."]),
        ("fr", ["<b>1. Un chien</b> de 12. ", "« 2. Un chat » de Louis XIV. ", "Fin."]),
        ("en", ["Do this: 1. Open the menu. ", "2. Click."]),
        ("de", ["Am 5. Mai kam Ludwig XIV. König. ", "Er blieb."]),
        ("nb-NO", ["Den 5. Mai kom han. ", "Slutt."]),
        ("nds", ["Den 5. Mai keem he. ", "Ut."]),
    ],
)
def test_a_number_ends_a_sentence_in_languages_without_ordinals_of_that_form(language, expected):
    text = "".join(expected)

    assert [text[start:end] for start, end in sentence_spans(text, language=language)] == expected


def test_words_that_also_abbreviate_do_so_before_numbers():
    assert sentences("Is it? No. I am tired of art. A dog runs.") == [
        "Is it? ",
        "No. ",
        "I am tired of art. ",
        "A dog runs.",
    ]
    assert len(sentences("See No. 5, Vol. XII, Fig. (3), Tel. +49, Art. %d, No. {n} and Sec. #7.")) == 1
    assert (
        len(sentences("See No. <b>5</b>, Vol. I of it, Fig. A, Sec. V, art. L. 122-5, cap. I del libro, Art. Nr. 5."))
        == 1
    )


def test_a_learned_abbreviation_ends_no_sentence():
    assert len(sentences("Voir chap. Deux.", "chap")) == 1
    assert len(sentences("Voir chap. Deux.")) == 2


def test_abbreviations_are_words_with_a_full_stop_inside_lines_rather_than_at_their_end():
    lines = [
        "Voir chap. 3 du livre.",
        "Le chap. 4 est long.",
        "Lire le Chap. 5.",
        "Un livre. Il est long.",
        "Un livre.",
    ]

    assert learn_abbreviations(lines * 3) == ["chap"]
    assert learn_abbreviations(lines[:2]) == []


@pytest.mark.parametrize(
    "unit", [". ", "a.", "» ", ".»", "! A", "«", "z.b. ", ".“", "“", "<br>", ".</", ".[1]", "!😀", "ππ;"]
)
def test_long_lines_take_a_time_in_proportion_to_their_length(unit):
    # Quadratic time would take minutes.
    assert "".join(sentences(unit * 50_000)) == unit * 50_000


@pytest.mark.parametrize("unit", [" ", "<br>", "<br> ", "a "])
def test_space_behind_a_long_text_is_found_in_a_time_in_proportion_to_its_length(unit):
    assert without_space_behind(unit * 50_000 + "a") == unit * 50_000 + "a"
    assert without_space_behind("a" + unit * 50_000).startswith("a")


@pytest.mark.parametrize(
    ("text", "found"), [("a <br/> ", "a"), (" a<br>b\u00a0", " a<br>b"), ("a<b>", "a<b>"), ("<BR />", ""), ("", "")]
)
def test_a_line_break_of_html_is_white_space(text, found):
    assert without_space_behind(text) == found
