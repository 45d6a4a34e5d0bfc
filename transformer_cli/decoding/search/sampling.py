"""Sampling: translations drawn at random from the model's distribution, instead of the best one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from transformer_cli.decoding.engine import Prefixes, Sampling
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.search.constraints import constrain, given_tokens
from transformer_cli.decoding.search.step_decoder import StepDecoder, not_a_number_error
from transformer_cli.special_tokens import BOS_ID, EOS_ID


def sample(
    decoder: StepDecoder,
    *,
    max_lengths: Tensor,
    uniforms: Tensor,
    sampling: Sampling,
    length_penalty: float = 1.0,
    prefixes: Prefixes = (),
) -> list[list[Hypothesis]]:
    """Draw each token of each translation from the model's distribution, given the preceding tokens.

    Args:
        decoder: Source of the probabilities; it starts with R equal rows for each sentence.
        max_lengths: (B,) int64, the maximum length of each sentence, eos included; on the decoder's device.
        uniforms: (B, R, L) in [0, 1), L at least the largest of ``max_lengths``; they decide every draw.
        sampling: Temperature and limits on the tokens that may be drawn.
        length_penalty: The exponent in the score of a `Hypothesis`.
        prefixes: Tokens at the beginning of every translation of each sentence, or nothing if none is given.

    Returns:
        For each sentence, in order, its R draws, best score first. Log-probabilities are the model's own, at
        any temperature.

    Raises:
        TfmError: The decoder returned a value that is not a number.
    """
    num_sentences, rows = uniforms.shape[:2]
    limits = max_lengths.repeat_interleave(rows)  # (N,)
    uniforms = uniforms.flatten(0, 1)
    last_tokens = torch.full_like(limits, BOS_ID)
    lengths, log_probs = torch.zeros_like(limits), torch.zeros(len(limits), device=limits.device)
    is_open = torch.ones_like(limits, dtype=torch.bool)
    given = given_tokens(prefixes, device=limits.device)
    drawn: list[Tensor] = []
    while is_open.any():
        position = len(drawn)
        step_log_probs = decoder.step(last_tokens)  # (N, V)
        if step_log_probs[is_open].isnan().any():
            raise not_a_number_error(position + 1)
        constrain(step_log_probs, given=given[:, position] if position < given.shape[1] else None)
        last_tokens = _draw(step_log_probs, uniforms[:, position], sampling)
        last_tokens = torch.where(limits <= position + 1, EOS_ID, last_tokens)
        log_probs += step_log_probs.gather(1, last_tokens[:, None])[:, 0].masked_fill(~is_open, 0.0)
        lengths += is_open
        drawn.append(last_tokens)
        is_open = is_open & (last_tokens != EOS_ID)
    scores = log_probs / lengths.double().pow(length_penalty)
    hypotheses = _read_off(drawn, lengths, log_probs, scores)
    by_sentence = (hypotheses[first : first + rows] for first in range(0, num_sentences * rows, rows))
    return [sorted(draws, key=lambda draw: -draw.score) for draws in by_sentence]


def uniforms_for(sources: Sequence[Sequence[int]], *, draws: int, length: int, seed: int) -> Tensor:
    """Return random numbers (B, draws, length), float64, that depend only on the seed and each source's tokens."""
    # One stream per draw, so that the maximum length of the batch does not shift any of them.
    streams = [[np.random.default_rng([seed, i, *source]).random(length) for i in range(draws)] for source in sources]
    return torch.from_numpy(np.array(streams))


def _draw(log_probs: Tensor, uniforms: Tensor, sampling: Sampling) -> Tensor:
    """Draw one token per row, (N,), by inverting the cumulative distribution over the allowed tokens."""
    tokens = None
    if sampling.top_k is not None or sampling.top_p is not None:
        count = min(sampling.top_k or log_probs.shape[1], log_probs.shape[1])
        log_probs, tokens = log_probs.topk(count, dim=1)  # most probable first; slowest when all tokens are kept
    probabilities = (log_probs / sampling.temperature).softmax(dim=1)
    reached = probabilities.cumsum(dim=1, dtype=torch.float64)
    if sampling.top_p is not None:
        probabilities = probabilities.masked_fill(reached - probabilities >= sampling.top_p, 0.0)
        reached = probabilities.cumsum(dim=1, dtype=torch.float64)
    threshold = uniforms.to(reached.device)[:, None] * reached[:, -1:]
    chosen = torch.searchsorted(reached, threshold, right=True).clamp(max=reached.shape[1] - 1)  # (N, 1)
    return (chosen if tokens is None else tokens.gather(1, chosen))[:, 0]


def _read_off(drawn: list[Tensor], lengths: Tensor, log_probs: Tensor, scores: Tensor) -> list[Hypothesis]:
    tokens = torch.stack(drawn, dim=1).tolist() if drawn else [[] for _ in lengths]
    return [
        Hypothesis(tuple(row[: length - 1]), score, log_prob)
        for row, length, log_prob, score in zip(
            tokens, lengths.tolist(), log_probs.tolist(), scores.tolist(), strict=True
        )
    ]
