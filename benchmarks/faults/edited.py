"""params.yaml that moved on from what was made, and a dvc.lock that DVC refuses."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import yaml
from kinds import KINDS
from places import FIGURE, STUDIES, Place, told
from rows import Row
from small import changed

HEADING = "History that moved on"
TEXT = """\
*Detected*: audits of a study and of its results and traces of a figure of it name the key and pass,
and fail with `--strict`; of locks, those that DVC itself refuses, `lowd audit` accuses dvc.lock."""

CHANGES = {
    change
    for kind in ("exact teacher", "trained teacher")
    for key, value in KINDS[kind].changes.values()
    if (change := (key, json.dumps(value)))
}


def all_rows(place: Place) -> Iterator[Row]:
    """All of it."""
    yield _settings(place)
    yield _locks(place)


def _settings(place: Place) -> Row:
    """Of each study every kind of setting: audit of all, and trace of a figure that rests on it."""
    tried = detected = 0
    place.put_back()
    for key, value in sorted(CHANGES):
        place.repository.write_params(**changed({"studies": STUDIES}, key, json.loads(value)))
        study, word = key.split("/")[1], _word(key)
        figure = FIGURE.replace("exact", study)
        for command in (("audit", f"results/{study}.zarr"), ("audit", study), ("trace", figure)):
            bare = place.run("lowd", *command)
            strict = place.run("lowd", *command, "--strict")
            is_told = word in bare.said and word in strict.said
            tried += 1
            detected += told(is_told and not bare.code and strict.code, f"{key}, {command}", bare)
    place.put_back()
    return Row(f"{len(CHANGES)} settings edited after the run", "audit, trace", tried, detected, 0)


def _word(key: str) -> str:
    """What of a key has to be named: of a model that is new, the models."""
    last = key.split("/")[-1]
    return "mlp-5" if last == "mlp-5" else last


def _locks(place: Place) -> Row:
    """Of damaged locks, those that DVC refuses, by its own word."""
    tried = detected = lost = 0
    lock = place.path / "dvc.lock"
    for damage in LOCKS:
        place.put_back()
        before = place.made()
        content = yaml.safe_load(lock.read_text())
        stage = content["stages"]["study@exact"]
        lock.write_text(yaml.safe_dump(damage(content, stage), sort_keys=False))
        if not place.run("dvc", "status").code:
            continue
        tried += 1
        ended = place.run("lowd", "audit")
        detected += told(ended.code and "dvc.lock" in ended.said, damage.__name__, ended)
        lost += place.made() != before
    place.put_back()
    return Row("dvc.lock that DVC refuses", "audit", tried, detected, lost)


def another_schema(lock: Any, stage: Any) -> Any:
    return lock | {"schema": "9.0"}


def no_command(lock: Any, stage: Any) -> Any:
    del stage["cmd"]
    return lock


def a_key_of_ones_own(lock: Any, stage: Any) -> Any:
    stage["mine"] = 1
    return lock


def a_digest_that_is_a_number(lock: Any, stage: Any) -> Any:
    stage["outs"][0]["md5"] = 5
    return lock


def an_output_without_path(lock: Any, stage: Any) -> Any:
    del stage["outs"][0]["path"]
    return lock


def outputs_that_are_one(lock: Any, stage: Any) -> Any:
    stage["outs"] = stage["outs"][0]
    return lock


def stages_that_are_a_list(lock: Any, stage: Any) -> Any:
    return lock | {"stages": [copy.deepcopy(stage)]}


def dependencies_that_are_text(lock: Any, stage: Any) -> Any:
    stage["deps"] = "lowd"
    return lock


def nothing(lock: Any, stage: Any) -> Any:
    return None


LOCKS = (
    *(another_schema, no_command, a_key_of_ones_own, a_digest_that_is_a_number),
    *(an_output_without_path, outputs_that_are_one, stages_that_are_a_list),
    *(dependencies_that_are_text, nothing),
)
