"""Rows that cannot be read: an error, or skipped and counted where the recipe says so, up to a bound."""

from __future__ import annotations

from pathlib import Path

from transformer_cli.data.corpora.pairs import SentencePair
from transformer_cli.errors import DataError

_FEW = 4
_ROWS_BEFORE_STOPPING = 1000


class BadRows:
    """Decides about the rows of one file that cannot be read.

    More than four of them, and a tenth of all, are an error in any case: the file is read in the wrong way.

    Args:
        path: The file.
        are_skipped: Whether the recipe says ``skip_bad_rows = true``.
    """

    def __init__(self, path: Path, *, are_skipped: bool) -> None:
        self._path = path
        self._are_skipped = are_skipped
        self._count = 0
        self._first = ""

    def pair(self, number: int, problem: str, text: str, *, rows: int, is_utf8: bool = True) -> SentencePair:
        """Return a pair with the fault ``bad_row``, which is counted and never used.

        Args:
            number: The line that the row begins in.
            problem: Why it cannot be read, and what to do.
            text: Its text, or the first line of it.
            rows: The number of rows so far.
            is_utf8: Whether its bytes were UTF-8.

        Raises:
            DataError: Bad rows are not to be skipped, or most of many rows are bad.
        """
        place = f"{self._path}:{number}"
        if not self._are_skipped:
            raise DataError(f"{place}: {problem}")
        self._count += 1
        self._first = self._first or f"line {number}: {problem}"
        if self._count == _ROWS_BEFORE_STOPPING and 2 * self._count > rows:
            self.finish(rows)
        return SentencePair(text, "", place, is_utf8, fault="bad_row")

    def finish(self, rows: int) -> None:
        """Check the number of skipped rows.

        Args:
            rows: The number of all rows.

        Raises:
            DataError: Too many rows are bad.
        """
        if self._count > _FEW and 10 * self._count > rows:
            raise DataError(
                f"{self._path}: {self._count} of {rows} rows are bad, more than skip_bad_rows skips (a tenth); "
                f"the first is {self._first}"
            )
