"""Bounds from a share of the real information, level by level."""

from __future__ import annotations

import numpy as np
import pytest

from climcomp.errors import MissingExtraError
from climcomp.rounding import keepbits_for, relative_error_of, round_to_keepbits
from climcomp_workflows.plan import information
from climcomp_workflows.plan.information import information_bounds
from climcomp_workflows.plan.origin import find_origin
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


def kept(fields: np.ndarray, **known: object) -> tuple[list[int], tuple[str, ...]]:
    """Bits of each level, and the notes."""
    levels = tuple(range(fields.shape[1]))
    given = sample(fields, levels)
    dtype = np.dtype(fields.dtype)
    bounds, notes = information_bounds(given, Information(0.99), len(levels), dtype, **known)  # type: ignore[arg-type]
    return [keepbits_for(bound.value, dtype) for bound in bounds.bounds], notes


def winds(shape: tuple[int, ...] = (4, 1, 90, 180)) -> np.ndarray:
    """Of both signs, in m/s, with weather."""
    return (waves(shape, noise=2.0) - 270).astype("f4")


def test_the_season_that_needs_the_most_bits_decides() -> None:
    months = np.arange(24) % 12 + 1
    fields = waves((24, 1, 60, 120), noise=3.0)
    calm = np.isin(months, (6, 7, 8))
    fields[calm] = waves((6, 1, 60, 120), noise=0.002)
    alone, _ = kept(fields[calm])
    together, _ = kept(fields)
    by_season, notes = kept(fields, months=months)
    assert by_season == alone > together
    assert notes == ("the season that needs the most bits decides: JJA",)


def test_seasons_of_few_values_are_judged_together() -> None:
    fields = waves((12, 1, 20, 30))
    assert kept(fields, months=np.arange(12) + 1) == kept(fields)


def test_winds_keep_what_an_error_check_asks_for() -> None:
    fields = winds()
    few, _ = kept(fields)
    bits, notes = kept(fields, sigma=(5.0,))
    assert bits[0] > few[0]
    assert "rounding errors stay below 0.01 sigma" in notes[0]
    errors = (round_to_keepbits(fields, bits[0]) - fields).astype("f8")
    assert np.sqrt((errors**2).mean()) <= 0.01 * 5.0


def test_an_earlier_rounding_leaves_no_more_than_it_left() -> None:
    fields = round_to_keepbits(winds(), 4)
    origin = find_origin(sample(fields, (0,)), "m/s")
    bits, notes = kept(fields, sigma=(0.5,), origin=origin)
    assert bits == [4]
    assert "all that the origin of the values left" in notes[0]


@pytest.mark.parametrize("fill", [0.0, 1e20, 99.25])
def test_fills_are_no_information(fill: float) -> None:
    fields = winds()
    land = np.zeros(fields.shape, bool)
    land[..., 20:70, 40:120] = True
    fields[land] = fill
    bits, _ = kept(fields, sigma=(5.0,))
    assert bits[0] <= 9


def test_noise_keeps_what_errors_ask_for_instead_of_all() -> None:
    noise = np.random.default_rng(3).normal(0, 1, (2, 1, 90, 180)).astype("f4")
    bits, notes = kept(noise, sigma=(1.0,))
    assert bits == [5]  # 1 / 2**6 / sqrt(3) is 0.009
    assert "rounding errors" in notes[0]


def test_copies_of_one_value_are_no_information() -> None:
    # A polar row of a model: the same but for the rounding of an interpolation.
    fields = np.random.default_rng(4).lognormal(0, 1, (900, 1, 2, 3)).astype("f4")
    fields[:, 0, 0] = fields[:, 0, 0, :1] * np.array([1, 1 + 1e-7, 1 + 1e-6], "f4")
    assert kept(fields)[0][0] > 12
    assert kept(fields, sigma=(2.0,))[0][0] <= 9


def test_levels_without_anything_to_tell_by_keep_all() -> None:
    bits, notes = kept(np.zeros((3, 2, 40, 50), "f4"), sigma=(0.0, 0.0))
    assert bits == [23, 23]
    assert "all there are" in notes[0]
