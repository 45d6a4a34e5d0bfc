"""The engine that computes with this program's own model: sentences of like length searched together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.beam_search import beam_search
from transformer_cli.decoding.engine import SearchOptions, longest_translation
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.step_weights import StepWeights
from transformer_cli.decoding.transformer_decoder import TransformerStepDecoder, pad_sources
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID, PAD_ID


class TorchEngine:
    """Searches with one model; see `Engine`.

    Args:
        model: Put into evaluation mode here.
        config: ``[decoding]``.
        precision: Type of the matrix products.
    """

    def __init__(self, model: Transformer, config: DecodingConfig, *, precision: torch.dtype = torch.float32) -> None:
        self._model = model.eval()
        self._config = config
        self._weights = StepWeights(model, precision=None if precision == torch.float32 else precision)
        self._device = next(model.parameters()).device

    @property
    def limit(self) -> int:
        """See `Engine.limit`."""
        return self._model.config.max_length - 1  # eos needs a place

    def search(self, sources: Sequence[Sequence[int]], options: SearchOptions) -> list[list[Hypothesis]]:
        """See `Engine.search`."""
        found: dict[int, list[Hypothesis]] = {}
        for indices in self.batches(sources):
            batch = [[*sources[i], EOS_ID] for i in indices]
            found.update(zip(indices, self._search_batch(batch, options), strict=True))
        return [found[i] for i in range(len(sources))]

    def batches(self, sources: Sequence[Sequence[int]], *, max_tokens: int | None = None) -> Iterator[list[int]]:
        """Yield the indices of sources of like length, the shortest first.

        Args:
            sources: As for `search`.
            max_tokens: Tokens of a batch, padding and eos included, if less than the settings allow.
        """
        limit = min(self._config.batch_tokens, max_tokens or self._config.batch_tokens)
        batch: list[int] = []
        for i in sorted(range(len(sources)), key=lambda i: len(sources[i])):
            # Shortest first: the one at hand is the longest of its batch.
            if batch and (len(batch) + 1) * (len(sources[i]) + 1) > limit:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _search_batch(self, sources: list[list[int]], options: SearchOptions) -> list[list[Hypothesis]]:
        config = self._config
        with torch.inference_mode():
            source, mask = pad_sources(sources, pad_id=PAD_ID, device=self._device)
            decoder = TransformerStepDecoder(
                self._model, source, mask, rows_per_sentence=config.beam_size, weights=self._weights
            )
            lengths = [longest_translation(config, source[:-1]) for source in sources]
            return beam_search(
                decoder,
                max_lengths=torch.tensor(lengths, device=self._device),
                beam_size=config.beam_size,
                length_penalty=config.length_penalty,
                min_length=options.min_length,
                n_best=options.n_best,
            )
