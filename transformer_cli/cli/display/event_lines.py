"""The reports of a training in words, one line or several."""

from __future__ import annotations

from transformer_cli.cli.display import console
from transformer_cli.training.events import IntervalReport, SessionOpened, StepReport, ValidationReport

_INDENT = "    "


def lines_of(event: object) -> list[str]:
    """Word a report; a single update has nothing to say unless details are wanted."""
    match event:
        case StepReport() if console.is_verbose():
            return [f"step {event.step}: loss {event.loss:.3f}, gradient norm {event.gradient_norm:.3g}"]
        case str():
            return [event]
        case SessionOpened():
            where = f"{event.device}, {event.threads} threads" if event.device == "cpu" else event.device
            where += f", {event.precision}"
            return [f"{event.parameters:,} parameters, {event.updates_per_epoch} updates an epoch, on {where}"]
        case IntervalReport():
            return [f"step {event.step}: {_figures(event)}, {duration(event.elapsed_seconds)} so far"]
        case ValidationReport():
            source, translation, reference = event.scores.sample
            best = ", the best so far" if event.is_best else ""
            return [
                f"validation at step {event.step}: loss {event.loss:.3f}, BLEU {event.scores.bleu:.2f}, "
                f"chrF {event.scores.chrf:.2f}{best}",
                f"{_INDENT}source       {source}",
                f"{_INDENT}translation  {translation}",
                f"{_INDENT}reference    {reference}",
            ]
    return []


def _figures(event: IntervalReport) -> str:
    return (
        f"epoch {event.epoch + 1}, loss {event.loss:.3f}, {event.target_tokens_per_second:,.0f} target tokens/s, "
        f"padding {event.padding_share:.1%}, learning rate {event.learning_rate:.2g}, "
        f"gradient norm {event.gradient_norm:.2g}"
    )


def duration(seconds: float) -> str:
    """Return a time as ``M:SS`` or ``H:MM:SS``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
