"""The engine that runs this program's own model and searches sentences of similar length together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from transformer_cli.config import DecodingConfig
from transformer_cli.data.tokens.length_batches import batches_by_length
from transformer_cli.decoding.engine import Prefixes, SearchOptions, longest_translation
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.pytorch.ensemble import EnsembleStepDecoder
from transformer_cli.decoding.pytorch.force_decoding import force_decode
from transformer_cli.decoding.pytorch.fused_decoder import StepWeights
from transformer_cli.decoding.pytorch.transformer_decoder import TransformerStepDecoder, pad_ids
from transformer_cli.decoding.search.beam_search import beam_search
from transformer_cli.decoding.search.sampling import sample, uniforms_for
from transformer_cli.decoding.search.step_decoder import StepDecoder
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import EOS_ID

_ROWS = 16
"""Largest number of hypotheses per source for which a batch may hold its full number of tokens."""


class TorchEngine:
    """Searches with one model or an ensemble of several; see `Engine`.

    Args:
        models: Models with one vocabulary; put into evaluation mode here. Attention is that of the first model.
        config: ``[decoding]``.
        precision: Type of the matrix products.
    """

    def __init__(
        self,
        models: Transformer | Sequence[Transformer],
        config: DecodingConfig,
        *,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self._models = [models] if isinstance(models, Transformer) else list(models)
        self._config = config
        self._precision = precision
        own_precision = None if precision == torch.float32 else precision
        self._weights = [StepWeights(model.eval(), precision=own_precision) for model in self._models]
        self._device = next(self._models[0].parameters()).device
        # One search at a time: each uses all threads, and reads the attention of the shared model through a hook.
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another program makes the engine from, without tensors: PyTorch would share their memory."""
        make = partial(type(self), precision=self._precision)
        return _made_again, (make, list(map(_parts_of, self._models)), self._config)

    @property
    def limit(self) -> int:
        """See `Engine.limit`."""
        return min(model.config.max_length for model in self._models) - 1  # eos needs a place

    @property
    def beam_size(self) -> int:
        """See `Engine.beam_size`."""
        return self._config.beam_size

    @property
    def can_align(self) -> bool:
        """See `Engine.can_align`."""
        return True

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """See `Engine.search`."""
        hypotheses: dict[int, list[Hypothesis]] = {}
        with self._lock:
            for indices in self.batches(sources, options):
                batch = [[*sources[i], EOS_ID] for i in indices]
                begun = [prefixes[i] for i in indices] if prefixes else [()] * len(batch)
                hypotheses.update(zip(indices, self._search_batch(batch, options, begun), strict=True))
        return [hypotheses[i] for i in range(len(sources))]

    def close(self) -> None:
        """See `Engine.close`."""

    def batches(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, *, max_tokens: int | None = None
    ) -> Iterator[list[int]]:
        """Return batches of indices of sources of similar length, shortest first.

        Args:
            sources: As for `search`.
            options: Options of the search; with many hypotheses, fewer sources fit into memory.
            max_tokens: Largest number of tokens of a batch, padding and eos included, if below that of the settings.
        """
        limit = min(self._config.batch_tokens, max_tokens or self._config.batch_tokens)
        limit = limit * _ROWS // max(self._rows(options), _ROWS)
        return batches_by_length([len(source) + 1 for source in sources], max_tokens=limit)

    def _search_batch(
        self, sources: list[list[int]], options: SearchOptions, prefixes: Prefixes
    ) -> list[list[Hypothesis]]:
        config = self._config
        rows = self._rows(options)
        bounds = [longest_translation(config, ids[:-1]) for ids in sources]
        begun = [len(prefix) + config.max_length_extra for prefix in prefixes]
        lengths = [max(both) for both in zip(bounds, begun, strict=True)]
        with torch.inference_mode():
            decoder = self._decoder(sources, rows)
            max_lengths = torch.tensor(lengths, device=self._device)
            if options.sampling is not None:
                seed = options.sampling.seed
                hypotheses = sample(
                    decoder,
                    max_lengths=max_lengths,
                    uniforms=uniforms_for(sources, draws=rows, length=max(lengths), seed=seed),
                    sampling=options.sampling,
                    length_penalty=config.length_penalty,
                    prefixes=prefixes,
                )
            else:
                hypotheses = beam_search(
                    decoder,
                    max_lengths=max_lengths,
                    beam_size=rows,
                    length_penalty=config.length_penalty,
                    n_best=options.n_best,
                    prefixes=prefixes,
                    narrows=config.beam_narrows,
                )
        return self._with_attention(sources, hypotheses) if options.with_attention else hypotheses

    def _rows(self, options: SearchOptions) -> int:
        """Return the number of hypotheses of each source that are computed in parallel."""
        return options.n_best if options.sampling else options.beam_size or self._config.beam_size

    def _decoder(self, sources: list[list[int]], rows: int) -> StepDecoder:
        source, mask = pad_ids(sources, device=self._device)
        decoders = [
            TransformerStepDecoder(weights.model, source, mask, rows_per_sentence=rows, weights=weights)
            for weights in self._weights
        ]
        return decoders[0] if len(decoders) == 1 else EnsembleStepDecoder(decoders)

    def _with_attention(self, sources: list[list[int]], hypotheses: list[list[Hypothesis]]) -> list[list[Hypothesis]]:
        """Return the hypotheses with the attention of their tokens."""
        ranks: list[list[Hypothesis]] = [[] for _ in sources]
        for rank in range(max(map(len, hypotheses))):
            indices = [i for i, several in enumerate(hypotheses) if len(several) > rank]
            targets = [hypotheses[i][rank].tokens for i in indices]
            forced = force_decode(self._models[0], [sources[i] for i in indices], targets, with_attention=True)
            for i, decoding in zip(indices, forced, strict=True):
                ranks[i].append(replace(hypotheses[i][rank], attention=decoding.attention))
        return ranks


def _parts_of(model: Transformer) -> tuple[Any, ...]:
    source, target = model.source_embedding.table.weight, model.target_embedding.table.weight
    arrays = {name: weight.numpy() for name, weight in model.state_dict().items()}
    return model.config, model.vocab_size, None if source is target else len(source), arrays


def _made_again(
    make: Callable[[list[Transformer], DecodingConfig], TorchEngine],
    parts: list[tuple[Any, ...]],
    decoding: DecodingConfig,
) -> TorchEngine:
    models = []
    for config, vocab_size, source_vocab_size, arrays in parts:
        weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
        model = Transformer(config, vocab_size, source_vocab_size=source_vocab_size)
        model.to(weights["output.weight"].dtype).load_state_dict(weights)
        models.append(model)
    return make(models, decoding)
