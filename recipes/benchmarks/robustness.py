"""What a model makes of a test set that looks as people write: each line is changed in one way, then translated.

    python recipes/benchmarks/robustness.py MODEL SOURCE REFERENCE

MODEL is a run directory or a model directory; SOURCE and REFERENCE are aligned files of text. A row of the table is a
way to change the lines (`perturbations.py` beside this file): BLEU and chrF of all lines, beside what they are for the
lines as they were; of the lines that were changed, the share whose translation stayed the same; and the share that
kept what must be kept: something that is to be copied, or the number of sentences. Capitals do not count in rows about
capitals, and final marks do not in rows about them. Of a line of several sentences, the same sentences line by line
are what it is compared with.

The results of a version of a run are kept in the run directory, where `tfm report` finds them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Annotated

import typer
from perturbations import NO_LETTERS, SENTENCE_END, WAYS, Way

from transformer_cli import Translator, __version__
from transformer_cli.artifacts.model_manifest import ModelManifest
from transformer_cli.artifacts.report.robustness import ChangedTranslation, RobustnessRecord, WayResult
from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.metrics import corpus_bleu, corpus_chrf, default_tokenizer
from transformer_cli.text.lines import read_text_lines
from transformer_cli.workflows.locate.model import find_model

SENTENCES_A_LINE = (2, 3, 5, 10, 30)


@dataclass(frozen=True)
class Bench:
    """A test set as it is, and a translator.

    Args:
        translator: Translates the changed lines.
        sources: The lines.
        references: Their translations by people.
        translations: Their translations by the translator.
        examples: Number of translations that changed to keep for each way.
        tokenize: sacreBLEU's tokenizer for the language of the references.
    """

    translator: Translator
    sources: Sequence[str]
    references: Sequence[str]
    translations: Sequence[str]
    examples: int
    tokenize: str


def main(
    model: Annotated[Path, typer.Argument(help="A run directory or a model directory.")],
    source: Annotated[Path, typer.Argument(help="One sentence a line.")],
    reference: Annotated[Path, typer.Argument(help="Its translations.")],
    lines: Annotated[int, typer.Option(help="Lines of the test set, at equal distances; 0: all.")] = 500,
    only: Annotated[list[str] | None, typer.Option(help="Only ways with this in their name; repeatable.")] = None,
    engine: Annotated[str, typer.Option(help="auto, torch or ctranslate2.")] = "auto",
    examples: Annotated[int, typer.Option(help="Translations that changed to show, for each way.")] = 0,
    json: Annotated[Path | None, typer.Option("--json", help="Write the results to this file.")] = None,
) -> None:
    """Translate a test set changed in many ways, and print a table in Markdown."""
    folder = find_model(model)
    sources, references = read_sample(source, reference, lines)
    with Translator.load(folder, engine=engine) as translator:  # type: ignore[arg-type]  # it checks the name
        tokenize = default_tokenizer(ModelManifest.load(folder).languages.target, references)
        bench = Bench(translator, sources, references, translator.translate(sources), max(examples, 3), tokenize)
        results = list(measured(bench, only))
    bleu = corpus_bleu(bench.translations, [references], tokenize=tokenize)
    record = RobustnessRecord(
        time=time.strftime("%Y-%m-%d %H:%M:%S"),
        program=__version__,
        source=source.name,
        lines=len(sources),
        bleu=bleu.value,
        chrf=corpus_chrf(bench.translations, [references]).value,
        signature=bleu.signature,
        ways=tuple(results),
    )
    typer.echo(table(record))
    for result in results:
        for each in result.examples[:examples]:
            typer.echo(f"{result.name}:\n  {each.source!r}\n  {each.translation!r}\n  {each.before!r}")
    if json is not None:
        record.write_to(json)
    if only is None and folder.parent.name == "versions":
        kept = RunDirectory(folder.parents[1]).robustness(folder.name)
        kept.parent.mkdir(exist_ok=True)
        record.write_to(kept)
        typer.echo(f"kept in {kept}", err=True)


def read_sample(source: Path, reference: Path, lines: int) -> tuple[list[str], list[str]]:
    """Read both files; return so many pairs, at equal distances, or all for 0."""
    sides = [[line.text for line in read_text_lines(path)] for path in (source, reference)]
    counts = [len(side) for side in sides]
    if counts[0] != counts[1]:
        raise typer.BadParameter(f"{source} has {counts[0]} lines but {reference} has {counts[1]}")
    count = min(lines or counts[0], counts[0])
    sources, references = ([side[number * len(side) // count] for number in range(count)] for side in sides)
    return sources, references


def measured(bench: Bench, only: Sequence[str] | None) -> Iterator[WayResult]:
    """Yield the result of each way that changes a line."""
    measures: dict[str, Callable[[], WayResult | None]] = {
        f"{count} sentences a line": partial(of_joined_lines, bench, count) for count in SENTENCES_A_LINE
    }
    measures |= {way.name: partial(of_changed_lines, bench, way) for way in WAYS}
    measures["nothing to translate"] = partial(of_copied_lines, bench)
    for name, measure in measures.items():
        if only and not any(part in name for part in only):
            continue
        result = measure()
        if result is not None:
            yield result.model_copy(update={"name": name})


def of_changed_lines(bench: Bench, way: Way) -> WayResult | None:
    """Change each line in one way; lines that stay as they are keep their translation."""
    changed = {}
    for number, text in enumerate(bench.sources):
        other = way.change(text, random.Random(f"{way.name} {text}"))
        if other != text and other.strip():
            changed[number] = other
    if not changed:
        return None
    raw = bench.translator.translate(list(changed.values()))
    after = list(bench.translations)
    for number, text in zip(changed, raw, strict=True):
        after[number] = way.undo(text)
    after, before, references = (
        [way.fold(text) for text in side] for side in (after, bench.translations, bench.references)
    )
    kept = [text.count(way.kept) == 1 for text in raw] if way.kept else None
    is_same = [after[number] == before[number] for number in changed]
    shown = [(changed[n], text, bench.translations[n]) for n, text in zip(changed, raw, strict=True)]
    return result_of(bench, (after, before, references), is_same, kept, shown)


def of_joined_lines(bench: Bench, count: int) -> WayResult | None:
    """Join sentences into lines; what has no final mark is no sentence here."""
    whole = [n for n, text in enumerate(bench.sources) if SENTENCE_END.search(text, len(text.rstrip()) - 1)]
    groups = [whole[first : first + count] for first in range(0, len(whole) - count + 1, count)]
    if not groups:
        return None
    sources, references, before = (
        [" ".join(side[number].strip() for number in group) for group in groups]
        for side in (bench.sources, bench.references, bench.translations)
    )
    after = bench.translator.translate(sources)
    is_same = [" ".join(a.split()) == " ".join(b.split()) for a, b in zip(after, before, strict=True)]
    kept = [number_of_sentences(a) == number_of_sentences(b) for a, b in zip(after, before, strict=True)]
    return result_of(bench, (after, before, references), is_same, kept, list(zip(sources, after, before, strict=True)))


def of_copied_lines(bench: Bench) -> WayResult:
    """Translate lines that have to come out as they go in."""
    after = bench.translator.translate(NO_LETTERS)
    is_same = [a == b for a, b in zip(after, NO_LETTERS, strict=True)]
    shown = list(zip(NO_LETTERS, after, NO_LETTERS, strict=True))
    return result_of(bench, None, is_same, is_same, shown)


def number_of_sentences(text: str) -> int:
    """Count the marks that end a sentence, and a rest without one."""
    marks = list(SENTENCE_END.finditer(text))
    rest = text[marks[-1].end() :] if marks else text
    return len(marks) + bool(rest.strip())


def result_of(
    bench: Bench,
    sides: tuple[Sequence[str], Sequence[str], Sequence[str]] | None,
    is_same: Sequence[bool],
    kept: Sequence[bool] | None,
    shown: Sequence[tuple[str, str, str]],
) -> WayResult:
    """Score the translations of all lines after a change and before, and count those that stayed the same."""
    scores = dict.fromkeys(("bleu", "clean_bleu", "chrf", "clean_chrf"))
    if sides is not None:
        after, before, references = sides
        scores = {
            "bleu": corpus_bleu(after, [references], tokenize=bench.tokenize).value,
            "clean_bleu": corpus_bleu(before, [references], tokenize=bench.tokenize).value,
            "chrf": corpus_chrf(after, [references]).value,
            "clean_chrf": corpus_chrf(before, [references]).value,
        }
    others = [each for each, same in zip(shown, is_same, strict=True) if not same][: bench.examples]
    return WayResult(
        name="",
        changed=len(is_same),
        **scores,
        unchanged=mean(is_same),
        kept=mean(kept) if kept is not None else None,
        examples=tuple(ChangedTranslation(source=s, translation=t, before=b) for s, t, b in others),
    )


def table(record: RobustnessRecord) -> str:
    """Return the results in Markdown."""
    titles = ("way", "lines changed", "BLEU", "before", "chrF", "before", "same translation", "kept")
    rows = [f"| {' | '.join(titles)} |", "| --- |" + " ---: |" * (len(titles) - 1)]
    rows.append(f"| as it is | | {record.bleu:.2f} | | {record.chrf:.2f} | | | |")
    for way in record.ways:
        scores = (way.bleu, way.clean_bleu, way.chrf, way.clean_chrf)
        cells = [way.name, str(way.changed), *("" if score is None else f"{score:.2f}" for score in scores)]
        cells += ["" if share is None else f"{100 * share:.1f} %" for share in (way.unchanged, way.kept)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    typer.run(main)
