"""`lowd declare`: the list of studies that DVC's stages are made of."""

from collections.abc import Mapping
from pathlib import Path

from lowd.cli.failures import told_in_one_line
from lowd.shipped import shipped


def declare() -> None:
    """Write declared.json: every study, finding and comparison with all that it is set to.

    DVC's stage `declared` runs this when params.yaml or studies/ have changed.
    """
    with told_in_one_line("declare"):
        declare_here()


def declare_here() -> None:
    """The same; a list that is up to date is left alone. Schemas beside it are of this lowd then.

    Raises:
        OSError, ValueError: as `load_params`.
    """
    from lowd.settings import load_declared, load_params
    from lowd.store.atomic import staged
    from lowd.written.listing import LIST, listing

    path = Path("params.yaml")
    load_params(path)
    for schema in shipped("workflow/schemas").glob("*.json"):
        if (copy := Path("schemas", schema.name)).exists():
            copy.write_bytes(schema.read_bytes())
    text = listing(load_declared(path).settings)
    if LIST.exists() and LIST.read_text() == text:
        return
    with staged(LIST) as draft:
        draft.write_text(text)


def keep_list() -> Mapping[str, tuple[str, ...]]:
    """The same, where dvc.yaml goes by the list; of each family the members.

    Raises:
        OSError, ValueError: as `load_params`; or dvc.yaml does not, and has no stage for a study.
    """
    from lowd.settings import load_declared
    from lowd.written.listing import LIST

    declared = load_declared(Path("params.yaml"))
    if LIST.name in Path("dvc.yaml").read_text():
        declare_here()
        return declared.families
    for name, entry in declared.entries.items():
        if entry.file or name != entry.name:
            raise ValueError(
                f"{entry.key()}: dvc.yaml makes no stage of {name}, since it goes by params.yaml "
                "alone; take the dvc.yaml that `lowd init FOLDER` writes"
            )
    return declared.families
