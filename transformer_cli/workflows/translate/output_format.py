"""How translations are written: plain text, tab-separated values, or a JSON object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from transformer_cli.decoding.line_translator import Translation
from transformer_cli.text.lines import Line
from transformer_cli.text.normalization import normalize
from transformer_cli.workflows.translate.settings import OutputFormat

# What some readers take for the end of a line; JSON escapes the controls below 0x20 by itself.
_LINE_ENDS = re.compile("[\x7f-\x9f\u2028\u2029]")


def format_translation(line: Line, translation: Translation, *, output_format: OutputFormat, n_best: int) -> str:
    r"""Return the lines of output for one line of input, each ended by ``\n``.

    Args:
        line: What was translated.
        translation: The best one, and the others.
        output_format: "text": ``n_best`` lines, blank ones where there are fewer translations, each with its alignment
            after ``|||`` if it has one. "tsv": source, translation, score, and alignment if there is one, a line for
            each translation. "jsonl": one object, with the others under "alternatives".
        n_best: How many translations were asked for.
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


def pharaoh(translation: Translation) -> str:
    """Return an alignment as ``i-j`` pairs: word of the source, word of the translation, from 0."""
    return " ".join(f"{i}-{j}" for i, j in translation.alignment or ())


def _fields(translation: Translation) -> Iterator[str]:
    yield translation.text
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
    if translation.alignment is not None:
        entry["alignment"] = [list(pair) for pair in translation.alignment]
    return entry
