"""The `lowd` command."""
