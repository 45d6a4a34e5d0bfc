"""The tokenizer of BLEU fits the language."""

from __future__ import annotations

import pytest

from transformer_cli.metrics import corpus_bleu, default_tokenizer

SAMPLES = {
    "zh": "我们今天去学校。",
    "ja": "私たちは今日学校へ行きます。",
    "ko": "우리는 오늘 학교에 갑니다.",
    "th": "วันนี้เราไปโรงเรียน",
    "lo": "ມື້ນີ້ພວກເຮົາໄປໂຮງຮຽນ",
    "km": "ថ្ងៃនេះយើងទៅសាលារៀន។",
    "my": "ဒီနေ့ ကျွန်တော်တို့ ကျောင်းသွားတယ်။",
    "bo": "ང་ཚོ་དེ་རིང་སློབ་གྲྭར་འགྲོ་གི་ཡིན།",
    "de": "Wir gehen heute zur Schule.",
    "ru": "Сегодня мы идём в школу.",
    "hi": "हम आज स्कूल जा रहे हैं।",
}


@pytest.mark.parametrize("code", SAMPLES)
def test_a_language_and_text_in_it_choose_the_same_tokenizer_and_it_sees_the_text(code):
    chosen = default_tokenizer(code)
    assert default_tokenizer(None, [SAMPLES[code]]) == chosen
    assert default_tokenizer(f"{code}_Xxxx") == chosen
    lines = [SAMPLES[code]] * 3
    score = corpus_bleu(lines, [lines], tokenize=chosen)
    assert score.value == pytest.approx(100)
    assert f"tok:{chosen}" in score.signature
    assert not score.is_blind
    is_spaceless = code not in ("ko", "de", "ru", "hi")
    assert (chosen != "13a") == (is_spaceless or chosen == "ko-mecab")
    assert corpus_bleu(lines, [lines], tokenize="13a").is_blind == is_spaceless


def test_a_sample_decides_only_where_the_language_does_not():
    assert default_tokenizer("zh", [SAMPLES["de"]]) == "zh"
    assert default_tokenizer("de", [SAMPLES["de"]]) == "13a"
    assert default_tokenizer("xx", [SAMPLES["th"]]) == "char"
    assert default_tokenizer(None, ["12 34", "", "Made in 中国 by us"]) == "13a"
    assert default_tokenizer(None) == "13a"
