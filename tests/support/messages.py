"""What the package logs while a test runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Messages(logging.Handler):
    """Keeps what is logged from level INFO on."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.records.append(record)

    @property
    def texts(self) -> list[str]:
        """The messages of all levels."""
        return [record.getMessage() for record in self.records]

    @property
    def warnings(self) -> list[str]:
        """The messages that are warnings."""
        return [record.getMessage() for record in self.records if record.levelno == logging.WARNING]


@contextmanager
def logged() -> Iterator[Messages]:
    """Yield what the package logs in the block."""
    logger, messages = logging.getLogger("transformer_cli"), Messages()
    level = logger.level
    logger.addHandler(messages)
    logger.setLevel(logging.INFO)
    try:
        yield messages
    finally:
        logger.removeHandler(messages)
        logger.setLevel(level)
