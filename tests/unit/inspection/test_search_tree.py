from __future__ import annotations

import pytest
import torch

from tests.support.markov_decoder import FIRST_WORD_ID, MarkovDecoder, PrefixDecoder
from transformer_cli.decoding.search.beam_search import beam_search
from transformer_cli.inspection.search_tree import SearchNode, SearchTree, search_tree
from transformer_cli.special_tokens import BOS_ID, EOS_ID

# The best sentence is B E with .36, though A begins more probably.
CHAIN = {
    "^": {"A": 0.6, "B": 0.4},
    "A": {"C": 0.4, "D": 0.35, "$": 0.25},
    "B": {"E": 0.9, "$": 0.1},
    "C": {"$": 1.0},
    "D": {"$": 1.0},
    "E": {"$": 1.0},
}
A, B, C, D, E = range(FIRST_WORD_ID, FIRST_WORD_ID + 5)
CPU = torch.device("cpu")


def tree_of_chain(**options) -> SearchTree:
    settings = {"max_length": 9, "beam_size": 2, "length_penalty": 0.0, **options}
    return search_tree(MarkovDecoder.from_chain(CHAIN), device=CPU, **settings)


def random_tree(source: int, *, beam_size: int, length_penalty: float, narrows: bool = False) -> SearchTree:
    decoder = PrefixDecoder([source] * beam_size, vocab_size=9)
    return search_tree(
        decoder, max_length=7, beam_size=beam_size, length_penalty=length_penalty, narrows=narrows, device=CPU
    )


def tokens_to(tree: SearchTree, node: SearchNode) -> tuple[int, ...]:
    """Return the tokens on the way from the root to ``node``, bos not among them."""
    if node.parent is None:
        return ()
    return (*tokens_to(tree, tree.nodes[node.parent]), node.token)


def statuses(tree: SearchTree) -> dict[tuple[int, ...], str]:
    return {tokens_to(tree, node): node.status for node in tree.nodes}


def test_the_tree_of_a_chain_drawn_by_hand():
    assert statuses(tree_of_chain()) == {
        (): "live",
        (A,): "live",
        (B,): "live",
        (B, E): "live",  # .36
        (A, C): "live",  # .24
        (A, D): "pruned",  # .21
        (A, EOS_ID): "pruned",  # .15
        (B, E, EOS_ID): "finished",
        (A, C, EOS_ID): "finished",
    }


def test_the_path_to_the_answer_is_marked():
    tree = tree_of_chain()

    assert tree.best.tokens == (B, E)
    marked = [tokens_to(tree, node) for node in tree.nodes if node.is_best]
    assert marked == [(), (B,), (B, E), (B, E, EOS_ID)]


def test_at_the_maximum_length_everything_ends():
    tree = tree_of_chain(max_length=2)

    last = [node for node in tree.nodes if node.step == 2]
    assert {node.token for node in last} == {EOS_ID}
    assert max(node.step for node in tree.nodes) == 2


@pytest.mark.parametrize("beam_size", [1, 2, 4])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@pytest.mark.parametrize("source", range(6))
@pytest.mark.parametrize("narrows", [False, True])
def test_the_tree_ends_in_what_the_search_alone_finds(narrows, source, beam_size, length_penalty):
    tree = random_tree(source, beam_size=beam_size, length_penalty=length_penalty, narrows=narrows)

    ((best, *_),) = beam_search(
        PrefixDecoder([source] * beam_size, vocab_size=9),
        max_lengths=torch.tensor([7]),
        beam_size=beam_size,
        length_penalty=length_penalty,
        narrows=narrows,
    )
    assert tree.best == best
    last = [node for node in tree.nodes if node.is_best][-1]
    assert tokens_to(tree, last) == (*best.tokens, EOS_ID)
    assert last.status == "finished"
    assert last.score == pytest.approx(best.score, abs=1e-6)
    assert last.score == max(node.score for node in tree.nodes if node.status == "finished")


@pytest.mark.parametrize("source", range(30))
def test_a_beam_that_narrows_has_no_more_live_nodes_than_places_left(source):
    tree = random_tree(source, beam_size=4, length_penalty=1.0, narrows=True)

    places = 4
    for step in range(1, max(node.step for node in tree.nodes) + 1):
        found = [node.status for node in tree.nodes if node.step == step]
        assert set(found[places:]) <= {"pruned"}
        assert "pruned" not in found[:places]
        places -= found.count("finished")
    assert places >= 0


@pytest.mark.parametrize("source", range(6))
def test_every_node_has_the_log_probability_of_its_tokens(source):
    tree = random_tree(source, beam_size=3, length_penalty=1.0)
    decoder = PrefixDecoder([], vocab_size=9)

    for node in tree.nodes[1:]:
        tokens = tokens_to(tree, node)
        prefix: tuple[int, ...] = (source, BOS_ID)
        total = 0.0
        for token in tokens:
            total += float(decoder.log_probs(prefix)[token])
            prefix = (*prefix, token)
        assert node.step == len(tokens)
        assert node.log_prob == pytest.approx(total, abs=1e-5)
        assert node.score == pytest.approx(total / len(tokens), abs=1e-5)


@pytest.mark.parametrize("source", range(6))
def test_only_what_is_alive_goes_on_and_never_more_than_the_beam_holds(source):
    tree = random_tree(source, beam_size=3, length_penalty=1.0)

    assert all(tree.nodes[node.parent].status == "live" for node in tree.nodes if node.parent is not None)
    for step in range(1, max(node.step for node in tree.nodes) + 1):
        column = [node for node in tree.nodes if node.step == step]
        assert len(column) <= 6
        assert [node.log_prob for node in column] == sorted((node.log_prob for node in column), reverse=True)
        assert sum(node.status == "live" for node in column) <= 3
        pruned = [place for place, node in enumerate(column) if node.status == "pruned" and node.token != EOS_ID]
        alive = [place for place, node in enumerate(column) if node.status == "live"]
        assert not pruned or not alive or min(pruned) > max(alive)
