"""The command line: parses arguments, calls a workflow, renders the result.

Only this package prints, exits, or imports Typer and Rich.
"""
