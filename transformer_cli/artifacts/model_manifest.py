"""``config.json`` of a model directory: the model's shape, origin and test results. No torch here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, Field, ValidationError

from transformer_cli.artifacts.run_directory import MODEL_CONFIG_FILE
from transformer_cli.artifacts.text_profile import TextProfile
from transformer_cli.config import DecodingConfig, LanguagesConfig, ModelConfig
from transformer_cli.errors import DamagedFileError
from transformer_cli.files.checksum import checksum
from transformer_cli.files.os_errors import explain_os_errors
from transformer_cli.files.record import Record

if TYPE_CHECKING:
    from transformer_cli.data.tokens.tokenizer import TokenizerPair

FORMAT = 2
"""Version of ``config.json`` and of the weights' names. `checkpoint.read_tensors` also reads format 1 and renames."""

CARD_FILE = "README.md"
"""The model's card, for people."""


class ComparedScore(Record):
    """A score of a version on a test set, beside that of the live version.

    Args:
        score: The score of the version.
        confidence: Bounds of its 95 % interval.
        signature: sacreBLEU's record of the settings that the score was computed with.
        live: The score of the live version, or None if there was none.
        p_value: Probability of such a difference by chance.
    """

    score: float
    confidence: tuple[float, float] | None
    signature: str
    live: float | None
    p_value: float | None


class ScoredSet(Record):
    """The scores of a version on one test set of ``pairs`` sentence pairs."""

    pairs: int
    bleu: ComparedScore
    chrf: ComparedScore


class ValidationGain(Record):
    """BLEU on the validation set with the first weights of a training, and with the weights it chose."""

    before: float
    after: float


class Candidate(Record):
    """Training and tests of a version before its release; ``versions.jsonl`` records its promotion.

    Args:
        time: The time at which it was made.
        passed: Whether the tests found it fit for promotion.
        reason: The reason for that result.
        replaces: The version it was compared with, or None if none was live.
        steps: The number of updates of its training.
        seconds: The duration of these updates, with validations and interruptions.
        train_pairs: The number of pairs it was trained on.
        new_pairs: The number of training pairs that its start version had not seen, or None if unknown.
        alignment: The number of standard errors by which the new pairs are likelier than shuffled ones, or None if
            unknown.
        valid_pairs: The size of the validation set.
        valid_bleu: The gain on the validation set, or None for a training that began with random weights.
        tests: The scores on each test set.
    """

    time: str
    passed: bool = Field(validation_alias=AliasChoices("passed", "promoted"))  # "promoted" in earlier releases
    reason: str
    replaces: str | None
    steps: int
    seconds: float
    train_pairs: int
    new_pairs: int | None
    alignment: float | None
    valid_pairs: int
    valid_bleu: ValidationGain | None
    tests: dict[str, ScoredSet]


class Origin(Record):
    """The inputs of a version.

    Args:
        version: Fingerprint of all inputs.
        training: Fingerprint of the inputs that decide the course of the training.
        data: Fingerprint of the prepared data.
        start: The version whose weights it began with, or None for random weights.
        steps: The number of updates behind its weights, including those of earlier versions.
        program: Release of this program.
        tokenizer: Fingerprint of the settings of its tokenizer, or None in earlier releases.
        limit: The key of ``[training]`` that ended its training, and its value, or None in earlier releases.
    """

    version: str
    training: str
    data: str
    start: str | None
    steps: int
    program: str
    tokenizer: str | None = None
    limit: tuple[str, float] | None = None


class ModelManifest(Record):
    """The whole of ``config.json``.

    Args:
        format: The format version of the file.
        languages: The source and target languages.
        vocab_size: The number of token ids of the target, and of the source if both share a vocabulary.
        source_vocab_size: The number of token ids of the source if it has its own vocabulary.
        model: The shape of the model.
        decoding: The search settings it was evaluated with.
        tokenizer_sha256: Fingerprint of its tokenizers.
        text: What it knows of text, or None for a model of an earlier release.
        made_from: Its inputs, or None if it was not trained by this program.
        candidate: Its training and tests, or None if it was not trained by this program.
        files: The size of each other file by name; it reveals a file that was cut short.
    """

    format: int = FORMAT
    languages: LanguagesConfig
    vocab_size: int
    source_vocab_size: int | None = None
    model: ModelConfig
    decoding: DecodingConfig
    tokenizer_sha256: str
    text: TextProfile | None = None
    made_from: Origin | None = None
    candidate: Candidate | None = Field(None, validation_alias=AliasChoices("candidate", "release"))
    files: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> ModelManifest | None:
        """Return the manifest of a model directory, or None if it is missing or damaged."""
        try:
            return cls.load(folder)
        except DamagedFileError:
            return None

    @classmethod
    def load(cls, folder: Path) -> ModelManifest:
        """Return the manifest of a model directory.

        Raises:
            DamagedFileError: It is missing, damaged, or of another format.
        """
        path = folder / MODEL_CONFIG_FILE
        head = _Head.read_from(path)
        if head is None:
            raise DamagedFileError(f"{path} is missing or damaged; {folder} is no whole model directory")
        if head.format not in (1, FORMAT):
            raise DamagedFileError(f"{folder} has format {head.format}; this program reads formats 1 to {FORMAT}")
        try:
            return cls.parse(path.read_bytes())
        except ValidationError as error:
            finding = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in finding["loc"])
            raise DamagedFileError(f"{path} is damaged: {place}: {finding['msg'].lower()}") from None


class _Head(Record):
    format: Any = None


def missing_file(folder: Path) -> str | None:
    """Return a phrase that names the missing or damaged file of a model directory, or None if it can be used.

    Of the weights only the head is read. Its card may be rewritten: a translation does without.
    """
    manifest = ModelManifest.of(folder)
    if manifest is None:
        return f"{MODEL_CONFIG_FILE} is missing or damaged"
    for name, size in manifest.files.items():
        path = folder / name
        if name != CARD_FILE and (not path.is_file() or path.stat().st_size != size):
            return f"{name} is missing or cut short"
    names = [name for name in sorted(manifest.files) if name.startswith("tokenizer.")]  # that of the source first
    try:
        tokenizers = [(folder / name).read_bytes() for name in names]
    except OSError:
        return f"{' or '.join(names)} cannot be read"
    if tokenizers and checksum(*tokenizers) != manifest.tokenizer_sha256:
        return f"{' or '.join(names)} is damaged"
    weights = [name for name in manifest.files if name.endswith(".safetensors")]
    return next((f"{name} is damaged" for name in weights if not _has_head(folder / name)), None)


def _has_head(path: Path) -> bool:
    """Return whether a file begins as safetensors do: with a length, and as many bytes of JSON."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            return length <= path.stat().st_size and isinstance(json.loads(file.read(length)), dict)
    except (OSError, ValueError):
        return False


def open_tokenizers(folder: Path, manifest: ModelManifest) -> TokenizerPair:
    """Return the tokenizers of a model directory.

    Raises:
        DamagedFileError: A tokenizer is missing, damaged, or not the one the model was trained with.
    """
    from transformer_cli.data.tokens.tokenizer import TokenizerPair  # here: a list of versions needs no SentencePiece

    tokenizers = TokenizerPair.load(folder, shared=manifest.source_vocab_size is None)
    sizes = (tokenizers.target.vocab_size, tokenizers.source_vocab_size)
    if (tokenizers.fingerprint, *sizes) != (
        manifest.tokenizer_sha256,
        manifest.vocab_size,
        manifest.source_vocab_size,
    ):
        names = " or ".join(str(folder / name) for name in tokenizers.files())
        raise DamagedFileError(f"{names} is not the tokenizer that this model was trained with")
    return tokenizers


@contextmanager
def explain_damage(folder: Path) -> Iterator[None]:
    """Add a way out to errors that the body raises about a model directory.

    Raises:
        DamagedFileError: The body raised one, or an ``OSError``.
    """
    try:
        with explain_os_errors(folder, "read", DamagedFileError):
            yield
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}; copy the model anew, or remove {folder} and run `tfm train`") from None
