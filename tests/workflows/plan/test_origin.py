"""What a plan says of values that were packed, rounded or compressed before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.rounding import round_to_keepbits
from climcomp_workflows.plan.model import Plan
from climcomp_workflows.plan.origin import Origin, bits_of_step, find_origin
from climcomp_workflows.plan.sample import Sample

from .conftest import Data, waves

SHAPE = (4, 3, 48, 96)


def sample(fields: NDArray[Any], rows: int = 0) -> Sample:
    y, x = fields.shape[-2:]
    whole = (tuple(range(len(fields))), tuple(range(fields.shape[1])))
    return Sample(fields, *whole, slice(rows, rows + y), slice(0, x), True, False)


def found(fields: NDArray[Any], unit: str = "K") -> Origin:
    origin = find_origin(sample(fields), unit)
    assert origin is not None
    return origin


def packed(values: NDArray[Any], step: NDArray[Any] | float, start: Any) -> NDArray[np.float32]:
    return (np.rint((values - start) / step) * step + start).astype("f4")


@pytest.mark.parametrize("noise", [0.0, 0.2, 5.0])
def test_full_precision_has_no_origin(noise: float) -> None:
    assert find_origin(sample(waves(SHAPE, noise=noise)), "K") is None


def test_one_packing_of_all_fields_has_its_step_and_unit() -> None:
    origin = found(packed(waves(SHAPE), 0.0019, 263.1234))
    assert "multiples of 0.0019 K: packed at the source" in origin.words
    assert origin.steps == pytest.approx([0.0019] * 3, rel=1e-4)
    assert origin.bits == (18,) * 3  # 300 K / 0.0019 K is 2**17.3


def test_grib_packs_each_field_by_itself() -> None:
    steps = 0.001 * 2.0 ** np.array([[0, 1, 2], [1, 1, 2], [0, 2, 3], [0, 1, 2]])[:, :, None, None]
    starts = np.random.default_rng(1).uniform(180, 220, (4, 3, 1, 1)).astype("f4")
    origin = found(packed(waves(SHAPE), steps, starts))
    assert "values of each field looked at" in origin.words
    assert "0.001 K to 0.008 K: packed field by field, as GRIB does" in origin.words
    assert origin.steps == pytest.approx([0.001, 0.002, 0.004], rel=1e-3)


def test_decimals_and_whole_numbers_say_so() -> None:
    assert "rounded to multiples of 0.01 K: decimals" in found(np.round(waves(SHAPE), 2)).words
    whole = np.round(waves(SHAPE, noise=90))
    assert found(whole).words == "values are whole numbers of K"
    assert found(whole, "1").words == "values are whole numbers"


def test_earlier_bit_rounding_says_how_many_bits() -> None:
    values = waves(SHAPE) * np.linspace(0.2, 1, 48, dtype="f4")[:, None]
    origin = found(round_to_keepbits(values, 9))
    assert "9 of 23 mantissa bits: rounded before" in origin.words
    assert (origin.steps, origin.bits) == ((None,) * 3, (9,) * 3)


def test_float32_in_float64_says_so() -> None:
    origin = found(waves(SHAPE).astype("f8"))
    assert origin.words == "values are float32 numbers held as float64"
    assert origin.bits == (23,) * 3


# At the smaller tolerance float32's own rounding hides the multiples of a power of two.
@pytest.mark.parametrize("tolerance", [0.05, 1.0])
@pytest.mark.parametrize("rows", [0, 1, 6])
def test_zfp_is_told_wherever_the_sample_begins(rows: int, tolerance: float) -> None:
    codec, bound = get_codec("zfp"), ErrorBound("absolute", tolerance)
    values = waves((4, 3, 60, 160), noise=1.0).reshape(12, 60, 160)
    fields = [codec.decode(codec.encode(v, bound), v.shape, v.dtype) for v in values]
    decoded = np.stack(fields).reshape(4, 3, 60, 160)
    origin = find_origin(sample(decoded[..., rows:, :], rows), "K")
    assert origin is not None
    assert "zfp compressed them before" in origin.words


def test_a_level_of_full_precision_keeps_all_its_bits() -> None:
    values = packed(waves(SHAPE), 0.0019, 263.1234)
    values[:, 1] = waves(SHAPE)[:, 1]
    origin = found(values)
    assert origin.bits == (18, None, 18)


def test_gaps_and_zeros_hide_nothing() -> None:
    values = packed(waves(SHAPE), 0.0019, 263.1234)
    values[:, :, 10:20] = np.nan
    values[:, :, :, 5:9] = 0.0
    values[:, 2] = np.nan
    assert found(values).bits[:2] == (18, 18)


def test_constant_fields_have_none() -> None:
    for value in (0.0, 2.5, np.nan):
        assert find_origin(sample(np.full(SHAPE, value, "f4")), "K") is None


@pytest.mark.parametrize(
    ("largest", "step", "expected"),
    [(256.0, 1.0, 8), (300.0, 1.0, 9), (1e30, 1e-9, 23), (1.0, 2.0, 0)],
)
def test_the_bits_of_a_step_move_no_value_by_more_than_half_of_it(
    largest: float, step: float, expected: int
) -> None:
    assert bits_of_step(largest, step, 23) == expected
    if 0 < expected < 23:
        values = np.arange(1, largest / step + 1, dtype="f4") * np.float32(step)
        assert np.abs(round_to_keepbits(values, expected) - values).max() <= step / 2


def test_a_plan_says_it(plan_of: Callable[..., Plan]) -> None:
    values = packed(waves((6, 40, 80)), 0.0019, 263.1234)
    plan = plan_of(tas=Data(values, attributes={"units": "K"}))
    (found_,) = [v for v in plan.variables if v.source_name == "tas"]
    assert any("multiples of 0.0019 K: packed at the source" in note for note in found_.notes)


@pytest.mark.parametrize(
    ("file", "name", "words"),
    [
        ("lossy_fpzip_cam_fv_T_3mon.nc", "T", "11 of 23 mantissa bits: rounded before"),
        ("lossy_zfp1e-7_cam_fv_PRECT_60day.nc", "PRECT", "zfp compressed them before"),
        ("era5_t_0p25_packed_origin.nc", "temperature", "0.001161 K: packed at the source"),
        ("gldas_noah_land.nc4", "SoilMoi0_10cm_inst", "0.001 K: decimals at the source"),
        ("cam_fv_T_3mon.nc", "T", None),
        ("cam_fv_PRECT_60day.nc", "PRECT", None),
        ("ncl_groups_uvt.nc", "U", None),
        ("arome_wind10m_67h.nc", "x_wind_10m", None),
    ],
)
def test_real_fields(shared_data: Path, file: str, name: str, words: str | None) -> None:
    with netCDF4.Dataset(shared_data / file) as dataset:
        values = np.ma.filled(dataset[name][:4], np.nan)
    shape = (len(values), -1, *values.shape[-2:])
    origin = find_origin(sample(values.reshape(shape)), "K")
    assert (origin is None) == (words is None)
    assert words is None or (origin is not None and words in origin.words)
