"""`python -m malimet`: the command line."""

from malimet.cli import app

app()
