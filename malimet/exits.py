"""How commands end: 0 done, 1 some documents were rejected and listed, 2 not done, and a sentence says why."""

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from annotations.checks import Problem

REJECTED, USAGE = 1, 2


def stop(error: Exception) -> NoReturn:
    """End with a sentence instead of a traceback."""
    typer.echo(f"malimet: {error}", err=True)
    raise typer.Exit(USAGE) from error


def report(rejects: "list[Problem]", output: Path | None = None) -> None:
    """Tell of rejected documents, with `output` in a file beside it too; if there are any, exit with 1."""
    if not rejects:
        return
    for problem in rejects:
        typer.echo(f"rejected: {problem}", err=True)
    if output:
        from infer.writers import Rejects

        with Rejects(output.with_suffix(".rejects.jsonl"), lambda _: None) as listed:
            for problem in rejects:
                listed(problem)
    raise typer.Exit(REJECTED)
