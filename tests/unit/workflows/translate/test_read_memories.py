from __future__ import annotations

import pytest

from transformer_cli.config import LanguagesConfig
from transformer_cli.workflows.translate.read_memories import read_memories


@pytest.fixture
def read(tmp_path):
    def memory_of(*pairs: tuple[str, str]) -> dict[str, str]:
        units = (
            f'<tu><tuv xml:lang="fr"><seg>{source}</seg></tuv><tuv xml:lang="en"><seg>{target}</seg></tuv></tu>'
            for source, target in pairs
        )
        path = tmp_path / "m.tmx"
        path.write_text(f'<tmx version="1.4"><body>{"".join(units)}</body></tmx>')
        return read_memories([path], LanguagesConfig(source="fr", target="en"))

    return memory_of


def test_lines_and_what_stands_behind_a_bullet_are_known_too(read):
    known = read(("- Le chat dort.", "• The cat sleeps."), ("Un.\n– Deux.\n", "One.\n– Two."))

    assert known == {
        "- Le chat dort.": "• The cat sleeps.",
        "Le chat dort.": "The cat sleeps.",
        "Un.\n– Deux.": "One.\n– Two.",
        "Un. – Deux.": "One. – Two.",
        "Un.": "One.",
        "Deux.": "Two.",
    }


def test_sides_that_are_laid_out_differently_have_no_equal_parts(read):
    assert set(read(("- Un.", "One."), ("Un.\nDeux.", "One and two."))) == {"- Un.", "Un.\nDeux.", "Un. Deux."}


def test_a_whole_text_counts_before_the_line_of_another_and_the_first_before_the_second(read):
    assert read(("Un.\nDeux.", "A.\nB."), ("Deux.", "Two."), ("Deux.", "2."))["Deux."] == "Two."
