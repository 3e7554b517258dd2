"""Bounds from a share of the real information, level by level."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.errors import MissingExtraError
from climcomp.rounding import relative_error_of
from climcomp_workflows.plan import information
from climcomp_workflows.plan.information import information_bounds
from climcomp_workflows.plan.sample import Sample
from climcomp_workflows.recipe.run_values import Information

from .conftest import waves

F4 = np.dtype("f4")


def sample(fields: np.ndarray, levels: tuple[int, ...]) -> Sample:
    rows, columns = slice(0, fields.shape[2]), slice(0, fields.shape[3])
    return Sample(fields, tuple(range(len(fields))), levels, rows, columns, False, False)


def two_levels() -> Sample:
    smooth, rough = waves((3, 1, 60, 90), noise=0.001), waves((3, 1, 60, 90), noise=3.0)
    return sample(np.concatenate([smooth, rough], axis=1), (0, 3))


def test_a_smooth_level_keeps_more_bits_than_a_rough_one() -> None:
    found, _ = information_bounds(two_levels(), Information(0.99), 4, F4)
    values = [bound.value for bound in found.bounds]
    assert values[0] < values[3]
    assert values[:2] == [values[0]] * 2, "a level between sampled ones keeps what its nearest does"
    assert found.kind == "pointwise_relative"


def test_bounds_are_those_of_whole_bits_and_never_beyond_the_type() -> None:
    found, _ = information_bounds(two_levels(), Information(0.999999), 4, F4)
    allowed = [relative_error_of(bits) for bits in range(24)]
    assert all(bound.value in allowed for bound in found.bounds)


def test_constant_and_missing_levels_keep_all_bits() -> None:
    fields = np.full((2, 2, 30, 30), np.nan, np.float32)
    fields[:, 1] = 5
    found, _ = information_bounds(sample(fields, (0, 1)), Information(0.99), 2, F4)
    assert [b.value for b in found.bounds] == [relative_error_of(23)] * 2


def test_the_text_says_share_and_bits() -> None:
    found, _ = information_bounds(two_levels(), Information(0.99), 4, F4)
    assert "99 % of the real information" in found.text
    assert "mantissa bits" in found.text


def test_the_engine_of_the_recipe_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(values: np.ndarray, axes: tuple[int, ...], *, engine: str) -> np.ndarray:
        assert engine == "xbitinfo"
        raise MissingExtraError("xbitinfo is not installed")

    monkeypatch.setattr(information, "real_information", absent)
    with pytest.raises(MissingExtraError):
        information_bounds(two_levels(), Information(0.99, "xbitinfo"), 4, F4)
