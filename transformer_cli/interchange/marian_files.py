"""The files that belong to a Marian model: which they are, and the vocabularies in them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from transformer_cli.errors import DataError
from transformer_cli.interchange.marian_options import MarianOptions
from transformer_cli.interchange.sentencepiece_model import Kind, read_pieces
from transformer_cli.interchange.vocabulary import Vocabulary, our_vocabulary, read_whole

_SPM = ".spm"
_ENTRY = re.compile(r"""^(?:\? )?(?P<piece>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|.+?)(?:: *(?P<id>\d+))?\s*$""")
_VALUE = re.compile(r"^: *(\d+)\s*$")


class _Decoder(BaseModel):
    """``decoder.yml``, as far as it matters."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    models: list[str] = []
    vocabs: list[str] = []
    beam_size: int | None = Field(default=None, alias="beam-size", ge=1, le=1000)
    normalize: float | bool = 0.0


@dataclass(frozen=True, slots=True)
class MarianFiles:
    """The files of a Marian model.

    Args:
        model: The ``.npz``.
        source: The SentencePiece model of the source.
        target: That of the target.
        lists: The vocabularies of source and target: YAML or JSON lists of pieces, or SentencePiece models themselves.
        beam_size: The beam of ``decoder.yml``, or None.
        length_penalty: The exponent of the length there.
    """

    model: Path
    source: Path
    target: Path
    lists: tuple[Path, Path]
    beam_size: int | None
    length_penalty: float

    def vocabularies(self, options: MarianOptions) -> tuple[Vocabulary, ...]:
        """Return the vocabulary of both sides, or those of source and target.

        Raises:
            DataError: A list is damaged or has another size than the model.
        """
        found: list[Vocabulary] = []
        for path, size in zip(self.lists, options.dim_vocabs, strict=True):
            pieces, unk, eos = _read_spm(path) if path.suffix == _SPM else _read_list(path)
            if len(pieces) != size:
                raise DataError(
                    f"{path} has {len(pieces)} pieces, and {self.model} {size}; take the one that belongs to it"
                )
            found.append(our_vocabulary(pieces, unk=unk, eos=eos))
        if not options.has_one_matrix:
            return tuple(found)
        if found[0].pieces != found[1].pieces:
            raise DataError(f"{self.lists[0]} and {self.lists[1]} differ, but the model has one vocabulary")
        return (found[0],)


def find_marian_files(place: Path) -> MarianFiles:
    """Find the files of a model.

    Args:
        place: The ``.npz``, or the folder with it.

    Raises:
        DataError: A file is missing, or the model is one whose pieces this program cannot cut.
    """
    folder = place if place.is_dir() else place.parent
    decoder = _decoder(folder)
    model = place if place.is_file() else _model(folder, decoder)
    lists = _lists(folder, decoder)
    source, target = _segmenters(folder, lists)
    return MarianFiles(model, source, target, lists, decoder.beam_size, float(decoder.normalize))


def _decoder(folder: Path) -> _Decoder:
    path = folder / "decoder.yml"
    if not path.is_file():
        return _Decoder(normalize=1.0)
    try:
        return _Decoder.model_validate(yaml.safe_load(read_whole(path)) or {})
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError):
        raise DataError(f"{path} is damaged; download the model anew") from None


def _model(folder: Path, decoder: _Decoder) -> Path:
    named = [folder / Path(name).name for name in decoder.models[:1]]
    found = [path for path in named if path.is_file()] or sorted(folder.glob("*.npz"))
    without_others = [path for path in found if not path.name.endswith((".optimizer.npz", ".orig.npz"))]
    if len(without_others) != 1:
        names = ", ".join(path.name for path in found)
        raise DataError(f"{folder} holds several models: {names}; name the .npz to import")
    return without_others[0]


def _lists(folder: Path, decoder: _Decoder) -> tuple[Path, Path]:
    named = [folder / Path(name).name for name in decoder.vocabs]
    if len(named) == 2 and all(path.is_file() for path in named):
        return named[0], named[1]
    for pattern in ("{}.vocab.yml", "{}vocab.{}.yml", "{}vocab.{}.spm"):
        pair = [_only(folder, pattern, side) for side in (("src", "source"), ("trg", "target"))]
        if pair[0] and pair[1]:
            return pair[0], pair[1]
    joint = [path for pattern in ("*vocab.yml", "*vocab.json", "*vocab.spm") for path in sorted(folder.glob(pattern))]
    if not joint:
        raise DataError(f"{folder} holds no vocabulary (*.vocab.yml or vocab.spm); put it beside the .npz")
    return joint[0], joint[0]


def _only(folder: Path, pattern: str, sides: Sequence[str]) -> Path | None:
    for side in sides:
        wanted = pattern.format("*." + side) if pattern.startswith("{}.") else pattern.format("*", side)
        for path in sorted(folder.glob(wanted)):
            return path
    return None


def _segmenters(folder: Path, lists: tuple[Path, Path]) -> tuple[Path, Path]:
    if all(path.suffix == _SPM for path in lists):
        return lists
    pair = folder / f"source{_SPM}", folder / f"target{_SPM}"
    if all(path.is_file() for path in pair):
        return pair
    if any(folder.glob("*.bpe")) or any(folder.glob("*bpe*")):
        raise DataError(
            f"{folder} cuts words with subword-nmt (.bpe), which this program does not; take a release with source.spm "
            "and target.spm (most have a newer one)"
        )
    raise DataError(f"{folder} lacks source.spm and target.spm; put the SentencePiece models of the training there")


def _read_spm(path: Path) -> tuple[list[str], int, int]:
    """Return the pieces of a SentencePiece model, whose ids are Marian's, and the ids of unk and eos."""
    pieces = read_pieces(read_whole(path), path)
    unk = [i for i, piece in enumerate(pieces) if piece.kind is Kind.UNKNOWN]
    eos = [i for i, piece in enumerate(pieces) if piece.text == "</s>"]
    if not unk or not eos:
        raise DataError(f"{path} has no {'</s>' if unk else '<unk>'}; give the vocabulary that marian trained with")
    return [piece.text for piece in pieces], unk[0], eos[0]


def _read_list(path: Path) -> tuple[list[str], int, int]:
    """Return the pieces of a list, and the ids of unk and eos.

    A list is YAML, but with pieces that a reader of YAML would change, such as ``~`` or ``1_000``.
    """
    ids: dict[str, int] = {}
    key = None
    for number, line in enumerate(read_whole(path).decode("utf-8", "replace").split("\n"), start=1):
        if not line.strip() or line.strip() in ("{", "}", "---"):
            continue
        value = _VALUE.match(line)
        entry = _ENTRY.match(line.strip().rstrip(",") if path.suffix == ".json" else line)
        piece = _unquoted(entry["piece"]) if entry else None
        if value and key is not None:
            ids[key], key = int(value[1]), None
        elif entry and entry["id"] and piece is not None:
            ids[piece] = int(entry["id"])
        elif piece is not None and line.startswith("? "):
            key = piece
        else:
            raise DataError(f"{path}: line {number} is no piece with its id; download the model anew")
    pieces = [""] * (max(ids.values(), default=-1) + 1)
    for piece, token in ids.items():
        pieces[token] = piece
    if "</s>" not in ids or "<unk>" not in ids:
        raise DataError(f"{path} lists no </s> or no <unk>; give the vocabulary that marian trained with")
    return pieces, ids["<unk>"], ids["</s>"]


def _unquoted(text: str) -> str | None:
    """Return the piece that is written as ``text``, or None if its escapes are damaged."""
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[:1] != '"' or text[-1:] != '"' or len(text) < 2:
        return text
    try:
        return str(json.loads(text))
    except ValueError:  # YAML has more escapes than JSON: \x41, \e ...
        pass
    try:
        return str(yaml.safe_load(text))
    except yaml.YAMLError:
        return None
