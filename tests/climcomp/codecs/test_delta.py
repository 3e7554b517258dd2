"""Differences between decoded planes: errors do not add up, and what cannot be is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.delta import Delta
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import BoundError, CodecError, PayloadError

BOUND = ErrorBound("absolute", 0.01)


def ocean(steps: int = 40) -> NDArray[np.float32]:
    """A rough pattern that stays, and little on top of it that changes."""
    rng = np.random.default_rng(3)
    pattern = 15 + 8 * rng.standard_normal((60, 80))
    y, x = np.mgrid[0:60, 0:80] / 60.0
    time = np.arange(steps)[:, None, None]
    return (pattern + 0.5 * np.sin(x + time / 9) * np.cos(2 * y)).astype(np.float32)


def there_and_back(codec: Delta, values: NDArray[Any]) -> tuple[bytes, NDArray[Any]]:
    payload = codec.encode(values, BOUND)
    return payload, codec.decode(payload, values.shape, values.dtype)


def test_a_pattern_that_stays_costs_once() -> None:
    values = ocean()
    payload, decoded = there_and_back(Delta(), values)
    assert len(payload) < 0.65 * len(Sz3().encode(values, BOUND))
    assert np.abs(decoded.astype(np.float64) - values).max() <= 0.01


def test_errors_do_not_add_up_over_many_planes() -> None:
    rng = np.random.default_rng(1)
    walk = (280 + rng.normal(size=(3000, 1, 8)).cumsum(axis=0)).astype(np.float32)
    _, decoded = there_and_back(Delta(), walk)
    error = np.abs(decoded.astype(np.float64) - walk)
    assert error.max() <= 0.01
    assert error[-100:].mean() == pytest.approx(error[:100].mean(), rel=0.3)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("inner", ["sz3", "zfp", "rounding", "lossless"])
def test_any_axis_and_any_codec_of_absolute_bounds(axis: int, inner: str) -> None:
    values = ocean(5)
    _, decoded = there_and_back(Delta(axis, inner), values)
    assert np.abs(decoded.astype(np.float64) - values).max() <= 0.01


def test_without_an_axis_the_first_long_one_is_taken() -> None:
    values = ocean(5)[None, :, None]
    payload, _ = there_and_back(Delta(), values)
    assert payload[0] == 1


@pytest.mark.parametrize("axis", [3, 7, -1])
def test_an_axis_that_the_block_lacks_is_an_error(axis: int) -> None:
    with pytest.raises(CodecError, match=rf"axis {axis} is none of a block of shape \(5, 60, 80\)"):
        Delta(axis).encode(ocean(5), BOUND)


def test_differences_of_differences_are_refused() -> None:
    with pytest.raises(CodecError, match="another codec"):
        Delta(inner="delta")
    payload = bytearray(Delta(inner="sz3").encode(ocean(2), BOUND))
    nested = bytes(payload[:1]) + b"\x05delta" + bytes(payload[5:])
    with pytest.raises(PayloadError, match="differences of differences"):
        Delta().decode(nested, (2, 60, 80), np.dtype(np.float32))


def test_a_bound_near_the_spacing_of_floats_is_refused() -> None:
    values = (1e6 + np.arange(600).reshape(2, 15, 20)).astype(np.float32)
    with pytest.raises(BoundError, match="too near the spacing of float32"):
        Delta().encode(values, ErrorBound("absolute", 0.1))


def test_values_whose_differences_overflow_are_refused() -> None:
    values = np.array([[3e38, -3e38], [-3e38, 3e38]], np.float32)
    with pytest.raises(CodecError, match="overflow float32"):
        Delta().encode(values, ErrorBound("absolute", 1e36))


def test_a_codec_of_planes_that_lies_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = Sz3.decode
    monkeypatch.setattr(Sz3, "decode", lambda *given: decode(*given) + np.float32(0.02))
    with pytest.raises(CodecError, match="come to an error"):
        Delta().encode(ocean(3), BOUND)


def test_a_codec_that_nobody_has_is_named() -> None:
    payload = Delta().encode(ocean(2), BOUND)
    other = payload[:1] + b"\x03foo" + payload[5:]
    with pytest.raises(PayloadError, match="no codec is named 'foo'"):
        Delta().decode(other, (2, 60, 80), np.dtype(np.float32))


@pytest.mark.parametrize("shape", [(3, 60, 80), (2, 60, 81), (60, 2, 80), (2, 4800), ()])
def test_bytes_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    payload = Delta().encode(ocean(2), BOUND)
    with pytest.raises(PayloadError):
        Delta().decode(payload, shape, np.dtype(np.float32))


def test_every_truncation_is_refused() -> None:
    payload = Delta().encode(ocean(2)[:, :6, :8], BOUND)
    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            Delta().decode(payload[:length], (2, 6, 8), np.dtype(np.float32))
    with pytest.raises(PayloadError, match="more than expected"):
        Delta().decode(payload + b"\x00", (2, 6, 8), np.dtype(np.float32))
