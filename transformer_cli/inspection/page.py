"""Renders each page as one HTML file that contains its style, script and data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from transformer_cli.inspection.sentence import Inspection

_PARTS = {
    "pieces": "Pieces",
    "positions": "Embeddings and positions",
    "encoder": "Encoder self-attention",
    "decoder": "Masked decoder self-attention",
    "cross": "Encoder-decoder attention",
    "steps": "The decoder, step by step",
    "search": "Beam search",
    "alignment": "Word alignment",
    "score": "Score",
}


def inspection_page(inspection: Inspection) -> str:
    """Return the page of one sentence; the page loads nothing from the network."""
    document = inspection.document()
    return render(
        "inspection.html",
        it=document,
        json=embedded_json(document),
        parts=list(_PARTS.items()),
        titles=_PARTS,
        numbers={part: number for number, part in enumerate(_PARTS, start=1)},
    )


def report_page(document: dict[str, Any]) -> str:
    """Return the page of a run.

    Args:
        document: The data gathered by ``workflows.report``.
    """
    return render("report.html", it=document, charts=[chart for chart in document["charts"] if chart])


def render(template: str, **values: Any) -> str:
    """Fill in a template; every text is escaped unless it is `Markup`."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> jinja2.Environment:
    """Return what compiles each template once in a process."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["embedded"] = embedded_json
    return environment


def embedded_json(document: Any) -> Markup:
    """Return ``document`` as JSON for a ``<script>`` element; no text in it can end the element."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # it cannot contain markup now
