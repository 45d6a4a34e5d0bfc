"""Documents read and written without a model."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.speaking_engine import SpeakingEngine
from transformer_cli.documents.document import Task
from transformer_cli.documents.kinds import KINDS
from transformer_cli.documents.names import KindName
from transformer_cli.workflows.translate.passage_translator import PassageTranslator

FR_EN = Task("fr", "en")


def translate(
    data: bytes, kind: KindName, say: Callable[[str], str] = str, *, task: Task = FR_EN, replace_all: bool = False
) -> bytes:
    """Return a document in which everything is translated by ``say``, as ``tfm translate`` does it."""
    own = KINDS[kind]
    text, encoding = own.decode(data)
    passages = PassageTranslator(SpeakingEngine(say).translator)
    for read in own.readers:
        text = passages.translate(read(text, task), replace_all=replace_all)
    return encoding.encode(text, own.missing)


def unchanged(data: bytes, kind: KindName, *, task: Task = FR_EN) -> bytes:
    """Return a document that was read and written with nothing translated."""
    own = KINDS[kind]
    text, encoding = own.decode(data)
    for read in own.readers:
        text = read(text, task).with_translations({})
    return encoding.encode(text, own.missing)
