"""Check of an exported 8-bit engine on this processor, using a few lines stored with it. No torch.

Without VNNI, an x86 processor adds two 8-bit products in 16 bits, where large sums saturate. A model that lost nothing
on the machine that exported it may therefore lose quality on another. The first use on each kind of processor compares.

ctranslate2/kept_lines.json    some sources, their translations in float32, the log-probability of each of their tokens
ctranslate2/compared.json      for each kind of processor, the mean difference of those log-probabilities, in nats a
                               token. If this file cannot be written, a file in the user's cache replaces it.
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
"""Largest number of tokens of all kept translations. A tiny model scores them in 0.05 s, a model with d_model 512 and 6
layers in 0.1 to 0.25 s."""

_CLOSE = 0.05
"""Largest mean difference, in nats per token, at which 8 bits are used.

Two tiny models with differences of 0.027 and 0.053 lost 0.2 and 0.3 BLEU.
"""

_INSTRUCTIONS = re.compile(r"(avx|amx|sse|ssse|fma|asimd|sve|i8mm|neon)\w*")
_VARIABLES = re.compile(r"(CT2_FORCE_CPU_ISA|CT2_USE_MKL|CT2_PACKED_GEMM|(ONEDNN|DNNL)_MAX_CPU_ISA|MKL_\w+)")


_DIFFERENCES: TypeAdapter[dict[str, float]] = TypeAdapter(dict[str, float])


class KeptLines(Record):
    """Some sources and their translations in float32.

    Args:
        sources: Token ids of each source.
        targets: Subwords of each translation, as text.
        log_probs: Log-probability of each token of each target and of the eos after it, in float32.
        at_home: Mean difference of the engine on the machine that exported it, in nats per token.
    """

    sources: list[list[int]]
    targets: list[list[str]]
    log_probs: list[list[float]]
    at_home: float = 0.0

    def difference(self, engine: CTranslate2Engine) -> float:
        """Return the mean absolute difference of ``engine``'s log-probabilities from these, in nats per token."""
        rows = zip(self.log_probs, engine.log_probs(self.sources, self.targets), strict=True)
        differences = [abs(a - b) for row in rows for a, b in zip(*row, strict=True)]
        return sum(differences) / len(differences)

    def is_close(self, difference: float) -> bool:
        """Return whether 8 bits may be used at this ``difference``.

        A larger difference at the export itself was accepted there, so the limit rises with it.
        """
        return difference <= max(_CLOSE, 2 * self.at_home)


def lines_to_keep(
    translations: Iterable[tuple[Sequence[int], Sequence[str]]],
    float32_engine: CTranslate2Engine,
    *,
    most_tokens: int = _MOST_TOKENS,
) -> KeptLines | None:
    """Return the first lines with their log-probabilities, or None if there are no lines.

    Args:
        translations: Pairs of a source (token ids) and its translation (subwords).
        float32_engine: Engine that computes in float32.
        most_tokens: Largest number of tokens of all translations; the first one is kept even if it is longer.
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
    """Write the lines into the engine's ``folder``, and record the comparison on this kind of processor.

    Raises:
        TfmError: A file cannot be written.
    """
    difference = kept.difference(engine)
    kept.model_copy(update={"at_home": difference}).write_to(folder / KEPT_LINES_FILE)
    _write_record(folder / COMPARED_FILE, {processor_kind(): difference})


def right_engine(folder: Path, load: Callable[[str], CTranslate2Engine]) -> CTranslate2Engine:
    """Return the engine as exported or, with a warning, in float32 if 8 bits are inaccurate on this processor.

    Args:
        folder: Folder of the exported engine.
        load: Function that loads the engine; its argument is the compute type, "default" or "float32".

    Raises:
        DamagedFileError: The file of kept lines is damaged.
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
    """Return the properties that decide how 8-bit products are computed: processor, library and library settings.

    Args:
        cpuinfo: File in which Linux describes the processors; without it, each architecture counts as one kind.
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
            return None  # written by another program
        raise DamagedFileError(f"{path} is damaged") from None
    except (OSError, ValueError):
        return None


def _place_in_cache(folder: Path) -> Iterator[Path]:
    """Yield the file in the user's cache that replaces the folder's record of these lines, if there is a cache."""
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
    """Add the difference to the first record that can be written; if none can, the next use compares again.

    If two processes do this at the same time, one may lose its entry, but the file stays valid.
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
