from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.support.tiny_models import (
    SENTENCES,
    fill_with_noise,
    make_talkative,
    tiny_config,
    tiny_tokenizer,
    tiny_tokenizers,
)
from transformer_cli.config import DecodingConfig
from transformer_cli.data.tokens.tokenizer import Tokenizer, TokenizerPair
from transformer_cli.decoding.engine import SearchOptions
from transformer_cli.decoding.line_translator import LineTranslator, Translation
from transformer_cli.decoding.pytorch.torch_engine import TorchEngine
from transformer_cli.decoding.splitting import overlong_spans
from transformer_cli.errors import UsageError
from transformer_cli.model.transformer import Transformer
from transformer_cli.special_tokens import BOS_ID, EOS_ID, PAD_ID
from transformer_cli.text.normalization import normalize

LINES = ("chat", "Je suis étudiant.", "", "pain noir", "Où ?", "chats", "le chien dort", " \t ", "Je suis là-bas.")


class RecordingTransformer(Transformer):
    """Notes every source that it reads, and how it was to compute."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(
            tiny_config(norm="pre", tied_embeddings=False, d_model=16, **changes), tiny_tokenizer().vocab_size
        )
        self.double()
        fill_with_noise(self)
        make_talkative(self)
        self.sources: list[Tensor] = []
        self.modes: set[tuple[torch.dtype, bool]] = set()

    def encode(self, source: Tensor, source_mask: Tensor) -> Tensor:
        self.sources.append(source.clone())
        precision = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
        self.modes.add((precision, torch.is_inference_mode_enabled()))
        return super().encode(source, source_mask)

    @property
    def sentences(self) -> list[list[int]]:
        """All sources read so far, without padding."""
        return [[token for token in row if token != PAD_ID] for source in self.sources for row in source.tolist()]

    def speak_only(self, tokens: Sequence[int]) -> None:
        """Make all tokens but these impossible, whatever the source is."""
        with torch.no_grad():
            self.decoder_norm.get_parameter("weight")[0] = 0.0
            self.decoder_norm.get_parameter("bias")[0] = 1.0
            self.output.weight[:, 0] = -1000.0
            self.output.weight[list(tokens), 0] = 0.0


class RecordingTokenizer(Tokenizer):
    """Notes what it decodes: token ids and text."""

    def __init__(self) -> None:
        super().__init__(tiny_tokenizer().model)
        self.decoded: list[str] = []
        self.decoded_ids: list[list[int]] = []

    def decode(self, ids: Sequence[int]) -> str:
        self.decoded_ids.append(list(ids))
        self.decoded.append(super().decode(ids))
        return self.decoded[-1]


def translator(
    model: Transformer | None = None, tokenizer: Tokenizer | None = None, *, max_length: int = 32, **decoding: Any
) -> LineTranslator:
    config = DecodingConfig(**{"beam_size": 2, "max_length_ratio": 0.5, "max_length_extra": 4, **decoding})
    model = model or RecordingTransformer(max_length=max_length)
    tokenizer = tokenizer or tiny_tokenizer()
    return LineTranslator(TorchEngine(model, config), TokenizerPair(tokenizer, tokenizer))


def overlong_line(translate: LineTranslator) -> str:
    line = " ".join(SENTENCES)
    assert translate.is_overlong(line)
    return line


def assert_same(found: Translation, expected: Translation) -> None:
    assert (found.text, found.segments) == (expected.text, expected.segments)
    assert found.score == pytest.approx(expected.score, rel=1e-5)


@pytest.mark.parametrize("batch_tokens", [16, 40, 2000])
def test_each_line_is_translated_as_it_is_alone_and_stands_where_it_stood(batch_tokens: int):
    translate = translator(batch_tokens=batch_tokens)
    lines = [*LINES, overlong_line(translate), *reversed(LINES)]

    together = translate.translate(lines)

    assert len(together) == len(lines)
    assert len({translation.text for translation in together}) == 9  # all different, but for the blank lines
    for line, translation in zip(lines, together, strict=True):
        assert_same(translation, translate.translate([line])[0])


@settings(max_examples=15, deadline=None)  # the machine may be busy
@given(st.lists(st.text(max_size=12), max_size=5))
def test_there_are_as_many_results_as_lines_and_each_is_one_line(lines: list[str]):
    translations = translator(max_length=8).translate(lines)

    assert len(translations) == len(lines)
    assert all(len(translation.text.splitlines()) <= 1 for translation in translations)
    assert [translation.segments > 0 for translation in translations] == [bool(normalize(line)) for line in lines]


def test_no_lines_give_no_results():
    assert translator().translate([]) == []


def test_a_blank_line_gives_a_blank_line_and_never_reaches_the_model():
    model = RecordingTransformer(max_length=32)
    lines = ["", "chat", "   ", "\t", "\x00\x1f", "\u2028", "pain noir", ""]

    translations = translator(model).translate(lines)

    blank = Translation("", 0.0, 0)
    assert [t if t == blank else None for t in translations] == [blank, None, *[blank] * 4, None, blank]
    assert sorted(model.sentences) == sorted([*tiny_tokenizer().encode(line), EOS_ID] for line in ("chat", "pain noir"))


def test_only_blank_lines_start_no_search():
    model = RecordingTransformer(max_length=32)

    assert translator(model).translate(["", " "]) == [Translation("", 0.0, 0)] * 2
    assert model.sources == []


@pytest.mark.parametrize("batch_tokens", [16, 40, 100, 2000])
def test_batches_keep_to_the_budget_of_tokens_padding_included(batch_tokens: int):
    model = RecordingTransformer(max_length=32)
    words = [word for sentence in SENTENCES for word in sentence.split()]

    translator(model, batch_tokens=batch_tokens).translate(words)

    assert len(model.sentences) == len(words)
    assert all(len(source) == 1 or source.numel() <= batch_tokens for source in model.sources)
    # No two neighbours would have fitted into one batch.
    for batch, following in pairwise(model.sources):
        assert (len(batch) + 1) * len(following[0][following[0] != PAD_ID]) > batch_tokens


def test_a_sentence_above_the_budget_is_searched_alone():
    model = RecordingTransformer(max_length=64)

    translator(model, batch_tokens=16).translate(SENTENCES[1:3])

    assert [len(source) for source in model.sources] == [1, 1]
    assert all(source.numel() > 16 for source in model.sources)


def test_lines_of_like_length_are_searched_together():
    model = RecordingTransformer(max_length=64)

    translator(model, batch_tokens=60).translate([line for line in SENTENCES for _ in range(3)])

    longest = [source.size(1) for source in model.sources]
    assert longest == sorted(longest)
    assert len(longest) > 2


def test_an_overlong_line_is_split_and_its_segments_translations_joined():
    model = RecordingTransformer(max_length=32)
    translate = translator(model)
    line = overlong_line(translate)
    spans = overlong_spans(line, limit=31, count=lambda text: len(tiny_tokenizer().encode(text)))
    pieces = [line[start:end].rstrip(" ") for start, end in spans]

    (whole,) = translate.translate([line])
    read = model.sentences

    assert whole.segments == len(pieces) > 3
    assert sorted(read) == sorted([*tiny_tokenizer().encode(piece), EOS_ID] for piece in pieces)
    assert all(len(tokens) <= 32 for tokens in read)
    alone = translate.translate(pieces)
    assert whole.text == normalize(" ".join(translation.text for translation in alone))
    assert whole.score == pytest.approx(sum(t.score for t in alone) / len(pieces), rel=1e-5)


def test_an_overlong_line_is_cut_at_its_controls_as_at_spaces():
    translate = translator()
    line = overlong_line(translate)

    assert translate.translate([line.replace(" ", "\t")]) == translate.translate([line])


def test_a_line_is_overlong_only_above_the_limit():
    translate = translator(max_length=8)
    line, longer = "qqq qq", "qqq qqq"
    assert [len(tiny_tokenizer().encode(text)) for text in (line, longer)] == [translate.limit, translate.limit + 1]

    assert not translate.is_overlong(line)
    assert translate.is_overlong(longer)
    assert [translation.segments for translation in translate.translate([line, longer])] == [1, 2]


def test_a_line_of_20000_characters_without_a_space_is_translated_whole():
    model = RecordingTransformer(max_length=64)
    line = "xyé😀" * 5000

    (translation,) = translator(model, max_length_ratio=0.01, max_length_extra=1).translate([line])

    read = sorted(model.sentences)
    assert translation.segments == len(read) > 20_000 / 64
    assert all(len(tokens) <= 64 for tokens in read)
    assert sum(len(tiny_tokenizer().decode(tokens)) for tokens in read) == 20_000
    assert "\ufffd" not in "".join(map(tiny_tokenizer().decode, read))


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="abé😀。 \ufffd", max_size=30))
def test_what_is_cut_off_a_line_leaves_a_beginning_of_it_that_is_not_overlong(line: str):
    translate = translator(max_length=8)

    cut = translate.cut(line)

    assert normalize(line).startswith(cut)
    assert not translate.is_overlong(cut)
    if not translate.is_overlong(line):
        assert cut == normalize(line)
    else:
        # One more character would have been too much: of one spelled in bytes up to three have room, and a space.
        assert len(tiny_tokenizer().encode(cut)) >= translate.limit - 4


def test_results_hold_no_line_breaks_even_if_the_model_says_them():
    model, tokenizer = RecordingTransformer(max_length=32), RecordingTokenizer()
    breaks = {
        text: token for token in range(tokenizer.vocab_size) if (text := tiny_tokenizer().decode([token])) in "\n\r\v"
    }
    model.speak_only([*breaks.values(), *tokenizer.encode("a"), *tokenizer.encode("s")])

    translations = translator(model, tokenizer, max_length_extra=12).translate(LINES)

    assert all(any(f"{each} " in said for said in tokenizer.decoded) for each in "\n\r")
    for translation in translations:
        assert len(translation.text.splitlines()) <= 1
        assert translation.text == translation.text.strip(" ")


def test_the_model_is_put_into_evaluation_mode_and_keeps_no_gradient():
    model = RecordingTransformer(max_length=32, dropout=0.5)
    model.train()
    translate = translator(model)

    first, second = translate.translate(LINES), translate.translate(LINES)

    assert not model.training
    assert first == second
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(("ratio", "extra"), [(0.5, 3), (2.0, 1)])
def test_a_translation_is_no_longer_than_the_settings_allow(ratio: float, extra: int):
    tokenizer = tiny_tokenizer()
    model = RecordingTransformer(max_length=64)
    (letter,) = tokenizer.encode("x")[-1:]
    model.speak_only([letter])  # eos is never said, only forced

    translations = translator(model, max_length_ratio=ratio, max_length_extra=extra).translate(SENTENCES)

    for line, translation in zip(SENTENCES, translations, strict=True):
        source = len(tokenizer.encode(line)) + 1
        assert len(translation.text) == round(ratio * source) + extra - 1


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_products_are_computed_in_the_precision_asked_for_and_nothing_is_kept_for_training(precision: torch.dtype):
    model = RecordingTransformer(max_length=32).float()

    engine = TorchEngine(model, DecodingConfig(), precision=precision)
    translations = LineTranslator(engine, tiny_tokenizers()).translate(LINES)

    assert model.modes == {(precision, True)}
    assert [translation.segments for translation in translations] == [int(bool(line.strip())) for line in LINES]


def test_the_score_is_the_log_probability_by_the_length_to_the_power_of_the_penalty():
    model, tokenizer = RecordingTransformer(max_length=32), RecordingTokenizer()

    (translation,) = translator(model, tokenizer, length_penalty=0.5).translate(["le chien dort"])

    source = torch.tensor([[*tokenizer.encode("le chien dort"), EOS_ID]])
    target = [*tokenizer.decoded_ids[0], EOS_ID]
    with torch.no_grad():
        logits = model(
            source, torch.ones(1, 1, 1, source.size(1), dtype=torch.bool), torch.tensor([[BOS_ID, *target[:-1]]])
        )
    log_prob = logits[0].log_softmax(dim=-1).gather(1, torch.tensor(target)[:, None]).sum().item()
    assert len(target) > 2
    assert translation.score == pytest.approx(log_prob / len(target) ** 0.5, rel=1e-5)


def test_a_list_never_holds_a_text_twice_and_is_as_long_as_the_beam_allows():
    tokenizers = tiny_tokenizers()
    pieces = [tokenizers.target.piece(token) for token in range(tokenizers.target.vocab_size)]
    # A piece that two others spell as well: each text that holds it can be cut in several ways.
    whole, first, second = next(
        (whole, pieces.index(piece[:cut]), pieces.index(piece[cut:]))
        for whole, piece in enumerate(pieces)
        for cut in range(1, len(piece))
        if piece.startswith("\u2581") and cut > 1 and {piece[:cut], piece[cut:]} <= set(pieces)
    )
    model = RecordingTransformer()
    model.speak_only([whole, first, second, EOS_ID])
    config = DecodingConfig(beam_size=60, max_length_ratio=1, max_length_extra=2)
    engine = TorchEngine(model, config)
    line_translator = LineTranslator(engine, tokenizers)

    every = engine.search([tokenizers.source.encode(LINES[0])], SearchOptions(n_best=60))[0]
    texts = [normalize(tokenizers.target.decode(hypothesis.tokens)) for hypothesis in every]
    assert len(set(texts)) < len(texts)  # otherwise this test would show nothing
    for n_best in (2, 20, 60):
        [best] = line_translator.translate([LINES[0]], n_best=n_best)
        found = [best.text, *(other.text for other in best.alternatives)]
        assert found == list(dict.fromkeys(texts))[:n_best]


def test_a_wider_beam_can_be_asked_for():
    line_translator = LineTranslator(
        TorchEngine(RecordingTransformer(), DecodingConfig(beam_size=1)), tiny_tokenizers()
    )

    [narrow] = line_translator.translate([LINES[1]])
    [wide] = line_translator.translate([LINES[1]], n_best=4, beam_size=6)

    assert len(wide.alternatives) == 3
    assert wide.score >= narrow.score
    with pytest.raises(UsageError, match="a beam of 1 cannot give 4"):
        line_translator.translate([LINES[1]], n_best=4)
