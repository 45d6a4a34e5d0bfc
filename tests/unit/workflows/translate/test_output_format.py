from __future__ import annotations

import json

import pytest

from transformer_cli.decoding.line_translator import Translation
from transformer_cli.text.lines import Line
from transformer_cli.workflows.translate.output_format import format_translation
from transformer_cli.workflows.translate.settings import OutputFormat


def formatted(output_format: OutputFormat) -> str:
    """Return the output for a line that was copied with its tab."""
    line = Line(1, "1\t 2", had_invalid_bytes=False)
    return format_translation(line, Translation("1\t 2", 0.0, 0), output_format=output_format, n_best=1)


@pytest.mark.parametrize(("output_format", "output"), [("text", "1\t 2\n"), ("tsv", "1 2\t1  2\t0.0000\n")])
def test_a_tab_of_a_copied_line_divides_no_columns(output_format, output):
    assert formatted(output_format) == output


def test_a_tab_of_a_copied_line_is_escaped_in_json():
    assert formatted("jsonl").count("\t") == 0
    assert json.loads(formatted("jsonl"))["translation"] == "1\t 2"
