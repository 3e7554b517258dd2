"""What tighter and looser bounds make of a piece of a variable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from climcomp.bounds import ErrorBound
from climcomp_metrics.base import Limits
from climcomp_metrics.field import canonical
from climcomp_metrics.report import TrialsReport
from climcomp_workflows.domain import read_domain
from climcomp_workflows.illustrate.fields import region_of
from climcomp_workflows.illustrate.trials import TIGHTER, try_bounds
from climcomp_workflows.plan.make import open_datasets
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.recipe import Recipe

MakeRecipe = Callable[..., Recipe]
TryBounds = Callable[..., Any]  # Any: a TrialsReport, or None where a test says so


@pytest.fixture
def piece(levels: Path, make_recipe: MakeRecipe, plan: VariablePlan) -> Iterator[TryBounds]:
    """Tries bounds of a rung on eight steps of the middle level."""
    (source,) = open_datasets(make_recipe(levels)).values()

    def run(rung: Rung, variable: VariablePlan = plan) -> TrialsReport | None:
        steps = slice(8, 16)
        values = source.read("ta", region_of(plan, steps, 1))
        assert plan.settings is not None
        fields = canonical(values, plan.settings.axes)[:, 0]
        domain = replace(read_domain(source, "ta"), clock=None)
        return try_bounds(variable, rung, 1, steps, fields, values, domain, Limits(), frozenset())

    yield run
    source.close()


def rung(codec: str, bound: ErrorBound, keepbits: tuple[int, ...] | None = None) -> Rung:
    return Rung(codec, (), (bound,), keepbits, codec)


def test_every_bound_is_tried_and_kept(piece: TryBounds) -> None:
    found = piece(rung("sz3", ErrorBound("absolute", 0.02)))
    assert found.unit == "K"
    assert len(found.trials) == len(TIGHTER)
    assert found.trials[found.kept].setting == "sz3 within 0.02 K"
    for trial, factor in zip(found.trials, TIGHTER, strict=True):
        assert 0 < trial.largest_error <= 0.02 / factor
    # A hundred times the noise of a codec is seen by some suite.
    assert piece(rung("sz3", ErrorBound("absolute", 2.0))).trials[-1].failed


def test_relative_bounds_are_told_in_percent(piece: TryBounds) -> None:
    found = piece(rung("rounding", ErrorBound("pointwise_relative", 0.001)))
    assert found.unit == "% of the value"
    assert found.trials[found.kept].setting == "rounding within 0.1 %"
    assert found.trials[found.kept].largest_error <= 0.1


def test_standard_codecs_are_weighed_as_the_archive_stores_them(
    piece: TryBounds, plan: VariablePlan
) -> None:
    standard = replace(plan, spec=replace(plan.spec, codec="standard"))
    found = piece(rung("rounding", ErrorBound("absolute", 0.02)), standard)
    sizes = [trial.stored_bytes for trial in found.trials]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes != [
        t.stored_bytes for t in piece(rung("rounding", ErrorBound("absolute", 0.02))).trials
    ]


def test_a_rounding_before_the_codec_goes_with_the_bound(
    piece: TryBounds,
) -> None:
    found = piece(rung("sz3", ErrorBound("absolute", 0.5), (10,)))
    assert len(found.trials) == len(TIGHTER)


def test_bounds_that_a_codec_cannot_keep_are_left_out(piece: TryBounds) -> None:
    found = piece(rung("sz3", ErrorBound("absolute", 1e-5)))
    assert found is None or len(found.trials) < len(TIGHTER)


def test_what_loses_nothing_has_no_trials(piece: TryBounds) -> None:
    assert piece(Rung("lossless", (), None, None, "lossless")) is None
