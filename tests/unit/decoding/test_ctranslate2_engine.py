from __future__ import annotations

from typing import Any

import pytest

from tests.support.exported_models import POSITIONS, exportable_model, exported_engine, sources
from tests.support.silent_tokens import set_logit
from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine
from transformer_cli.decoding.engine import BEST_ONLY, Sampling, SearchOptions, longest_translation
from transformer_cli.decoding.hypothesis import Hypothesis
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.errors import DamagedFileError, UsageError
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID, UNK_ID

ROOMY: Any = {"max_length_ratio": 2.0, "max_length_extra": 10}


def tokens_of(found: list[list[Hypothesis]]) -> list[list[tuple[int, ...]]]:
    return [[hypothesis.tokens for hypothesis in hypotheses] for hypotheses in found]


def scores_of(found: list[list[Hypothesis]]) -> list[float]:
    return [hypothesis.score for hypotheses in found for hypothesis in hypotheses]


def log_probs_of(found: list[list[Hypothesis]]) -> list[float]:
    return [hypothesis.log_prob for hypotheses in found for hypothesis in hypotheses]


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize(("beam_size", "n_best"), [(1, 1), (4, 1), (4, 4)])
def test_it_finds_what_our_search_finds_with_the_same_scores(tmp_path, beam_size, n_best, length_penalty):
    model = exportable_model()
    config = DecodingConfig(beam_size=beam_size, length_penalty=length_penalty, **ROOMY)
    asked, options = sources(60), SearchOptions(n_best=n_best)

    ours = TorchEngine(model, config).search(asked, options)
    theirs = exported_engine(tmp_path, model, config).search(asked, options)
    # At the longest length scores and ranks differ; see the module.
    longest = [longest_translation(config, source) for source in asked]
    both = [[*mine, *other] for mine, other in zip(ours, theirs, strict=True)]
    inside = [i for i, found in enumerate(both) if all(len(h.tokens) + 1 < longest[i] for h in found)]
    ours, theirs = [ours[i] for i in inside], [theirs[i] for i in inside]
    assert len(inside) > 30

    assert len({tokens for hypotheses in tokens_of(ours) for tokens in hypotheses}) > 20
    assert tokens_of(theirs) == tokens_of(ours)
    assert scores_of(theirs) == pytest.approx(scores_of(ours), abs=1e-4)
    assert log_probs_of(theirs) == pytest.approx(log_probs_of(ours), abs=1e-3)


def test_the_log_probabilities_of_the_tokens_of_a_translation_add_up_to_its_own(tmp_path):
    config = DecodingConfig(**ROOMY)
    engine = exported_engine(tmp_path, exportable_model(), config)
    # One of the longest length has not ended, and CTranslate2's probability of it has no eos.
    ended = [
        (source, hypotheses[0])
        for source, hypotheses in zip(sources(40), engine.search(sources(40), BEST_ONLY), strict=True)
        if len(hypotheses[0].tokens) + 1 < longest_translation(config, source)
    ]
    asked, found = [source for source, _ in ended], [hypothesis for _, hypothesis in ended]
    assert len(ended) > 20

    log_probs = engine.log_probs(asked, [[f"w{token}" for token in hypothesis.tokens] for hypothesis in found])

    assert [len(row) for row in log_probs] == [len(hypothesis.tokens) + 1 for hypothesis in found]
    assert [sum(row) for row in log_probs] == pytest.approx([hypothesis.log_prob for hypothesis in found], abs=1e-3)


def test_products_in_float32_undo_what_8_bits_lose_by_their_products(tmp_path):
    model, asked = exportable_model(), sources(40)
    exact = exported_engine(tmp_path / "float32", model, DecodingConfig(**ROOMY))
    targets = [[f"w{token}" for token in hypotheses[0].tokens] for hypotheses in exact.search(asked, BEST_ONLY)]
    exported_engine(tmp_path / "int8", model, DecodingConfig(**ROOMY), quantization="int8")

    def off(compute_type: str) -> float:
        engine = CTranslate2Engine(
            tmp_path / "int8",
            DecodingConfig(**ROOMY),
            max_length=model.config.max_length,
            num_positions=POSITIONS,
            threads=1,
            compute_type=compute_type,
        )
        pairs = zip(exact.log_probs(asked, targets), engine.log_probs(asked, targets), strict=True)
        differences = [abs(a - b) for rows in pairs for a, b in zip(*rows, strict=True)]
        return sum(differences) / len(differences)

    assert 0 < off("float32") < off("default")


@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize(("ratio", "extra"), [(0.01, 2), (0.4, 1), (0.7, 1)])
def test_no_translation_is_longer_than_its_source_allows_whatever_stands_beside_it(tmp_path, beam_size, ratio, extra):
    model = exportable_model()
    set_logit(model, EOS_ID, -3.0)  # a sentence ends only where it must
    config = DecodingConfig(beam_size=beam_size, max_length_ratio=ratio, max_length_extra=extra)
    engine = exported_engine(tmp_path, model, config)
    asked = sources(40)

    together = engine.search(asked, BEST_ONLY)

    lengths = [max(2, longest_translation(config, source)) for source in asked]
    reached = [len(found[0].tokens) + 1 == most for found, most in zip(together, lengths, strict=True)]
    assert all(len(found[0].tokens) + 1 <= most for found, most in zip(together, lengths, strict=True))
    assert sum(reached) > 20
    assert tokens_of([engine.search([source], BEST_ONLY)[0] for source in asked]) == tokens_of(together)
    if beam_size == 1:  # nothing is ranked, so that what our search ends with eos is the same
        ours = TorchEngine(model, config).search(asked, BEST_ONLY)
        assert tokens_of(ours) == tokens_of(together)


def test_no_translation_is_longer_than_there_are_positions(tmp_path):
    model = exportable_model(max_length=60)
    set_logit(model, EOS_ID, -50.0)
    config = DecodingConfig(beam_size=2, max_length_ratio=3.0, max_length_extra=10)

    (found,) = exported_engine(tmp_path, model, config).search(sources(1, longest=59, seed=2), BEST_ONLY)

    assert len(found[0].tokens) == POSITIONS - 1


def test_padding_the_beginning_and_the_unknown_are_never_predicted(tmp_path):
    model = exportable_model()
    for token in (PAD_ID, UNK_ID, BOS_ID):
        set_logit(model, token, 50.0)
    engine = exported_engine(tmp_path, model, DecodingConfig(beam_size=3, **ROOMY))

    predicted = {token for found in engine.search(sources(20), BEST_ONLY) for token in found[0].tokens}

    assert predicted
    assert predicted.isdisjoint({PAD_ID, UNK_ID, BOS_ID, EOS_ID})


@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize("logit", [0.0, 2.0])
def test_no_translation_has_the_unknown_token_though_it_is_likely(tmp_path, beam_size, logit):
    model = exportable_model()
    set_logit(model, UNK_ID, logit)
    config = DecodingConfig(beam_size=beam_size, **ROOMY)

    found = exported_engine(tmp_path, model, config).search(sources(40), SearchOptions(n_best=beam_size))

    assert all(len(several) == beam_size for several in found)
    assert not any(UNK_ID in each.tokens for several in found for each in several)
    expected = [several[0].tokens for several in TorchEngine(model, config).search(sources(40), BEST_ONLY)]
    equal = sum(several[0].tokens == tokens for several, tokens in zip(found, expected, strict=True))
    assert equal >= (40 if beam_size == 1 else 20)  # a beam that holds others as well goes other ways


class Watched:
    """The library's translator, with a count of the batches that it was given and that nobody has waited for yet."""

    def __init__(self, translator: Any) -> None:
        self.translator = translator
        self.asked: list[Any] = []
        self.most_under_way = 0

    def translate_batch(self, *arguments: Any, **options: Any) -> Any:
        results = self.translator.translate_batch(*arguments, **options)
        self.asked.append(results[-1])
        self.most_under_way = max(self.most_under_way, sum(not result.done() for result in self.asked))
        return results


def test_the_library_is_given_no_more_than_it_can_end_soon(tmp_path, monkeypatch):
    asked = sources(1500)
    engine = exported_engine(tmp_path, exportable_model(), DecodingConfig(beam_size=5, **ROOMY))
    watched = Watched(engine._translator)
    monkeypatch.setattr(engine, "_translator", watched)

    found = engine.search(asked, BEST_ONLY)

    assert len(found) == len(asked)
    assert len(watched.asked) > 40
    assert watched.most_under_way <= 3


@pytest.mark.parametrize("quantization", ["float32", "int8"])
def test_neighbours_threads_and_their_order_change_nothing(tmp_path, quantization):
    model = exportable_model()
    config = DecodingConfig(beam_size=3, **ROOMY)
    asked = sources(70)
    engine = exported_engine(tmp_path / "one", model, config, quantization=quantization)
    three = exported_engine(tmp_path / "three", model, config, quantization=quantization, threads=3)

    together = tokens_of(engine.search(asked, BEST_ONLY))

    assert tokens_of(engine.search(asked[::-1], BEST_ONLY)) == together[::-1]
    assert tokens_of(three.search(asked, BEST_ONLY)) == together
    assert [tokens_of(engine.search([source], BEST_ONLY))[0] for source in asked] == together


def test_nothing_is_found_for_no_sources(tmp_path):
    assert exported_engine(tmp_path, exportable_model(), DecodingConfig()).search([], BEST_ONLY) == []


def test_a_source_may_be_as_long_as_the_model_takes(tmp_path):
    engine = exported_engine(tmp_path, exportable_model(), DecodingConfig(**ROOMY))

    assert engine.limit == 15
    assert len(engine.search([[5] * 15], BEST_ONLY)) == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (SearchOptions(sampling=Sampling()), "cannot draw samples"),
        (SearchOptions(with_attention=True), "cannot align words"),
        (SearchOptions(n_best=6), "cannot give 6 best translations"),
    ],
)
def test_what_it_cannot_do_is_an_error_and_not_left_out(tmp_path, options, named):
    engine = exported_engine(tmp_path, exportable_model(), DecodingConfig(beam_size=5))

    with pytest.raises(UsageError, match=named):
        engine.search([[5, 6]], options)


def test_a_given_beginning_is_an_error_and_none_is_not(tmp_path):
    engine = exported_engine(tmp_path, exportable_model(), DecodingConfig())

    with pytest.raises(UsageError, match="cannot begin translations with a prefix"):
        engine.search([[5, 6], [5]], BEST_ONLY, [(), (5,)])
    assert engine.search([[5, 6]], BEST_ONLY, [()]) == engine.search([[5, 6]], BEST_ONLY)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("model.bin", "missing"),
        ("model.bin", "cut short"),
        ("config.json", "cut short"),
        ("shared_vocabulary.json", "missing"),
        ("shared_vocabulary.json", "cut short"),
    ],
)
def test_a_damaged_model_is_named(tmp_path, file, damage):
    config = DecodingConfig()
    exported_engine(tmp_path, exportable_model(), config)
    damaged = tmp_path / file
    content = damaged.read_bytes()
    damaged.unlink()
    if damage == "cut short":
        damaged.write_bytes(content[: len(content) // 2])

    with pytest.raises(DamagedFileError, match=str(tmp_path)):
        CTranslate2Engine(tmp_path, config, max_length=16, num_positions=POSITIONS, threads=1)
