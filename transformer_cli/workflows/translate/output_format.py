"""Formats translations as plain text, tab-separated values, or JSON Lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from transformer_cli.decoding.line_translator import Translation
from transformer_cli.text.lines import Line
from transformer_cli.text.normalization import normalize
from transformer_cli.workflows.translate.settings import OutputFormat

# Characters that some readers treat as line ends; JSON itself escapes the controls below 0x20.
_LINE_ENDS = re.compile("[\x7f-\x9f\u2028\u2029]")


def format_translation(line: Line, translation: Translation, *, output_format: OutputFormat, n_best: int) -> str:
    r"""Return the output lines for one input line, each ended by ``\n``.

    Args:
        line: The input line.
        translation: The best translation, with its alternatives.
        output_format: "text": ``n_best`` lines, each with its alignment after ``|||`` if it has one; lines for missing
            translations are blank. "tsv": one line for each translation, with source, translation, score, and
            alignment if there is one. "jsonl": one object, with the other translations under "alternatives".
        n_best: The number of translations requested.
    """
    translations = [translation, *translation.alternatives][:n_best]
    if output_format == "jsonl":
        others = [_to_json(other) for other in translations[1:]]
        entry = {"source": line.text, **_to_json(translation), **({"alternatives": others} if n_best > 1 else {})}
        text = json.dumps(entry, ensure_ascii=False)
        return _LINE_ENDS.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
    if output_format == "tsv":
        source = normalize(line.text)
        return "".join("\t".join((source, *_fields(each))) + "\n" for each in translations)
    rows = [each.text + (f" ||| {pharaoh(each)}" if each.alignment else "") for each in translations]
    return "".join(f"{row}\n" for row in rows + [""] * (n_best - len(rows)))


def missing_message(where: str, translation: Translation) -> str:
    """Return a warning about a translation whose placeholders are not those of its source.

    Args:
        where: The place of the source.
        translation: The translation.
    """
    return f"{where}: the translation lacks, or has too often, {', '.join(translation.missing)}"


def pharaoh(translation: Translation) -> str:
    """Return an alignment in Pharaoh format: pairs ``i-j`` of a source word and a target word, counted from 0."""
    return " ".join(f"{i}-{j}" for i, j in translation.alignment or ())


def _fields(translation: Translation) -> Iterator[str]:
    yield translation.text.replace("\t", " ")  # a line that was copied may have tabs
    yield f"{translation.score:.4f}"
    if translation.alignment is not None:
        yield pharaoh(translation)


def _to_json(translation: Translation) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "translation": translation.text,
        "score": round(translation.score, 6),
        "log_prob": round(translation.log_prob, 6),
        "tokens": list(translation.tokens),
    }
    if translation.missing:
        entry["missing"] = list(translation.missing)
    if translation.alignment is not None:
        entry["alignment"] = [list(pair) for pair in translation.alignment]
    return entry
