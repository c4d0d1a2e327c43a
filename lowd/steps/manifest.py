"""`lowd step manifest`: leave in a study's folders what its graph declares, and nothing else."""

from pathlib import Path

from lowd.base import Settings


class ManifestStep(Settings):
    """Settings of the manifest step.

    Attributes:
        folders: the study's folders.
        declared: every file and folder the study's graph makes, the manifest included.
    """

    folders: tuple[Path, ...]
    declared: tuple[Path, ...]


def manifest(settings: ManifestStep, *, output: Path) -> None:
    """Remove orphans from the study's folders, then list what is declared in `output`.

    An orphan is what an earlier graph left: the checkpoint of a model that params.yaml no longer
    has. Kept, it would go into DVC's record, which would then depend on history.
    """
    import json

    from lowd.store.atomic import remove, staged

    declared = {*settings.declared, output}
    kept = {path.absolute() for path in declared}
    parents = {parent for path in kept for parent in path.parents}
    for folder in settings.folders:
        # Walks only folders that hold something declared: what is inside a store is its own affair.
        pending = [folder.absolute()] if folder.is_dir() else []
        while pending:
            for path in pending.pop().iterdir():
                if path in kept:
                    continue
                if path in parents and path.is_dir():
                    pending.append(path)
                else:
                    remove(path)
    with staged(output) as draft:
        draft.write_text(json.dumps(sorted(map(str, declared)), indent=1) + "\n")
