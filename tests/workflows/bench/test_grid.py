"""The bounds of a bench."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp_workflows.bench.grid import (
    PIECE_VALUES,
    CodecSetup,
    factors,
    keepbits_within,
    piece_of,
)
from climcomp_workflows.plan.level_bounds import LevelRange

BLOCK = np.arange(24.0, dtype="f4").reshape(2, 3, 4)


def test_nine_go_by_twos_from_a_sixteenth_to_sixteen() -> None:
    assert factors(9) == pytest.approx([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16])


@pytest.mark.parametrize("count", range(1, 20))
def test_every_grid_has_the_bound_itself_and_even_steps(count: int) -> None:
    found = factors(count)
    assert len(found) == count
    assert 1.0 in found
    assert list(found) == sorted(found)
    steps = np.diff(np.log(found))
    assert np.allclose(steps, steps[:1])
    if count > 1:
        assert found[-1] == pytest.approx(16)
    if count % 2 and count > 1:
        assert found[0] == pytest.approx(1 / 16)


def test_a_rung_has_every_levels_bound_at_the_factor() -> None:
    bounds = (ErrorBound("absolute", 0.5), ErrorBound("absolute", 2.0))
    rung = CodecSetup("zfp", None, BLOCK).rung(bounds, 4.0, (None, None), BLOCK.dtype)
    assert [bound.value for bound in rung.bounds or ()] == [2.0, 8.0]
    assert rung.keepbits is None


def test_the_settings_of_the_plan_are_kept() -> None:
    planned = (("order", (2, 0, 1)),)
    bounds = (ErrorBound("absolute", 0.5),)
    assert CodecSetup("sz3", planned, BLOCK).rung(bounds, 1.0, (None,), BLOCK.dtype).settings == (
        planned
    )


def test_a_rounding_takes_a_quarter_of_the_bound() -> None:
    bound, values = ErrorBound("absolute", 1.0), LevelRange(-1000.0, 300.0)
    bits = keepbits_within(bound, values, np.dtype("f4"))
    assert 1000.0 * 2.0 ** -(bits + 1) <= 0.25 < 1000.0 * 2.0**-bits
    assert keepbits_within(bound, None, np.dtype("f4")) == 23
    assert keepbits_within(bound, LevelRange(0.0, 0.0), np.dtype("f8")) == 52


@pytest.mark.parametrize("shape", [(), (1,), (5000, 3), (3, 900, 1800), (10**6,)])
def test_a_piece_is_small_and_no_dimension_of_it_is_empty(shape: tuple[int, ...]) -> None:
    piece = piece_of(np.zeros(shape, "f4"))
    assert 0 < piece.size <= PIECE_VALUES
    assert piece.ndim == len(shape)
