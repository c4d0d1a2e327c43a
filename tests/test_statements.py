import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement as in_toto
from in_toto_attestation.v1 import statement_pb2
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.figures.embedded import KEY, read_lineage
from lowd.graph import data
from lowd.graph.job import Job, Rule
from lowd.graph.step import _nothing
from lowd.kinds.transition.collect import CollectStep
from lowd.kinds.transition.settings import Transition
from lowd.provenance.code import code_digest, module_digests, source_files
from lowd.provenance.digests import Digests, digest
from lowd.provenance.environment import commit
from lowd.provenance.lineage import lineage_id
from lowd.provenance.statement import read_statement, read_statements, write_statement
from lowd.sources.settings import CustomTeacher, MoLRGTeacher
from lowd.steps import transitions
from lowd.steps.figure import FigureStep
from lowd.steps.generate import GenerateStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.store.arrays import write_store
from lowd.table import STEPS, step_of

ROOT = Path(__file__).parents[1]
NOISE = {"seed": 7, "size": 4, "shape": [2]}
SLOPES = {"name": "slopes", "studies": ["one"]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder that no git repository is around."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lowd(step, settings, *options, code=0):
    result = CliRunner().invoke(
        app, ["step", step, "--settings", json.dumps(settings), *map(str, options)]
    )
    assert result.exit_code == code, result.output
    return result.output


def make_noise(path="noise.zarr", statement="provenance/noise.json", **changes):
    lowd("noise", NOISE | changes, "--output", path, "--statement", statement)
    return read_statement(Path(statement))


def make_results(path, value=0.5):
    names = [f"slope_{rule}{end}" for rule in ("e", "gl", "rp") for end in ("", "_low", "_high")]
    sizes = {"model": list("abcd"), "parameters": ("model", [10, 20, 40, 80])}
    results = xr.Dataset(dict.fromkeys(names, value), sizes)
    for rule in ("e", "gl", "rp"):
        for name, of_each in ((f"log2_n_{rule}", 3.0), (f"censored_{rule}", 0)):
            results[name] = (("model", "replicate"), np.full((4, 2), of_each))
    results = results.assign_coords(N=[2, 4])
    results["e_gen"] = (("model", "N", "replicate"), np.full((4, 2, 2), 0.5))
    results["e_emp"] = (("N", "replicate"), np.full((2, 2), 1.0))
    write_store(Path(path), results)


def make_figure(results="results.zarr", name="f", settings=SLOPES, formats=("svg",)):
    files = [Path(f"{name}.{suffix}") for suffix in formats]
    outputs = [option for file in files for option in ("--output", file)]
    statement = Path(f"{name}.json")
    lowd("figure", settings, "--results", results, *outputs, "--statement", statement)
    return read_statement(statement), files


def git(*command):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", *identity, *command], check=True, capture_output=True)


# The form


def test_statements_are_in_toto_statements_with_slsa_provenance():
    make_results("results.zarr")
    make_figure()
    make_noise()
    for path in ("f.json", "provenance/noise.json"):
        content = json.loads(Path(path).read_text())
        # Both refuse fields that their schemas lack.
        parsed = json_format.ParseDict(content, statement_pb2.Statement())
        in_toto.Statement.copy_from_pb(parsed).validate()
        predicate = json_format.ParseDict(content["predicate"], provenance_pb2.Provenance())
        assert predicate.build_definition.build_type == "urn:lowd:step:v1"
        assert predicate.run_details.metadata.HasField("finished_on")
        assert content["predicateType"] == "https://slsa.dev/provenance/v1"


def test_a_statement_says_what_was_read_run_and_made():
    make_results("results.zarr")
    stated, files = make_figure(formats=("svg", "png", "txt"))
    assert stated.step == "figure"
    assert stated.settings == SLOPES
    assert [output.path for output in stated.subject] == files
    assert [output.digests for output in stated.subject] == [digest(file) for file in files]
    (results,) = stated.inputs["results"]
    assert (results.path, results.digests) == (Path("results.zarr"), digest(Path("results.zarr")))
    modules = ("lowd.steps.figure", "lowd.kinds.slopes.figures.slopes")
    assert stated.modules == module_digests(modules)
    assert stated.code == stated.stated_code == code_digest(modules)
    assert [source.path for source in stated.sources] == [
        path.relative_to(ROOT) for path in source_files(modules)
    ]
    assert all(source.digests == digest(ROOT / source.path) for source in stated.sources)
    assert stated.started < stated.finished
    assert {"python", "lowd", "torch", "zarr", "matplotlib"} <= set(stated.versions)


def test_a_statement_describes_the_machine(monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    import torch

    machine = make_noise().environment
    assert machine["cpu"]["model"]
    assert machine["cpu"]["capability"] == torch.backends.cpu.get_cpu_capability()
    assert machine["threads"]["torch"] == torch.get_num_threads()
    assert machine["device"] == ("cuda" if torch.cuda.is_available() else "cpu")
    assert machine["variables"]["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    assert machine["variables"]["ATEN_CPU_CAPABILITY"] is os.environ.get("ATEN_CPU_CAPABILITY")


def test_settings_are_stated_exactly():
    seed = 2**62 + 1  # no double is equal to it
    assert make_noise(seed=seed).settings["seed"] == seed


def test_nothing_in_a_statement_is_an_absolute_path(folder):
    make_results("results.zarr")
    make_figure(results=folder / "results.zarr")
    text = Path("f.json").read_text()
    assert str(folder) not in text
    assert sys.prefix not in text
    assert not re.search(r'"/', text)
    assert read_statement(Path("f.json")).inputs["results"][0].name == "results.zarr"


def test_inputs_outside_the_folder_are_named_from_it(folder, monkeypatch):
    make_results("results.zarr")
    (folder / "inside").mkdir()
    monkeypatch.chdir(folder / "inside")
    stated, _ = make_figure(results=folder / "results.zarr")
    assert stated.inputs["results"][0].name == "../results.zarr"


def test_statements_read_back_as_written():
    stated = make_noise()
    write_statement(Path("copy.json"), stated)
    assert Path("copy.json").read_bytes() == Path("provenance/noise.json").read_bytes()
    assert read_statement(Path("copy.json")) == stated
    Path("provenance/.noise.partial.json").write_text("{")
    assert read_statements() == {Path("provenance/noise.json"): stated}


def edit(content, *keys, value):
    *parents, last = keys
    for key in parents:
        content = content[key]
    content[last] = value


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["_type"], "https://in-toto.io/Statement/v0.1"),
        (["predicateType"], "https://slsa.dev/provenance/v0.2"),
        (["subject"], []),
        (["subject", 0, "name"], "/etc/passwd"),
        (["subject", 0, "name"], "../noise.zarr"),
        (["subject", 0, "digest"], {"sha256": "1"}),
        (["predicate", "buildDefinition", "buildType"], "urn:other"),
        (["predicate", "buildDefinition", "externalParameters"], {}),
        (["predicate", "buildDefinition", "resolvedDependencies"], []),
        (["predicate", "buildDefinition", "resolvedDependencies", 0, "name"], "/etc/passwd"),
        (["predicate", "runDetails", "byproducts"], []),
        (["predicate", "runDetails", "metadata", "startedOn"], "yesterday"),
    ],
)
def test_what_is_no_statement_is_refused(keys, value):
    make_noise()
    path = Path("provenance/noise.json")
    content = json.loads(path.read_text())
    edit(content, *keys, value=value)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"provenance/noise\.json: not a statement of lowd"):
        read_statement(path)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"[]"])
def test_damaged_statements_are_refused(damage):
    Path("s.json").write_bytes(damage)
    with pytest.raises(ValueError, match=r"s\.json: not a statement"):
        read_statement(Path("s.json"))


def test_fields_of_later_versions_are_kept():
    make_noise()
    path = Path("provenance/noise.json")
    content = json.loads(path.read_text()) | {"later": {"a": None}}
    content["subject"][0]["mediaType"] = "application/zarr"
    path.write_text(json.dumps(content))
    write_statement(Path("copy.json"), read_statement(path))
    assert json.loads(Path("copy.json").read_text()) == content


# The lineage id


def test_lineage_is_the_same_in_another_place_at_another_time_on_another_machine(monkeypatch):
    first = make_noise()
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    monkeypatch.setattr("platform.platform", lambda: "elsewhere")
    again = make_noise("other name.zarr", "provenance/ü/again.json")
    assert again.lineage == first.lineage
    assert again.started > first.started
    assert again.predicate.run_details != first.predicate.run_details


def test_lineage_follows_settings_inputs_and_code():
    digests = Digests("0" * 64, "0" * 32)
    others = Digests("1" * 64, "0" * 32)
    base = ("score", {"a": 1, "b": [1.5]}, {"pool": [digests], "other": [digests, others]}, "c")
    variants = [
        base,
        ("collect", *base[1:]),
        (base[0], {"a": 2, "b": [1.5]}, *base[2:]),
        (*base[:2], {"pool": [others], "other": [digests, others]}, "c"),
        (*base[:2], {"pool": [digests], "other": [others, digests]}, "c"),
        (*base[:2], {"noise": [digests], "other": [digests, others]}, "c"),
        (*base[:3], "d"),
    ]
    assert len({lineage_id(*variant) for variant in variants}) == len(variants)
    reordered = {"other": [digests, others], "none": [], "pool": [digests]}
    assert lineage_id("score", {"b": [1.5], "a": 1}, reordered, "c") == lineage_id(*base)
    md5_only = {"pool": [Digests("0" * 64, "2" * 32)], "other": [digests, others]}
    assert lineage_id(*base[:2], md5_only, "c") == lineage_id(*base)


def test_a_jobs_lineage_follows_settings_inputs_and_code(monkeypatch):
    make_results("results.zarr")
    first, _ = make_figure()
    assert make_figure(name="again")[0].lineage == first.lineage
    make_results("elsewhere.zarr")
    assert make_figure("elsewhere.zarr", "copied")[0].lineage == first.lineage
    make_results("results.zarr", value=0.6)
    assert make_figure(name="changed")[0].lineage != first.lineage
    other = make_figure("elsewhere.zarr", "renamed", SLOPES | {"studies": ["two"]})[0]
    assert other.lineage != first.lineage
    others = "lowd.provenance.record.module_digests"
    monkeypatch.setattr(others, lambda modules: dict.fromkeys(modules, "0" * 64))
    assert make_figure("elsewhere.zarr", "recoded")[0].lineage != first.lineage


def test_a_statement_implies_its_lineage_unless_edited():
    stated = make_noise()
    assert stated.derived_lineage() == stated.lineage
    path = Path("provenance/noise.json")
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    assert read_statement(path).derived_lineage() != read_statement(path).lineage


def test_a_figure_carries_the_lineage_of_its_statement():
    from PIL import Image

    make_results("results.zarr")
    stated, (svg, png) = make_figure(formats=("svg", "png"))
    assert read_lineage(svg) == read_lineage(png) == stated.lineage
    with Image.open(png) as image:
        assert image.text[KEY] == stated.lineage
    assert f"<dc:identifier>urn:lowd:lineage:{stated.lineage}<" in svg.read_text()
    Path("plain.svg").write_text("<svg/>")
    assert read_lineage(Path("plain.svg")) is None


def test_figures_are_the_same_bytes_each_time_with_or_without_a_statement():
    make_results("results.zarr")
    _, first = make_figure(formats=("svg", "png"))
    again = [Path("again.svg"), Path("again.png")]
    outputs = [option for file in again for option in ("--output", file)]
    lowd("figure", SLOPES, "--results", "results.zarr", *outputs)
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]


# Code, streams and files of the user's own

MOLRG = {"kind": "molrg", "dimension": 4, "rank": 2, "clusters": 1}
TRAINING = {"steps": 2, "batch": 2, "warm_up": 1}


def test_no_step_runs_code_that_writes_statements():
    for step in STEPS:
        sources = [path.relative_to(ROOT) for path in source_files([STEPS[step].run.__module__])]
        above = [path for path in sources if path.parts[1] in ("provenance", "cli", "graph")]
        assert not above, step


def planned_code(step, settings, *teachers):
    given = step.model_validate(settings)
    return Job(Rule("rule", step_of(given), ()), given, {}, teachers=teachers).code


def test_workflow_and_statements_take_the_same_code():
    make_results("results.zarr")
    stated, _ = make_figure()
    slopes = planned_code(FigureStep, SLOPES)
    assert slopes == stated.code[:16]
    assert planned_code(FigureStep, {"name": "plane"}) != slopes
    assert planned_code(NoiseStep, NOISE) == make_noise(shape=[4]).code[:16]

    settings = {"seed": 0, "teacher": MOLRG}
    lowd("teacher", settings, "--output", "teacher", "--statement", "teacher.json")
    teacher = ("--teacher", "teacher", "--output")
    pool = {"seed": 0, "size": 4, "reference": 4, "replicates": 2, "shape": [4]}
    lowd("pool", pool, *teacher, "pool.zarr", "--statement", "pool.json")
    noise, sampler = ("--noise", "noise.zarr"), {"sampler": {"steps": 2}}
    lowd("generate", sampler, *noise, *teacher, "g.zarr", "--statement", "generate.json")
    molrg, custom = MoLRGTeacher.model_validate(MOLRG), CustomTeacher.model_validate(CUSTOM)
    assert planned_code(TeacherStep, settings) == read_statement(Path("teacher.json")).code[:16]
    for step, given in ((PoolStep, pool), (GenerateStep, sampler)):
        stated = read_statement(Path(f"{step.__module__.rsplit('.')[-1]}.json"))
        solvers = {"lowd.diffusion.solvers.heun"} if step is GenerateStep else set()
        assert {*stated.modules} == {step.__module__, "lowd.steps.teachers.molrg"} | solvers
        assert planned_code(step, given, molrg) == stated.code[:16]
        assert stated.derived_lineage() == stated.lineage
        assert planned_code(step, given, custom) != stated.code[:16]
    assert set(stated.inputs) == {"noise", "teacher"}  # and no option that was left out

    lowd(
        "generate",
        sampler | {"samples": [2], "replicates": 2},
        *noise,
        "--pool",
        "pool.zarr",
        "--output",
        "e.zarr",
        "--statement",
        "e.json",
    )
    assert planned_code(GenerateStep, sampler) == read_statement(Path("e.json")).code[:16]


def test_streams_are_named_as_they_are_drawn_from(monkeypatch):
    import lowd.streams
    from lowd.steps.descriptor import DescriptorStep, descriptor
    from lowd.steps.images import ImagesStep, images
    from lowd.steps.noise import NoiseStep, noise
    from lowd.steps.pool import PoolStep, pool
    from lowd.steps.teacher import TeacherStep, teacher
    from lowd.steps.train import TrainStep, train

    drawn = []
    original = lowd.streams.stream_seed

    def record(*names):
        drawn.append("/".join(map(str, names)))
        return original(*names)

    monkeypatch.setattr(lowd.streams, "stream_seed", record)

    def check(step, settings, **paths):
        drawn.clear()
        step(settings, **paths)
        templates = step_of(settings).draws(settings)
        matches = {
            template: [name for name in drawn if re.fullmatch(pattern(template), name)]
            for template in templates
        }
        assert all(matches.values()), matches
        assert sorted(chain(*matches.values())) == sorted(drawn)

    def pattern(template):
        return re.sub(r"\\\{\w+\\\}", r"\\w+", re.escape(template))

    sampler = {"steps": 2}
    unet = {"architecture": "unet", "width": 4}
    trained = {
        "kind": "trained",
        "images": {"source": "digits"},
        "model": unet,
        "training": TRAINING,
    }
    check(images, ImagesStep.model_validate({"images": trained["images"]}), output=Path("i.zarr"))
    check(
        teacher,
        TeacherStep.model_validate({"seed": 5, "teacher": trained}),
        images=Path("i.zarr"),
        output=Path("trained"),
    )
    check(
        teacher, TeacherStep.model_validate({"seed": 5, "teacher": MOLRG}), output=Path("teacher")
    )
    check(noise, NoiseStep(seed=5, size=2, shape=(4,)), output=Path("noise.zarr"))
    settings = PoolStep.model_validate(
        {"seed": 5, "size": 8, "reference": 4, "replicates": 2, "shape": [4], "sampler": sampler}
    )
    check(pool, settings, teacher=Path("teacher"), output=Path("pool.zarr"))
    settings = TrainStep.model_validate(
        {
            "seed": 5,
            "model": {"architecture": "mlp", "width": 4},
            "samples": [2, 4],
            "replicates": 2,
            "training": TRAINING,
        }
    )
    check(train, settings, pool=Path("pool.zarr"), output=Path("w.safetensors"))
    network = {"kind": "trained_sscd", "width": 8, "steps": 1, "batch": 2}
    own = {"kind": "molrg_images", "shape": [1, 2, 2], "rank": 1}
    step = TeacherStep.model_validate({"seed": 5, "teacher": own})
    check(teacher, step, output=Path("drawn"))
    for folder, fresh in (("trained", None), ("drawn", 4)):
        step = {"seed": 5, "descriptor": network, "fresh": fresh}
        settings = DescriptorStep.model_validate(step)
        check(descriptor, settings, teacher=Path(folder), output=Path("d.safetensors"))


def test_every_step_that_draws_names_its_streams():
    draws = re.compile(r"\bstream(_seed)?\(|\bCell\(")
    for name, step in STEPS.items():
        files = source_files([step.run.__module__])
        own = [path for path in files if {"steps", "kinds"} & {*path.parts}]
        # Kinds of teachers are found by name; other steps read what those drew.
        own = [path for path in own if "teachers" not in path.parts]
        drawn = any(draws.search(path.read_text()) for path in own)
        assert (step.draws is not _nothing) == (drawn or name == "teacher"), name
    assert '("slope", rule)' in Path(transitions.__file__).read_text()
    collected = CollectStep(models={}, shape=(2,), noises=2, sampler="heun, 2 steps")
    assert step_of(collected).draws(collected) == ("slope/{rule}",)


CUSTOM = {"kind": "custom", "entry": "our_teacher:make", "shape": [2]}


def write_custom(factor, monkeypatch):
    sys.modules.pop("our_teacher", None)
    Path("inputs").mkdir(exist_ok=True)
    Path("inputs/our_teacher.py").write_text(
        f"def make():\n    return lambda x, sigma: {factor} * x\n"
    )
    # Else a file of the same length within the same second looks the same to Python's cache.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def test_a_custom_teachers_module_is_an_input_of_all_that_run_it(monkeypatch):
    lineages = []
    monkeypatch.setattr(sys, "path", [*sys.path])
    for factor in ("0.5", "0.6"):
        write_custom(factor, monkeypatch)
        settings = {"seed": 0, "teacher": CUSTOM}
        lowd("teacher", settings, "--output", "teacher", "--statement", "t.json")
        settings = {"seed": 0, "size": 2, "reference": 4, "replicates": 2, "shape": [2]}
        settings |= {"sampler": {"steps": 2}}
        paths = ("--teacher", "teacher", "--output", "pool.zarr")
        lowd("pool", settings, *paths, "--statement", "p.json")
        both = [read_statement(Path(name)) for name in ("t.json", "p.json")]
        for stated in both:
            (module,) = stated.inputs["custom"]
            assert (module.name, module.digests) == (
                "inputs/our_teacher.py",
                digest(Path("inputs/our_teacher.py")),
            )
        lineages.append([stated.lineage for stated in both])
    (teacher, pool), (other_teacher, other_pool) = lineages
    assert teacher != other_teacher
    # The teacher's folder only names the module, and is the same in both.
    assert pool != other_pool


@pytest.mark.parametrize("entry", ["no_such_module:make", "no_such_package.module:make"])
def test_a_custom_teacher_that_is_nowhere_is_named(entry):
    settings = {"seed": 0, "teacher": CUSTOM | {"entry": entry}}
    message = lowd("teacher", settings, "--output", "t", "--statement", "t.json", code=1)
    assert f"no module '{entry.split(':')[0]}'" in message


def test_the_users_own_images_are_an_input_of_the_step_that_reads_them():
    import numpy as np

    images = np.random.default_rng(0).uniform(-1, 1, (12, 1, 8, 8)).astype(np.float32)
    np.savez("faces.npz", images=images)
    source = {"source": "npz", "path": "faces.npz", "shape": [1, 8, 8]}
    lowd("images", {"images": source}, "--output", "i.zarr", "--statement", "i.json")
    (faces,) = read_statement(Path("i.json")).inputs["originals"]
    assert (faces.name, faces.digests) == ("faces.npz", digest(Path("faces.npz")))

    unet = {"architecture": "unet", "width": 4}
    teacher = {"kind": "trained", "images": source, "model": unet, "training": TRAINING}
    settings, images = {"seed": 0, "teacher": teacher}, ("--images", "i.zarr")
    lowd("teacher", settings, *images, "--output", "teacher", "--statement", "t.json")
    stated = read_statement(Path("t.json"))
    (store,) = stated.inputs["images"]
    assert (store.name, store.digests) == ("i.zarr", digest(Path("i.zarr")))
    readers = ("sources/npz", "sources/own_arrays")
    assert not any(reader in str(source.path) for source in stated.sources for reader in readers)


# Written with the outputs, or not at all


def test_a_failed_step_leaves_no_statement_and_keeps_the_old_one():
    make_noise()
    before = Path("provenance/noise.json").read_bytes()
    paths = ("--teacher", "absent", "--output", "pool.zarr")
    settings = {"seed": 0, "size": 2, "reference": 4, "replicates": 2, "shape": [2]}
    settings |= {"sampler": {}}
    for statement in ("provenance/pool.json", "provenance/noise.json"):
        message = lowd("pool", settings, *paths, "--statement", statement, code=1)
        assert "absent" in message
    assert [path.name for path in Path("provenance").iterdir()] == ["noise.json"]
    assert Path("provenance/noise.json").read_bytes() == before


def test_a_statement_is_written_whole_or_not_at_all(monkeypatch):
    stated = make_noise()
    before = Path("provenance/noise.json").read_bytes()

    def full(path, text):
        path.write_bytes(text[:10].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_statement(Path("provenance/noise.json"), stated)
    assert [path.name for path in Path("provenance").iterdir()] == ["noise.json"]
    assert Path("provenance/noise.json").read_bytes() == before


def test_a_statement_that_cannot_be_written_is_refused_before_the_work():
    Path("blocked").touch()
    options = ("--output", "noise.zarr", "--statement", "blocked/noise.json")
    assert "blocked" in lowd("noise", NOISE, *options, code=1)
    assert not Path("noise.zarr").exists()


def test_outputs_outside_the_folder_cannot_be_stated(folder, monkeypatch):
    (folder / "inside").mkdir()
    monkeypatch.chdir(folder / "inside")
    message = lowd("noise", NOISE, "--output", "../n.zarr", "--statement", "n.json", code=1)
    assert "outside" in message
    assert not Path("../n.zarr").exists()


def test_names_with_spaces_and_unicode_work():
    stated = make_noise("dä ta/no ise.zarr", "provenance/dä ta/n.json")
    assert stated.subject[0].path == Path("dä ta/no ise.zarr")
    assert digest(stated.subject[0].path) == stated.subject[0].digests


def test_statements_of_what_is_no_longer_declared_are_removed():
    for name in ("train-kept", "train-gone", "manifest"):
        make_noise("n.zarr", f"provenance/mine/{name}.json")
    declared = ["data/mine/pool.zarr", "provenance/mine/train-kept.json"]
    declared += ["provenance/mine/manifest.json"]
    settings = {"folders": ["data/mine", "provenance/mine"], "declared": declared}
    lowd("manifest", settings, "--output", "data/mine/manifest.json")
    left = sorted(path.name for path in Path("provenance/mine").iterdir())
    assert left == ["manifest.json", "train-kept.json"]


# The commit


def test_without_a_repository_there_is_no_commit(monkeypatch):
    assert commit() is None
    assert make_noise().commit is None
    git("init", "-q")
    assert commit() is None
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="install git"):
        commit()


def test_the_commit_is_dirty_when_a_source_differs_not_when_results_do():
    git("init", "-q")
    Path("params.yaml").write_text("a: 1\n")
    Path("results").mkdir()
    Path("results/old").write_text("1")
    git("add", "-A")
    git("commit", "-qm", "first")
    stated = make_noise("data/noise.zarr").commit
    assert stated is not None
    assert re.fullmatch("[0-9a-f]{40}", stated.digest)
    assert not stated.dirty
    Path("results/old").write_text("2")
    Path("figures").mkdir()
    Path("figures/f.svg").touch()
    Path("declared.json").write_text("{}")  # a run of a study that is new writes it anew
    assert commit() == stated
    Path("params.yaml").write_text("a: 2\n")
    assert commit() == (stated.digest, True)
    git("checkout", "params.yaml")
    Path("new.py").touch()
    assert commit() == (stated.digest, True)


def test_reading_statements_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys, lowd.cli.app, lowd.graph, lowd.provenance.record, lowd.figures.embedded;"
        "sys.exit(bool({'torch', 'matplotlib', 'dvc'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_studies_custom_code_is_the_digest_of_the_module(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(Path.cwd() / "inputs"), *sys.path])
    write_custom("1.0", monkeypatch)
    study = Transition.model_validate(
        {
            "teacher": CUSTOM,
            "pool": {"size": 8},
            "models": {"m": {"architecture": "mlp", "width": 4}},
            "samples": [2],
            "training": TRAINING,
        }
    )
    jobs = {job.rule.name: job for job in data.jobs("mine", study)}
    content = digest(Path("inputs/our_teacher.py")).sha256[:16]
    assert jobs["teacher"].content == jobs["generate_teacher"].content == content
    assert jobs["noise"].content == ""
