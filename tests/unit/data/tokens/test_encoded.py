from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from transformer_cli.config import TokenizerConfig
from transformer_cli.data.splits.read import Corpus
from transformer_cli.data.tokens.encoded import EncodedCorpus, encode_corpus, encode_to_disk, in_memory
from transformer_cli.data.tokens.fit_tokenizer import fit_tokenizers
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import TfmError
from transformer_cli.special_tokens import EOS_ID

CORPUS = Corpus(["un chat", "", "deux", "un chien 😀"], ["a cat", "x", "two cats here", "a dog"])


@pytest.fixture(scope="module")
def tokenizers() -> TokenizerPair:
    return fit_tokenizers(CORPUS.sources, CORPUS.targets, TokenizerConfig(shared=False), where="x")


def rows_of(corpus: EncodedCorpus) -> list[tuple[list[int], list[int]]]:
    return [(corpus.source[i].tolist(), corpus.target[i].tolist()) for i in range(len(corpus))]


class CountedSentences(Sequence[str]):
    """Counts how often it is gone through."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._sentences = sentences
        self.times = 0

    def __len__(self) -> int:
        return len(self._sentences)

    def __getitem__(self, index: Any) -> Any:
        return self._sentences[index]

    def __iter__(self) -> Iterator[str]:
        self.times += 1
        return iter(self._sentences)


def test_a_corpus_is_encoded_sentence_by_sentence_each_ended_by_eos(tokenizers: TokenizerPair):
    corpus = encode_corpus(CORPUS, tokenizers)

    expected = [
        ([*tokenizers.source.encode(source), EOS_ID], [*tokenizers.target.encode(target), EOS_ID])
        for source, target in zip(CORPUS.sources, CORPUS.targets, strict=True)
    ]
    assert rows_of(corpus) == expected
    assert corpus.source.lengths.tolist() == [len(source) for source, _ in expected]
    assert corpus.target.lengths.tolist() == [len(target) for _, target in expected]
    assert corpus.source.lengths.dtype == np.int64


@pytest.mark.parametrize("at_once", [1, 3, 4, 100])
def test_on_the_disk_a_corpus_has_the_same_ids(tmp_path: Path, tokenizers: TokenizerPair, at_once: int):
    corpus = encode_to_disk(tmp_path / "encoded", CORPUS, tokenizers, data_fingerprint="x", at_once=at_once)

    expected = encode_corpus(CORPUS, tokenizers)
    assert len(corpus) == 4
    assert rows_of(corpus) == rows_of(expected)
    assert corpus.target.lengths.tolist() == expected.target.lengths.tolist()


def encode_counted(folder: Path, tokenizers: TokenizerPair, fingerprint: str) -> tuple[EncodedCorpus, int]:
    sentences = CountedSentences(CORPUS.sources)
    corpus = encode_to_disk(folder, Corpus(sentences, CORPUS.targets), tokenizers, data_fingerprint=fingerprint)
    return corpus, sentences.times


def test_what_was_encoded_before_is_taken_from_the_disk_until_data_or_tokenizer_change(
    tmp_path: Path, tokenizers: TokenizerPair
):
    expected = rows_of(encode_corpus(CORPUS, tokenizers))
    swapped = TokenizerPair(tokenizers.target, tokenizers.source)

    assert encode_counted(tmp_path, tokenizers, "x")[1] == 1
    again, times = encode_counted(tmp_path, tokenizers, "x")
    assert (rows_of(again), times) == (expected, 0)
    assert encode_counted(tmp_path, tokenizers, "y")[1] == 1
    assert encode_counted(tmp_path, swapped, "y")[1] == 1
    assert len(list(tmp_path.iterdir())) == 4  # of others nothing is left


@pytest.mark.parametrize("kind", ["ids", "offsets.npy"])
@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"", None])
def test_a_file_that_is_missing_or_cut_short_is_written_anew(
    tmp_path: Path, tokenizers: TokenizerPair, kind: str, damage: Any
):
    encode_counted(tmp_path, tokenizers, "x")
    [path] = tmp_path.glob(f"*.source.{kind}")
    content = path.read_bytes()
    path.unlink()
    if damage is not None:
        path.write_bytes(damage(content))

    corpus, times = encode_counted(tmp_path, tokenizers, "x")

    assert times == 1
    assert rows_of(corpus) == rows_of(encode_corpus(CORPUS, tokenizers))


def test_a_folder_that_cannot_be_written_to_is_an_error_that_names_it(tmp_path: Path, tokenizers: TokenizerPair):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(TfmError, match="file"):
        encode_to_disk(tmp_path / "file" / "encoded", CORPUS, tokenizers, data_fingerprint="x")


@pytest.mark.parametrize(("share", "ratio"), [(1.0, 7 / 2), (0.9, 8 / 4), (0.5, 8 / 4), (0.1, 4 / 4)])
def test_the_length_ratio_is_the_smallest_that_so_many_pairs_do_not_exceed(share: float, ratio: float):
    lengths = [(3, 7)] * 8 + [(1, 6), (3, 3)]  # eos comes on top

    corpus = in_memory([[5] * source for source, _ in lengths], [[5] * target for _, target in lengths])

    assert corpus.length_ratio(share) == ratio
