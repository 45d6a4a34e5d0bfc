from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import translate, unchanged
from transformer_cli.documents.content import plain_text
from transformer_cli.documents.formats.subtitle_layout import broken_into_lines, shared_out
from transformer_cli.errors import DataError

SRT = """\
1
00:00:01,000 --> 00:00:04,000  X1:40 X2:600
Le chat noir dort
dans la maison,

2
00:00:04,100 --> 00:00:05,100
et le chien.


3
00:00:07,000 --> 00:00:09,000
- Le chat ?
- Non, le <x

4
00:00:10,000 --> 00:00:12,000
{\\an8}<i>La <b>grande</b> maison.</i>
5
00:00:13,000 --> 00:00:14,000
♪ 42 ♪

6
00:00:15,000 --> 00:00:16,000
"""
VTT = """\
WEBVTT - titre

NOTE
le chat

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start
<v Roger>Le chat &amp; le chien

1:00:03.000 --> 1:00:04.000
<c.bleu><00:03.500>dort&nbsp;!</c>
"""


def listened_to(text: str) -> tuple[str, list[str]]:
    """Return subtitles translated to capitals, and what the model was given."""
    heard: list[str] = []

    def say(line: str) -> str:
        heard.append(line)
        return line.upper()

    return translate(text.encode(), "srt", say).decode(), heard


@pytest.mark.parametrize(("text", "kind"), [(SRT, "srt"), (VTT, "vtt")])
@pytest.mark.parametrize("form", ["plain", "carriage returns", "mark", "no last line end"])
def test_subtitles_read_and_written_are_the_same_in_every_byte(text, kind, form):
    data = {
        "plain": text.encode(),
        "carriage returns": text.replace("\n", "\r\n").encode(),
        "mark": b"\xef\xbb\xbf" + text.encode(),
        "no last line end": text.rstrip("\n").encode(),
    }[form]

    assert unchanged(data, kind) == data
    assert translate(data, kind) == data
    changed = translate(data, kind, str.upper)
    assert changed.count(b"\r\n") == (changed.count(b"\n") if b"\r" in data else 0)


def test_a_sentence_over_two_cues_is_translated_whole_and_shared_out_by_time():
    changed, heard = listened_to(SRT)

    assert "Le chat noir dort dans la maison, et le chien." in heard
    expected = (
        SRT.replace("Le chat noir dort\ndans la maison,", "LE CHAT NOIR DORT DANS LA MAISON,")
        .replace("et le chien.", "ET LE CHIEN.")
        .replace("- Le chat ?\n- Non, le <x", "- LE CHAT ?\n- NON, LE <X")
        .replace("La <b>grande</b> maison.", "LA <b>GRANDE</b> MAISON.")
    )
    assert changed == expected


def test_what_is_no_text_of_a_cue_stays():
    expected = VTT.replace("Le chat &amp; le chien", "LE CHAT &amp; LE CHIEN").replace("dort&nbsp;!", "DORT&nbsp;!")

    assert translate(VTT.encode(), "vtt", str.upper).decode() == expected


@pytest.mark.parametrize("blank", ["\n", " \n\n"])
def test_blank_lines_hide_no_text_of_a_cue(blank):
    page = "".join(
        f"{number}\n00:00:0{number},000 --> 00:00:0{number},900\n{text}{blank}"
        for number, text in enumerate([f"Un.\n{blank}Deux.\n", f"{blank}Trois.\n", blank, "\n\n", "1984.\n\nSix.\n"])
    )

    changed, heard = listened_to(page)

    assert heard == ["Un. Deux.", "Trois.", "1984. Six."]
    assert changed == page.replace(f"Un.\n{blank}Deux", "UN. DEUX").replace("Trois", "TROIS").replace(
        "1984.\n\nSix", "1984. SIX"
    )


def test_a_number_is_no_text_though_a_blank_line_divides_it_from_the_times():
    times = "00:00:01,000 --> 00:00:02,000\n"
    page = f"1\n{times}Le chat\n\n2\n\n{times}dort.\n\n3\n{times}1984\n\n4\n{times}Fin 5.\n"

    assert listened_to(page)[1] == ["Le chat dort.", "1984 Fin 5."]


def test_cues_without_punctuation_are_translated_one_by_one():
    cues = "".join(f"{i}\n00:00:0{i},000 --> 00:00:0{i},900\nle chat {'abcdefgh'[i]}\n\n" for i in range(1, 8))
    assert len(listened_to(cues)[1]) == 7


@pytest.mark.parametrize(
    ("text", "kind"), [("un texte\n", "srt"), ("<html>", "srt"), ("00:01.000 --> 00:02.000\na", "vtt")]
)
def test_what_is_no_subtitle_is_refused(text, kind):
    with pytest.raises(DataError, match="line 1: "):
        translate(text.encode(), kind)


WORDS = st.lists(st.sampled_from(["le", "chat,", "dort.", "anticonstitutionnellement", "東京", "a"]), max_size=25)


@given(WORDS.map(" ".join), st.lists(st.floats(0, 10), min_size=1, max_size=5))
def test_a_text_is_shared_out_without_a_loss_and_no_part_is_empty_if_there_are_words_enough(text, shares):
    parts = shared_out(text, shares)

    assert len(parts) == len(shares)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    if len(text.split(" ")) >= len(shares):
        assert all(parts) or not text


def test_the_length_of_parts_follows_the_shares_and_breaks_stand_after_clauses():
    assert shared_out("a b c d e f g h", [3.0, 1.0]) == ["a b c d e f", "g h"]
    assert shared_out("un deux trois, quatre cinq", [1.0, 1.0]) == ["un deux trois,", "quatre cinq"]


@given(WORDS.map(" ".join))
def test_a_line_has_at_most_42_characters_and_two_lines_are_about_equal(text):
    lines = plain_text(broken_into_lines((text,))).split("\n")

    assert " ".join(lines) == text or "東京" in text
    # Only words that cannot be divided, in more lines than a subtitle has, make a line longer.
    assert all(len(line) <= 42 for line in lines) or len(lines) > 2 or len(text.split(" ")) <= 2
    if len(lines) == 2:
        assert abs(len(lines[0]) - len(lines[1])) < 42


@pytest.mark.parametrize(
    ("cue", "heard"),
    [
        ("♪ Le chat dort ♪", "Le chat dort"),
        ("<i>♫Il dort,\nil dort. ♫♪</i>", "Il dort, il dort."),
        ("- ♪ Là ♪", "Là"),
        ("♪♪ <i>Ici</i> ♪♪", "Ici"),
    ],
)
def test_the_notes_of_a_song_stay_where_they_are(cue, heard):
    page = f"1\n00:00:01,000 --> 00:00:03,000\n{cue}\n".encode()
    said: list[str] = []

    def say(line: str) -> str:
        said.append(line)
        return "LÀ"

    new = translate(page, "srt", say).decode().split("\n", 2)[2]
    assert said == [heard]
    assert "".join(new.split()) == "".join(cue.replace("\n", " ").replace(heard, "LÀ").split())


@pytest.mark.parametrize(
    ("kind", "cue", "expected"),
    [
        ("srt", "<i>- Où ?</i>\n- Là.", "<i>- OÙ ?</i>\n- LÀ."),
        ("srt", "- <i>Où</i> est-il ?\n- <b>Là.</b>", "- <i>OÙ</i> EST-IL ?\n- <b>LÀ.</b>"),
        ("vtt", "<v Marie>Où ?</v>\n<v Paul>Là.</v>", "<v Marie>OÙ ?</v>\n<v Paul>LÀ.</v>"),
        ("vtt", "<v Marie>Où ?</v> <v Paul>Là.</v>", "<v Marie>OÙ ?</v>\n<v Paul>LÀ.</v>"),
        ("vtt", "<v Marie>Où ? <v.loud Paul>Là.", "<v Marie>OÙ ?\n<v.loud Paul>LÀ."),
        ("vtt", "<v Marie>Où ?</v><v Paul>Là.</v>", "<v Marie>OÙ ?</v>\n<v Paul>LÀ.</v>"),
        ("vtt", "<i><v Marie>Où ?</v> <v Paul>Là.</v></i>", "<i><v Marie>OÙ ?</v>\n<v Paul>LÀ.</v></i>"),
    ],
)
def test_each_speaker_is_translated_alone_with_tags_too(kind, cue, expected):
    page = f"{'WEBVTT' if kind == 'vtt' else '1'}\n{{}}00:00:01.000 --> 00:00:03.000\n{{}}\n"
    before = "\n" if kind == "vtt" else ""
    heard: list[str] = []

    def say(line: str) -> str:
        heard.append(line)
        return line.upper()

    data = page.format(before, cue).encode()
    assert unchanged(data, kind) == data
    assert translate(data, kind, say).decode() == page.format(before, expected)
    assert len(heard) == 2
