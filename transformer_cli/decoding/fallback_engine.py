"""Two engines as one, without torch: the second is loaded for what the first does not support."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine
from transformer_cli.decoding.engine import Engine, Prefixes, SearchOptions
from transformer_cli.decoding.hypothesis import Hypothesis


class FallbackEngine:
    """Searches with CTranslate2, or with another engine for the options and prefixes that it lacks; see `Engine`.

    Args:
        fast: Engine for most searches.
        load_other: Function that loads an engine of the same model that supports every option; called at most once.
    """

    def __init__(self, fast: CTranslate2Engine, load_other: Callable[[], Engine]) -> None:
        self._fast = fast
        self._load_other = load_other
        self._other: Engine | None = None
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """See `Engine.limit`."""
        return self._fast.limit

    @property
    def beam_size(self) -> int:
        """See `Engine.beam_size`."""
        return self._fast.beam_size

    @property
    def can_align(self) -> bool:
        """See `Engine.can_align`: the other engine can, and it is loaded for the first line that needs it."""
        return True

    def search(
        self, sources: Sequence[Sequence[int]], options: SearchOptions, prefixes: Prefixes = ()
    ) -> list[list[Hypothesis]]:
        """See `Engine.search`."""
        if self._fast.unsupported(options, prefixes) is None:
            return self._fast.search(sources, options)
        with self._lock:
            other = self._other = self._other or self._load_other()
        return other.search(sources, options, prefixes)

    def close(self) -> None:
        """See `Engine.close`."""
        self._fast.close()
        if self._other is not None:
            self._other.close()
