from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.speaking_engine import SpeakingEngine
from transformer_cli.documents.document import Task
from transformer_cli.documents.kinds import KINDS
from transformer_cli.documents.names import KindName
from transformer_cli.workflows.translate.passage_translator import PassageTranslator

TASK = Task("fr", "en")
CATALOGUE = """\
msgid "Le chat dort."
msgstr ""

msgid "<b>Le chat dort.</b>\\n"
msgstr ""

msgid "Le <b>chat</b> noir"
msgstr ""

msgid "42 %"
msgstr ""

msgid "Fini."
msgstr "Done."
"""


def translate(engine: SpeakingEngine, text: str = CATALOGUE, *, kind: KindName = "po", memory=None, replace_all=False):
    passages = PassageTranslator(engine.translator, memory=memory)
    for read in KINDS[kind].readers:
        text = passages.translate(read(text, TASK), replace_all=replace_all)
    return text, passages


def test_equal_passages_are_translated_once_and_what_is_translated_or_has_no_letters_not_at_all():
    engine = SpeakingEngine(str.upper)

    text, passages = translate(engine)

    assert sorted(engine.heard) == ["Le chat dort.", "Le chat noir"]
    assert (passages.count, passages.done) == (3, 2)
    assert [line for line in text.splitlines() if line.startswith("msgstr")] == [
        'msgstr "LE CHAT DORT."',
        'msgstr "<b>LE CHAT DORT.</b>\\n"',
        'msgstr "LE <b>CHAT</b> NOIR"',
        'msgstr "42 %"',
        'msgstr "Done."',
    ]


def test_a_memory_serves_passages_without_tags_and_is_counted():
    engine = SpeakingEngine(str.upper)

    text, passages = translate(engine, memory={"Le chat dort.": "remembered", "Le chat noir": "not this"})

    assert engine.heard == ["Le chat noir"]
    assert passages.remembered == 2
    assert '"remembered"' in text
    assert '"<b>remembered</b>\\n"' in text


def test_a_memory_serves_whole_texts_before_their_parts():
    engine = SpeakingEngine(str.upper)
    source = 'msgid ""\n"- Le chat dort.\\n"\n"\\n"\n"Fini.\\n"\nmsgstr ""\n\nmsgid "- Fini."\nmsgstr ""\n'

    text, passages = translate(
        engine, source, memory={"- Le chat dort.\n\nFini.": "The cat\nsleeps.", "Fini.": "Done."}
    )

    assert engine.heard == []
    assert (passages.count, passages.remembered) == (3, 3)
    assert '"The cat\\n"\n"sleeps.\\n"' in text
    assert '"- Done."' in text


def test_what_a_memory_has_is_wrapped_as_a_translation_is():
    paragraph = ["Le chat dort sur le lit pendant que le chien", "mange dans la cuisine."]
    source = 'msgid ""\n' + "".join(f'"{line}\\n"\n' for line in paragraph) + 'msgstr ""\n'
    asked, _ = translate(SpeakingEngine(str.upper), source)

    remembered, passages = translate(
        SpeakingEngine(str), source, memory={" ".join(paragraph): " ".join(paragraph).upper()}
    )

    assert passages.remembered == 1
    assert remembered == asked
    assert '"LE CHAT DORT SUR LE LIT PENDANT QUE LE CHIEN\\n"' in asked


def test_the_model_is_not_loaded_if_there_is_nothing_to_translate():
    def load():
        raise AssertionError("loaded")

    PassageTranslator(load).translate(KINDS["po"].readers[0]('msgid "a"\nmsgstr "b"\n', TASK), replace_all=False)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_message_and_any_answer_leave_a_catalogue_that_can_be_read(message, answer):
    from transformer_cli.documents.formats.po_entries import written_field

    source = written_field("msgid", f"a <b>{message}</b> c", "\n") + '\nmsgstr ""\n'

    text, _ = translate(SpeakingEngine(lambda _: answer), source)

    (unit,) = KINDS["po"].readers[0](text, TASK).units
    assert unit.has_translation
