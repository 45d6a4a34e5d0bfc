"""The ``tfm init`` workflow: examines the corpora and the machine, and writes a recipe that fits them."""

from __future__ import annotations

import logging
import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from transformer_cli.config import CorpusFiles, LanguagesConfig, NamedCorpus, Recipe
from transformer_cli.data.corpora import corpus_files, read_corpus
from transformer_cli.data.sides.check import check_sides
from transformer_cli.errors import DataError, UsageError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.recipe import DEFAULT_RECIPE_FILE, toml_value
from transformer_cli.text.language_names import language_of_heading
from transformer_cli.text.languages import is_known_language
from transformer_cli.workflows.init.adapt import Adaptation, adapting_settings
from transformer_cli.workflows.init.corpus_keys import explain_keys, with_found_keys
from transformer_cli.workflows.init.machine import Machine, look_at_machine
from transformer_cli.workflows.init.named_corpora import as_value, find_beside, named_corpora, relative_to
from transformer_cli.workflows.init.recommend import Setting, held_out_sizes, recommend
from transformer_cli.workflows.init.run_name import run_name, warn_of_other_corpora
from transformer_cli.workflows.init.survey import CorpusSurvey, survey_corpora
from transformer_cli.workflows.locate.recipe import locate_recipe

logger = logging.getLogger(__name__)

_VALID_NAMES = ("valid", "validation", "val", "dev")
_TEST_NAMES = ("test",)


@dataclass(frozen=True, slots=True)
class InitOutcome:
    """The result of ``tfm init``.

    Args:
        path: The path of the recipe.
        summary: A message of one line: the file written and the command to run next.
    """

    path: Path
    summary: str


def init(
    corpora: Sequence[str],
    *,
    source: str,
    target: str,
    valid: str | None = None,
    test: str | None = None,
    output: Path = Path(DEFAULT_RECIPE_FILE),
    force: bool = False,
    start_from: Path | None = None,
    general: str | None = None,
    machine: Machine | None = None,
) -> InitOutcome:
    """Write a recipe that fits ``corpora`` and this machine.

    Args:
        corpora: Names as in a recipe, relative to the current folder. For two aligned text files, ``corpus.fr`` or
            ``corpus.en`` or both may be given instead of ``corpus.{lang}``; two files of other names tell by their
            names or their content which is which.
        source: Code or name of the language to translate from.
        target: Code or name of the language to translate into.
        valid: A validation corpus, or the number of pairs to hold out. None: ``valid.*`` or ``dev.*`` in the folder of
            the first corpus if there is one, else a recommended number of pairs.
        test: The same for the test set.
        output: The path of the recipe to write.
        force: Whether to overwrite an existing file.
        start_from: A model or run directory; the recipe then adapts this model to ``corpora``.
        general: With ``start_from``: a corpus like those the model was trained on. A sample of it becomes a test set,
            and another one is trained on with ``corpora``; both are written beside ``output``.
        machine: The machine to fit the recipe to; None: this machine.

    Raises:
        UsageError: ``output`` exists already or is one of the corpora, the languages are the same, or the model has
            others.
        ModelNotFoundError: There is no model at ``start_from``.
        RecipeError: A name matches no kind of corpus.
        DataError: A corpus cannot be used, or all corpora together are too small. Nothing is written.
    """
    languages = _languages(source, target)
    _check_output(output, force=force)
    known_pairs = _known_pairs(start_from, general, languages)
    adaptation = None if start_from is None else Adaptation.of(start_from, languages, next(iter(known_pairs), None))
    machine = machine or look_at_machine()
    named = named_corpora(corpora, languages)
    held_out = _held_out(named, {"valid": valid, "test": test}, languages, output.parent)
    read = [*_files([*named, *known_pairs], languages), *_files(_corpora_of(held_out), languages, output.parent)]
    _refuse_to_write_over(read, [output])
    logger.info(f"counting the pairs of {', '.join(map(str, named))}")
    survey = survey_corpora(named, languages, Path())
    written = [with_found_keys(corpus, languages) for corpus in named]
    data = _data_settings([relative_to(corpus, output.parent) for corpus in written], held_out, survey, machine)
    if written != named:
        data[0] = replace(data[0], reason=f"{data[0].reason}; columns as they were found")
    if adaptation is None:
        others = recommend(survey.statistics, machine)
    else:
        adaptation = adaptation.fitted(survey, data)
        for path in adaptation.files(output):
            _check_output(path, force=force)
        _refuse_to_write_over(read, adaptation.files(output))
        data = adaptation.data_settings(data, output)
        others = adapting_settings(survey.statistics, machine, adaptation, output)
    settings = [*data, *_cleaning_settings(survey), *others]
    head = f"{survey.statistics.pairs:,} different pairs and {machine}"
    text = render_recipe(settings, languages, name=run_name(output, languages), head=head)
    if adaptation is not None:
        adaptation.write_files(output)
        if not adaptation.general:
            logger.info("no test set shows what the model forgets; --general CORPUS makes one")
    write_atomically(output, text.encode())
    warn_of_other_corpora(locate_recipe(output))
    shape = _shape_and_limit({setting.key: setting.value for setting in settings}, start_from)
    command = "tfm train" if output == Path(DEFAULT_RECIPE_FILE) else shlex.join(["tfm", "train", str(output)])
    return InitOutcome(
        output, f"wrote {output} for {survey.statistics.pairs:,} pairs on {machine}: {shape}; next: {command}"
    )


def render_recipe(settings: Sequence[Setting], languages: LanguagesConfig, *, name: str | None, head: str) -> str:
    """Return the recipe as TOML, with the reason beside each value.

    Args:
        settings: All settings except the languages.
        languages: The source and target languages.
        name: Name of the recipe; None: the name of its file.
        head: Description of the data and the machine that the settings were chosen for.

    Raises:
        UsageError: The settings do not form a valid recipe.
    """
    lines = [
        f"# Chosen by `tfm init` for {head}.",
        "# Every value may be changed; docs/recipe.md lists all keys.",
        "",
    ]
    if name is not None:
        lines += [f"name = {toml_value(name)}", ""]
    lines += ["[languages]", f"source = {toml_value(languages.source)}", f"target = {toml_value(languages.target)}"]
    for section in dict.fromkeys(setting.key.partition(".")[0] for setting in settings):
        lines += ["", f"[{section}]"]
        for setting in settings:
            of, _, key = setting.key.partition(".")
            if of == section:
                line = f"{key} = {toml_value(setting.value)}"
                # A long list of corpora leaves no room for a comment on the same line.
                lines += [f"{line:<32} # {setting.reason}"] if len(line) <= 32 else [f"# {setting.reason}", line]
    text = "\n".join(lines) + "\n"
    try:
        Recipe.model_validate({"name": "recipe", **tomllib.loads(text)})
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        raise UsageError(f"{'.'.join(map(str, finding['loc']))}: {finding['msg']}; change the arguments") from None
    return text


def _shape_and_limit(values: Mapping[str, Any], start_from: Path | None) -> str:
    """Return in words what a recipe with these settings trains, and for how long."""
    minutes, steps = values.get("training.max_minutes"), values["training.max_steps"]
    limit = f"{steps:,} updates" if minutes is None else f"{minutes} minutes"
    shape = f"preset {values['model.preset']}" if start_from is None else f"starting from {start_from}"
    return f"{shape}, at most {limit}"


def _languages(source: str, target: str) -> LanguagesConfig:
    codes = (each if is_known_language(each) else language_of_heading(each) or each for each in (source, target))
    return LanguagesConfig.of_options(*codes)


def _known_pairs(model: Path | None, general: str | None, languages: LanguagesConfig) -> list[NamedCorpus]:
    """Return the corpus of pairs that the model translates well, or nothing."""
    if general is None:
        return []
    if model is None:
        raise UsageError(f"--general {general} goes together with --start-from MODEL")
    return named_corpora([general], languages)


def _corpora_of(settings: Mapping[str, Setting]) -> list[NamedCorpus]:
    values = [setting.value for setting in settings.values()]
    return [
        CorpusFiles(**value) if isinstance(value, dict) else value for value in values if not isinstance(value, int)
    ]


def _files(corpora: Sequence[NamedCorpus], languages: LanguagesConfig, folder: Path = Path()) -> list[Path]:
    return [file for corpus in corpora for file in corpus_files(corpus, languages, folder)]


def _refuse_to_write_over(read: Sequence[Path], outputs: Iterable[Path]) -> None:
    """Refuse outputs that are corpora, also where files may be written over."""
    own = {file.resolve() for file in read}
    for output in outputs:
        if output.resolve() in own:
            raise UsageError(f"{output} is one of the corpora; -o names another file")


def _check_output(output: Path, *, force: bool) -> None:
    if output.is_dir() or not output.parent.is_dir():
        problem = "is a folder" if output.is_dir() else f"cannot be written: {output.parent} is no folder"
        raise UsageError(f"{output} {problem}; name a file with -o")
    if output.exists() and not force:
        raise UsageError(f"{output} is there already; --force writes over it, -o names another file")


def _count_pairs(corpus: NamedCorpus, part: str, languages: LanguagesConfig) -> int:
    """Count the pairs of a validation or test corpus; its errors are reported before any file is written."""
    with explain_keys(corpus):
        pairs = check_sides(read_corpus(corpus, languages, Path(), part=part), corpus, languages)
        count = sum(pair.fault is None for pair in pairs)
    if not count:
        raise DataError(f"{corpus} holds no sentence pairs; name another corpus or a number with --{part}")
    return count


def _held_out(
    corpora: Sequence[NamedCorpus], asked: Mapping[str, str | None], languages: LanguagesConfig, folder: Path
) -> dict[str, Setting]:
    """Return the settings of validation and test set, as requested or as found beside the corpora."""
    settings = {}
    for part, stems in (("valid", _VALID_NAMES), ("test", _TEST_NAMES)):
        given = asked[part]
        if given is not None and re.fullmatch(r"-?\d+", given):
            if len(given) > 18 or int(given) < 1:  # Python reads no endless number
                raise UsageError(f"--{part} {given}: name a corpus, or a number of pairs from 1")
            settings[part] = Setting(f"data.{part}", int(given), "pairs held out, as asked for")
            continue
        if given is None:
            corpus = find_beside(corpora, stems, languages)
        else:
            (corpus,) = named_corpora([given], languages)
        if corpus is not None:
            why = "as asked for" if given is not None else "found beside the corpora"
            reason = f"{_count_pairs(corpus, part, languages):,} pairs, {why}"
            value = as_value(relative_to(with_found_keys(corpus, languages), folder))
            settings[part] = Setting(f"data.{part}", value, reason)
    return settings


def _data_settings(
    corpora: Sequence[NamedCorpus],
    held_out: Mapping[str, Setting],
    survey: CorpusSurvey,
    machine: Machine,
) -> list[Setting]:
    counts = " + ".join(f"{count:,}" for count in survey.counts.values())
    train = [as_value(corpus) for corpus in corpora]
    settings = [Setting("data.train", train, f"{counts} pairs that are fit to learn from")]
    reason = "pairs held out of train, the same ones on every run"
    for part, size in zip(("valid", "test"), held_out_sizes(survey.statistics, machine), strict=True):
        settings.append(held_out.get(part) or Setting(f"data.{part}", size, reason))
    wanted = sum(setting.value for setting in settings if isinstance(setting.value, int))
    if wanted >= survey.statistics.sources:
        names = ", ".join(map(str, corpora))
        raise DataError(
            f"only {survey.statistics.sources} different sources in {names}: too few to hold out {wanted} and learn "
            "from the rest"
        )
    return settings


def _cleaning_settings(survey: CorpusSurvey) -> list[Setting]:
    if not survey.statistics.numbers_matter:
        return []
    return [Setting("cleaning.fold_numbers", False, "most pairs differ in nothing else from another one")]
