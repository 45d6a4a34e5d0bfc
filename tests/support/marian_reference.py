"""What Marian computes, in NumPy and as plainly as can be, from the arrays of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

ACTIVATIONS: dict[str, Callable[[Matrix], Matrix]] = {
    "relu": lambda x: np.maximum(x, 0),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x / (1 + np.exp(-1.702 * x)),
}


def marian_log_probs(
    arrays: Mapping[str, NDArray[Any]], source: Sequence[int], target: Sequence[int], *, heads: int, activation: str
) -> Matrix:
    """Return the log-probabilities (T + 1, V) of each token after the ones before it.

    Args:
        arrays: The arrays of the model's file.
        source: Marian's ids, with the end of sentence.
        target: Marian's ids, without the end of sentence.
        heads: Number of attention heads.
        activation: Name of Marian's activation.
    """
    p = {name: array.astype(np.float64) for name, array in arrays.items() if not name.startswith("special")}
    embeddings = p.get("encoder_Wemb", p.get("Wemb"))
    targets = p.get("decoder_Wemb", p.get("Wemb"))
    assert embeddings is not None
    assert targets is not None
    x = np.sqrt(embeddings.shape[1]) * embeddings[list(source)] + _positions(len(source), embeddings.shape[1])
    for number in (1, 2):
        x = _attention(p, f"encoder_l{number}_self", x, x, heads)
        x = _feed_forward(p, f"encoder_l{number}_ffn", x, activation)
    shifted = np.concatenate([np.zeros((1, targets.shape[1])), targets[list(target)]])
    y = np.sqrt(targets.shape[1]) * shifted + _positions(len(shifted), targets.shape[1])
    y = _attention(p, "decoder_l1_self", y, y, heads, causal=True)
    y = _attention(p, "decoder_l1_context", y, x, heads)
    y = _feed_forward(p, "decoder_l1_ffn", y, activation)
    output = p.get("decoder_ff_logit_out_W", targets.T)
    logits = y @ output + p.get("decoder_ff_logit_out_b", 0)
    result: Matrix = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return result


def _positions(length: int, size: int) -> Matrix:
    waves = np.exp(-np.arange(size // 2) * np.log(10000) / (size // 2 - 1))
    angles = np.arange(length)[:, None] * waves
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _attention(
    p: Mapping[str, Matrix], name: str, x: Matrix, memory: Matrix, heads: int, *, causal: bool = False
) -> Matrix:
    def split(matrix: Matrix) -> Matrix:
        return matrix.reshape(len(matrix), heads, -1).transpose(1, 0, 2)

    query, key, value = (
        split(inputs @ p[f"{name}_W{part}"] + p[f"{name}_b{part}"])
        for inputs, part in ((x, "q"), (memory, "k"), (memory, "v"))
    )
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[2])
    if causal:
        scores[:, ~np.tri(len(x), dtype=bool)] = -np.inf
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    context = (weights @ value).transpose(1, 0, 2).reshape(len(x), -1)
    return _norm(p, f"{name}_Wo_ln", x + context @ p[f"{name}_Wo"] + p[f"{name}_bo"])


def _feed_forward(p: Mapping[str, Matrix], name: str, x: Matrix, activation: str) -> Matrix:
    inner = ACTIVATIONS[activation](x @ p[f"{name}_W1"] + p[f"{name}_b1"])
    return _norm(p, f"{name}_ffn_ln", x + inner @ p[f"{name}_W2"] + p[f"{name}_b2"])


def _norm(p: Mapping[str, Matrix], name: str, x: Matrix) -> Matrix:
    deviation = x - x.mean(axis=1, keepdims=True)
    variance = (deviation**2).mean(axis=1, keepdims=True)
    normed: Matrix = p[f"{name}_scale"] * deviation / np.sqrt(variance + 1e-9) + p[f"{name}_bias"]
    return normed
