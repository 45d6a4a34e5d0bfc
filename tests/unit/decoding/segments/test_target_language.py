from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.support.messages import Messages
from tests.support.original_models import joint_list, opus_segmenter, write_marian_folder
from tests.support.speaking_engine import SpeakingEngine
from tests.support.tiny_models import tiny_tokenizers
from transformer_cli import TranslationSettings, import_model, translate
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.line_translator import LineTranslator
from transformer_cli.decoding.text_rules import TextRules
from transformer_cli.documents.names import KindName
from transformer_cli.errors import UsageError
from transformer_cli.interchange.vocabulary import our_tokenizers, our_vocabulary
from transformer_cli.workflows.locate.model import find_model
from transformer_cli.workflows.translate.translate_document import translate_document

TWO_SENTENCES = "Je suis. Elle a trois chats."


@pytest.fixture
def tokenizers(tmp_path: Path) -> TokenizerPair:
    for side in ("source", "target"):
        (tmp_path / f"{side}.spm").write_bytes(opus_segmenter("source"))
    return our_tokenizers(
        tmp_path / "source.spm", tmp_path / "target.spm", [our_vocabulary(joint_list(), unk=1, eos=0)]
    )


@pytest.fixture
def engine(tokenizers: TokenizerPair) -> SpeakingEngine:
    """Return an engine that says what it hears, but for the name of the language."""
    return SpeakingEngine(lambda text: text.removeprefix(">>fra<<").removeprefix(">>deu<<").strip(), tokenizers)


@pytest.mark.parametrize(
    ("default", "line", "heard"),
    [
        (None, "Je suis.", ["Je suis."]),
        (None, ">>fra<< Je suis.", [">>fra<< Je suis."]),
        ("fra", "Je suis.", [">>fra<< Je suis."]),
        (">>fra<<", "Je suis.", [">>fra<< Je suis."]),
        ("fra", "  >>deu<<Je suis.", [">>deu<< Je suis."]),
        ("fra", TWO_SENTENCES, [">>fra<< Je suis.", ">>fra<< Elle a trois chats."]),
        (None, f">>deu<< {TWO_SENTENCES}", [">>deu<< Je suis.", ">>deu<< Elle a trois chats."]),
        ("fra", " ", []),
        (None, ">>deu<<", []),
    ],
)
def test_each_segment_of_a_line_begins_with_the_language_of_the_line_or_of_the_settings(
    engine: SpeakingEngine, tokenizers: TokenizerPair, default: str | None, line: str, heard: list[str]
):
    translator = LineTranslator(engine, tokenizers, TextRules(split="always"), default)

    (translation,) = translator.translate([line])

    assert engine.heard == heard
    assert translation.text == line.replace(">>deu<<", "").replace(">>fra<<", "").strip()


@pytest.mark.parametrize("line", ["Je suis.", TWO_SENTENCES])
def test_the_words_of_an_alignment_are_those_of_the_line_with_its_language(
    engine: SpeakingEngine, tokenizers: TokenizerPair, line: str
):
    translator = LineTranslator(engine, tokenizers, TextRules(split="always"), "deu")

    named, plain = translator.translate([f">>fra<< {line}", line], with_alignment=True)

    assert plain.alignment
    assert named.alignment == tuple((i + 1, j) for i, j in plain.alignment)


def test_attention_to_the_language_is_left_out():
    hypothesis = Hypothesis((7, 8), -1.0, -1.0, ((0.5, 0.3, 0.2), (0.1, 0.2, 0.7)))

    assert hypothesis.without_beginning(1).attention == ((0.3, 0.2), (0.2, 0.7))
    assert hypothesis.without_beginning(0) == hypothesis


def test_a_line_is_as_long_as_its_text_and_leaves_room_for_its_language(
    engine: SpeakingEngine, tokenizers: TokenizerPair
):
    engine.limit = 6
    translator = LineTranslator(engine, tokenizers, language="fra")

    assert translator.limit == 5
    assert translator.count(">>deu<< Je suis.") == translator.count("Je suis.")
    assert translator.count(translator.cut(TWO_SENTENCES)) <= 5
    assert translator.cut(f">>deu<< {TWO_SENTENCES}") == f">>deu<< {translator.cut(TWO_SENTENCES)}"


@pytest.mark.parametrize(
    ("kind", "document", "new"),
    [
        ("po", 'msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "Je suis."\nmsgstr ""\n', "fuzzy"),
        (
            "tmx",
            '<tmx version="1.4"><header/><body><tu><tuv xml:lang="fr"><seg>Je suis.</seg></tuv></tu></body></tmx>',
            '<tuv xml:lang="de"',
        ),
        (
            "xliff",
            '<xliff version="2.0" srcLang="fr" xmlns="urn:oasis:names:tc:xliff:document:2.0"><file id="f"><unit id="1">'
            "<segment><source>Je suis.</source></segment></unit></file></xliff>",
            'trgLang="de"',
        ),
    ],
)
def test_a_document_is_in_the_language_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: KindName, document: str, new: str
):
    monkeypatch.chdir(tmp_path)
    write_marian_folder(tmp_path)
    import_model(tmp_path, source="fr", target="en", run_dir=Path("run"))
    (tmp_path / "terms.csv").write_text("en,fr,de\nam,suis,bin\n")
    written: list[bytes] = []

    settings = TranslationSettings(engine="torch", target_language="deu", glossary=Path("terms.csv"))
    source = io.BytesIO(document.encode())
    translate_document(source, written.append, kind=kind, name="a", model=[find_model(Path("run"))], settings=settings)

    translated = b"".join(written).decode()
    assert new in translated
    assert "bin" in translated.lower()


@pytest.mark.parametrize(
    ("name", "is_multilingual", "message"),
    [
        ("xyz", True, "^--target-language xyz: the model has no such language; it has deu, fra$"),
        ("fra", False, "^--target-language fra: the model translates into one language only; leave the option out$"),
    ],
)
def test_a_language_that_the_model_does_not_have_is_refused(
    tokenizers: TokenizerPair, name: str, is_multilingual: bool, message: str
):
    pair = tokenizers if is_multilingual else tiny_tokenizers()

    with pytest.raises(UsageError, match=message):
        LineTranslator(SpeakingEngine(tokenizers=pair), pair, language=name)


def test_a_line_with_a_language_that_the_model_does_not_have_gets_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, messages: Messages
):
    monkeypatch.chdir(tmp_path)
    write_marian_folder(tmp_path)
    import_model(tmp_path, source="fr", target="en", run_dir=Path("run"))
    written: list[bytes] = []

    lines = io.BytesIO(b">>fra<< Je suis.\n>>xyz<< Je suis.\n")
    translate(lines, written.append, model="run", settings=TranslationSettings(engine="torch", target_language="deu"))

    assert b"".join(written).count(b"\n") == 2
    assert messages.warnings == [
        "line 2 begins with >>xyz<<, which is translated as text: the model has no such language; it has deu, fra"
    ]
