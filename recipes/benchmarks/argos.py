"""Whether Argos Translate installs an exported package, and translates with it as CTranslate2 does with our tokenizer.

    python -m venv argos && argos/bin/pip install argostranslate
    python recipes/benchmarks/argos.py runs/fr-en lines.fr.gz --reference lines.en.gz --argos argos/bin/python

Argos Translate (with PyTorch several GB, from PyPI) installs the package into a folder of its own. It would fetch a
model that finds sentences; here each line is one sentence for it. The search is the library's own: beam 4, length
penalty 0.2.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import zipfile
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

IN_ARGOS = """
import json, sys
from argostranslate import package, translate
path, source, target = sys.argv[1:]
package.install_from_path(path)
translation = translate.get_translation_from_codes(source, target)
class Lines:
    def split_sentences(self, text):
        return [text]
translation.underlying.sentencizer = Lines()
print(json.dumps([translation.translate(line) for line in json.load(sys.stdin)]))
"""
BEAM, PENALTY = 4, 0.2


def main(
    model: Annotated[Path, typer.Argument(help="A run or model directory.")],
    lines: Annotated[Path, typer.Argument(help="A text file, one sentence a line.")],
    argos: Annotated[Path, typer.Option(help="A Python that has argostranslate.")],
    reference: Annotated[Path | None, typer.Option(help="The translations of the lines.")] = None,
    count: Annotated[int, typer.Option(help="Number of lines.")] = 200,
) -> None:
    """Export, install, translate, compare."""
    from transformer_cli import Translator, export
    from transformer_cli.metrics import corpus_bleu

    sources = _texts(lines, count)
    with tempfile.TemporaryDirectory() as folder:
        package = export(model, to="argos", output=Path(folder) / "it.argosmodel")
        with zipfile.ZipFile(package) as archive:
            archive.extractall(Path(folder) / "unpacked")
        (inside,) = (Path(folder) / "unpacked").iterdir()
        facts = json.loads((inside / "metadata.json").read_bytes())
        codes = facts["from_code"], facts["to_code"]
        theirs = _with_argos(argos, package, codes, sources, Path(folder))
        expected = _with_ctranslate2(inside, sources)
    equal = sum(a == b for a, b in zip(theirs, expected, strict=True))
    typer.echo(f"{100 * equal / len(sources):.1f} % of {len(sources)} translations are those of CTranslate2")
    if reference is not None:
        with Translator.load(model, threads=1) as translator:
            ours = translator.translate(sources)
        for name, texts in (("argostranslate", theirs), ("tfm translate", ours)):
            bleu = corpus_bleu(texts, [_texts(reference, count)], tokenize="13a")
            typer.echo(f"{name}: BLEU {bleu.value:.2f} ({bleu.signature})")


def _texts(path: Path, count: int) -> list[str]:
    from transformer_cli.text.lines import read_text_lines
    from transformer_cli.text.normalization import normalize

    return [normalize(line.text) for line in islice(read_text_lines(path), count)]


def _with_argos(argos: Path, package: Path, codes: tuple[str, str], sources: list[str], folder: Path) -> list[str]:
    homes = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"}
    # Without this program's own packages, which a caller may have on the path.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [argos, "-c", IN_ARGOS, package, *codes],
        input=json.dumps(sources),
        env={**kept, **{name: str(folder / value) for name, value in homes.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    translations: list[str] = json.loads(done.stdout.splitlines()[-1])
    return translations


def _with_ctranslate2(package: Path, sources: list[str]) -> list[str]:
    """Translate with the files of a package as the library does, one line after the other."""
    import ctranslate2
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(package / "sentencepiece.model"))
    engine = ctranslate2.Translator(str(package / "model"), intra_threads=1)
    texts = []
    for source in sources:
        pieces = [processor.encode(source, out_type=str)]
        (result,) = engine.translate_batch(pieces, beam_size=BEAM, length_penalty=PENALTY, replace_unknowns=True)
        text = processor.decode_pieces(result.hypotheses[0]).replace("\u2581", " ").replace("_", " ")
        texts.append(text.removeprefix(" "))
    return texts


if __name__ == "__main__":
    typer.run(main)
