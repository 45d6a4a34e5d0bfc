"""Cached translations of test sentences: the report compares versions without translating everything again."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import TypeAdapter

from transformer_cli.artifacts.run_directory import RunDirectory
from transformer_cli.files.atomic import write_atomically
from transformer_cli.files.os_errors import explain_os_errors

_TRANSLATIONS = TypeAdapter(dict[str, str])


def kept_test_translations(run: RunDirectory, version: str) -> dict[str, str]:
    """Return a version's cached translations of test sentences, by source sentence."""
    try:
        return _TRANSLATIONS.validate_json(run.test_translations(version).read_bytes())
    except (OSError, ValueError):
        return {}


def keep_test_translations(run: RunDirectory, version: str, translations: Mapping[str, str]) -> None:
    """Cache a version's translations of test sentences, in place of earlier ones.

    Args:
        run: The run directory.
        version: Name of the version.
        translations: The translations by source sentence.

    Raises:
        TfmError: The file cannot be written.
    """
    path = run.test_translations(version)
    with explain_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(dict(translations), ensure_ascii=False, indent=0).encode())


def forget_removed_versions(run: RunDirectory) -> None:
    """Remove what ``report/`` holds of deleted versions."""
    versions = {folder.name for folder in run.version_folders()}
    with explain_os_errors(run.path):
        for path in run.test_translations("x").parent.glob("*.json"):
            if path.name.split(".")[0] not in versions:
                path.unlink(missing_ok=True)
