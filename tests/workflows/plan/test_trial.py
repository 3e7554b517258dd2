"""The gate on samples: which rung to begin with."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import CodecError, RecipeError
from climcomp_metrics.base import Limits, Verdict
from climcomp_metrics.criteria import find_criterion
from climcomp_metrics.field import FieldSettings
from climcomp_metrics.measure import measure
from climcomp_metrics.plugins.model import OwnMetric, checksum
from climcomp_workflows.plan import trial
from climcomp_workflows.plan.ladder import LevelBounds, make_ladder
from climcomp_workflows.plan.trial import SampleGate, first_rung

from .conftest import gate, waves


def bounds(*values: float) -> LevelBounds:
    return LevelBounds(tuple(ErrorBound("absolute", v) for v in values), "text", "source")


def ladder(of: LevelBounds, keepbits: tuple[int, ...] | None = None) -> tuple[Any, ...]:
    return make_ladder("sz3", (("order", (2, 1, 0)),), of, keepbits, "K", "float32")


FIELDS = waves((6, 1, 30, 60))


def test_a_good_bound_begins_with_the_first_rung() -> None:
    assert first_rung(gate(FIELDS), ladder(bounds(0.005))) == (0, ())


def test_a_clear_failure_skips_the_rung_and_says_why() -> None:
    start, notes = first_rung(gate(FIELDS), ladder(bounds(1.0)))
    assert start > 0
    assert notes[0].startswith("on the samples sz3 within 1 K fails ")
    assert "limit" in notes[0]


def test_a_codec_that_refuses_skips_the_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise CodecError("not these")

    monkeypatch.setattr(trial, "encode_block", refuse)
    start, notes = first_rung(gate(FIELDS), ladder(bounds(0.005)))
    assert start == 2
    assert "not these" in notes[0]


@pytest.mark.parametrize("tiles", [False, True])
def test_a_network_is_told_the_latitudes_of_whole_fields_alone(
    tiles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def get(name: str, **settings: Any) -> Any:
        given.append(settings.get("latitudes"))
        return get_codec(name, effort=0)

    monkeypatch.setattr(trial, "get_codec", get)
    settings = (("latitudes", (90.0, -90.0)), ("effort", 0))
    rungs = make_ladder("inr", settings, bounds(0.05), None, "K", "float32")
    judged = gate(FIELDS)
    sample = dataclasses.replace(judged.sample, tiles=tiles)
    dataclasses.replace(judged, sample=sample).measure(rungs[0], 0)
    assert given == [None if tiles else (90.0, -90.0)]


def test_bounds_alone_are_judged_where_the_recipe_enforces_nothing_else() -> None:
    start, _ = first_rung(gate(FIELDS, enforced="bounds"), ladder(bounds(1.0)))
    assert start == 0


def test_criteria_that_are_off_skip_nothing() -> None:
    judged = gate(FIELDS)
    failed = {v.criterion for v in judged.failed([judged.measure(ladder(bounds(1.0))[0], 0)])}
    off = gate(FIELDS, off=frozenset(failed))
    assert failed
    assert first_rung(off, ladder(bounds(1.0)))[0] == 0


def test_limits_of_the_recipe_are_those_on_the_samples_too() -> None:
    judged = gate(FIELDS)
    failed = judged.failed([judged.measure(ladder(bounds(1.0))[0], 0)])
    assert failed
    rows = [find_criterion(v.criterion) for v in failed]
    loose = {f"{row.id}.fail": -1e9 if row.least else 1e9 for row in rows}
    again = gate(FIELDS, limits=Limits(loose))
    assert first_rung(again, ladder(bounds(1.0)))[0] == 0


def verdict(criterion: str, value: float | None, fail: float | None) -> Verdict:
    return Verdict(criterion, "metric", "fail", value, "1", None, fail, "source")


@pytest.mark.parametrize(
    ("found", "on_a_part"),
    [
        (verdict("P2", 1.2e-3, 1e-3), False),  # could be the sample's own doing
        (verdict("P2", 1.3e-3, 1e-3), True),
        (verdict("E4", 0.9, 0.98), False),
        (verdict("E4", 0.7, 0.98), True),
        (verdict("P3", 1.0, 1e-4), False),  # needs the whole record
        (verdict("E5", 1.0, 1e-4), False),
        (verdict("F1", 3.0, 0.0), True),
        (verdict("P2", math.nan, 1e-3), True),
    ],
)
def test_on_a_part_of_the_record_only_clear_failures_count(found: Verdict, on_a_part: bool) -> None:
    assert trial._clearly(found, whole=False) is on_a_part
    assert trial._clearly(found, whole=True)


def test_places_are_those_of_the_variable_not_of_the_sample() -> None:
    fields = np.concatenate([FIELDS, waves((6, 1, 30, 60), seed=2, noise=0.001)], axis=1)
    sampled = gate(fields, (0, 7))
    _, notes = first_rung(sampled, ladder(bounds(*[1.0] * 8)))
    assert "level 7" in notes[0]
    assert "level 1" not in notes[0]


def test_steps_are_coded_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    encode = trial.encode_block

    def counting(values: NDArray[Any], encoding: Any) -> bytes:
        sizes.append(values.nbytes)
        return encode(values, encoding)

    monkeypatch.setattr(trial, "BLOCK_BYTES", 2 * 30 * 60 * 4)
    monkeypatch.setattr(trial, "encode_block", counting)
    gate(FIELDS).measure(ladder(bounds(0.01))[0], 0)
    assert sizes == [2 * 30 * 60 * 4] * 3


CODE = """
def shape(original, decoded, grid):
    return float(original.shape == (30, 60))

def failing(original, decoded, grid):
    raise ValueError("no front")
"""


def own(name: str, **limits: float) -> OwnMetric:
    return OwnMetric(name, "mine.py", checksum(CODE), code=CODE, **limits)  # type: ignore[arg-type]


def measuring(**changes: Any) -> SampleGate:
    """A gate whose settings are others."""
    judged = gate(FIELDS)
    return dataclasses.replace(judged, settings=dataclasses.replace(judged.settings, **changes))


def test_own_metrics_see_whole_fields_of_the_sample_or_none() -> None:
    judged = measuring(own=(own("shape"),))
    rung = ladder(bounds(1e-3))[0]
    by_metric = {v.metric: v for v in judged.measure(rung, 0).values}
    assert by_metric["X-shape"].value == 1.0
    tiles = dataclasses.replace(judged, sample=dataclasses.replace(judged.sample, tiles=True))
    assert "X-shape" not in {v.metric for v in tiles.measure(rung, 0).values}


def test_own_code_that_fails_on_the_samples_is_an_error_of_the_recipe() -> None:
    judged = measuring(own=(own("failing", fail=1.0),))
    with pytest.raises(
        RecipeError, match=r"X-failing cannot be measured on ta, level 0: it failed"
    ):
        judged.measure(ladder(bounds(1e-3))[0], 0)


def test_the_basis_of_spectra_is_the_same_on_the_samples() -> None:
    seen: list[dict[str, int]] = []

    def seeing(original: Any, decoded: Any, settings: FieldSettings, *rest: Any) -> Any:
        seen.append(dict(settings.every))
        return measure(original, decoded, settings, *rest)

    judged = measuring(every={"harmonics": 3, "dssim": 2})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "measure", seeing)
        judged.measure(ladder(bounds(1e-3))[0], 0)
    steps = max(1, len(FIELDS) // trial.SLICES_OF_SAMPLED)
    assert seen == [{"*": steps, "harmonics": steps, "dssim": steps}]
