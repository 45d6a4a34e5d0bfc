"""The program ``tfm``: its commands, and the handling of errors and signals."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from transformer_cli.cli import signals, streams
from transformer_cli.cli.commands.export import export
from transformer_cli.cli.commands.import_model import import_model
from transformer_cli.cli.commands.init import init
from transformer_cli.cli.commands.inspect import inspect
from transformer_cli.cli.commands.prepare import prepare
from transformer_cli.cli.commands.report import report
from transformer_cli.cli.commands.score import score
from transformer_cli.cli.commands.train import train
from transformer_cli.cli.commands.train_tokenizer import train_tokenizer
from transformer_cli.cli.commands.translate import translate
from transformer_cli.cli.commands.versions import versions
from transformer_cli.cli.display import console
from transformer_cli.errors import TfmError, UsageError, is_out_of_memory, lower_first
from transformer_cli.version import __version__

logger = logging.getLogger(__name__)

_MORE_MEMORY = (
    "out of memory; lower training.batch_tokens or raise training.accumulation to train, lower --batch-tokens to "
    "translate, or take a smaller model"
)

app = typer.Typer(
    name="tfm",
    help="Train a Transformer on your own sentence pairs and translate with it.",
    epilog="Example: tfm train && echo 'Je suis étudiant.' | tfm translate",
    invoke_without_command=True,
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
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)
    try:
        Path.cwd()
    except FileNotFoundError:  # libraries that are loaded later would end the process
        raise TfmError("the working directory has been removed; change to one that exists (cd)") from None


app.command(
    "init",
    short_help="Write a recipe that fits your corpora and this machine.",
    epilog="Example: tfm init corpus.tmx --from fr --to en",
)(init)
app.command(
    "prepare",
    short_help="Read, clean, de-duplicate and split the corpora.",
    epilog="Example: tfm prepare phrasebook",
)(prepare)
app.command(
    "train-tokenizer",
    short_help="Learn the SentencePiece model.",
    epilog="Example: tfm train-tokenizer phrasebook",
)(train_tokenizer)
app.command(
    "train",
    short_help="Train a model, or go on with an interrupted training.",
    epilog="Example: tfm train phrasebook --set training.max_minutes=5",
)(train)
app.command(
    "translate",
    short_help="Translate lines of text.",
    epilog="Example: tfm translate < input.txt > output.txt",
)(translate)
app.command(
    "inspect",
    short_help="Show what a model does with a sentence.",
    epilog="Example: tfm inspect 'Je suis étudiant.' --output page.html",
)(inspect)
app.command(
    "report",
    short_help="Write one page about a run.",
    epilog="Example: tfm report runs/phrasebook",
)(report)
app.command(
    "score",
    short_help="Compute BLEU, chrF and TER.",
    epilog="Example: tfm translate < test.fr | tfm score test.en",
)(score)
app.command(
    "import",
    short_help="Take over a Marian, OPUS-MT or Hugging Face model.",
    epilog="Example: tfm import opus-2020-02-26.zip --from en --to de",
)(import_model)
app.command(
    "export",
    short_help="Write a model in another library's format.",
    epilog="Example: tfm export --to ctranslate2",
)(export)
app.command(
    "versions",
    short_help="List the released versions, switch to one, go back.",
    epilog="Example: tfm versions rollback",
)(versions)


def main() -> None:
    """Run the command line and exit with one of the documented codes."""
    signals.install()
    streams.make_usable()
    code = run()
    signals.ignore()
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line without leaving the process.

    Args:
        arguments: The command-line arguments after the program name; None: those of this process.

    Returns:
        The exit code.
    """
    with console.shown_messages():
        return _run(arguments)


def _run(arguments: list[str] | None) -> int:
    try:
        # Without "standalone mode" Typer raises usage errors instead of drawing them, and returns the code of `Exit`.
        with signals.before_errors():
            code = app(arguments, standalone_mode=False, prog_name="tfm")
            sys.stdout.flush()
    except (TfmError, signals.SignalReceived) as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        return _fail(_explain_usage(error.format_message()), UsageError.exit_code)
    except BrokenPipeError:
        streams.discard_stdout()
        return 0
    except SystemExit as leaving:
        # The reader of stdout has closed it, as with `| head -1`; Typer would treat that as a failure and exit at once.
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        streams.discard_stdout()
        return 0
    except OSError as error:
        if error.filename is None:  # then stdout is the file that cannot be written
            streams.discard_stdout()
        return _fail(f"{error.filename or 'cannot write stdout'}: {lower_first(error.strerror or str(error))}", 1)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return _fail(_MORE_MEMORY, 1)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    logger.error(message)
    return code


def _explain_usage(message: str) -> str:
    message = (
        " ".join(message.split()).rstrip(".").replace("Value error, ", "").replace(": Input should", ": it should")
    )
    message = (
        lower_first(message).replace(". Did you mean", "; did you mean").replace(". Choose from:", "; choose from")
    )
    return message if message.endswith("?") else f"{message}; --help tells what there is"
