"""Whether what is here is what its statements say, and what the jobs planned now would leave."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from lowd.provenance.coherence import Finding
from lowd.provenance.digests import Digests
from lowd.provenance.in_toto import Resource
from lowd.provenance.links import contents
from lowd.provenance.repository import Repository
from lowd.provenance.statement import Statement
from lowd.provenance.stores import where_inside

SHOWN = 80
"""Characters of a value."""


def strays(repository: Repository, studies: Collection[str] = ()) -> list[Finding]:
    """Outputs of the studies, or of all, that are here and are not what was stated to be left."""
    claimed = {
        path: maker
        for path, (maker, *_) in repository.claims.items()
        if path.exists() and (not studies or maker.parent.name in studies)
    }
    found = []
    for path, now in contents(claimed).items():
        if isinstance(now, str):
            found.append(Finding(path.as_posix(), now))
        elif now != repository.stated(path):
            found.append(_changed(path, claimed[path], repository.stated(path)))
    return found


def changes(now: Statement, maker: Path, stated: Statement) -> Iterator[Finding]:
    """Outputs that are not as stated.

    Args:
        now: what the job would state, were its outputs as they are.
        maker: where it was stated.
        stated: what it stated.
    """
    here, left = _digests(now.subject), _digests(stated.subject)
    if now.step != stated.step or here.keys() != left.keys():
        yield Finding(maker.as_posix(), f"is about {stated.step}, not the job that leaves it")
        return
    for path, content in left.items():
        if here[path] != content:
            yield _changed(path, maker, content)


def staleness(now: Statement, stated: Statement, accused: Collection[str]) -> Iterator[Finding]:
    """What but code makes a job of now another than the one stated.

    Args:
        now: what it would state.
        stated: what it stated.
        accused: inputs that are known to be wrong, of which no more is said.
    """
    output = stated.subject[0].name
    for said in made_with_others(now.settings, stated.settings):
        yield Finding(output, said)
    for role in now.inputs | stated.inputs:
        here, left = (_digests(one.inputs.get(role, ())) for one in (now, stated))
        for path in here | left:
            if here.get(path) != left.get(path) and path.as_posix() not in accused:
                yield Finding(output, f"made from other content of {path}")


def made_with_others(now: Any, before: Any) -> Iterator[str]:
    """Of every setting that differs what it was and is; of lists what one has and the other lacks.

    Args:
        now: settings as JSON values.
        before: those that something was made with.
    """
    for key, value, old in differing(now, before):
        new, gone = ([], [])
        if isinstance(value, list) and isinstance(old, list):
            new = [one for one in value if one not in old]
            gone = [one for one in old if one not in value]
        if new or gone:
            told = [f"lack {_short(new)}"] * bool(new) + [f"still have {_short(gone)}"] * bool(gone)
            yield f"made with {key} that {' and '.join(told)}"
        else:
            yield f"made with {key} {_short(old)}, which is {_short(value)} now"


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def moved(now: Statement, stated: Statement) -> list[str]:
    """Files of code that differ between a job of now and the one stated, if that matters."""
    if now.code == stated.code:
        return []
    here, before = _digests(now.sources), _digests(stated.sources)
    return sorted(path.as_posix() for path in here | before if here.get(path) != before.get(path))


def _digests(resources: Collection[Resource]) -> dict[Path, Digests]:
    return {one.path: one.digests for one in resources}


def _changed(path: Path, maker: Path, stated: Digests) -> Finding:
    where = where_inside(path, stated)
    return Finding(path.as_posix(), f"changed: not what {maker} says was left{where}")


def differing(now: Any, before: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Keys below `key` whose values differ, with the value now and the one before."""
    if isinstance(now, dict) and isinstance(before, dict):
        for name in {**before, **now}:
            inner = f"{key}.{name}" if key else name
            yield from differing(now.get(name), before.get(name), inner)
    elif now != before:
        yield key, now, before
