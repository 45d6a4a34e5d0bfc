"""Puts inline tags into a translation, by word alignment.

The tags of the source are a tree. Each element of it surrounds source words, and in the translation the neighbouring
words that are aligned with these. Elements of one parent never overlap, and children stay inside their parent, so the
result is well-formed and complete for every translation and every alignment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from transformer_cli.documents.content import Content, Tag, flatten, matching_tags
from transformer_cli.documents.words import Word, anchored_links, is_unspaced, words_of

Links = Sequence[tuple[int, int]]
"""Pairs (word of the source, word of the translation), counted from 0; words are separated by spaces."""


@dataclass(slots=True)
class _Element:
    """A tag, or two tags and what is between them.

    Args:
        open: Index of the tag in the content.
        close: Index of the second tag, or the same as ``open`` for a single tag.
        start: Offset of the tag in the source text.
        end: Offset of the second tag.
        has_space: Whether it is a tag with a space before it.
        stands_alone: Whether it is a tag with a space on both sides, as a word has.
        children: The elements inside.
        place: Offsets in the translation.
    """

    open: int
    close: int
    start: int
    end: int
    has_space: bool
    stands_alone: bool
    children: list[_Element] = field(default_factory=list)
    place: tuple[int, int] = (0, 0)


def project(content: Content, translation: str, links: Links | None) -> Content:
    """Return a translation with the tags of its source.

    No tag stands inside a word. A tag that stood alone follows the word that it followed.

    Args:
        content: The source.
        translation: Text of the translation, one line with single spaces.
        links: The alignment of the words of the source's text (`flatten`) and of ``translation``; None: unknown.
    """
    content, joined = _with_wordless_elements_joined(content)
    source, offsets = flatten(content)
    if not offsets:
        return (translation,) if translation else ()
    tree = _tree(content, offsets, len(source))
    placer = _Placer(source, translation, links)
    placer.place_children(tree, (0, len(translation)))
    pieces = (joined.get(id(piece), (piece,)) for piece in _written(tree, content, translation) if piece)
    return tuple(chain.from_iterable(pieces))


def _with_wordless_elements_joined(content: Content) -> tuple[Content, dict[int, Content]]:
    """Return content in which an element without text, as ``<b><br/></b>``, is one tag, and what each such tag was.

    The keys are the tags' identities, for equal tags may stand for different elements.
    """
    pairs = matching_tags(content)
    pieces: list[str | Tag] = []
    joined: dict[int, Content] = {}
    index = 0
    while index < len(content):
        end = pairs.get(index, index)
        inside = content[index : end + 1]
        if end > index + 1 and all(isinstance(piece, Tag) for piece in inside):
            tag = Tag("single", "".join(piece.source for piece in inside if isinstance(piece, Tag)))
            joined[id(tag)] = inside
            pieces.append(tag)
        else:
            pieces.append(content[index])
            end = index
        index = end + 1
    return tuple(pieces), joined


def _tree(content: Content, offsets: dict[int, int], length: int) -> _Element:
    pairs = matching_tags(content)
    root = _Element(-1, len(content), 0, length, has_space=False, stands_alone=False)
    is_open = [root]
    closing = {end: start for start, end in pairs.items()}
    for index, offset in offsets.items():
        if index in closing:
            is_open.pop().end = offset
            continue
        has_space, has_space_after = (index not in pairs and is_there for is_there in _spaces(content, index))
        alone = has_space and has_space_after
        element = _Element(index, pairs.get(index, index), offset, offset, has_space, alone)
        is_open[-1].children.append(element)
        if index in pairs:
            is_open.append(element)
    return root


def _spaces(content: Content, index: int) -> tuple[bool, bool]:
    """Return whether a tag has a space, or an end of the text, before and after it; tags beside it do not count."""
    before = next((piece for piece in reversed(content[:index]) if isinstance(piece, str)), " ")
    after = next((piece for piece in content[index:] if isinstance(piece, str)), " ")
    return before[-1:].isspace(), after[:1].isspace()


def _written(element: _Element, content: Content, translation: str) -> Iterator[str | Tag]:
    """Yield what is inside an element: its text and its children in the order of their places."""
    cursor, end = element.place
    for child in sorted(element.children, key=lambda child: child.place):
        start = min(max(child.place[0], cursor), end)
        child.place = (start, min(max(child.place[1], start), end))
        yield translation[cursor:start]
        before = translation[start - 1] if start > element.place[0] else " "
        if before != " " and (child.stands_alone or (child.has_space and not is_unspaced(before))):
            yield " "
        yield content[child.open]
        if child.stands_alone and start < end and translation[start] != " ":
            yield " "
        if child.close != child.open:
            yield from _written(child, content, translation)
            yield content[child.close]
        cursor = child.place[1]
    yield translation[cursor:end]


def _has_letter(word: Word) -> bool:
    return any(character.isalnum() for character in word.text)


class _Placer:
    """Finds the places of elements in a translation."""

    def __init__(self, source: str, translation: str, links: Links | None) -> None:
        self._source = source
        self._translation = translation
        self._source_words = words_of(source)
        self._words = words_of(translation)
        found = anchored_links(self._source_words, self._words, links)
        self._linked: list[set[int]] = [set() for _ in self._words]
        for i, j in found:
            self._linked[j].add(i)

    def place_children(self, parent: _Element, bounds: tuple[int, int]) -> None:
        """Give the children of an element, and theirs, places inside ``bounds``, which becomes the element's place."""
        parent.place = bounds
        inside = [j for j, word in enumerate(self._words) if word.is_in(*bounds)]
        taken: set[int] = set()
        pairs = [child for child in parent.children if child.close != child.open]
        chosen = {child.open: self._best_run(child, inside) for child in pairs}
        for child in sorted(pairs, key=lambda child: -chosen[child.open][0]):
            run = self._run_without(child, chosen[child.open][1], inside, taken)
            taken.update(run)
            place = self._place_of_run(child, run, bounds) if run else (self._anchor(child, bounds),) * 2
            self.place_children(child, place)
        for child in parent.children:
            if child.close == child.open:
                child.place = (self._anchor(child, bounds),) * 2
        self._keep_out(parent.children)

    def _own_words(self, element: _Element) -> set[int]:
        """Return the source words of an element: those of which it has a letter or digit, else those it touches."""
        start, end = element.start, element.end
        words = list(enumerate(self._source_words))
        lettered = {i for i, word in words if word.core_start < end and start < word.core_end}
        return lettered or {i for i, word in words if word.start < end and start < word.end}

    def _best_run(self, child: _Element, inside: list[int]) -> tuple[int, list[int]]:
        """Return the neighbouring words of the translation that fit an element best, and how well they do.

        Each word linked to the element counts 1, each word linked to other source words counts -1.
        """
        own = self._own_words(child)
        best: tuple[int, list[int]] = (0, [])
        run: list[int] = []
        total = 0
        for j in inside:
            linked = self._linked[j]
            gain = 0 if not linked else 1 if 2 * len(linked & own) >= len(linked) else -1
            if total < 0:
                run, total = [], 0
            run = [*run, j]
            total += gain
            goes_on = gain > 0 and total == best[0] and run[:1] == best[1][:1]
            if total > best[0] or goes_on:
                best = (total, run)
        score, words = best
        while words and not self._linked[words[0]]:
            words = words[1:]
        return score, words

    def _run_without(self, child: _Element, run: list[int], inside: list[int], taken: set[int]) -> list[int]:
        """Return the longest part of a run that no sibling has taken, or if there is none, a free word."""
        parts: list[list[int]] = [[]]
        for j in run:
            if j in taken:
                parts.append([])
            else:
                parts[-1].append(j)
        longest = max(parts, key=len)
        if longest or child.start == child.end:
            return longest
        free = [j for j in inside if j not in taken]
        # Nothing is aligned: the word that stands as far from the beginning as the element does.
        share = (child.start + child.end) / 2 / max(len(self._source), 1)
        return sorted(free, key=lambda j: (bool(self._linked[j]), abs(j + 0.5 - share * len(self._words))))[:1]

    def _place_of_run(self, child: _Element, run: list[int], bounds: tuple[int, int]) -> tuple[int, int]:
        """Return the offsets of a run; punctuation at its ends belongs to it as in the source."""
        first, last = self._words[run[0]], self._words[run[-1]]
        inner = self._source[child.start : child.end].strip()
        begins, ends = inner[:1], inner[-1:]
        start = first.core_start if begins.isalnum() else first.start
        end = last.core_end if ends.isalnum() else last.end
        has_tag_at_end = any(tag.start == child.end for tag in child.children)
        if has_tag_at_end and self._source[child.end - 1] == " " and self._translation[end : end + 1] == " ":
            end += 1  # the space before that tag
        return max(start, bounds[0]), min(end, bounds[1])

    def _anchor(self, element: _Element, bounds: tuple[int, int]) -> int:
        """Return the offset for a tag that stands alone: after the word that it followed, else before the next."""
        if (inside := self._inside_of_word(element)) is not None:
            return self._within(inside, bounds)
        before = self._source[element.start - 1 : element.start]
        touches_before = before not in ("", " ")
        touches_next = not element.stands_alone and self._source[element.end : element.end + 1] not in ("", " ")
        previous = [i for i, word in enumerate(self._source_words) if word.core_end <= element.start]
        following = [i for i, word in enumerate(self._source_words) if word.core_start >= element.end]
        if (
            touches_next
            and not touches_before
            and not element.stands_alone
            and (place := self._words_for(following[:1]))
        ):
            is_mark = not _has_letter(self._source_words[following[0]])  # as a full stop after code
            ends_word = is_mark and _has_letter(place[0])
            return self._within(place[0].core_end if ends_word else place[0].start, bounds)
        for i in reversed(previous):
            if place := self._words_for([i]):
                is_after_letter = self._source[: element.start].rstrip(" ")[-1:].isalnum()
                return self._within(place[-1].core_end if is_after_letter else place[-1].end, bounds)
        return bounds[0]

    def _inside_of_word(self, element: _Element) -> int | None:
        """Return the offset for a tag that a word surrounds, as ``()`` does with code, or None if no word does."""
        for i, word in enumerate(self._source_words):
            if word.start < element.start < word.core_end and (place := self._words_for([i])):
                rest = self._source[element.start : word.end]
                last = place[-1]
                if not any(map(str.isalnum, rest)) and self._translation[last.start + 1 : last.end].endswith(rest):
                    return last.end - len(rest)
                return place[0].core_start if element.start <= word.core_start else last.end
        return None

    def _words_for(self, sources: Sequence[int]) -> list[Word]:
        return [self._words[j] for j, linked in enumerate(self._linked) if linked & {*sources}]

    @staticmethod
    def _within(offset: int, bounds: tuple[int, int]) -> int:
        return min(max(offset, bounds[0]), bounds[1])

    @staticmethod
    def _keep_out(children: list[_Element]) -> None:
        """Move what stands alone out of the elements beside it, to their end."""
        for child in children:
            if child.place[0] == child.place[1]:
                ends = [other.place[1] for other in children if other.place[0] < child.place[0] < other.place[1]]
                child.place = (max([child.place[0], *ends]),) * 2
