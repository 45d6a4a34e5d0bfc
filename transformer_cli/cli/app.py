"""The program ``tfm``: its commands, and what becomes of errors and signals."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from transformer_cli import __version__
from transformer_cli.cli import console, signals
from transformer_cli.cli.prepare import prepare
from transformer_cli.cli.score import score
from transformer_cli.cli.train import train
from transformer_cli.cli.train_tokenizer import train_tokenizer
from transformer_cli.cli.translate import translate
from transformer_cli.errors import TfmError, UsageError

app = typer.Typer(
    name="tfm",
    help="Train a Transformer on your own sentence pairs and translate with it.",
    epilog="Example: tfm train && echo 'Je suis étudiant.' | tfm translate",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tfm {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command("prepare", epilog="Example: tfm prepare phrasebook")(prepare)
app.command("train-tokenizer", epilog="Example: tfm train-tokenizer phrasebook")(train_tokenizer)
app.command("train", epilog="Example: tfm train phrasebook --set training.max_minutes=5")(train)
app.command("translate", epilog="Example: tfm translate < input.txt > output.txt")(translate)
app.command("score", epilog="Example: tfm translate < test.fr | tfm score test.en")(score)


def main() -> None:
    """Run the command line and exit with one of the documented codes."""
    signals.install()
    sys.exit(_run())


def _run() -> int:
    try:
        # Without "standalone mode" Typer raises usage errors instead of drawing them, and returns the code of `Exit`.
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except TfmError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        return _fail(f"{_lower_first(error.format_message())}; --help tells what there is", UsageError.exit_code)
    except typer.Abort:
        return _fail("interrupted", 128 + signal.SIGINT)
    except BrokenPipeError:
        # The reader has gone, as with `| head -1`. What is still in the buffer has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'the system'}: {error.strerror or error}", 1)
    except MemoryError:
        return _fail("out of memory; lower training.batch_tokens, raise training.accumulation, or --batch-tokens", 1)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    console.error(message)
    return code


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
