from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tiny_training import random_corpus
from transformer_cli.data.tokens.batch_stream import BatchStream
from transformer_cli.data.tokens.batching import Batch, make_batch, token_batches
from transformer_cli.data.tokens.encoded import EncodedCorpus, SideInMemory
from transformer_cli.errors import DataError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID

SOURCES = [[4, 5, EOS_ID], [6, EOS_ID], [EOS_ID], [7, 8, 9, 10, EOS_ID], [11, 5, EOS_ID], [12, EOS_ID]]
TARGETS = [[14, EOS_ID], [15, 16, 17, EOS_ID], [18, EOS_ID], [EOS_ID], [19, 20, EOS_ID], [21, 22, EOS_ID]]
LENGTHS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=60)


def encoded(*sides: list[list[int]]) -> EncodedCorpus:
    arrays = [
        SideInMemory(
            np.array([token for sentence in side for token in sentence], dtype=np.int32),
            np.cumsum([0, *map(len, side)], dtype=np.int64),
        )
        for side in sides
    ]
    return EncodedCorpus(*arrays)


def lengths(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def sentence_lengths(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths like those of captions: many short, few long, the target about as long as its source."""
    random = np.random.default_rng(0)
    source = np.clip(random.lognormal(2.6, 0.3, number), 2, 60).astype(np.int64)
    target = np.clip(source * random.normal(1.1, 0.15, number), 2, 60).astype(np.int64)
    return source, target


# token_batches


@settings(deadline=None)
@given(LENGTHS, st.integers(16, 200), st.integers(0, 5), st.integers(0, 5))
def test_every_pair_is_in_one_batch_of_an_epoch_and_no_batch_is_empty(pairs, max_tokens, seed, epoch):
    batches = token_batches(*lengths(pairs), max_tokens, seed=seed, epoch=epoch)

    assert sorted(index for batch in batches for index in batch.tolist()) == list(range(len(pairs)))
    assert all(len(batch) for batch in batches)


@settings(deadline=None)
@given(LENGTHS, st.integers(16, 200))
def test_no_padded_batch_exceeds_the_budget_but_a_pair_that_does_so_alone(pairs, max_tokens):
    source, target = lengths(pairs)

    batches = token_batches(source, target, max_tokens, seed=1, epoch=0)

    shared = [batch for batch in batches if len(batch) > 1]
    assert all(len(batch) * target[batch].max() <= max_tokens for batch in shared)
    assert all(len(batch) * source[batch].max() <= 2 * max_tokens for batch in shared)


def test_long_sources_divide_a_batch_that_its_short_targets_would_not():
    short_targets = token_batches(*lengths([(100, 1)] * 10), 100, seed=1, epoch=0)
    short_pairs = token_batches(*lengths([(1, 1)] * 10), 100, seed=1, epoch=0)

    assert sorted(map(len, short_targets)) == [2] * 5
    assert sorted(map(len, short_pairs)) == [10]


def test_a_pair_too_long_for_the_budget_is_a_batch_of_its_own():
    batches = token_batches(*lengths([(3, 3), (3, 99), (3, 3)]), 16, seed=1, epoch=0)

    assert sorted(batch.tolist() for batch in batches if 1 in batch) == [[1]]
    assert len(batches) == 2


def as_lists(batches: list[np.ndarray]) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


def test_seed_and_epoch_decide_the_order():
    source, target = sentence_lengths(300)

    first = as_lists(token_batches(source, target, 256, seed=1, epoch=0))

    assert as_lists(token_batches(source, target, 256, seed=1, epoch=0)) == first
    assert as_lists(token_batches(source, target, 256, seed=1, epoch=1)) != first
    assert as_lists(token_batches(source, target, 256, seed=2, epoch=0)) != first


def test_another_epoch_puts_other_pairs_together():
    alike = lengths([(5, 5)] * 200)

    first, second = (as_lists(token_batches(*alike, 50, seed=1, epoch=epoch)) for epoch in (0, 1))

    assert {frozenset(batch) for batch in first}.isdisjoint(frozenset(batch) for batch in second)


def test_batches_do_not_come_in_the_order_of_their_length():
    source, target = sentence_lengths(3000)

    longest = [target[batch].max() for batch in token_batches(source, target, 512, seed=1, epoch=0)]

    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.3


def padding_share(batches: list[np.ndarray], source: np.ndarray, target: np.ndarray) -> float:
    positions = sum(len(batch) * (source[batch].max() + target[batch].max()) for batch in batches)
    return float(1 - (source.sum() + target.sum()) / positions)


def test_little_of_a_batch_is_padding_even_where_lengths_differ_much():
    source, target = sentence_lengths(29_000)

    batches = token_batches(source, target, 4096, seed=1, epoch=0)

    at_random = np.array_split(np.random.default_rng(0).permutation(29_000), len(batches))
    assert padding_share(at_random, source, target) > 0.5
    assert padding_share(batches, source, target) < 0.06


def test_most_batches_use_the_budget_up():
    source, target = sentence_lengths(5000)

    batches = token_batches(source, target, 1024, seed=1, epoch=0)

    assert np.median([len(batch) * target[batch].max() for batch in batches]) > 0.95 * 1024


# make_batch


def test_a_batch_is_padded_and_masked_and_its_decoder_input_is_the_target_shifted_right():
    batch = make_batch(encoded(SOURCES, TARGETS), [1, 0])

    assert batch.source.tolist() == [[6, EOS_ID, PAD_ID], [4, 5, EOS_ID]]
    assert batch.source_mask.tolist() == [[[[True, True, False]]], [[[True, True, True]]]]
    assert batch.labels.tolist() == [[15, 16, 17, EOS_ID], [14, EOS_ID, PAD_ID, PAD_ID]]
    assert batch.decoder_input[0].tolist() == [BOS_ID, 15, 16, 17]
    assert batch.decoder_input[1, :2].tolist() == [BOS_ID, 14]


def test_a_batch_counts_its_tokens_and_its_places():
    batch = make_batch(encoded(SOURCES, TARGETS), [1, 0, 3])

    assert (batch.source_tokens, batch.target_tokens) == (2 + 3 + 5, 4 + 2 + 1)
    assert batch.positions == 3 * 5 + 3 * 4
    assert batch.source_tokens == int(batch.source_mask.sum())
    assert batch.target_tokens == int((batch.labels != PAD_ID).sum())


def test_a_batchs_tensors_have_the_promised_shapes_and_types():
    batch = make_batch(encoded(SOURCES, TARGETS), np.arange(6))

    assert batch.source.shape == (6, 5)
    assert batch.source_mask.shape == (6, 1, 1, 5)
    assert batch.decoder_input.shape == batch.labels.shape == (6, 4)
    assert batch.source.dtype == batch.decoder_input.dtype == batch.labels.dtype == torch.int64
    assert batch.source_mask.dtype == torch.bool


def test_a_batch_moves_to_a_device_with_everything_in_it():
    batch = make_batch(encoded(SOURCES, TARGETS), [0, 1])

    moved = batch.to(torch.device("meta"))

    assert {getattr(moved, name).device.type for name in ("source", "source_mask", "decoder_input", "labels")} == {
        "meta"
    }
    assert (moved.source_tokens, moved.target_tokens) == (batch.source_tokens, batch.target_tokens)


# BatchStream


def open_stream(**changes) -> BatchStream:
    settings = {"max_tokens": 32, "max_length": 9, "seed": 3, **changes}
    random = np.random.default_rng(7)
    sides = [
        [[*(4 + random.integers(0, 90, int(size))), EOS_ID] for size in random.integers(0, 8, 40)] for _ in range(2)
    ]
    return BatchStream(encoded(*sides), **settings)


def contents(batches: list[Batch]) -> list[tuple[list[list[int]], list[list[int]]]]:
    return [(batch.source.tolist(), batch.labels.tolist()) for batch in batches]


def pairs_of(batches: list[Batch]) -> list[tuple[tuple[int, ...], ...]]:
    """Return the pairs of some batches without padding, sorted."""
    rows = [pair for batch in batches for pair in zip(batch.source.tolist(), batch.labels.tolist(), strict=True)]
    return sorted(tuple(tuple(filter(None, side)) for side in pair) for pair in rows)


@pytest.mark.parametrize(("count", "sizes"), [(1, [5]), (2, [3, 2]), (5, [1] * 5), (8, [1] * 5)])
def test_the_pieces_of_a_batch_have_each_of_its_rows_once(count, sizes):
    batch = make_batch(random_corpus(sentences=5), range(5))

    pieces = batch.in_pieces(count)

    assert [len(piece.source) for piece in pieces] == sizes
    rows = [tuple(row.tolist()) for piece in pieces for row in piece.labels]
    assert sorted(rows) == sorted(tuple(row.tolist()) for row in batch.labels)
    assert sum(piece.target_tokens for piece in pieces) == batch.target_tokens


def test_an_epoch_holds_each_pair_once_and_the_next_one_again():
    stream = open_stream()
    batches = iter(stream)

    first = list(islice(batches, stream.batches_per_epoch))
    assert stream.epoch == 0
    second = [next(batches)]
    assert stream.epoch == 1
    second += list(islice(batches, stream.batches_per_epoch - 1))

    corpus = stream.corpus
    assert pairs_of(first) == sorted((tuple(corpus.source[i]), tuple(corpus.target[i])) for i in range(len(corpus)))
    assert pairs_of(second) == pairs_of(first)
    assert contents(second) != contents(first)


@pytest.mark.parametrize("taken", [0, 1, 7, 8, 9, 16, 20])  # an epoch has eight batches
def test_a_stream_taken_up_anywhere_goes_on_as_if_it_had_never_stopped(taken):
    whole = open_stream()
    assert whole.batches_per_epoch == 8
    expected = contents(list(islice(whole, taken + 40)))

    stopped = open_stream()
    before = contents(list(islice(stopped, taken)))
    resumed = open_stream()
    resumed.load_state_dict(stopped.state_dict())
    after = contents(list(islice(resumed, 40)))

    assert whole.epoch >= 2
    assert before + after == expected


def test_the_place_in_a_stream_is_the_one_after_the_last_batch_given():
    stream = open_stream()
    per_epoch = stream.batches_per_epoch
    batches = iter(stream)

    assert stream.state_dict() == {"epoch": 0, "position": 0, "within": 0}
    list(islice(batches, per_epoch))
    assert stream.state_dict() == {"epoch": 0, "position": per_epoch, "within": 0}
    next(batches)
    assert stream.state_dict() == {"epoch": 1, "position": 1, "within": 0}


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        ({"max_tokens": 64, "max_length": 64}, [0, 1, 2, 3, 4, 5]),
        ({"max_tokens": 64, "max_length": 4}, [0, 1, 2, 4, 5]),
        ({"max_tokens": 64, "max_length": 3}, [0, 2, 4, 5]),
        ({"max_tokens": 3, "max_length": 64}, [0, 2, 3, 4, 5]),  # the fourth source is long, but its target is short
        ({"max_tokens": 64, "max_length": 2}, [2]),
    ],
)
def test_pairs_too_long_for_model_or_batch_are_left_out_and_counted(limits, left):
    stream = BatchStream(encoded(SOURCES, TARGETS), seed=1, **limits)

    seen = [
        tuple(filter(None, row)) for batch in islice(stream, stream.batches_per_epoch) for row in batch.source.tolist()
    ]

    assert stream.left_out == len(SOURCES) - len(left)
    assert sorted(seen) == sorted(tuple(SOURCES[i]) for i in left)


def test_a_target_longer_than_a_part_of_a_batch_is_one_by_itself_if_the_batch_could_have_it():
    corpus = encoded(SOURCES, TARGETS)
    longest = int(corpus.target.lengths.max())

    stream = BatchStream(corpus, max_tokens=2, longest_target=longest, max_length=64, seed=1)
    assert stream.left_out == 0
    assert BatchStream(corpus, max_tokens=2, longest_target=longest - 1, max_length=64, seed=1).left_out > 0
    batches = list(islice(stream, stream.batches_per_epoch))
    assert sum(len(batch.source) for batch in batches) == len(SOURCES)
    assert all(len(batch.source) == 1 for batch in batches if batch.labels.shape[1] > 1)


def test_where_nothing_fits_the_error_names_both_limits():
    with pytest.raises(DataError) as caught:
        BatchStream(encoded(SOURCES[:2], TARGETS[:2]), max_tokens=500, max_length=1, seed=1)

    assert str(caught.value) == (
        "none of the 2 training pairs fits into model.max_length (1 tokens) and training.batch_tokens (500)"
    )


def test_a_corpus_without_pairs_is_an_error():
    with pytest.raises(DataError, match="none of the 0 training pairs"):
        BatchStream(encoded([], []), max_tokens=500, max_length=10, seed=1)


def numbered(pairs: int) -> EncodedCorpus:
    """Return pairs of one word, which tells their number."""
    sentences = [[EOS_ID + 1 + number, EOS_ID] for number in range(pairs)]
    return encoded(sentences, sentences)


def test_a_weight_says_how_often_an_epoch_has_a_pair():
    weights = np.tile([0.5, 1.0, 3.0, 2.25], 10)
    stream = BatchStream(numbered(40), max_tokens=64, max_length=16, seed=1, weights=weights)

    counts = np.zeros(40)
    epochs = 400
    for batch in stream:
        if stream.epoch == epochs:
            break
        np.add.at(counts, batch.source[:, 0].numpy() - EOS_ID - 1, 1)

    # Standard deviation of a mean over 400 epochs: at most 0.5 / 20.
    assert counts / epochs == pytest.approx(weights, abs=0.12)
    assert counts[weights == 1.0].tolist() == [epochs] * 10
    assert counts[weights == 3.0].tolist() == [3 * epochs] * 10


def test_a_weighted_stream_goes_on_where_it_was_stopped():
    weights = np.linspace(0.2, 2.5, 12)
    first, second = (BatchStream(numbered(12), max_tokens=8, max_length=16, seed=1, weights=weights) for _ in range(2))
    ahead = iter(first)
    for _ in range(2 * first.batches_per_epoch + 1):
        next(ahead)

    second.load_state_dict(first.state_dict())

    for ours, theirs in islice(zip(second, ahead, strict=False), 20):
        assert torch.equal(ours.source, theirs.source)


@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_that_train_together_divide_the_rows_of_each_batch_by_length(world_size: int):
    random = np.random.default_rng(1)
    sides = [[[7] * n + [EOS_ID] for n in random.integers(1, 20, 90).tolist()] for _ in range(2)]

    def stream(rank: int, world_size: int) -> BatchStream:
        return BatchStream(encoded(*sides), max_tokens=200, max_length=32, seed=5, rank=rank, world_size=world_size)

    together, *shares = (
        list(islice(s, 20)) for s in (stream(0, 1), *(stream(r, world_size) for r in range(world_size)))
    )

    for batch, *parts in zip(together, *shares, strict=True):
        assert sorted(pairs_of(parts)) == sorted(pairs_of([batch]))
        sizes = [part.target_tokens for part in parts]
        assert max(sizes) - min(sizes) <= 20
    assert stream(0, 1).batches_per_epoch == stream(1, world_size).batches_per_epoch


def test_a_process_without_a_row_of_its_own_gets_a_batch_without_tokens():
    streams = [open_stream(max_tokens=5, rank=rank, world_size=7) for rank in range(7)]

    parts = [next(iter(stream)) for stream in streams]

    with_rows = [part for part in parts if part.target_tokens]
    assert pairs_of(with_rows) == pairs_of([next(iter(open_stream(max_tokens=5)))])
    empty = parts[-1]
    assert (empty.source_tokens, empty.target_tokens) == (0, 0)
    assert (empty.labels == PAD_ID).all()
    assert len({stream.state_dict()["position"] for stream in streams}) == 1


def test_a_stream_stands_after_the_batch_it_gave_last_though_others_are_made_ahead():
    stream = BatchStream(numbered(12), max_tokens=8, max_length=16, seed=1)
    batches = iter(stream)

    for number in range(1, 2 * stream.batches_per_epoch):
        next(batches)
        epoch, position = divmod(number, stream.batches_per_epoch)
        expected = (epoch, position) if position else (epoch - 1, stream.batches_per_epoch)
        state = stream.state_dict()
        assert (state["epoch"], state["position"]) == expected


def test_the_largest_batches_are_those_of_the_present_epoch_and_taking_them_moves_nothing():
    corpus = random_corpus(sentences=60, longest=9)
    stream, untouched = (BatchStream(corpus, max_tokens=24, max_length=16, seed=1) for _ in range(2))
    everything = list(islice(untouched, untouched.batches_per_epoch))
    by_length: dict[int, int] = {}
    for batch in everything:
        order = batch.labels.size(1).bit_length()
        by_length[order] = max(by_length.get(order, 0), batch.positions)

    largest = stream.largest_batches()

    assert len(by_length) > 2
    assert {batch.labels.size(1).bit_length(): batch.positions for batch in largest} == by_length
    assert stream.state_dict() == {"epoch": 0, "position": 0, "within": 0}
    assert all(any(torch.equal(batch.labels, other.labels) for other in everything) for batch in largest)


def test_what_goes_wrong_in_making_a_batch_is_raised_where_the_batch_is_taken():
    def fails(*_: object) -> EncodedCorpus:
        raise ZeroDivisionError

    stream = BatchStream(numbered(12), max_tokens=8, max_length=16, seed=1, encode_anew=fails)

    with pytest.raises(ZeroDivisionError):
        next(iter(stream))


def cut_anew(pairs: int, **changes) -> BatchStream:
    """Return a stream of pairs whose sides are a number and up to eight other tokens more at each reading."""

    def encode_anew(indices: np.ndarray, seed: int) -> EncodedCorpus:
        random = np.random.default_rng(seed)
        return encoded(*(lengthened(random, indices) for _ in range(2)))

    def lengthened(random: np.random.Generator, indices: np.ndarray) -> list[list[int]]:
        return [[100 + int(i), *[7] * int(random.integers(9)), EOS_ID] for i in indices]

    settings = {"max_tokens": 32, "max_length": 16, "seed": 3, **changes}
    return BatchStream(numbered(pairs), encode_anew=encode_anew, **settings)


def epoch_of(stream: BatchStream) -> list[Batch]:
    """Return what is left of the epoch that a stream is in."""
    batches = iter(stream)
    epoch = []
    while stream.state_dict()["position"] < stream.batches_per_epoch:
        epoch.append(next(batches))
    return epoch


def test_an_epoch_that_is_cut_anew_holds_each_pair_once_with_other_tokens_each_time():
    pairs = 2500
    stream = cut_anew(pairs)
    assert stream.batches_per_epoch > 128  # several windows, the last one not whole

    first = epoch_of(stream)
    stream.load_state_dict({"epoch": 1, "position": 0, "within": 0})
    second = epoch_of(stream)

    for epoch in (first, second):
        assert sorted(pair[0][0] for pair in pairs_of(epoch)) == [100 + i for i in range(pairs)]
    assert pairs_of(first) != pairs_of(second)


def test_batches_are_divided_by_the_lengths_that_sentences_have_when_cut_anew():
    batches = epoch_of(cut_anew(3000, max_tokens=256))

    assert all(batch.labels.numel() <= 256 for batch in batches)
    assert sum(batch.target_tokens for batch in batches) / sum(batch.labels.numel() for batch in batches) > 0.9


@pytest.mark.parametrize("taken", [0, 1, 7, 130, 300])
def test_a_stream_cut_anew_and_taken_up_anywhere_goes_on_as_if_it_had_never_stopped(taken):
    expected = contents(list(islice(cut_anew(1500), taken + 200)))

    stopped = cut_anew(1500)
    before = contents(list(islice(stopped, taken)))
    resumed = cut_anew(1500)
    resumed.load_state_dict(stopped.state_dict())

    assert before + contents(list(islice(resumed, 200))) == expected


def test_processes_that_train_together_divide_the_rows_of_batches_that_are_cut_anew():
    together, *shares = (list(islice(cut_anew(1500, rank=r, world_size=w), 99)) for r, w in ((0, 1), (0, 2), (1, 2)))

    for batch, *parts in zip(together, *shares, strict=True):
        assert pairs_of(parts) == pairs_of([batch])


def test_another_seed_cuts_otherwise():
    assert pairs_of(epoch_of(cut_anew(200))) != pairs_of(epoch_of(cut_anew(200, seed=4)))
