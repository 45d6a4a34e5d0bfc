"""Records the inner values of a model for one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from transformer_cli.config import DecodingConfig, LanguagesConfig
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.decoding.engine import longest_translation
from transformer_cli.decoding.pytorch.transformer_decoder import TransformerStepDecoder, pad_ids
from transformer_cli.decoding.word_alignment import Word, WordAlignment, align_words, words_of
from transformer_cli.inspection.attention_maps import AttentionMaps, attention_maps
from transformer_cli.inspection.search_tree import SearchTree, search_tree
from transformer_cli.model.embedding import TokenEmbedding
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID

FORMAT = 2
_MOST_DIMENSIONS = 128
_MOST_POSITIONS = 256
_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class Sentence:
    """The source or the target sentence.

    Args:
        text: The given or translated text, normalized.
        ids: Token ids, eos at the end.
        pieces: The text of each token.
        words: The words formed by the pieces.
    """

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Embedding:
    """The input of the encoder.

    Args:
        dimensions: Indices of the D dimensions shown: all, or neighbouring pairs at equal distances.
        tokens: (S, dimensions), the embeddings times the square root of D.
        positions: (S, dimensions), the positional encoding.
        sums: (S, dimensions), the input of the first layer.
        table: (positions, dimensions), the whole positional encoding.
    """

    dimensions: tuple[int, ...]
    tokens: Tensor
    positions: Tensor
    sums: Tensor
    table: Tensor


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible next piece and its probability."""

    id: int
    piece: str
    probability: float


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the decoder: the chosen piece and the most probable alternatives.

    Args:
        log_prob: Log-probability of the chosen piece, in nats.
        probability: Probability of the chosen piece.
        rank: Rank of the chosen piece by probability, from 1.
        candidates: The most probable pieces, best first.
        others: Total probability of all pieces that are not candidates.
    """

    log_prob: float
    probability: float
    rank: int
    candidates: tuple[Candidate, ...]
    others: float


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """The probability of the target under the model.

    Args:
        log_prob: Natural logarithm of the probability.
        length: Number of tokens, eos included.
        score: ``log_prob / length ** length_penalty``.
        perplexity: ``exp(-log_prob / length)``.
    """

    log_prob: float
    length: int
    score: float
    perplexity: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """The recorded values of a model for one sentence; the docstring of the package describes `document`."""

    languages: LanguagesConfig
    model: dict[str, Any]
    decoding: DecodingConfig
    is_forced: bool
    source: Sentence
    target: Sentence
    decoder_input: tuple[str, ...]
    embedding: Embedding
    attention: AttentionMaps
    steps: tuple[Step, ...]
    search: SearchTree
    search_text: str
    search_pieces: tuple[str, ...]
    alignment: WordAlignment
    score: SentenceScore

    def document(self) -> dict[str, Any]:
        """Return all values as numbers, strings and lists; entries of matrices are rounded to five decimals."""
        embedding, attention, search = self.embedding, self.attention, self.search
        return {
            "format": FORMAT,
            "languages": self.languages.model_dump(),
            "model": self.model,
            "is_forced": self.is_forced,
            "source": asdict(self.source),
            "target": asdict(self.target),
            "decoder_input": self.decoder_input,
            "embedding": {
                "dimensions": embedding.dimensions,
                "tokens": _rounded(embedding.tokens),
                "positions": _rounded(embedding.positions),
                "sums": _rounded(embedding.sums),
            },
            "position_table": {"dimensions": embedding.dimensions, "values": _rounded(embedding.table)},
            "attention": {
                "encoder": _rounded(attention.encoder),
                "decoder": _rounded(attention.decoder),
                "cross": _rounded(attention.cross),
            },
            "steps": [asdict(step) for step in self.steps],
            "search": {
                "beam_size": self.decoding.beam_size,
                "length_penalty": self.decoding.length_penalty,
                "text": self.search_text,
                "score": search.best.score,
                "log_prob": search.best.log_prob,
                "nodes": [
                    {**asdict(node), "piece": piece}
                    for node, piece in zip(search.nodes, self.search_pieces, strict=True)
                ],
            },
            "alignment": {
                "weights": [[round(weight, _DECIMALS) for weight in row] for row in self.alignment.weights],
                "links": self.alignment.links,
            },
            "score": asdict(self.score),
        }


def inspect_sentence(
    model: Transformer,
    tokenizers: TokenizerPair,
    text: str,
    *,
    languages: LanguagesConfig,
    decoding: DecodingConfig,
    target: str | None = None,
    candidates: int = 8,
) -> Inspection:
    """Translate ``text`` and record the inner values of the model.

    Args:
        model: The model, in evaluation mode.
        tokenizers: The tokenizers of the model.
        text: Normalized text that is not blank and not too long for the model.
        languages: The source and target languages.
        decoding: Settings of the search.
        target: A translation to inspect instead of the result of the search.
        candidates: The number of most probable pieces to record at each step.
    """
    device = next(model.parameters()).device
    source_ids = [*tokenizers.source.encode(text), EOS_ID]
    tree = _search(model, source_ids, decoding, device)
    target_ids = [*(tree.best.tokens if target is None else tokenizers.target.encode(target)), EOS_ID]
    shifted = [BOS_ID, *target_ids[:-1]]
    source_tensor = torch.tensor(source_ids, device=device)
    maps, log_probs = attention_maps(model, source_tensor, torch.tensor(shifted, device=device))
    source = _sentence(tokenizers.source, text, source_ids)
    found_text = tokenizers.target.decode(tree.best.tokens)
    target_side = _sentence(tokenizers.target, found_text if target is None else target, target_ids)
    rows = zip(log_probs, target_ids, strict=True)
    steps = tuple(_step(tokenizers.target, row, token, candidates) for row, token in rows)
    return Inspection(
        languages=languages,
        model={"vocab_size": model.vocab_size, **model.config.model_dump()},
        decoding=decoding,
        is_forced=target is not None,
        source=source,
        target=target_side,
        decoder_input=tuple(map(tokenizers.target.piece, shifted)),
        embedding=_embedding(model.source_embedding, source_tensor),
        attention=maps,
        steps=steps,
        search=tree,
        search_text=found_text,
        search_pieces=tuple(tokenizers.target.piece(node.token) for node in tree.nodes),
        alignment=align_words(maps.cross.mean(dim=(0, 1)).tolist(), source.words, target_side.words),
        score=_score([step.log_prob for step in steps], decoding.length_penalty),
    )


def _search(model: Transformer, source_ids: list[int], decoding: DecodingConfig, device: torch.device) -> SearchTree:
    with torch.inference_mode():
        source, mask = pad_ids([source_ids], device=device)
        return search_tree(
            TransformerStepDecoder(model, source, mask, rows_per_sentence=decoding.beam_size),
            max_length=longest_translation(decoding, source_ids[:-1]),
            beam_size=decoding.beam_size,
            length_penalty=decoding.length_penalty,
            device=device,
            narrows=decoding.beam_narrows,
        )


def _sentence(tokenizer: Tokenizer, text: str, ids: Sequence[int]) -> Sentence:
    return Sentence(text, tuple(ids), tuple(map(tokenizer.piece, ids)), words_of(tokenizer, ids[:-1]))


def _embedding(embedding: TokenEmbedding, ids: Tensor) -> Embedding:
    with torch.inference_mode():
        sums = embedding(ids[None])[0].float().cpu()
        tokens = (embedding.table(ids) * embedding.scale).float().cpu()
    table = embedding.positions.cpu()
    # The sine and the cosine of one wavelength are neighbours and stay together.
    distance = -(-table.size(1) // _MOST_DIMENSIONS)
    dimensions = [2 * pair + i for pair in range(0, table.size(1) // 2, distance) for i in range(2)]
    shown = torch.tensor(dimensions)
    positions = table[: len(ids)]
    kept = (part[:, shown] for part in (tokens, positions, sums, table[: max(_MOST_POSITIONS, len(ids))]))
    return Embedding(tuple(dimensions), *kept)


def _step(tokenizer: Tokenizer, log_probs: Tensor, token: int, candidates: int) -> Step:
    log_prob = float(log_probs[token])
    best, ids = log_probs.exp().topk(min(candidates, len(log_probs)))
    return Step(
        log_prob=log_prob,
        probability=math.exp(log_prob),
        rank=int((log_probs > log_probs[token]).sum()) + 1,
        candidates=tuple(Candidate(i, tokenizer.piece(i), p) for i, p in zip(ids.tolist(), best.tolist(), strict=True)),
        others=max(0.0, 1.0 - float(best.sum())),
    )


def _score(log_probs: Sequence[float], length_penalty: float) -> SentenceScore:
    total, length = sum(log_probs), len(log_probs)
    return SentenceScore(total, length, total / length**length_penalty, math.exp(-total / length))


def _rounded(values: Tensor) -> Any:
    return torch.round(values.double(), decimals=_DECIMALS).tolist()
