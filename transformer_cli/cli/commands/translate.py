"""The command ``tfm translate``."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from transformer_cli.cli.display.translation_progress import translation_display
from transformer_cli.cli.options import DeviceOption, QuietOption, VerboseOption
from transformer_cli.cli.streams import is_stdout_watched, name_of_input, open_input, open_output
from transformer_cli.documents.names import FileFormat, kind_of
from transformer_cli.errors import UsageError

if TYPE_CHECKING:
    from transformer_cli.decoding.engine import Sampling
    from transformer_cli.workflows.translate.settings import Shard

logger = logging.getLogger(__name__)


def translate(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Input; left out or -: stdin.")] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option("--model", "-m", envvar="TFM_MODEL", help="A model or run directory; several translate together."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Written whole or not at all.")] = None,
    output_format: Annotated[
        Literal["text", "tsv", "jsonl"],
        typer.Option("--format", help="tsv: source, translation, score; jsonl: an object a line."),
    ] = "text",
    n_best: Annotated[
        int, typer.Option("--n-best", min=1, max=1000, help="The number of translations of each line, best first.")
    ] = 1,
    alignments: Annotated[
        bool, typer.Option("--alignments", help="Print which word comes from which: pairs i-j of words, from 0.")
    ] = False,
    beam_size: Annotated[
        int | None, typer.Option("--beam-size", min=1, max=1000, help="Width of the search; 1 is greedy.")
    ] = None,
    length_penalty: Annotated[
        float | None,
        typer.Option("--length-penalty", help="Scores are log_prob / length ** this, end of sentence counted."),
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", help="The beginning of every translation.")] = "",
    sample: Annotated[
        bool, typer.Option("--sample", help="Draw translations at random instead of searching for the best.")
    ] = False,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", min=0.01, max=100, help="Sampling: under 1 sharpens, over flattens."),
    ] = None,
    top_k: Annotated[int | None, typer.Option("--top-k", min=1, help="Sampling: from the k likeliest tokens.")] = None,
    top_p: Annotated[
        float | None,
        typer.Option("--top-p", min=0.01, max=1.0, help="Sampling: from the likeliest that reach this probability."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Sampling: the same one draws the same.")] = None,
    mbr: Annotated[
        int | None,
        typer.Option(
            "--mbr", min=2, max=1000, help="Minimum Bayes risk: of N candidates, the one most like the others by chrF."
        ),
    ] = None,
    on_overlong: Annotated[
        Literal["split", "cut", "fail"],
        typer.Option("--on-overlong", help="A line too long for the model: split it, cut it with a warning, or fail."),
    ] = "split",
    split_sentences: Annotated[
        Literal["auto", "always", "never"],
        typer.Option(
            "--split-sentences", help="Cut lines at ends of sentences; auto: if they have more than was learned."
        ),
    ] = "auto",
    target_language: Annotated[
        str | None,
        typer.Option(
            "--target-language",
            metavar="LANG",
            help="Of a model with several: the language of lines that do not begin with one as >>fra<<.",
        ),
    ] = None,
    file_format: Annotated[
        FileFormat, typer.Option("--file-format", help="What FILE or stdin is; auto: what its name says, else lines.")
    ] = "auto",
    replace_all: Annotated[
        bool, typer.Option("--all", help="Documents: translate again what has a translation.")
    ] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Documents: do not mark translations as fuzzy or for review.")
    ] = False,
    memory: Annotated[
        list[Path] | None,
        typer.Option("--memory", metavar="FILE.tmx", help="Documents: take exact matches from it; repeatable."),
    ] = None,
    glossary: Annotated[
        Path | None,
        typer.Option("--glossary", metavar="FILE", help="Terms and their translations (.tsv, .csv, .tbx), kept to."),
    ] = None,
    glossary_hints: Annotated[
        bool,
        typer.Option(
            "--glossary-hints",
            help="Tell the model these terms, in place of keeping to them; needs a model of [glossary] hints.",
        ),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at bytes that are not UTF-8 (exit code 65).")] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="K/N",
            help="Translate part K of N of FILE into OUTPUT.part-*; set by torchrun.",
        ),
    ] = None,
    engine: Annotated[
        Literal["auto", "torch", "ctranslate2"],
        typer.Option("--engine", help="auto: what `tfm export --to ctranslate2` wrote, if it can do what is asked."),
    ] = "auto",
    device: DeviceOption = "auto",
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        typer.Option("--precision", help="Of torch; auto: bfloat16 where much faster, for d_model 512 and more."),
    ] = "auto",
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help="Cores to use: threads, or processes for files.")
    ] = None,
    batch_tokens: Annotated[
        int | None, typer.Option("--batch-tokens", min=16, help="Source tokens searched at once.")
    ] = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Translate each line of stdin or FILE to one line of stdout, in order; or a document, by the name of FILE.

    A line's translation does not depend on the lines beside it, but for rounding where two hypotheses tie.
    """
    from transformer_cli.config import SearchOverrides
    from transformer_cli.workflows.locate.model import find_model
    from transformer_cli.workflows.translate.settings import DocumentSettings, TranslationSettings
    from transformer_cli.workflows.translate.translate import translate_input, translate_shard

    settings = TranslationSettings(
        engine=engine,
        device=device,
        threads=threads,
        precision=precision,
        search=SearchOverrides(beam_size, length_penalty, batch_tokens),
        on_overlong=on_overlong,
        split_sentences=split_sentences,
        strict=strict,
        output_format=output_format,
        n_best=n_best,
        with_alignment=alignments,
        prefix=prefix,
        sampling=_sampling(sample, temperature, top_k, top_p, seed),
        mbr_candidates=mbr,
        target_language=target_language,
        glossary=glossary,
        glossary_hints=glossary_hints,
        owns_process=True,
    )
    part, kind = _shard(shard, file, output), kind_of(file, file_format)
    document_settings = DocumentSettings(replace_all=replace_all, is_final=final, memories=tuple(memory or ()))
    document_settings.check(kind is not None, settings, part)
    folders = [find_model(each) for each in model] if model else [find_model(None)]
    logger.debug(f"translating with {', '.join(map(str, folders))}")
    counted = "lines" if kind is None else "passages"
    is_shown = not is_stdout_watched(output)
    with open_input(file) as source, translation_display(source, is_wanted=is_shown, counted=counted) as progress:
        if part is not None and output is not None:
            count = translate_shard(source, output, shard=part, model=folders, settings=settings, progress=progress)
        else:
            with open_output(output) as write:
                count = translate_input(
                    source,
                    write,
                    kind=kind,
                    name=name_of_input(file),
                    model=folders,
                    settings=settings,
                    document_settings=document_settings,
                    progress=progress,
                )
    logger.debug(f"{count} {counted} translated")


def _sampling(
    is_wanted: bool, temperature: float | None, top_k: int | None, top_p: float | None, seed: int | None
) -> Sampling | None:
    given = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    chosen = {name: value for name, value in given.items() if value is not None}
    if not is_wanted:
        if chosen:
            raise UsageError(f"--{next(iter(chosen)).replace('_', '-')} is for sampling; give --sample as well")
        return None
    from transformer_cli.decoding.engine import Sampling

    return Sampling(**chosen)  # type: ignore[arg-type]  # the types of the values differ


def _shard(text: str | None, file: Path | None, output: Path | None) -> Shard | None:
    """Return the shard given by ``--shard``, else by torchrun, or None for the whole file."""
    from transformer_cli.workflows.translate.settings import Shard

    way_out = "name both"
    if text is None:
        way_out = "name both, or unset RANK and WORLD_SIZE, which ask for a shard"
        rank, world = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
        if not rank.isdecimal() or world in ("", "1"):
            return None
        text = f"{int(rank) + 1}/{world}"
    numbers = re.fullmatch(r"(\d+)/(\d+)", text)
    if not numbers:
        raise UsageError(f"--shard {text}: give K/N, such as 1/4 for the first of four")
    shard = Shard(*map(int, numbers.groups()))
    if file is None or not file.is_file() or output is None:
        raise UsageError(f"a shard is part of a FILE and goes to --output; {way_out}")
    if output.name in ("", "..", "-"):
        raise UsageError(f"--output {output}: give a file's name, with which the names of the parts begin")
    return shard
