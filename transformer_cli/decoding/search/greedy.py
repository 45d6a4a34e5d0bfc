"""Greedy search: always the most probable next token.

This is the plain version to read first, with `PlainStepDecoder` as its decoder. It is also the reference for tests:
`beam_search` with width 1 gives the same answers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.search.step_decoder import StepDecoder, not_a_number_error
from transformer_cli.special_tokens import BOS_ID, EOS_ID


@torch.no_grad()
def greedy_search(decoder: StepDecoder, *, max_lengths: Tensor, length_penalty: float = 1.0) -> list[Hypothesis]:
    """Extend each sentence by its most probable next token until that is eos.

    Args:
        decoder: Source of the probabilities; it starts with one row per sentence. Its ``select`` is
            never called: a finished sentence stays in the batch and is ignored until the last one
            ends.
        max_lengths: (B,) int64, the maximum length of each sentence, eos included; on the decoder's
            device.
        length_penalty: The exponent in the score of a `Hypothesis`. It does not change the tokens.

    Returns:
        One hypothesis for each sentence, in order.

    Raises:
        TfmError: The decoder returned a value that is not a number.
    """
    limits = max_lengths.tolist()
    sentences: list[list[int]] = [[] for _ in limits]
    log_probs = [0.0] * len(limits)
    unfinished = set(range(len(limits)))
    last_tokens = torch.full_like(max_lengths, BOS_ID)

    while unfinished:
        step_log_probs = decoder.step(last_tokens)  # (B, V)
        step_log_probs[:, :EOS_ID] = -torch.inf  # pad, unk and bos may never be produced
        best_log_probs, last_tokens = step_log_probs.max(dim=1)
        for row in sorted(unfinished):
            length = len(sentences[row]) + 1
            token = int(last_tokens[row])
            if best_log_probs[row].isnan():
                raise not_a_number_error(length)
            if length >= limits[row]:
                token = EOS_ID
            log_probs[row] += float(step_log_probs[row, token])
            if token == EOS_ID:
                unfinished.remove(row)
            else:
                sentences[row].append(token)

    return [
        Hypothesis(tuple(tokens), log_prob / (len(tokens) + 1) ** length_penalty, log_prob)
        for tokens, log_prob in zip(sentences, log_probs, strict=True)
    ]
