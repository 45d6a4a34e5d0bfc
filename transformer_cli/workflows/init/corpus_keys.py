"""The keys of a corpus that content tells, for the recipe, and those that only a person can tell, for messages."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transformer_cli.config import CorpusFiles, LanguagesConfig, NamedCorpus
from transformer_cli.data.corpora.formats.tables.read import find_columns_of
from transformer_cli.data.corpora.names import TABLES, kind_of
from transformer_cli.errors import UnsetKeyError
from transformer_cli.recipe import toml_value


@contextmanager
def explain_keys(corpus: NamedCorpus) -> Iterator[None]:
    """Extend the message about keys that ``corpus`` needs by the argument of the command line that gives them."""
    try:
        yield
    except UnsetKeyError as error:
        given = corpus.model_dump() if isinstance(corpus, CorpusFiles) else corpus
        table = {**(given if isinstance(given, dict) else {"path": given}), **error.keys}
        argument = shlex.quote(toml_value(table))
        raise UnsetKeyError(f"{error}; here that is {argument} in place of the name", error.keys) from None


def with_found_keys(corpus: NamedCorpus, languages: LanguagesConfig) -> NamedCorpus:
    """Return the corpus with the keys of what was found by content: a table's columns and header.

    A recipe that names them reads the same columns whatever is added to the table. Names of several files
    stay as they are, since each file may have other columns.

    Raises:
        DataError: The table cannot be read.
    """
    files = corpus if isinstance(corpus, CorpusFiles) else CorpusFiles(path=corpus)
    if files.path is None or kind_of(files.path) not in TABLES or not Path(files.path).is_file():
        return corpus
    columns = find_columns_of(Path(files.path), languages, files)
    return corpus if columns is None or not columns.found else files.model_copy(update=dict(columns.found))
