"""The ``tfm import`` workflow: a model of another program becomes version 0001 of a run.

What needs torch is imported when a model has been found.
"""

from __future__ import annotations

import logging
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.artifacts.version_history import Release, VersionHistory
from transformer_cli.config import LanguagesConfig
from transformer_cli.errors import DataError, UsageError
from transformer_cli.files.archives import open_zip
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.record import Record

if TYPE_CHECKING:
    from transformer_cli.interchange.imported_weights import ImportedModel

logger = logging.getLogger(__name__)

_FITTING = re.compile(r"[^A-Za-z0-9._-]+")


def import_model(
    model: str | Path,
    *,
    source: str | None = None,
    target: str | None = None,
    run_dir: Path | None = None,
    positions: Literal["auto", "paper", "marian"] = "auto",
) -> Path:
    """Make a model of another program version 0001 of a run.

    Args:
        model: A folder or .zip of OPUS-MT, a Marian .npz with its vocabulary beside it, or a MarianMT folder.
        source: Code of the source language; None: the model's own statement.
        target: Code of the target language, likewise.
        run_dir: The run directory, which must not hold a version yet; None: ``runs/`` and the name of ``model``.
        positions: The positional encoding; "auto": that of the program which the model comes from.

    Returns:
        The folder of the version.

    Raises:
        DataError: It is no such model, or this program cannot compute it; nothing is written.
        UsageError: The run directory holds versions, or only one language is given.
        RunDirectoryBusyError: Another process holds the run directory.
    """
    model = Path(model)
    run = RunDirectory(run_dir or Path("runs") / _name(model))
    if run.live_version() is not None:
        _require_new(run)
    with _unpacked(model) as place:
        imported = _read(place, _languages(source, target), positions)
    with run.lock():
        if _was_killed(run, model):  # after it was written
            version = run.version_folders()[-1]
            run.make_live(version)
        else:
            _require_new(run)
            version = _write(run, imported, model)
    shape = imported.config
    command = shlex.join(["tfm", "translate", "--model", str(run.path)])
    logger.info(
        f"imported a {imported.kind}: {shape.num_encoder_layers}+{shape.num_decoder_layers} layers, d_model "
        f"{shape.d_model}, {imported.tokenizers.target.vocab_size} pieces; next: {command}"
    )
    return version


def _read(
    place: Path, languages: LanguagesConfig | None, positions: Literal["auto", "paper", "marian"]
) -> ImportedModel:
    if _is_marian(place):
        from transformer_cli.interchange.from_marian import read_marian_model

        return read_marian_model(place, languages, positions="marian" if positions == "auto" else positions)
    if _is_huggingface(place):
        from transformer_cli.interchange.from_huggingface import read_huggingface_model

        return read_huggingface_model(place, languages, positions=positions)
    problem = "is not there" if not place.exists() else "holds neither a .npz of Marian nor a config.json of MarianMT"
    raise DataError(f"{place} {problem}; give the folder or .zip of a model that was downloaded")


class _Head(Record):
    """The beginning of ``config.json`` of a model of the library ``transformers``."""

    model_type: str


def _is_huggingface(place: Path) -> bool:
    head = _Head.read_from(place / "config.json")
    return head is not None and bool(head.model_type)


def _is_marian(place: Path) -> bool:
    """Return whether ``place`` is a ``.npz`` file or a folder that holds one."""
    return place.is_file() if place.suffix == ".npz" else any(place.glob("*.npz"))


def _write(run: RunDirectory, imported: ImportedModel, origin: Path) -> Path:
    from transformer_cli.artifacts.model_directory import save_model_directory

    with explain_os_errors(run.path):
        run.versions.mkdir(parents=True, exist_ok=True)
    version = run.begin_version(_reason(origin))
    save_model_directory(
        version,
        weights=imported.weights,
        tokenizers=imported.tokenizers,
        model=imported.config,
        languages=imported.languages,
        decoding=imported.decoding,
        card=_card(imported, origin),
    )
    run.make_live(version)
    return version


def _reason(origin: Path) -> str:
    return f"imported from {origin.name}"


def _import_begun(run: RunDirectory) -> tuple[str, str] | None:
    """Return the version and the reason of the last event of a run, if that is a release."""
    last = next(reversed(VersionHistory(run.version_events).events()), None)
    return (last.version, last.reason) if isinstance(last, Release) else None


def _was_killed(run: RunDirectory, origin: Path) -> bool:
    """Return whether the same import has written its version, and was killed before it went into service."""
    folders = run.version_folders()
    is_begun = len(folders) == 1 and _import_begun(run) == (folders[0].name, _reason(origin))
    return is_begun and run.live_version() is None


def _card(imported: ImportedModel, origin: Path) -> str:
    languages, shape = imported.languages, imported.config
    return f"""# {origin.name}

Translates {languages.source} to {languages.target}, one sentence a line.

    tfm translate --model . < input.txt > output.txt

| | |
| --- | --- |
| made | by `tfm import` from a {imported.kind}, `{origin.name}` |
| model | Transformer, {shape.num_encoder_layers}+{shape.num_decoder_layers} layers, d_model {shape.d_model}, \
d_ff {shape.d_ff}, {shape.num_heads} heads, {shape.norm}-norm, {shape.activation} |
| vocabulary | {imported.tokenizers.target.vocab_size} SentencePiece pieces |
| licence | that of the original |
"""


def _require_new(run: RunDirectory) -> None:
    if run.version_folders():
        raise UsageError(f"{run.path} holds versions already; name another run directory with -d")


def _languages(source: str | None, target: str | None) -> LanguagesConfig | None:
    if source is None and target is None:
        return None
    if source is None or target is None:
        raise UsageError("give both --from and --to, or neither")
    return LanguagesConfig.of_options(source, target)


def _name(model: Path) -> str:
    place = model.resolve()
    stem = place.stem if place.suffix.lower() in (".zip", ".npz") else place.name
    return _FITTING.sub("-", stem).strip("-.") or "imported"


@contextmanager
def _unpacked(model: Path) -> Iterator[Path]:
    """Yield a folder with the files of a .zip, or ``model`` itself."""
    if model.suffix.lower() != ".zip" or not model.is_file():
        yield model
        return
    with tempfile.TemporaryDirectory(prefix="tfm-import-") as folder:
        with open_zip(model) as archive, explain_os_errors(Path(folder)):
            archive.extractall(folder)  # it keeps every file inside of the folder
        inside = [path for path in Path(folder).iterdir() if not path.name.startswith(("__MACOSX", "."))]
        try:
            yield inside[0] if len(inside) == 1 and inside[0].is_dir() else Path(folder)
        except DataError as error:  # names a file in a folder that the user has never seen
            raise DataError(str(error).replace(folder, str(model))) from None
