"""Whether an exported engine with 8 bits is right on this processor: compared on a few lines kept with it. No torch.

Without VNNI an x86 processor adds two products of 8 bits up in 16, where large ones saturate: a model that lost nothing
on the machine that exported it may lose something on another. So the first use on each kind of processor compares.

ctranslate2/kept_lines.json    some sources, their translations in float32, the log-probability of each of their tokens
ctranslate2/compared.json      by kind of processor: how far those are off there, in nats a token. Where this cannot be
                               written, a file in the user's cache is instead.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import ctranslate2
from pydantic import TypeAdapter, ValidationError

from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine
from transformer_cli.errors import DamagedFileError, TfmError
from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.record import Record

logger = logging.getLogger(__name__)

KEPT_LINES_FILE = "kept_lines.json"
COMPARED_FILE = "compared.json"

_MOST_TOKENS = 250
"""Of the translations together. A tiny model reads them in 0.05 s, one of d_model 512 and 6 layers in 0.1 to 0.25 s."""

_CLOSE = 0.05
"""Mean difference in nats a token up to which 8 bits are taken.

Two tiny models that were off by 0.027 and by 0.053 lost 0.2 and 0.3 BLEU.
"""

_INSTRUCTIONS = re.compile(r"(avx|amx|sse|ssse|fma|asimd|sve|i8mm|neon)\w*")
_VARIABLES = re.compile(r"(CT2_FORCE_CPU_ISA|CT2_USE_MKL|CT2_PACKED_GEMM|(ONEDNN|DNNL)_MAX_CPU_ISA|MKL_\w+)")


_DIFFERENCES: TypeAdapter[dict[str, float]] = TypeAdapter(dict[str, float])


class KeptLines(Record):
    """Some sources and their translations in float32.

    Args:
        sources: Token ids.
        targets: Subwords as text.
        log_probs: Of each token of each target and of eos after it, in float32.
        at_home: How far the engine was off where it was exported, in nats a token.
    """

    sources: list[list[int]]
    targets: list[list[str]]
    log_probs: list[list[float]]
    at_home: float = 0.0

    def difference(self, engine: CTranslate2Engine) -> float:
        """Return the mean difference of the log-probabilities of ``engine``, in nats a token."""
        rows = zip(self.log_probs, engine.log_probs(self.sources, self.targets), strict=True)
        differences = [abs(a - b) for row in rows for a, b in zip(*row, strict=True)]
        return sum(differences) / len(differences)

    def is_close(self, difference: float) -> bool:
        """Say whether 8 bits may be taken where they are off by ``difference``.

        Where the export itself is off by more, it was asked for.
        """
        return difference <= max(_CLOSE, 2 * self.at_home)


def lines_to_keep(
    translations: Iterable[tuple[Sequence[int], Sequence[str]]],
    float32_engine: CTranslate2Engine,
    *,
    most_tokens: int = _MOST_TOKENS,
) -> KeptLines | None:
    """Return the first of some lines with their log-probabilities; None if there are none.

    Args:
        translations: Sources and what they are translated into: token ids and subwords.
        float32_engine: Computes in float32.
        most_tokens: Of all translations together, but for a first one that is longer.
    """
    sources: list[list[int]] = []
    targets: list[list[str]] = []
    tokens = 0
    for source, target in translations:
        tokens += len(target) + 1
        if tokens > most_tokens and targets:
            break
        sources.append([*source])
        targets.append([*target])
    if not targets:
        return None
    return KeptLines(sources=sources, targets=targets, log_probs=float32_engine.log_probs(sources, targets))


def keep_lines(folder: Path, kept: KeptLines, engine: CTranslate2Engine) -> None:
    """Write lines beside the engine in ``folder``, and that it has been compared on this kind of processor.

    Raises:
        TfmError: They cannot be written.
    """
    difference = kept.difference(engine)
    kept.model_copy(update={"at_home": difference}).write_to(folder / KEPT_LINES_FILE)
    _write_record(folder / COMPARED_FILE, {processor_kind(): difference})


def right_engine(folder: Path, load: Callable[[str], CTranslate2Engine]) -> CTranslate2Engine:
    """Return the engine as it was exported or, with a warning, in float32 where 8 bits are wrong on this processor.

    Args:
        folder: The exported engine.
        load: Reads it; called with the type to compute in, "default" or "float32".

    Raises:
        DamagedFileError: What is kept is no such thing.
    """
    kept = _read_kept(folder)
    if kept is None:
        return load("default")
    kind, engine = processor_kind(), None
    places = [folder / COMPARED_FILE, *_place_in_cache(folder)]
    difference = next((known[kind] for known in map(_read_record, places) if kind in known), None)
    try:
        if difference is None:
            engine = load("default")
            difference = kept.difference(engine)
            _remember(places, kind, difference)
        is_close = kept.is_close(difference)
    except (TypeError, ValueError, LookupError, ZeroDivisionError):
        raise DamagedFileError(f"{folder / KEPT_LINES_FILE} is damaged") from None
    if is_close:
        return engine or load("default")
    logger.warning(
        f"with 8 bits the exported engine is {difference:.2f} nats a token off on this processor; it computes in "
        "float32 here"
    )
    return load("float32")


def processor_kind(*, cpuinfo: Path = Path("/proc/cpuinfo"), environment: Mapping[str, str] = os.environ) -> str:
    """Return what decides how products of 8 bits are computed here: processor, library and what limits the library.

    Args:
        cpuinfo: Where Linux describes the processors; without it processors of one architecture count as one kind.
        environment: Environment variables.
    """
    try:
        with cpuinfo.open() as file:
            first = file.read(4096).partition("\n\n")[0]
    except OSError:
        first = ""
    vendor = re.search(r"^(?:vendor_id|CPU implementer)\s*:\s*(\S+)", first, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:(.*)", first, re.MULTILINE)
    instructions = sorted(filter(_INSTRUCTIONS.fullmatch, flags[1].split())) if flags else []
    limits = sorted(f"{name}={value}" for name, value in environment.items() if _VARIABLES.fullmatch(name))
    parts = [platform.system(), platform.machine(), vendor[1] if vendor else "", *instructions, *limits]
    return " ".join([*filter(None, parts), f"ctranslate2 {ctranslate2.__version__}"])


def _read_kept(folder: Path) -> KeptLines | None:
    path = folder / KEPT_LINES_FILE
    try:
        return KeptLines.parse(path.read_bytes())
    except ValidationError as error:
        if any(finding["type"] == "missing" for finding in error.errors()):
            return None  # another program's
        raise DamagedFileError(f"{path} is damaged") from None
    except (OSError, ValueError):
        return None


def _place_in_cache(folder: Path) -> Iterator[Path]:
    """Yield the file of the user, if there can be one, that stands for the one beside these very lines."""
    home = os.environ.get("HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or (home and f"{home}/.cache")
    if cache:
        digest = hashlib.sha256((folder / KEPT_LINES_FILE).read_bytes()).hexdigest()
        yield Path(cache, "transformer_cli", f"compared-{digest[:16]}.json")


def _read_record(path: Path) -> dict[str, float]:
    try:
        return _DIFFERENCES.validate_json(path.read_bytes(), strict=True)
    except (OSError, ValueError):
        return {}


def _remember(places: Sequence[Path], kind: str, difference: float) -> None:
    """Add to the first record that can be written; where none can, the next use compares again.

    Of two processes that do so at the same time one may lose its entry, but the file is whole.
    """
    for path in places:
        try:
            if path is not places[0]:
                path.parent.mkdir(parents=True, exist_ok=True)
            _write_record(path, {**_read_record(path), kind: difference})
        except (TfmError, OSError):
            continue
        return


def _write_record(path: Path, differences: Mapping[str, float]) -> None:
    write_atomically(path, (json.dumps(differences, indent=1) + "\n").encode())
