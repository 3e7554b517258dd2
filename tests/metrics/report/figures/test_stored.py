"""Illustrations as bytes."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from climcomp.errors import ArchiveDamagedError, ArchiveError
from climcomp_metrics.report.figures import Illustration, from_bytes, to_bytes


def _same(first: object, second: object, where: str = "") -> None:
    """Equal but for what pictures lose."""
    if isinstance(first, np.ndarray):
        assert isinstance(second, np.ndarray)
        assert first.dtype == second.dtype, where
        if first.ndim == 2:
            np.testing.assert_array_equal(np.isnan(first), np.isnan(second))
            spread = np.nanmax(first) - np.nanmin(first)
            np.testing.assert_allclose(second, first, rtol=6e-4, atol=6e-4 * spread)
        else:
            np.testing.assert_array_equal(first, second)
    elif dataclasses.is_dataclass(first):
        for entry in dataclasses.fields(first):
            _same(getattr(first, entry.name), getattr(second, entry.name), entry.name)
    elif isinstance(first, float) and math.isnan(first):
        assert isinstance(second, float)
        assert math.isnan(second)
    else:
        assert first == second, where


def test_an_illustration_comes_back_from_its_bytes(full: Illustration) -> None:
    _same(full, from_bytes(to_bytes(full)))


def test_an_illustration_of_nothing_comes_back() -> None:
    bare = Illustration("tas", 0, "tas", "K", "C", math.nan, absent={"maps": "why"})
    _same(bare, from_bytes(to_bytes(bare)))


def test_the_same_illustration_gives_the_same_bytes(full: Illustration) -> None:
    assert to_bytes(full) == to_bytes(full)


def test_the_largest_pictures_take_less_than_a_megabyte(
    picture_of: Callable[..., Illustration],
) -> None:
    assert len(to_bytes(picture_of(180, 360))) < 900_000


@pytest.mark.parametrize("offset", [0.0, 273.0, -1e9])
def test_a_picture_keeps_more_than_its_colours_show(
    offset: float, picture_of: Callable[..., Illustration]
) -> None:
    found = picture_of(20, 30)
    assert found.maps is not None
    shifted = dataclasses.replace(
        found.maps, mean_error=(found.maps.mean_error.astype(np.float64) + offset).astype("f4")
    )
    given = dataclasses.replace(found, maps=shifted)
    back = from_bytes(to_bytes(given)).maps
    assert back is not None
    spread = float(np.nanmax(shifted.mean_error) - np.nanmin(shifted.mean_error))
    off = float(np.nanmax(np.abs(back.mean_error - shifted.mean_error)))
    assert off <= 5e-4 * spread + 1e-7 * abs(offset)


def test_small_values_of_a_heavy_tail_keep_their_digits(
    picture_of: Callable[..., Illustration],
) -> None:
    found = picture_of(20, 30)
    assert found.maps is not None
    heavy = np.geomspace(1e-12, 1e-6, 600, dtype=np.float32).reshape(20, 30)
    back = from_bytes(
        to_bytes(dataclasses.replace(found, maps=dataclasses.replace(found.maps, noise=heavy)))
    )
    assert back.maps is not None
    np.testing.assert_allclose(back.maps.noise[heavy > 1e-10], heavy[heavy > 1e-10], rtol=6e-4)


@pytest.mark.parametrize("cut", [0, 10, 500, -30])
def test_truncated_bytes_are_damage(cut: int, full: Illustration) -> None:
    with pytest.raises(ArchiveDamagedError, match="stored illustration is damaged"):
        from_bytes(to_bytes(full)[:cut])


def test_a_changed_byte_is_damage(full: Illustration) -> None:
    stored = bytearray(to_bytes(full))
    refused = 0
    for place in range(200, len(stored), len(stored) // 40):
        broken = stored.copy()
        broken[place] ^= 0x55
        try:
            _same(full, from_bytes(bytes(broken)))
        except ArchiveDamagedError:
            refused += 1
    # Bytes that the format does not use may change without harm; data never do.
    assert refused >= 30


def _with_head(stored: bytes, change: Callable[[dict], None]) -> bytes:
    with np.load(io.BytesIO(stored)) as file:
        arrays = {name: file[name] for name in file.files}
    head = json.loads(arrays["head"].tobytes())
    change(head)
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_a_later_version_says_what_to_install(full: Illustration) -> None:
    later = _with_head(to_bytes(full), lambda head: head.update(illustration=99))
    with pytest.raises(ArchiveError, match="version 99"):
        from_bytes(later)


@pytest.mark.parametrize(
    ("name", "value"),
    [("unit", 3), ("level", "one"), ("sigma", None), ("kind", "Q"), ("maps", {}), ("maps", 5)],
)
def test_a_field_of_another_type_is_damage(name: str, value: object, full: Illustration) -> None:
    broken = _with_head(to_bytes(full), lambda head: head["value"].update({name: value}))
    with pytest.raises(ArchiveDamagedError, match=name):
        from_bytes(broken)


def test_a_missing_array_is_damage(full: Illustration) -> None:
    with np.load(io.BytesIO(to_bytes(full))) as file:
        arrays = {name: file[name] for name in file.files if name != "maps/noise"}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with pytest.raises(ArchiveDamagedError, match="maps/noise is missing"):
        from_bytes(buffer.getvalue())


def test_an_array_of_another_type_is_damage(full: Illustration) -> None:
    with np.load(io.BytesIO(to_bytes(full))) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["maps/noise"] = np.zeros_like(arrays["maps/noise"], np.int16)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with pytest.raises(ArchiveDamagedError, match="maps/noise holds no floats"):
        from_bytes(buffer.getvalue())


def test_something_else_is_damage() -> None:
    with pytest.raises(ArchiveDamagedError):
        from_bytes(b"PK\x03\x04 no archive")
