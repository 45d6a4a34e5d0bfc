"""Draw the pictures of the README from the real program, on a terminal of its own.

    python recipes/pictures.py docs/pictures [--folder FOLDER]

trains the phrasebook in FOLDER, translates a sentence, inspects it, and writes ``training.svg`` and ``inspection.svg``.
If FOLDER has a finished ``runs/phrasebook``, its training has nothing to do: for a picture of one take an empty folder.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, LINES = 100, 50
SENTENCE = "Je suis étudiant."
CONTROL = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>]")
PYTHON = f"{sys.executable} -m transformer_cli"


def on_a_terminal(command: str, folder: Path) -> str:
    """Run a shell command with a terminal as its three streams and return all that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "TERMINAL": PYTHON}
    for name in ("NO_COLOR", "COLUMNS", "LINES", "TFM_MODEL", "TFM_RUN_DIR"):
        variables.pop(name, None)
    shell = ["sh", "-c", f'tfm() {{ {PYTHON} "$@"; }}; {command}']
    with subprocess.Popen(shell, cwd=folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        written = bytearray()
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux: the other side is closed
                break
            if not piece:
                break
            written += piece
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"{command}: exit code {process.returncode}\n{written.decode(errors='replace')}")
    return written.decode()


def last_screen(written: str) -> list[str]:
    """Return the lines that a terminal shows after ``written``, each with its colours."""
    lines: list[list[str]] = [[]]
    row, column, style = 0, 0, ""
    position = 0
    while position < len(written):
        if control := CONTROL.match(written, position):
            position = control.end()
            number = int(control[1]) if control[1] and control[1].isdigit() else 0
            if control[2] == "m":
                style = "" if control[1] in ("", "0") else style + control[0]
            elif control[2] == "A":
                row = max(0, row - (number or 1))
            elif control[2] == "K":
                lines[row] = [] if number == 2 else lines[row][:column]
            continue
        character = written[position]
        position += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row += 1
            if row == len(lines):
                lines.append([])
        else:
            cells = lines[row]
            cells += [" "] * (column + 1 - len(cells))
            cells[column] = f"{style}{character}\x1b[0m" if style else character
            column += 1
    return ["".join(cells).rstrip() for cells in lines]


def draw(session: list[str], folder: Path, picture: Path, title: str) -> None:
    """Run commands one after the other and write what the terminal shows in the end as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    for command in session:
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        for line in last_screen(on_a_terminal(command, folder)):
            if line:
                console.print(Text.from_ansi(line))
    drawing = console.export_svg(title=title, unique_id=picture.stem)
    # Whoever looks at the picture asks no other server for a font.
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)
    picture.write_text(re.sub(r"[ \t]+$", "", drawing, flags=re.MULTILINE), encoding="utf-8")


def main(
    pictures: Annotated[Path, typer.Argument(help="Where the pictures go.")],
    folder: Annotated[Path | None, typer.Option(help="Where to train. Default: a temporary folder.")] = None,
) -> None:
    """Draw both pictures."""
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        session = ["tfm train", f'echo "{SENTENCE}" | tfm translate']
        draw(session, place, pictures / "training.svg", "tfm train, tfm translate")
        draw([f'tfm inspect "{SENTENCE}" --terminal'], place, pictures / "inspection.svg", "tfm inspect")


if __name__ == "__main__":
    typer.run(main)
