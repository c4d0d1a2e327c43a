import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lowd.fields import RESERVED
from lowd.parsing import parse_settings
from lowd.renamed import RENAMED
from lowd.settings import Params, load_params
from lowd.studies import Study

REPOSITORY = Path(__file__).parents[1]
MLP = {"architecture": "mlp", "width": 4}
PICTURES = {
    "kind": "trained",
    "images": {"source": "digits"},
    "model": MLP,
    "training": {"steps": 60, "warm_up": 5},
}
STUDY = {
    "seed": 0,
    "teacher": {"kind": "molrg", "dimension": 6, "rank": 2},
    "pool": {"size": 16},
    "noise": {"size": 4},
    "samples": [2, 4, 8],
    "replicates": 2,
    "training": {"steps": 60, "warm_up": 5},
    "models": {"mlp-4": MLP},
}
REMOVED = object()


def changed(**changes):
    """STUDY with values put at paths such as `training__steps`."""
    study = copy.deepcopy(STUDY)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = study
        for parent in parents:
            place = place[parent]
        if value is REMOVED:
            del place[last]
        else:
            place[last] = value
    return study


def refusal(text):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 – the callers look at the message
        parse_settings(Params, text, "params.yaml")
    return str(raised.value)


def refusal_of(study):
    return refusal(yaml.safe_dump({"studies": {"tiny": study}}, sort_keys=False))


def test_the_study_that_these_tests_spoil_is_valid():
    params = parse_settings(Params, yaml.safe_dump({"studies": {"tiny": STUDY}}), "params.yaml")
    assert params.studies["tiny"].models["mlp-4"].width == 4


@pytest.mark.parametrize(
    ("study", "line"),
    [
        (changed(smaples=[2]), "smaples: no such setting"),
        (changed(training__stesp=3), "training.stesp: no such setting (got 3)"),
        (changed(models__a=MLP | {"dept": 2}), "models.a.dept: no such setting (got 2)"),
        (
            changed(models={"a": MLP, "b": MLP}),
            "models.b: the network of a, and so its students; leave one out",
        ),
        (changed(pool=REMOVED), "pool: required"),
        (changed(teacher__rank=REMOVED), "teacher.rank: required"),
        (changed(pool=8), "pool: Input should be an object (got 8)"),
        (changed(samples=4), "samples: Input should be a valid array (got 4)"),
        (changed(samples=[2, "4"]), "samples[1]: Input should be a valid integer (got '4')"),
        (changed(training__steps=60.5), "training.steps: Input should be a valid integer (got"),
        (changed(training__steps=True), "training.steps: Input should be a valid integer (got"),
        (changed(replicates=True), "replicates: Input should be a valid integer (got True)"),
        (changed(training__ema=False), "training.ema: Input should be a valid number (got False)"),
        (
            changed(training__learning_rate=float("nan")),
            "training.learning_rate: Input should be a f",
        ),
        (
            changed(training__log_sigma_mean=float("inf")),
            "training.log_sigma_mean: Input should be",
        ),
        (changed(seed=-1), "seed: Input should be greater than or equal to 0 (got -1)"),
        (changed(seed=2**63), f"seed: Input should be less than {2**63}"),
        (changed(models={}), "models: Dictionary should have at least 1 item"),
        (changed(models=REMOVED), "models: required"),
        (changed(models__a=MLP | {"width": 0}), "models.a.width: Input should be greater than 0"),
        (
            changed(models__a={"width": 4}),
            "models.a.architecture: required, one of 'mlp', 'unet', 'dit'",
        ),
        (
            changed(models__a={"architecture": "cnn"}),
            "models.a: 'cnn' is none of 'mlp', 'unet', 'dit'",
        ),
        (changed(samples=[]), "samples: Tuple should have at least 1 item"),
        (changed(samples=[1, 2]), "samples[0]: Input should be greater than or equal to 2 (got 1)"),
        (changed(samples=[8, 2]), "samples: [8, 2] must ascend without repetition"),
        (changed(samples=[2, 2]), "samples: [2, 2] must ascend without repetition"),
        (
            changed(samples=[2, 4, 8, 100000]),
            "samples[3]: 100000 exceeds the pool (16); raise pool.size",
        ),
        (
            changed(replicates=3),
            "samples[2]: 3 disjoint replicates of 8 would overlap in a pool of 16; raise pool.size",
        ),
        (changed(replicates=1), "replicates: Input should be greater than or equal to 2 (got 1)"),
        (changed(training__warm_up=60), "training.warm_up: 60 must be less than steps (60)"),
        (changed(training__betas=[0.9]), "training.betas[1]: required"),
        (changed(compute={"precision": "half"}), "compute.precision: Input should be 'single', "),
        (
            changed(compute={"backend": {"mlp-5": "looped"}}),
            "compute.backend.mlp-5: no such model (there are: mlp-4)",
        ),
        (
            changed(compute={"students_per_job": 1}),
            "compute.students_per_job: 1 is less than the 2 replicates of one N, which train",
        ),
        (
            changed(compute={"precision": "bf16", "backend": {"mlp-4": "looped"}}),
            "compute.precision: bf16 is not for the backend 'looped'",
        ),
        (
            changed(compute={"students_per_job": {"mlp-4": 1}}),
            "compute.students_per_job.mlp-4: 1 is less than the 2 replicates",
        ),
        (
            changed(compute={"students_per_job": {"mlp-5": 8}}),
            "compute.students_per_job.mlp-5: no such model (there are: mlp-4)",
        ),
        (changed(descriptor="sscd"), "descriptor: Input should be 'identity' or 'centred' (got"),
        (changed(threshold={"nearest": 1.5}), "threshold.nearest: Input should be less than 1"),
        (
            changed(sampler={"sigma_min": 2, "sigma_max": 2}),
            "sampler.sigma_min: 2.0 must be less than sigma_max (2.0)",
        ),
        (
            changed(teacher={"kind": "molrg", "dimension": 6, "rank": 4, "clusters": 2}),
            "teacher.rank: 2 orthogonal subspaces of rank 4 do not fit in dimension 6",
        ),
        (
            changed(models__u={"architecture": "unet", "width": 4}),
            "models.u.multipliers: 2 levels need images",
        ),
        (
            changed(
                teacher=PICTURES,
                models__u={"architecture": "unet", "width": 4, "multipliers": [1, 1, 1, 1, 1]},
            ),
            "models.u.multipliers: 5 levels need images with sides divisible by 16",
        ),
        (
            changed(teacher=PICTURES, models__d={"architecture": "dit", "width": 4, "patch": 3}),
            "models.d.patch: 3 does not tile samples of shape (1, 8, 8)",
        ),
        (
            changed(teacher=PICTURES, models__d={"architecture": "dit", "width": 4, "heads": 3}),
            "models.d.heads: 3 does not divide width 4",
        ),
        (
            changed(teacher=PICTURES | {"model": {"architecture": "dit", "width": 4, "patch": 3}}),
            "teacher.model.patch: 3 does not tile samples of shape (1, 8, 8)",
        ),
        (
            changed(
                teacher=PICTURES | {"images": {"source": "npz", "path": 3, "shape": [1, 8, 8]}}
            ),
            "teacher.images.path: Input should be a valid string (got 3)",
        ),
        (
            changed(
                teacher=PICTURES
                | {"images": {"source": "npz", "path": "data/mine.npz", "shape": [1, 8, 8]}}
            ),
            "teacher.images.path: data/mine.npz is not in inputs/; move it there",
        ),
        (
            changed(
                teacher=PICTURES
                | {"images": {"source": "npz", "path": "inputs/../x.npz", "shape": [1, 8, 8]}}
            ),
            "teacher.images.path: inputs/../x.npz is not in inputs/; move it there",
        ),
        (
            changed(teacher=PICTURES | {"images": {"source": "cifar10", "size": [40, 8]}}),
            "teacher.images.size: [40, 8] exceeds [32, 32]; images are never enlarged",
        ),
        (
            changed(
                teacher=PICTURES
                | {"images": {"source": "fashion_mnist", "size": [7, 7], "grey": "yes"}}
            ),
            "teacher.images.grey: Input should be a valid boolean (got 'yes')",
        ),
        (
            changed(teacher={"kind": "custom", "entry": "m:f", "shape": [2, 2]}),
            "teacher.shape: [2, 2] is neither a vector's [size]",
        ),
        (
            changed(training__betas=[0.9, 2.0]),
            "training.betas[1]: Input should be less than 1 (got 2.0)",
        ),
        (
            changed(noise__size=3),
            "noise.size: 3 noises have no standard error in either half; draw at least 4",
        ),
        (
            changed(teacher={"kind": "custom", "entry": "mine", "shape": [2]}),
            "teacher.entry: String should match pattern",
        ),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_a_wrong_setting_is_refused_by_its_key_and_the_reason(study, line):
    assert f"studies.tiny.{line}" in refusal_of(study)


@pytest.mark.parametrize(
    "name", ["a b", "..", "a/b", "é", "A", "-a", "a.b", "a_b", "", "a" * 65, "a\n"]
)
def test_names_that_make_no_plain_folder_are_refused(name):
    assert f"studies.tiny.models.{name} (name): String should" in refusal_of(
        changed(models={name: MLP})
    )
    assert f"studies.{name} (name): String should" in refusal(
        yaml.safe_dump({"studies": {name: STUDY}})
    )


@pytest.mark.parametrize("name", RESERVED)
def test_a_model_can_not_take_the_name_of_one_of_the_workflows_own_files(name):
    assert f"studies.tiny.models.{name}: the workflow has files" in refusal_of(
        changed(models={name: MLP})
    )


def test_every_wrong_setting_is_told_at_once():
    lines = refusal_of(changed(seed=-1, training__steps=0)).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "studies.tiny.seed",
        "studies.tiny.training.steps",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "params.yaml: Input should be an object"),
        ("[studies]", "params.yaml: Input should be an object"),
        ("studies: {a: 3}", "studies.a: Input should be an object (got 3)"),
        ("studies: {a: }", "studies.a: Input should be an object"),
        ("studies: {}", "studies: Dictionary should have at least 1 item"),
        ("studies: [1", "params.yaml: not YAML (while parsing a flow sequence"),
        ("a: \0", "params.yaml: not YAML ("),
        ("studies: !!python/object:os.system {}", "studies: no setting is of type"),
        ("studies: {1: {}}", "key '1' is not text: quote it at line 1, column 11"),
        ("studies: {yes: {}}", "key 'yes' is not text: quote it"),
        (
            "studies:\n  tiny: {}\n  big: {}\n  tiny: {}",
            "key 'tiny' stands twice at line 4, column 3",
        ),
    ],
)
def test_a_file_that_is_no_mapping_of_studies_is_refused(text, message):
    assert message in refusal(text)


def test_a_missing_file_is_told_by_its_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"params\.yaml"):
        load_params(tmp_path / "params.yaml")


def test_what_a_merge_key_brings_may_be_overridden():
    text = yaml.safe_dump({"studies": {"tiny": STUDY}}).replace(
        "warm_up: 5", "<<: {warm_up: 5, steps: 7}"
    )
    assert "<<" in text
    training = parse_settings(Params, text, "params.yaml").studies["tiny"].training
    assert (training.steps, training.warm_up) == (60, 5)


@pytest.mark.parametrize("written", ["1e-3", "1E-3", "1.e-3", "0.001", "1.0e-3"])
def test_every_way_to_write_a_number_is_a_number(written):
    text = yaml.safe_dump({"studies": {"tiny": STUDY}}).replace(
        "warm_up: 5", f"learning_rate: {written}\n      warm_up: 5"
    )
    training = parse_settings(Params, text, "params.yaml").studies["tiny"].training
    assert training.learning_rate == 0.001


def test_a_comparison_names_studies_that_exist():
    params = {"studies": {"tiny": STUDY}, "across": {"c": {"figure": "slopes", "studies": ["t"]}}}
    assert refusal(yaml.safe_dump(params)) == "across.c.studies[0]: no transition study 't'"


def test_no_study_takes_the_folder_of_figures_across_studies():
    assert "studies.across: figures across studies" in refusal(
        yaml.safe_dump({"studies": {"across": STUDY}})
    )


def test_settings_never_change():
    study = Study.model_validate(STUDY)
    with pytest.raises(ValueError, match="frozen"):
        study.seed = 1


def test_the_repositorys_params_are_valid():
    load_params(REPOSITORY / "params.yaml")


NAMES = st.text("ab01-", min_size=1, max_size=6).map(lambda name: f"m{name}")
POSITIVE = st.floats(1e-6, 1e6)


def _differ(models):
    return len({(one["architecture"], one["width"]) for one in models.values()}) == len(models)


@st.composite
def studies(draw):
    pictures = draw(st.booleans())
    students = [
        st.fixed_dictionaries(
            {"architecture": st.just("mlp"), "width": st.integers(1, 512)},
            optional={"depth": st.integers(1, 4)},
        )
    ]
    if pictures:
        students += [
            st.fixed_dictionaries(
                {"architecture": st.just("unet"), "width": st.integers(1, 64)},
                optional={"multipliers": st.lists(st.integers(1, 4), min_size=1, max_size=4)},
            ),
            st.fixed_dictionaries(
                {"architecture": st.just("dit"), "width": st.sampled_from([4, 8])},
                optional={"patch": st.sampled_from([1, 2, 4]), "heads": st.sampled_from([1, 4])},
            ),
        ]
    model = st.one_of(students)
    steps = draw(st.integers(2, 10**6))
    training = draw(
        st.fixed_dictionaries(
            {"steps": st.just(steps), "warm_up": st.integers(0, steps - 1)},
            optional={
                "learning_rate": POSITIVE,
                "betas": st.tuples(*2 * [st.floats(0, 0.99)]).map(list),
                "log_sigma_mean": st.floats(-5, 5),
            },
        )
    )
    rank, clusters = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    mixture = {"kind": "molrg", "rank": rank, "clusters": clusters, "dimension": rank * clusters}
    learned = PICTURES | {"model": draw(model), "training": training, "held_out": 0.25}
    samples = sorted(draw(st.sets(st.integers(2, 10**5), min_size=1, max_size=4)))
    replicates = draw(st.integers(2, 5))
    return {
        "seed": draw(st.integers(0, 2**63 - 1)),
        "teacher": learned if pictures else mixture,
        "pool": {"size": samples[-1] * replicates + draw(st.integers(0, 9))},
        "sampler": {"sigma_min": draw(st.floats(1e-4, 1)), "sigma_max": draw(st.floats(1.5, 200))},
        "samples": samples,
        "replicates": replicates,
        "training": training,
        "threshold": {draw(st.sampled_from(["nearest", "unrelated"])): draw(st.floats(0.01, 0.99))},
        "models": draw(st.dictionaries(NAMES, model, min_size=1, max_size=3).filter(_differ)),
    }


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(NAMES, studies(), min_size=1, max_size=2))
def test_valid_studies_survive_yaml_and_json(raw):
    params = parse_settings(
        Params, yaml.safe_dump({"studies": raw}, sort_keys=False), "params.yaml"
    )
    assert parse_settings(Params, params.model_dump_json(), "params.yaml") == params
    assert Params.model_validate(params.model_dump()) == params
    for name, study in raw.items():
        assert list(params.studies[name].models) == list(study["models"])
        assert params.studies[name].samples == tuple(study["samples"])


# Theory


THEORY = {
    "kind": "theory",
    "dimension": 8,
    "samples": [1, 2, 4],
    "recovery_maps": [
        {"clusters": 1, "ranks": [2, 3], "training": {"steps": 5}},
        {"clusters": 2, "ranks": [2, 4], "training": {"steps": 5}},
    ],
    "equivalence": {"rank": 4},
}


def refusal_of_theory(path, value):
    study = copy.deepcopy(THEORY)
    *parents, last = path
    place = study
    for parent in parents:
        place = place[parent]
    place[last] = value
    return refusal_of(study)


def test_the_theory_study_that_these_tests_spoil_is_valid():
    text = yaml.safe_dump({"studies": {"maps": THEORY}}, sort_keys=False)
    params = parse_settings(Params, text, "params.yaml")
    assert list(params.studies) == ["maps"] and not params.transitions


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            ("recovery_maps", 0, "ranks"),
            [2, 9],
            "recovery_maps[0].ranks[1]: 1 orthogonal subspaces of rank 9 do not",
        ),
        (
            ("recovery_maps", 1, "ranks"),
            [5],
            "recovery_maps[1].ranks[0]: 2 orthogonal subspaces of rank 5 do not fit",
        ),
        (("equivalence", "rank"), 5, "equivalence.rank: 2 orthogonal subspaces of rank 5 do not"),
        (("samples",), [0, 1], "samples[0]: Input should be greater than 0 (got 0)"),
        (("samples",), [2, 2], "samples: [2, 2] must ascend without repetition"),
        (
            ("recovery_maps", 0, "ranks"),
            [0],
            "recovery_maps[0].ranks[0]: Input should be greater than 0",
        ),
        (("recovery_maps", 0, "ranks"), [3, 2], "recovery_maps[0].ranks: [3, 2] must ascend"),
        (("recovery_maps", 1, "clusters"), 1, "recovery_maps[1].clusters: 1 has a map already"),
        (
            ("recovery_maps", 0, "clusters"),
            7,
            "recovery_maps[0].clusters: Input should be less than or equal to 6",
        ),
        (
            ("recovery_maps", 0, "training", "sigma_last"),
            [0.2, 0.1],
            "sigma_last: 0.2 is not below 0.1",
        ),
        (("equivalence", "draws"), 5, "equivalence.draws: Input should be a multiple of 2"),
        (("tolerance",), 0, "tolerance: Input should be greater than 0"),
        (("tolerance",), 1.5, "tolerance: 1.5 is not below √2"),
        (("equivalence", "sigmas"), [], "equivalence.sigmas: [] has fewer values than 1"),
        (("equivalence", "sigmas"), [0.1, 0.1], "equivalence.sigmas: [0.1, 0.1] must ascend"),
        (("teacher",), {}, "teacher: no such setting"),
        (("kind",), "practice", "'practice' is none of 'external', 'theory', 'transition'"),
    ],
)
def test_a_theory_study_that_makes_no_sense_is_refused_by_key(path, value, line):
    assert line in refusal_of_theory(path, value)


def test_figures_across_studies_are_of_transitions():
    text = yaml.safe_dump(
        {"studies": {"maps": THEORY}, "across": {"x": {"figure": "slopes", "studies": ["maps"]}}}
    )
    assert "across.x.studies[0]: no transition study 'maps'" in refusal(text)


@pytest.mark.parametrize(
    ("comparison", "line"),
    [
        (
            {"figure": "denoisers", "studies": ["a"]},
            "across.x.mixture: required",
        ),
        (
            {"figure": "slopes", "studies": ["a"], "mixture": {"clusters": 2, "rank": 2}},
            "across.x.mixture: no such setting",
        ),
        (
            {"figure": "denoisers", "studies": ["m"], "mixture": {"clusters": 2, "rank": 2}},
            "across.x.studies: give one study, whose teacher learned from images",
        ),
        (
            {"figure": "denoisers", "studies": ["a", "m"], "mixture": {"clusters": 2, "rank": 2}},
            "across.x.studies: give one study, whose teacher learned from images",
        ),
        (
            {"figure": "denoisers", "studies": ["a"], "mixture": {"clusters": 2, "rank": 65}},
            "across.x.mixture.rank: 65 exceeds the 64 numbers of an image",
        ),
        (
            {"figure": "denoisers", "studies": ["a"], "mixture": {"clusters": 0, "rank": 2}},
            "across.x.mixture.clusters: Input should be greater than 0 (got 0)",
        ),
    ],
)
def test_denoisers_side_by_side_that_make_no_sense_are_refused_by_key(comparison, line):
    studies = {"a": changed(teacher=PICTURES), "m": STUDY}
    assert line in refusal(yaml.safe_dump({"studies": studies, "across": {"x": comparison}}))


def test_relations_that_cannot_be_drawn_are_refused_by_key():
    studies = {
        f"k{clusters}-r{rank}": changed(teacher__rank=rank, teacher__clusters=clusters)
        for clusters, rank in ((1, 1), (1, 2), (2, 1), (3, 1))
    }

    def refused(*names):
        across = {"x": {"figure": "dimension", "studies": list(names)}}
        return refusal(yaml.safe_dump({"studies": studies, "across": across}))

    assert "across.x.studies: give MoLRG studies of one cluster" in refused("k1-r1", "k2-r1")
    assert "across.x.studies[0]: 16 points of k1-r1 have no 20 neighbours" in refused(
        "k1-r1", "k1-r2"
    )
    assert "across.x.studies[1]: k1-r1 stands twice" in refused("k1-r1", "k1-r1")


DYNAMICS = {
    "kind": "dynamics",
    "study": "tiny",
    "samples": [2, 8],
    "replicates": 2,
    "snapshots": [50, 60],
    "training": {"steps": 60, "warm_up": 5},
    "models": {"mlp-4": MLP},
}
PARTS = {
    "kind": "bias-variance",
    "study": "tiny",
    "samples": [2, 4],
    "reference": {"model": "mlp-4", "samples": 4},
    "replicates": 4,
    "training": {"steps": 60, "warm_up": 5},
    "models": {"mlp-4": MLP},
}
SGD = {"kind": "sgd"}
KINDS = {
    "kind": "families",
    "study": "pictures",
    "samples": 4,
    "training": {"steps": 60, "warm_up": 5},
    "members": {
        "mlp": {"model": MLP},
        "vae": {"model": MLP, "objective": {"kind": "variational"}},
        "consistency": {"model": MLP, "objective": {"kind": "consistency"}},
    },
    "solvers": {"ddim": {"family": "mlp", "sampler": {"solver": "diffusers_ddim"}}},
}
DIT = {"architecture": "dit", "width": 4}


def with_finding(finding, across=None):
    studies = {"tiny": STUDY, "pictures": changed(teacher=PICTURES)}
    params = {"studies": studies, "findings": {"f": finding}}
    return yaml.safe_dump(params | ({"across": across} if across else {}))


@pytest.mark.parametrize("finding", [DYNAMICS, PARTS, KINDS], ids=lambda one: one["kind"])
def test_the_findings_that_these_tests_spoil_are_valid(finding):
    params = parse_settings(Params, with_finding(finding), "params.yaml")
    assert params.stages == {
        "tiny": "study@tiny", "pictures": "study@pictures", "f": "finding@f"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "path", "value", "line"),
    [
        (DYNAMICS, "study", "none", "findings.f.study: no transition study 'none'"),
        (DYNAMICS, "snapshots", [50, 110], "snapshots[1]: 110 is beyond training, which has 60"),
        (DYNAMICS, "snapshots", {"first": 61}, "snapshots: [60] are fewer than 2; give more"),
        (DYNAMICS, "snapshots", {"first": 0}, "findings.f.snapshots.first: Input should be great"),
        (DYNAMICS, "descent", True, "snapshots: [50, 60] are fewer than 3; give more"),
        (DYNAMICS, "optimizers", {"mlp-9": SGD}, "optimizers.mlp-9: is none of mlp-4"),
        (DYNAMICS, "optimizers", {"mlp-4": {"kind": "lion"}}, "findings.f.optimizers.mlp-4.kind"),
        (DYNAMICS, "times", {"quality": 0}, "findings.f.times.quality: Input should be greater"),
        (DYNAMICS, "snapshots", [60, 50], "snapshots: [60, 50] must ascend"),
        (DYNAMICS, "snapshots", [60], "findings.f.snapshots: "),
        (DYNAMICS, "replicates", 1, "findings.f.replicates: Input should be greater than or equal"),
        (DYNAMICS, "samples", [2, 9], "findings.f.samples: 2 disjoint training sets of 9 exceed"),
        (DYNAMICS, "samples", [8, 2], "samples: [8, 2] must ascend"),
        (DYNAMICS, "models__teacher", MLP, "findings.f.models.teacher: the workflow has files"),
        (
            DYNAMICS,
            "models__u",
            {"architecture": "unet", "width": 4},
            "findings.f.models.u.multipliers: 2 levels need images",
        ),
        (PARTS, "replicates", 2, "findings.f.replicates: Input should be greater than or equal to"),
        (PARTS, "replicates", 1, "findings.f.replicates: Input should be greater than or equal to"),
        (PARTS, "replicates", 5, "findings.f.samples: 5 disjoint training sets of 4 exceed"),
        (
            PARTS,
            "reference__model",
            "mlp-9",
            "findings.f.reference.model: 'mlp-9' is none of mlp-4",
        ),
        (PARTS, "reference__samples", 3, "findings.f.reference.samples: 3 is none of [2, 4]"),
        (KINDS, "study", "tiny", "findings.f.study: tiny is not of images"),
        (KINDS, "samples", 5, "findings.f.samples: 5 leaves 3 points of half the pool, and 4 have"),
        (KINDS, "solvers__ddim__family", "vae", "solvers.ddim.family: vae maps noise to data at"),
        (KINDS, "solvers__ddim__family", "consistency", "solvers.ddim.family: consistency maps"),
        (
            KINDS,
            "solvers__ddim__family",
            "gan",
            "solvers.ddim.family: 'gan' is none of consistency, mlp, vae",
        ),
        (KINDS, "solvers__mlp", {"family": "mlp", "sampler": {}}, "solvers.mlp: a member has this"),
        (
            KINDS,
            "solvers__ddim__sampler",
            {"solver": "heun", "steps": 1},
            "sampler.steps: heun needs 2 or more",
        ),
        (
            KINDS,
            "solvers__ddim__sampler",
            {"sigma_max": 20.0},
            "findings.f.solvers.ddim.sampler.sigma_max: 20.0 is not the study's, so that",
        ),
        (
            KINDS,
            "solvers__teacher",
            {"family": "mlp", "sampler": {}},
            "findings.f.solvers.teacher: the workflow has files",
        ),
        (
            KINDS,
            "members__consistency__objective__sigma_max",
            10.0,
            "findings.f.members.consistency.objective.sigma_max: 10.0 is less than",
        ),
        (
            KINDS,
            "members__gan",
            {"model": DIT, "objective": {"kind": "adversarial"}},
            "members.gan.objective: the critic's penalty needs second derivatives",
        ),
        (
            KINDS,
            "members__consistency__objective__first_levels",
            500,
            "objective.first_levels: 500 exceeds last_levels (160)",
        ),
        (PARTS, "samples", [4], "findings.f.samples: [4] has no slope"),
        (KINDS, "members__vae__objective__kernel", "vp", "objective.kernel: no such setting"),
        (KINDS, "members__mlp__objective", {"kind": "epsilon", "kernel": "ve"}, "kernel: "),
        (KINDS, "members", {"mlp": {"model": MLP}}, "findings.f.members: "),
    ],
)
def test_a_finding_that_makes_no_sense_is_refused_by_key(finding, path, value, line):
    spoilt = copy.deepcopy(finding)
    *parents, last = path.split("__")
    place = spoilt
    for parent in parents:
        place = place[parent]
    place[last] = value
    assert line in refusal(with_finding(spoilt))


@pytest.mark.parametrize(
    ("across", "line"),
    [
        (
            {
                "x": {"figure": "disjoint", "studies": ["pictures"]},
                "x-pairs": {"figure": "slopes", "studies": ["tiny"]},
            },
            "across.x-pairs: across.x has a figure x-pairs too; choose another name",
        ),
        (
            {"f": {"figure": "slopes", "studies": ["tiny"]}},
            "across.f: a study has this name; choose another",
        ),
    ],
)
def test_figures_across_studies_have_names_of_their_own(across, line):
    assert line in refusal(with_finding(PARTS, across))


def test_a_findings_name_is_its_own():
    text = yaml.safe_dump({"studies": {"tiny": STUDY}, "findings": {"tiny": DYNAMICS}})
    assert "findings.tiny: a study or folder has this name" in refusal(text)


@pytest.mark.parametrize(
    ("comparison", "line"),
    [
        (
            {"figure": "decomposition", "studies": ["tiny"]},
            "across.x.studies[0]: no finding 'tiny' of kind bias-variance",
        ),
        (
            {"figure": "disjoint", "studies": ["tiny"]},
            "across.x.studies: give one study, of images",
        ),
        (
            {"figure": "disjoint", "studies": ["pictures", "tiny"]},
            "across.x.studies: give one study, of images",
        ),
        ({"figure": "slopes", "studies": ["f"]}, "across.x.studies[0]: no transition study 'f'"),
    ],
)
def test_figures_of_findings_that_make_no_sense_are_refused_by_key(comparison, line):
    assert line in refusal(with_finding(PARTS, {"x": comparison}))


OF_IMAGES = {"kind": "molrg_images", "shape": [1, 4, 4], "rank": 2}
SSCD = {"kind": "sscd", "path": "inputs/sscd.pt", "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("descriptor", "line"),
    [
        ("nope", "descriptor: Input should be 'identity' or 'centred' (got 'nope')"),
        ({"kind": "dino"}, "descriptor: 'dino' is none of 'sscd', 'trained_sscd', 'custom'"),
        (SSCD | {"path": "sscd.pt"}, "descriptor.path: sscd.pt is not in inputs/; move it there"),
        (SSCD | {"sha256": "0" * 6}, "descriptor.sha256: String should match pattern"),
        ({"kind": "trained_sscd", "width": 9}, "descriptor.width: Input should be a multiple of 8"),
        ({"kind": "custom", "entry": "a"}, "descriptor.entry: String should match pattern"),
    ],
)
def test_networks_as_descriptors_are_refused_by_their_keys(descriptor, line):
    told = refusal_of(changed(descriptor=descriptor, teacher=OF_IMAGES))
    assert told.startswith(f"studies.tiny.{line}")


def test_a_network_needs_images():
    line = "studies.tiny.descriptor.kind: a network takes images, grey or coloured, not samples of"
    assert refusal_of(changed(descriptor=SSCD)).startswith(line)


def test_what_needs_images_besides_features_is_refused_on_features():
    study = changed(teacher=OF_IMAGES, descriptor={"kind": "trained_sscd"})
    point = {"model": "mlp-4", "samples": 4}
    grid = {"samples": [2, 4], "models": {"mlp-4": MLP}, "training": {"steps": 60, "warm_up": 5}}
    findings = {
        "dynamics": {"kind": "dynamics", "snapshots": [50, 60], "replicates": 2, **grid},
        "parts": {"kind": "bias-variance", "reference": point, **grid},
    }
    for name, finding in findings.items():
        params = {"studies": {"tiny": study}, "findings": {name: {"study": "tiny"} | finding}}
        told = refusal(yaml.safe_dump(params))
        assert told.startswith(f"findings.{name}.study: tiny compares features of its descriptor")
    mixture = {"mixture": {"clusters": 2, "rank": 2}}
    for figure, more in (("denoisers", mixture), ("disjoint", {})):
        comparison = {"figure": figure, "studies": ["tiny"], **more}
        params = {"studies": {"tiny": study}, "across": {"a": comparison}}
        told = refusal(yaml.safe_dump(params))
        assert told.startswith("across.a.studies[0]: tiny compares features of its descriptor")
    params["across"]["a"]["figure"] = "controls"
    assert parse_settings(Params, yaml.safe_dump(params), "params.yaml").across["a"]


def test_jacobians_are_not_asked_of_a_pipeline_at_levels_it_was_not_trained_at():
    teacher = {"kind": "diffusers", "path": "inputs/p", "shape": [1, 4, 4]}
    content = {
        "studies": {"tiny": changed(teacher=teacher, pool={"size": 64, "sampler": {}})},
        "across": {"ranks": {"figure": "jacobians", "studies": ["tiny"]}},
    }
    assert "across.ranks.studies[0]: the teacher of tiny is a pipeline" in refusal(
        yaml.safe_dump(content)
    )


def _keys(settings, path=()):
    """Paths to keys of lowd's own: not names of studies, models, members, modes and intervals."""
    items = settings.items() if isinstance(settings, dict) else enumerate(settings)
    for key, value in items:
        named = path and path[-1] in ("models", "members", "solvers", "intervals", "modes")
        # What is varied has dots and labels: tests/test_written.py.
        if isinstance(key, str) and len(path) > 1 and not named and "vary" not in path:
            yield (*path, key)
        if isinstance(value, dict | list):
            yield from _keys(value, (*path, key))


DECLARED = yaml.safe_load((REPOSITORY / "params.yaml").read_text())
KEYS = list({path[2:]: path for path in _keys(DECLARED)}.values())


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KEYS), st.data())
def test_a_typo_in_any_key_is_answered_by_the_nearest(tmp_path, path, data):
    declared = copy.deepcopy(DECLARED)
    place = declared
    for key in path[:-1]:
        place = place[key]
    right = path[-1]
    at = data.draw(st.integers(0, len(right) - 1))
    place[right[:at] + right[at] + right[at:]] = place.pop(right)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    with pytest.raises(ValueError, match=re.escape(f"; did you mean {right}?")):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("held_out", "told"),
    [
        (0.0005, "teacher.held_out: 0.0005 of 1797 images holds out 0"),
        (0.9995, "teacher.held_out: 0.9995 of 1797 images leaves 1 to learn from"),
    ],
)
def test_shares_of_a_known_data_set_that_are_too_small_are_refused(held_out, told):
    message = refusal_of(changed(teacher=PICTURES | {"held_out": held_out}))
    assert told in message
    assert "give one from 0.0012 to 0.9988" in message


def test_more_clusters_than_images_to_fit_are_refused_by_key():
    pictures = changed(teacher=PICTURES)
    figure = {"figure": "denoisers", "studies": ["pictures"], "mixture": {"rank": 2}}
    for clusters, fits in ((1198, True), (1199, False)):
        figure["mixture"]["clusters"] = clusters
        text = yaml.safe_dump({"studies": {"pictures": pictures}, "across": {"x": figure}})
        if fits:
            parse_settings(Params, text, "params.yaml")
        else:
            told = "mixture.clusters: 1199 exceeds the 1198 images that the teacher learns from"
            assert told in refusal(text)


@pytest.mark.parametrize(
    ("room", "settings", "told"),
    [
        ("studies", changed(compute={"stack": 8}), "x.compute.stack: is now students_per_job"),
        (
            "findings",
            {("at" if key == "reference" else key): value for key, value in PARTS.items()},
            "x.at: is now reference",
        ),
        (
            "studies",
            {("maps" if key == "recovery_maps" else key): value for key, value in THEORY.items()},
            "x.maps: is now recovery_maps",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_old_name_of_a_key_is_refused_with_the_new_one_alone(room, settings, told):
    params = {"studies": {"tiny": changed()}, "findings": {}}
    params[room]["x"] = settings
    assert refusal(yaml.safe_dump(params)) == f"{room}.{told}"


def test_every_key_that_was_renamed_has_its_new_name_where_the_old_one_stood():
    """By the schema, so that the table names no key that is not there."""
    schema = json.loads((REPOSITORY / "workflow/schemas/params.schema.json").read_text())
    places = list(schema["$defs"].values())
    for (_, old), new in RENAMED.items():
        having = [keys for place in places if new in (keys := place.get("properties", {}))]
        assert having and not any(old in keys for keys in having), (old, new)
