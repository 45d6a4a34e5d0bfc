"""Text to text: sentences of like length searched together, results in the order of the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from transformer_cli.config import DecodingConfig
from transformer_cli.data.normalization import normalize
from transformer_cli.data.tokenizer import Tokenizer
from transformer_cli.decoding.beam_search import beam_search
from transformer_cli.decoding.splitting import split_overlong
from transformer_cli.decoding.transformer_decoder import TransformerStepDecoder, pad_sources
from transformer_cli.device import autocast
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID, PAD_ID


@dataclass(frozen=True, slots=True)
class Translation:
    """The best translation of one line.

    Args:
        text: One line of text without controls, which a model may spell in bytes; empty for a blank line.
        score: Mean over the line's pieces of the hypotheses' scores (`Hypothesis.score`); 0 for a blank line.
        pieces: In how many pieces the line was translated; 1 unless it was too long for the model.
    """

    text: str
    score: float
    pieces: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a line, most often all of it: where it belongs and its token ids, eos included."""

    line: int
    tokens: list[int]


class Translator:
    """Translates lines with one model.

    Args:
        model: Put into evaluation mode here.
        tokenizer: The model's.
        config: ``[decoding]``.
        precision: Type of the matrix products.
    """

    def __init__(
        self,
        model: Transformer,
        tokenizer: Tokenizer,
        config: DecodingConfig,
        *,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._config = config
        self._precision = precision
        self._device = next(model.parameters()).device

    def is_overlong(self, line: str) -> bool:
        """Say whether ``line`` has more tokens than the model takes at once."""
        return len(self._tokenizer.encode(line)) > self.limit

    def cut(self, line: str) -> str:
        """Return the beginning of ``line`` that the model takes at once."""
        tokens = self._tokenizer.encode(line)[: self.limit]
        # The last tokens may be part of a character that is spelled in bytes: up to four, and the space before them.
        beginnings = [tokens[: len(tokens) - left_out] for left_out in range(5)]
        whole = (ids for ids in beginnings if self._tokenizer.encode(self._tokenizer.decode(ids)) == ids)
        return self._tokenizer.decode(next(whole, beginnings[0]))

    @property
    def limit(self) -> int:
        """Tokens of a line that the model takes at once."""
        return self._model.config.max_length - 1  # eos needs a place

    def translate(self, lines: Sequence[str]) -> list[Translation]:
        """Translate each line by itself; as many results as lines, in their order.

        A blank line never reaches the model. A line too long for the model is cut at sentence or clause ends and the
        pieces' translations are joined by spaces.
        """
        texts: list[list[str]] = [[] for _ in lines]
        scores: list[list[float]] = [[] for _ in lines]
        translated = dict(self._search(self._pieces(lines)))
        for (line, _), (text, score) in sorted(translated.items()):
            texts[line].append(text)
            scores[line].append(score)
        return [
            Translation(normalize(" ".join(parts)), sum(score) / max(1, len(score)), len(score))
            for parts, score in zip(texts, scores, strict=True)
        ]

    def _pieces(self, lines: Sequence[str]) -> list[_Piece]:
        pieces = []
        for index, tokens in enumerate(self._tokenizer.encode_all(lines)):
            if len(tokens) <= self.limit:
                if tokens:
                    pieces.append(_Piece(index, [*tokens, EOS_ID]))
                continue
            for part in split_overlong(
                normalize(lines[index]), limit=self.limit, count=lambda text: len(self._tokenizer.encode(text))
            ):
                pieces.append(_Piece(index, [*self._tokenizer.encode(part)[: self.limit], EOS_ID]))
        return pieces

    def _search(self, pieces: list[_Piece]) -> Iterator[tuple[tuple[int, int], tuple[str, float]]]:
        """Yield ((line, number of the piece), (text, score)), in any order."""
        order = sorted(range(len(pieces)), key=lambda i: len(pieces[i].tokens))
        for indices in self._batches(order, pieces):
            sources = [pieces[i].tokens for i in indices]
            for i, (tokens, score) in zip(indices, self._search_batch(sources), strict=True):
                yield (pieces[i].line, i), (self._tokenizer.decode(tokens), score)

    def _batches(self, order: list[int], pieces: list[_Piece]) -> Iterator[list[int]]:
        batch: list[int] = []
        for i in order:  # shortest first: the one at hand is the longest of its batch
            if batch and (len(batch) + 1) * len(pieces[i].tokens) > self._config.batch_tokens:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _search_batch(self, sources: list[list[int]]) -> list[tuple[tuple[int, ...], float]]:
        config = self._config
        with torch.inference_mode(), autocast(self._device, self._precision):
            source, mask = pad_sources(sources, pad_id=PAD_ID, device=self._device)
            decoder = TransformerStepDecoder(self._model, source, mask, rows_per_sentence=config.beam_size)
            lengths = [round(config.max_length_ratio * len(s)) + config.max_length_extra for s in sources]
            found = beam_search(
                decoder,
                max_lengths=torch.tensor(lengths, device=self._device),
                beam_size=config.beam_size,
                length_penalty=config.length_penalty,
            )
        return [(best[0].tokens, best[0].score) for best in found]
