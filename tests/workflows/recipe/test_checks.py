"""What a recipe says of suites becomes the strides of their statistics."""

from __future__ import annotations

import importlib
import inspect

import pytest

from climcomp_metrics.criteria import all_criteria
from climcomp_metrics.report.verdicts import SUITES
from climcomp_metrics.statistics import STATISTICS
from climcomp_metrics.suites.sampling import LETTERS, SAMPLED, ids_of
from climcomp_workflows.recipe import parse_recipe
from climcomp_workflows.recipe.checks import Checks

HEAD = "recipe: 1\nname: test\ninput: {files: a.nc}\noutput: {store: a.zarr}\nchecks: "


def checks(text: str) -> Checks:
    return parse_recipe(HEAD + text + "\n").checks


def test_nothing_said_is_as_metrics_says() -> None:
    assert checks("{}").every(1000, 10) == {}


def test_a_suite_names_its_statistics() -> None:
    found = checks("{suites: {spectral: {every: 4}, structure: {every: 16}}}").every(1000, 10)
    assert found == {"spectra": 4, "dssim": 16}


def test_full_takes_every_step_of_everything() -> None:
    assert checks("{full: true}").every(1000, 10) == {"*": 1}


@pytest.mark.parametrize(
    ("text", "steps", "expected"),
    [
        ("{suites: {spectral: {basis: harmonics}}}", 1000, 8),
        ("{suites: {spectral: {basis: harmonics}}}", 64, 2),  # 32 fields at least
        ("{suites: {spectral: {basis: harmonics}}}", 5, 1),
        ("{suites: {spectral: {basis: harmonics, every: 3}}}", 1000, 3),
        ("{full: true, suites: {spectral: {basis: harmonics}}}", 1000, 1),
    ],
)
def test_harmonics_are_asked_for_by_their_stride(text: str, steps: int, expected: int) -> None:
    assert checks(text).every(steps, 1)["harmonics"] == expected


def test_a_suite_is_turned_off_by_its_name() -> None:
    off = checks("{off: [temporal, C1]}").off
    assert set(off) == {c.id for c in all_criteria() if c.id.startswith("M")} | {"C1"}


def test_suites_have_the_letters_that_the_report_sorts_by() -> None:
    assert {letter: name.capitalize() for name, letter in LETTERS.items()} == {
        letter: name for letter, name in SUITES.items() if letter != "X"
    }


def test_every_criterion_is_in_one_suite() -> None:
    ids = [criterion.id for criterion in all_criteria()]
    assert sorted(name for suite in LETTERS for name in ids_of(suite, ids)) == sorted(ids)


def test_every_statistic_that_takes_samples_belongs_to_a_suite() -> None:
    def takes_samples(name: str) -> bool:
        module = importlib.import_module(STATISTICS[name].partition(":")[0])
        return "stride(" in inspect.getsource(module)

    # Own metrics say it themselves; the error's shape is a figure of the report.
    apart = {"own", "error_shape"}
    expected = {name for name in STATISTICS if takes_samples(name)} - apart
    assert {name for names in SAMPLED.values() for name in names} == expected
