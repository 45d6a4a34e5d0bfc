"""``report/NAME.robustness.json``: the test set of a version, changed in many ways, and its translations' quality."""

from __future__ import annotations

from transformer_cli.files.record import Record


class ChangedTranslation(Record):
    """A changed line whose translation is not that of the line as it was.

    Args:
        source: The changed line.
        translation: Its translation.
        before: The translation of the line as it was.
    """

    source: str
    translation: str
    before: str


class WayResult(Record):
    """The quality of a test set that was changed in one way.

    Args:
        name: Name of the way.
        changed: Number of lines that it changed.
        bleu: BLEU of all lines, 0 to 100, or None without references.
        clean_bleu: BLEU of the same lines as they were, compared in the same manner.
        chrf: chrF of all lines.
        clean_chrf: chrF of the same lines as they were.
        unchanged: Share of the changed lines that have the translation of the line as it was, 0 to 1.
        kept: Share of the translations that hold what has to come out as it went in, or that have as many sentences as
            before, or None if there is nothing of this kind.
        examples: Some of the others.
    """

    name: str
    changed: int
    bleu: float | None
    clean_bleu: float | None
    chrf: float | None
    clean_chrf: float | None
    unchanged: float
    kept: float | None
    examples: tuple[ChangedTranslation, ...] = ()


class RobustnessRecord(Record):
    """The results of ``recipes/benchmarks/robustness.py`` for one model.

    Args:
        time: When it was measured, in local time.
        program: Release of the program.
        source: Name of the file with the test set.
        lines: Number of lines that were translated.
        bleu: BLEU of the lines as they are.
        chrf: chrF of the lines as they are.
        signature: sacreBLEU's record of how BLEU was computed.
        ways: One result for each way.
    """

    time: str
    program: str
    source: str
    lines: int
    bleu: float
    chrf: float
    signature: str
    ways: tuple[WayResult, ...]
