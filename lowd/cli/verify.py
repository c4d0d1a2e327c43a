"""`lowd verify`: whether files are still what the jobs that made them left."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.cli.completion import Studies
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import studies_of

if TYPE_CHECKING:
    from lowd.provenance.coherence import Finding
    from lowd.provenance.lock import Lock


def verify(studies: Studies = None) -> None:
    """Refuse to go on from files that have changed since they were made.

    Snakemake goes by time stamps and sees nothing inside a folder; this rehashes every output that
    is here and has a statement. The exit status is 0 if all verify, and else 1.
    """
    with told_in_one_line("verify"):
        from lowd.provenance.conformity import strays
        from lowd.provenance.lock import read_lock
        from lowd.provenance.repository import Repository
        from lowd.provenance.statement import read_statements
        from lowd.settings import load_params

        names = studies_of(studies or ())
        load_params(Path("params.yaml")).check_names(names)
        if found := strays(Repository(read_statements(), {}, None), names):
            lock = read_lock()
            raise ValueError("\n".join(_advice(one, lock) for one in found))


def _advice(found: "Finding", lock: "Lock") -> str:
    tool = "dvc" if lock.can_pull(Path(found.file)) else "git"
    back = f"put it back with `{tool} checkout`, or delete it to have it made again"
    return f"{found.file}: {found.reason}; {back}"
