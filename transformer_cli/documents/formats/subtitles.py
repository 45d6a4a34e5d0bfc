"""Subtitles: SubRip (.srt) and WebVTT (.vtt)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from transformer_cli.documents.content import Content, Tag, flatten, has_whole_pairs, plain_text, tagged, written
from transformer_cli.documents.document import Document, Splice, Task, Unit, damaged, line_end_of
from transformer_cli.documents.formats.html import escape_html
from transformer_cli.documents.formats.subtitle_layout import broken_into_lines, shared_out
from transformer_cli.documents.passages import outer_and_inner

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\n]*")
_TAG = re.compile(r"<(?P<end>/?)(?P<name>\w*)[^<>\n]*>|\{\\[^{}\n]*\}")
_DASH = re.compile(r"\s*[-\u2010-\u2015]")
_VOICE = re.compile(r"<v[.\s>]")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।♪\])][\"'”’»」)\]]*$")
_LONGEST_GAP = 3.0  # seconds of silence that end a sentence
_MOST_CUES = 8
_FEWEST_ENDS = 0.2  # with fewer cues that end a sentence, the subtitles have no punctuation


@dataclass(frozen=True, slots=True)
class _Cue:
    """A text and the time it is shown.

    Args:
        start: Offset of the text.
        end: Offset of its end, without the line break.
        begins: When it is shown, in seconds.
        ends: When it disappears.
        content: What is inside of the tags around the whole text.
        before: The tags before it.
        after: The tags after it.
    """

    start: int
    end: int
    begins: float
    ends: float
    content: Content
    before: Content
    after: Content

    @property
    def text(self) -> str:
        """The text for the model."""
        return flatten(self.content)[0].strip()


def read_srt(text: str, task: Task) -> Document:
    """Read SubRip subtitles; see `Reader`. A sentence that runs over several cues is one text.

    Blank lines end no cue, for players show what stands behind them.
    """
    del task
    cues = list(_cues(text, str, ends_at_blank_line=False))
    if text.strip() and not cues:
        raise damaged(text, 0, "no line such as 00:00:01,000 --> 00:00:02,000; are these subtitles?")
    return Document(text, tuple(_unit(text, group, str) for group in _sentences(cues)))


def read_vtt(text: str, task: Task) -> Document:
    """Read WebVTT subtitles; see `Reader`. A sentence that runs over several cues is one text."""
    del task
    if not re.match(r"WEBVTT(?:[ \t]|\r?\n|\Z)", text):
        raise damaged(text, 0, "the first line is not WEBVTT")
    cues = _cues(text, html.unescape, ends_at_blank_line=True)
    return Document(text, tuple(_unit(text, group, escape_html) for group in _sentences(cues)))


def _cues(text: str, unescape: Callable[[str], str], *, ends_at_blank_line: bool) -> Iterator[_Cue]:
    """Yield the cues with a text; it ends before the number and the times of the next cue, if not earlier."""
    lines = list(re.finditer(r"[^\n]*(?:\n|\Z)", text))
    found = ((number, _TIMING.fullmatch(line[0].rstrip("\r\n"))) for number, line in enumerate(lines))
    timings = [(number, timing) for number, timing in found if timing]
    ends = [*(number for number, _ in timings), len(lines)][1:]
    for (number, timing), following in zip(timings, ends, strict=True):
        own = lines[number + 1 : following]
        if following < len(lines):
            own = _without_number(own)
        if ends_at_blank_line:
            own = list(takewhile(lambda line: line[0].strip(), own))
        with_text = [line for line in own if line[0].strip()]
        if not with_text:
            continue
        start, end = with_text[0].start(), with_text[-1].start() + len(with_text[-1][0].rstrip("\r\n"))
        content = tagged(text[start:end], _TAG, unescape)
        before, inner, after = outer_and_inner(content)
        yield _Cue(start, end, _seconds(timing, 1), _seconds(timing, 5), inner, before, after)


def _without_number(lines: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the lines before the times of a cue without its number, which a blank line may divide from them."""
    last = max((at for at, line in enumerate(lines) if line[0].strip()), default=-1)
    is_apart = last + 1 == len(lines) or (last > 0 and not lines[last - 1][0].strip())
    return lines[:last] if is_apart and last >= 0 and lines[last][0].strip().isdecimal() else lines


def _seconds(timing: re.Match[str], group: int) -> float:
    hours, minutes, seconds, fraction = timing.group(group, group + 1, group + 2, group + 3)
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")


def _sentences(cues: Iterable[_Cue]) -> Iterator[list[_Cue]]:
    """Yield the cues in groups: one cue, or several over which a sentence runs."""
    every = [cue for cue in cues if cue.text]
    ends = sum(bool(_SENTENCE_END.search(cue.text)) for cue in every)
    has_punctuation = ends >= _FEWEST_ENDS * len(every)
    group: list[_Cue] = []
    for cue in every:
        if group and not (has_punctuation and len(group) < _MOST_CUES and _runs_on(group[-1], cue)):
            yield group
            group = []
        group.append(cue)
    if group:
        yield group


def _runs_on(cue: _Cue, following: _Cue) -> bool:
    """Return whether a sentence runs from one cue into the next; a tag or two speakers end it."""
    if _SENTENCE_END.search(cue.text) or following.begins - cue.ends > _LONGEST_GAP:
        return False
    if any(isinstance(piece, Tag) for piece in (*cue.content, *following.content)):
        return False
    return not any(_DASH.match(line) for each in (cue, following) for line in plain_text(each.content).split("\n"))


def _unit(text: str, group: list[_Cue], escape: Callable[[str], str]) -> Unit:
    if len(group) > 1:
        sources: tuple[Content, ...] = ((" ".join(cue.text for cue in group),),)
    else:
        sources = tuple(_speakers(group[0].content))
    return Unit(
        sources,
        group[0].start,
        partial(_render, line_end_of(text), group, escape),
        replaces_source=True,
        is_flowing=True,
    )


def _speakers(content: Content) -> Iterator[Content]:
    """Yield what each speaker of a dialogue says, from a dash at the head of a line or the tag of a voice."""
    speakers: list[list[str | Tag]] = []
    for line in _lines(content):
        begins = _DASH.match(plain_text(line)) or _is_voice(line[0])
        if begins or not speakers:
            speakers.append([*line])
        else:
            _append(speakers[-1], "\n")
            for piece in line:
                _append(speakers[-1], piece)
    # A tag that surrounds two speakers keeps them together.
    if len(speakers) > 1 and all(has_whole_pairs(tuple(each)) for each in speakers):
        yield from map(tuple, speakers)
    else:
        yield content


def _is_voice(piece: str | Tag) -> bool:
    return isinstance(piece, Tag) and bool(_VOICE.match(piece.source))


def _ends_speech(piece: str | Tag) -> bool:
    if isinstance(piece, Tag):
        return piece.source.startswith("</v")
    return not piece.strip() or bool(_SENTENCE_END.search(piece.rstrip()))


def _lines(content: Content) -> Iterator[Content]:
    """Yield the lines of a content that are not empty; the tag of a voice begins one too, but not inside a sentence."""
    line: list[str | Tag] = []
    for piece in content:
        if isinstance(piece, Tag):
            if _is_voice(piece) and line and _ends_speech(line[-1]):
                yield tuple(line)
                line = []
            line.append(piece)
            continue
        *ended, rest = piece.split("\n")
        for text in ended:
            if line or text:
                yield tuple(part for part in (*line, text) if part)
            line = []
        line += [rest] if rest else []
    if line:
        yield tuple(line)


def _append(pieces: list[str | Tag], piece: str | Tag) -> None:
    """Append a piece; a text after another one goes on with it."""
    if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
        pieces[-1] += piece
    else:
        pieces.append(piece)


def _render(
    line_end: str, group: Sequence[_Cue], escape: Callable[[str], str], contents: Sequence[Content]
) -> Iterator[Splice]:
    if len(group) == 1:
        new = [tuple(piece for content in contents for piece in (*broken_into_lines(content), "\n"))[:-1]]
    else:
        durations = [cue.ends - cue.begins for cue in group]
        new = [broken_into_lines((part,)) for part in shared_out(plain_text(contents[0]), durations)]
    for cue, content in zip(group, new, strict=True):
        text = written((*cue.before, *content, *cue.after), escape).replace("\r\n", "\n").replace("\n", line_end)
        yield Splice(cue.start, cue.end, text)
