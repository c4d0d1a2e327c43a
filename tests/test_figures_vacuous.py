"""Scores that cannot tell are said to, wherever they are shown."""

import numpy as np
import pytest
from test_figures import closed, results  # noqa: F401

from lowd.figures.vacuous import ROUNDING, vacuous, vacuous_in, vacuous_shown
from lowd.steps.figure import FigureStep, figure
from lowd.store.arrays import write_store


def collapsed(threshold=1 - 2e-7):
    """A study whose τ nothing exceeds."""
    study = results()
    for name, value in (("gl", 1.0), ("rp_disjoint", 0.0), ("rp_same", 0.0), ("rp_emp", 0.0)):
        study[name][:] = value
    return study.assign_attrs(threshold=threshold)


def test_scores_that_vary_are_passed_in_silence():
    assert vacuous(results()) == []


def test_a_threshold_within_rounding_of_1_is_told_with_what_comes_of_it_and_the_remedy():
    (said,) = vacuous(collapsed())
    assert said.startswith("τ = 0.9999998 is within rounding of 1")
    assert "GL = 1.00" in said and "RP of disjoint training sets" in said and "= 0.00" in said
    assert "set `threshold`" in said


def test_rounding_is_that_of_a_cosine_in_single_precision():
    rows = np.random.default_rng(0).standard_normal((2000, 24)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    error = abs(np.einsum("ij,ij->i", rows, rows) - 1).max()
    assert ROUNDING / 10 < error < ROUNDING


def test_a_score_that_is_the_same_in_every_cell_is_told_at_any_threshold():
    (said,) = vacuous(collapsed(threshold=0.5))
    assert "in every cell: at τ = 0.500" in said
    study = results()
    study["gl"][:] = 1.0
    (said,) = vacuous(study)
    assert said.startswith("GL = 1.00 in every cell") and "RP" not in said


def test_what_a_figure_does_not_show_is_not_told_of_it():
    study = results()
    study["gl"][:] = 1.0
    assert vacuous(study, ("rp_disjoint",)) == []
    assert vacuous(collapsed(), ()) == []


def test_results_without_a_threshold_or_with_nothing_measured_tell_nothing():
    study = results()
    study["gl"][:] = np.nan
    assert vacuous(study) == []
    assert vacuous(results().drop_attrs()) == []


def test_of_several_studies_each_is_told_by_name():
    (said,) = vacuous_shown({"ours": results(), "theirs": collapsed()}, ("gl",))
    assert said.startswith("theirs: τ = ")


@pytest.mark.parametrize(
    ("name", "told"),
    [("regimes", True), ("plane", True), ("transition", True), ("errors", False)],
)
def test_caption_and_log_of_a_figure_say_so(name, told, tmp_path, capsys):
    write_store(tmp_path / "results/flat.zarr", collapsed())
    output = [tmp_path / f"{name}.txt"]
    figure(FigureStep(name=name), results=[tmp_path / "results/flat.zarr"], output=output)
    assert ("within rounding of 1" in output[0].read_text()) == told
    assert ("within rounding of 1" in capsys.readouterr().err) == told


def test_a_study_is_asked_by_its_name(tmp_path):
    write_store(tmp_path / "results/flat.zarr", collapsed())
    assert vacuous_in("flat", tmp_path) == vacuous(collapsed())
    with pytest.raises(FileNotFoundError, match="no results of this study"):
        vacuous_in("other", tmp_path)
