"""`python -m lowd` is the `lowd` command."""

from lowd.cli.app import app

app()
