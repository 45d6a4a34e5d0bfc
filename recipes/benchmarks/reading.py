"""How many lines that are written otherwise a model reads exactly as plain ones, so that it translates them the same.

    python recipes/benchmarks/reading.py RUN SOURCE REFERENCE --from fr --to en

RUN is a run directory with prepared data and a tokenizer; no model is needed, and what is found holds for any that is
trained there. SOURCE and REFERENCE are aligned files of text. Each line is changed in the ways of `robustness.py`. The
last column is the BLEU of a model that makes no mistake in a line that is read as the plain one, and has not one word
right of any other: what is missing to 100 is about the most that a model can lose.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from perturbations import WAYS, Way
from robustness import SENTENCES_A_LINE, read_sample

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.tokens.tokenizer import TOKENIZER_FILES, Tokenizer
from transformer_cli.decoding.source_forms import rules_of
from transformer_cli.metrics import corpus_bleu, default_tokenizer
from transformer_cli.text.normalization import normalize


class Reader:
    """Reads lines as a model of a run does.

    Args:
        run: The run directory.
        languages: The languages of the run.
        limit: The largest number of tokens that the model takes.
    """

    def __init__(self, run: RunDirectory, languages: LanguagesConfig, limit: int = 256) -> None:
        tokenizer = Tokenizer.load(run.path / TOKENIZER_FILES[0])
        self._rules = rules_of(TextProfile.read_from(run.text_profile), languages, tokenizer)
        self._count = lambda text: len(tokenizer.encode(text))
        self._limit = limit

    def read(self, line: str) -> list[str]:
        """Return the texts that the model is given for a line."""
        text = self._rules.normalize(line)
        spans = self._rules.pieces(text, self._count(self._rules.read(text)[0]), self._limit, self._count)
        return [self._rules.read(text[start:end].strip())[0] for start, end in spans]


def main(
    run: Annotated[Path, typer.Argument(help="A run directory.")],
    source: Annotated[Path, typer.Argument(help="One sentence a line.")],
    reference: Annotated[Path, typer.Argument(help="Its translations.")],
    source_language: Annotated[str, typer.Option("--from", help="The language of the sources.")],
    target_language: Annotated[str, typer.Option("--to", help="The language of the references.")],
) -> None:
    """Read a test set changed in many ways, and print a table in Markdown."""
    sources, references = read_sample(source, reference, 0)
    reader = Reader(RunDirectory(run), LanguagesConfig(source=source_language, target=target_language))
    plain = [reader.read(text) for text in sources]
    untouched = sum(read == [normalize(text)] for read, text in zip(plain, sources, strict=True))
    typer.echo(f"{untouched} of {len(sources)} lines are read as they are\n")
    typer.echo("| way | lines changed | read as the plain line | BLEU, if no other has a word right |")
    typer.echo("| --- | ---: | ---: | ---: |")
    for row in (*joined(reader, sources, plain), *changed(reader, sources, plain, references, target_language)):
        typer.echo(row)


def joined(reader: Reader, sources: Sequence[str], plain: Sequence[list[str]]) -> Iterator[str]:
    """Yield a row for each number of sentences a line: how many are read as their sentences."""
    for count in SENTENCES_A_LINE:
        firsts = range(0, len(sources) - count + 1, count)
        same = sum(
            reader.read(" ".join(sources[first : first + count])) == [*chain(*plain[first : first + count])]
            for first in firsts
        )
        if firsts:
            yield f"| {count} sentences a line | {len(firsts)} | {100 * same / len(firsts):.1f} % | |"


def changed(
    reader: Reader, sources: Sequence[str], plain: Sequence[list[str]], references: Sequence[str], language: str
) -> Iterator[str]:
    """Yield a row for each way to change lines that puts nothing new into them."""
    tokenize = default_tokenizer(language, references)
    for way in WAYS:
        others = {place: text for place, text in changed_lines(way, sources).items() if not way.kept}
        if not others:
            continue
        different = {place for place, text in others.items() if reader.read(text) != plain[place]}
        # As many wrong words as there are right ones, so that brevity costs nothing beside.
        worst = [
            " ".join("\ufffd" for _ in text.split()) if place in different else text
            for place, text in enumerate(references)
        ]
        bleu = corpus_bleu(worst, [references], tokenize=tokenize).value
        yield f"| {way.name} | {len(others)} | {100 * (1 - len(different) / len(others)):.1f} % | {bleu:.2f} |"


def changed_lines(way: Way, sources: Sequence[str]) -> dict[int, str]:
    """Return the lines that are other ones after a change, by their place."""
    lines = (way.change(text, random.Random(f"{way.name} {text}")) for text in sources)
    return {place: line for place, line in enumerate(lines) if line != sources[place]}


if __name__ == "__main__":
    typer.run(main)
