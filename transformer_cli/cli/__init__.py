"""The command line: parse, call a workflow, render. The only code that prints or exits, and knows Typer and Rich."""
