"""`lowd --version`: which lowd this is, told apart from others of the same number by its files."""

import typer


def tell_version(asked: bool) -> bool:
    """Print version and digest, and end, if that is asked for."""
    if not asked:
        return False
    import hashlib
    from importlib.metadata import version

    from lowd.shipped import PACKAGE

    # A line a file, as sha256sum prints it: what in-toto's dirHash is taken of.
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(PACKAGE).as_posix()}\n"
        for path in sorted(
            PACKAGE.rglob("*.py"), key=lambda path: path.relative_to(PACKAGE).as_posix()
        )
    )
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    typer.echo(f"lowd {version('lowd')}, code {digest[:16]}")
    raise typer.Exit
