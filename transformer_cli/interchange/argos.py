"""Export to a package for Argos Translate: a CTranslate2 model, its tokenizer and a few facts in one ``.argosmodel``.

The library looks for ``metadata.json``, ``model/`` and ``sentencepiece.model`` in the one folder of the archive. It has
one SentencePiece model, for cutting a text and for joining the pieces of its translation.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import sentencepiece

from transformer_cli.config import LanguagesConfig
from transformer_cli.data.tokens.tokenizer import TokenizerPair
from transformer_cli.errors import UsageError
from transformer_cli.files.atomic import atomic_write
from transformer_cli.text.languages import parse_language
from transformer_cli.text.normalization import normalize

LONGEST_SOURCE = 1024
"""Number of tokens at which the library cuts a sentence; the model needs a position for each, and one for its end."""

_MADE_FOR = "1.9"  # release of Argos Translate since which packages have had this form
_LANGUAGE_TOKEN = re.compile(">>[^<>]+<<")
_SPACE = "\u2581"

_NAMES = {
    "ar": "Arabic", "az": "Azerbaijani", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "eo": "Esperanto", "es": "Spanish",
    "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish",
    "gl": "Galician", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "ms": "Malay", "nb": "Norwegian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian",
    "sv": "Swedish", "sw": "Swahili", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def package_name(languages: LanguagesConfig) -> str:
    """Return the usual name of a package's folder; that of its file has ``.argosmodel`` after it."""
    return f"translate-{languages.source}_{languages.target}"


def require_packable(tokenizers: TokenizerPair, lines: Sequence[str], translations: Sequence[Sequence[str]]) -> None:
    """Check that Argos Translate cuts and joins text as this program does.

    Args:
        tokenizers: The model's tokenizers.
        lines: Lines to cut.
        translations: The pieces of translations to join.

    Raises:
        UsageError: It does not.
    """
    source, target = tokenizers.source, tokenizers.target
    named = [piece for token in range(source.vocab_size) if _LANGUAGE_TOKEN.fullmatch(piece := source.piece(token))]
    if named:
        raise UsageError(
            f"an Argos package has no place for tokens of target languages, and this model has {', '.join(named[:3])}"
            f"{' ...' if len(named) > 3 else ''}; export to ctranslate2 or huggingface"
        )
    processor = sentencepiece.SentencePieceProcessor(model_proto=source.model)
    texts = [normalize(line) for line in lines]
    cut = [[source.piece(token) for token in source.encode(text)] for text in texts]
    joined = [target.decode([target.processor.piece_to_id(piece) for piece in pieces]) for pieces in translations]
    known = {source.piece(token) for token in range(source.vocab_size)}
    theirs = [
        [piece if piece in known else source.piece(1) for piece in processor.encode(t, out_type=str)] for t in texts
    ]
    if theirs != cut or [_joined(processor, pieces) for pieces in translations] != [_plain(text) for text in joined]:
        raise UsageError(
            "an Argos package has one SentencePiece model, and that of the source does not join this model's "
            "translations; export to ctranslate2 or huggingface, or train with tokenizer.shared = true"
        )


def write_argos_package(
    path: Path, engine: Path, tokenizers: TokenizerPair, languages: LanguagesConfig, *, version: str, card: str
) -> None:
    """Write a package; it appears whole or not at all.

    Args:
        path: The ``.argosmodel``.
        engine: A folder with CTranslate2's files.
        tokenizers: The model's tokenizers, which `require_packable` has passed.
        languages: The languages.
        version: The package's version; Argos Translate takes the higher one for newer.
        card: A description in Markdown.

    Raises:
        TfmError: It cannot be written.
    """
    folder = package_name(languages)
    codes = {"from": languages.source, "to": languages.target}
    names = {side: _NAMES.get(parse_language(code).name, code) for side, code in codes.items()}
    metadata = {
        "package_version": version,
        "argos_version": _MADE_FOR,
        **{f"{side}_code": code for side, code in codes.items()},
        **{f"{side}_name": name for side, name in names.items()},
    }
    with atomic_write(path) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{folder}/metadata.json", json.dumps(metadata, indent=2, ensure_ascii=False) + "\n")
        archive.writestr(f"{folder}/README.md", card)
        archive.writestr(f"{folder}/sentencepiece.model", tokenizers.source.model)
        for file in sorted(engine.iterdir()):
            if file.name in ("model.bin", "config.json") or file.name.endswith("vocabulary.json"):
                archive.write(file, f"{folder}/model/{file.name}")


def _joined(processor: sentencepiece.SentencePieceProcessor, pieces: Sequence[str]) -> str:
    return _plain(processor.decode_pieces(list(pieces)))


def _plain(text: str) -> str:
    """Return a text as the library's last step leaves it."""
    return text.replace(_SPACE, " ").replace("_", " ").removeprefix(" ")
