"""The codec: its bound, its decoders, its settings, and blocks that are odd or damaged."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural import encode, models, ncx, task
from climcomp.codecs.neural.fit import Fitted
from climcomp.codecs.neural.ncx import Ncx
from climcomp.codecs.neural.payload import ELSEWHERE
from climcomp.codecs.neural.reference_decode import decode_by_reference
from climcomp.codecs.neural.state import BATCH
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import BoundError, CodecError, PayloadError
from climcomp.fill import fill_missing
from climcomp.frame import BlockEncoding, decode_block, encode_block

MakeField = Callable[..., NDArray[Any]]
F4 = np.dtype(np.float32)


def absolute(value: float) -> ErrorBound:
    return ErrorBound("absolute", value)


def largest_error(values: NDArray[Any], decoded: NDArray[Any]) -> float:
    return float(np.abs(values.astype(np.float64) - decoded).max())


SHAPES = [
    (4, 4), (5, 7), (33, 64), (64, 33), (2, 20, 24), (9, 17, 30), (1, 6, 40), (2, 3, 16, 24),
    (3, 2, 2, 12, 10), (1, 1, 700),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("frames", ["causal", "hierarchical"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_bound_holds_and_both_decoders_agree(
    field: MakeField, shape: tuple[int, ...], frames: ncx.FrameOrder, dtype: Any
) -> None:
    values = field(*shape, dtype=dtype)
    for bound in (1e-3, 0.1, 5.0):
        payload = Ncx(frames=frames).encode(values, absolute(bound))
        decoded = Ncx().decode(payload, shape, values.dtype)
        assert decoded.shape == shape
        assert decoded.dtype == values.dtype
        assert largest_error(values, decoded) <= bound
        if payload[:1] != ELSEWHERE:
            again = decode_by_reference(payload, shape, values.dtype)
            np.testing.assert_array_equal(again, decoded)
            assert decoded.min() == values.min()
            assert decoded.max() == values.max()


@pytest.mark.parametrize("axis", [0, 1])
def test_fields_follow_one_another_along_the_axis_that_is_named(
    field: MakeField, axis: int
) -> None:
    values = field(4, 5, 20, 24)
    payload = Ncx(axis=axis).encode(values, absolute(0.05))
    assert largest_error(values, Ncx().decode(payload, values.shape, F4)) <= 0.05
    np.testing.assert_array_equal(
        decode_by_reference(payload, values.shape, F4), Ncx().decode(payload, values.shape, F4)
    )


def test_an_axis_that_a_block_lacks_is_its_first(field: MakeField) -> None:
    values = field(3, 20, 24)
    one, other = (Ncx(axis=axis).encode(values, absolute(0.05)) for axis in (0, 3))
    assert one == other


def test_smooth_fields_are_smaller_than_under_sz3(field: MakeField) -> None:
    values = field(8, 90, 180, noise=0.02)
    for bound in (0.02, 0.1):
        mine = len(Ncx().encode(values, absolute(bound)))
        assert mine < 0.85 * len(Sz3().encode(values, absolute(bound)))


def test_taps_are_taken_where_they_make_a_block_smaller(
    field: MakeField, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(12, 60, 80)).cumsum(0).cumsum(2)  # not what a network expects
    values = values.astype(np.float32)
    with_taps = len(Ncx().encode(values, absolute(0.5)))
    monkeypatch.setattr(encode, "fit_taps", lambda *_: Fitted({}, 0.0))
    assert with_taps <= len(Ncx().encode(values, absolute(0.5)))


@pytest.mark.parametrize("size", [1, 7, BATCH])
def test_bytes_do_not_depend_on_how_many_points_are_predicted_at_once(
    field: MakeField, size: int
) -> None:
    # A row of so many columns ends in the middle of a batch, or with it.
    values = field(3, 12, 2 * BATCH + size)
    payload = Ncx().encode(values, absolute(0.01))
    np.testing.assert_array_equal(
        decode_by_reference(payload, values.shape, F4), Ncx().decode(payload, values.shape, F4)
    )


def test_the_same_block_has_the_same_bytes(field: MakeField) -> None:
    values = field(4, 40, 60)
    first = Ncx().encode(values, absolute(0.05))
    assert first == Ncx().encode(np.asfortranarray(values).copy(order="C"), absolute(0.05))


def test_columns_wrap_where_the_field_does(field: MakeField) -> None:
    values = field(1, 40, 64, noise=0)
    wrapping = Ncx().encode(values, absolute(0.01))
    part = np.ascontiguousarray(values[..., :40])
    cut = Ncx().encode(part, absolute(0.01))
    assert wrapping[0] & 4
    assert not cut[0] & 4


ODD = {
    "constant": np.full((3, 8, 9), 5.0, np.float32),
    "zeros of both signs": np.array([0.0, -0.0] * 32, np.float32).reshape(8, 8),
    "one spike": np.where(np.arange(400).reshape(20, 20) == 217, 1e20, 3.0).astype(np.float32),
    "huge": np.linspace(-3e38, 3e38, 400, dtype=np.float32).reshape(20, 20),
    "largest": np.full((8, 9), -np.finfo(np.float32).max),
    "largest of both signs": np.where(np.indices((9, 8)).sum(0) % 2, 1, -1)
    * np.finfo(np.float32).max,
    "subnormal": (np.arange(400, dtype=np.float32).reshape(20, 20) * np.float32(1e-44)),
    "noise": np.random.default_rng(0).normal(size=(30, 30)).astype(np.float32),
    "checkerboard": (np.indices((24, 24)).sum(0) % 2).astype(np.float32),
    "steps": np.repeat(np.arange(16.0, dtype=np.float32), 16).reshape(16, 16) ** 5,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ODD)
def test_odd_fields_keep_their_bound(name: str, dtype: Any) -> None:
    values = ODD[name].astype(dtype)
    if dtype == np.float64 and "largest" in name:
        values = np.sign(values) * np.finfo(dtype).max
    for share in (1e-6, 1e-3, 0.2, 10.0):
        bound = float(np.abs(values).max()) * share
        if not 0 < bound < np.inf:
            continue
        try:
            payload = Ncx().encode(values, absolute(bound))
        except BoundError:
            continue
        assert largest_error(values, Ncx().decode(payload, values.shape, values.dtype)) <= bound


@pytest.mark.parametrize("name", ["all missing", "speckled", "named fill", "infinite", "one row"])
def test_blocks_with_special_values_keep_them_exactly(field: MakeField, name: str) -> None:
    values, rng = field(3, 20, 30), np.random.default_rng(0)
    if name == "all missing":
        values[:] = np.nan
    elif name == "speckled":
        values[rng.random(values.shape) < 0.2] = np.nan
    elif name == "named fill":
        values[:, :9] = 1e20
    elif name == "infinite":
        values[0, 0, :3] = [np.inf, -np.inf, np.nan]
    else:
        values = values[:, :1]
    encoding = BlockEncoding(Ncx(), absolute(0.1), exact=(1e20,))
    decoded = decode_block(encode_block(values, encoding), values.shape, F4)
    special = ~np.isfinite(values) | (values == np.float32(1e20))
    np.testing.assert_array_equal(decoded[special], values[special])
    errors = np.abs(values[~special].astype(np.float64) - decoded[~special])
    assert errors.max(initial=0.0) <= 0.1


def packed(field: MakeField, step: float, dtype: Any = np.float32) -> NDArray[Any]:
    smooth = field(5, 40, 60, noise=0.4, dtype=np.float64)
    return (np.round(smooth / step) * step + 0.3).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("steps", [0.05, 0.2, 0.4])
def test_values_on_a_lattice_stay_as_they_are_in_fewer_bytes(
    field: MakeField, steps: float, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = packed(field, 0.0631, dtype)
    bound = steps * 0.0631
    payload = Ncx().encode(values, absolute(bound))
    assert payload[0] & 8
    decoded = Ncx().decode(payload, values.shape, values.dtype)
    assert largest_error(values, decoded) <= 2 * np.spacing(values.max())
    np.testing.assert_array_equal(decode_by_reference(payload, values.shape, values.dtype), decoded)
    monkeypatch.setattr(task, "lattice_grid", lambda *_: None)
    assert len(payload) < 0.97 * len(Ncx().encode(values, absolute(bound)))


def test_values_beside_their_lattice_come_back_within_the_bound(field: MakeField) -> None:
    values = packed(field, 0.1)
    values[2, 7, 9:12] = [0.0, 250.35173, 299.90021]
    bound = 0.03
    payload = Ncx().encode(values, absolute(bound))
    assert payload[0] & 8
    decoded = Ncx().decode(payload, values.shape, F4)
    assert largest_error(values, decoded) <= bound


def test_lattices_of_finer_steps_and_of_each_field_are_not_used(field: MakeField) -> None:
    fields, steps = field(2, 30, 40), np.array([[[0.0317]], [[0.0203]]], dtype=np.float32)
    fields = np.round(fields / steps) * steps
    for values, bound in ((packed(field, 0.01), 0.2), (fields, 0.01)):
        payload = Ncx().encode(values, absolute(bound))
        assert not payload[0] & 8
        assert largest_error(values, Ncx().decode(payload, values.shape, F4)) <= bound


@pytest.mark.parametrize("frames", ["causal", "hierarchical"])
def test_what_only_fills_gaps_takes_hardly_any_bytes(
    field: MakeField, frames: ncx.FrameOrder
) -> None:
    values = field(6, 48, 60, noise=0.3)
    missing = np.zeros(values.shape, dtype=bool)
    missing[:, 5:30, 8:44] = True
    values[missing] = np.nan
    filled = fill_missing(values, missing)
    codec = Ncx(frames=frames)
    payload = codec.encode_filled(filled, absolute(0.02), missing)
    assert len(payload) < 0.93 * len(codec.encode(filled, absolute(0.02)))
    for decoded in (
        codec.decode(payload, values.shape, F4), decode_by_reference(payload, values.shape, F4)
    ):  # fmt: skip
        assert largest_error(values[~missing], decoded[~missing]) <= 0.02
        assert decoded[~missing].min() == np.nanmin(values)
        assert decoded[~missing].max() == np.nanmax(values)
    # In an archive, the mask is exact and nothing else is different.
    encoding = BlockEncoding(codec, absolute(0.02))
    assert payload in encode_block(values, encoding)
    read = decode_block(encode_block(values, encoding), values.shape, F4)
    np.testing.assert_array_equal(np.isnan(read), missing)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("frames", ["causal", "hierarchical"])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.1])
def test_finer_tails_are_within_a_quarter_of_the_bound(
    field: MakeField, frames: ncx.FrameOrder, share: float, dtype: Any
) -> None:
    values, bound = field(6, 40, 60, noise=0.5, dtype=dtype), 0.4
    payload = Ncx(frames=frames, tails=share).encode(values, absolute(bound))
    decoded = Ncx().decode(payload, values.shape, values.dtype)
    np.testing.assert_array_equal(decode_by_reference(payload, values.shape, values.dtype), decoded)
    assert largest_error(values, decoded) <= bound
    plain = Ncx(frames=frames).encode(values, absolute(bound))
    more = math.ceil(2 * 2 * share * values.size / 8)  # two bits, at both ends
    assert 0 < len(payload) - len(plain) < 1.2 * more + 24
    # A value that is farther out than the last refined one and the bound has been refined.
    low, high = np.quantile(values, [share, 1 - share])
    out = (values < low - 2 * bound) | (values > high + 2 * bound)
    assert share > 0.05 or out.any()
    assert np.abs(values[out] - decoded[out]).max(initial=0.0) <= bound / 4 * 1.001
    untouched = Ncx().decode(plain, values.shape, values.dtype)
    inside = (values > low + 2 * bound) & (values < high - 2 * bound)
    np.testing.assert_array_equal(decoded[inside], untouched[inside])


def test_an_end_of_equal_values_is_not_refined(field: MakeField) -> None:
    rain = np.maximum(field(4, 40, 60, noise=1.0) - 281, 0)
    plain, finer = (Ncx(tails=share).encode(rain, absolute(0.2)) for share in (0.0, 0.02))
    assert np.mean(rain == 0) > 0.2
    assert len(finer) - len(plain) < 2 * 0.02 * rain.size / 4 + 24


@pytest.mark.parametrize("constant", [False, True])
def test_tails_of_few_or_equal_values_are_a_block_still(field: MakeField, constant: bool) -> None:
    values = np.full((4, 5), 3.5, np.float32) if constant else field(4, 5)
    payload = Ncx(tails=0.1).encode(values, absolute(0.1))
    assert largest_error(values, Ncx().decode(payload, values.shape, F4)) <= 0.1


def test_all_but_one_value_may_be_missing(field: MakeField) -> None:
    values = field(2, 12, 16)
    missing = np.ones(values.shape, dtype=bool)
    missing[1, 3, 4] = missing[0, 2, 2] = False
    filled = fill_missing(values, missing)
    decoded = Ncx().decode(Ncx().encode_filled(filled, absolute(0.1), missing), values.shape, F4)
    np.testing.assert_array_equal(decoded[~missing], values[~missing])


@pytest.mark.parametrize("shape", [(), (7,), (3, 200), (0, 5, 5), (2, 0)], ids=str)
def test_what_has_no_fields_is_left_to_sz3(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    payload = Ncx().encode(values, absolute(0.5))
    assert payload[:1] == (ELSEWHERE if values.size else b"")
    decoded = Ncx().decode(payload, shape, F4)
    assert decoded.shape == shape
    np.testing.assert_allclose(decoded, values, atol=0.5)


def test_what_spans_too_many_bounds_is_left_to_sz3() -> None:
    values = np.random.default_rng(0).random((20, 20))
    payload = Ncx().encode(values, absolute(1e-9))
    assert payload[:1] == ELSEWHERE
    assert largest_error(values, Ncx().decode(payload, values.shape, values.dtype)) <= 1e-9


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"frames": "random"}, "allowed: causal, hierarchical"),
        ({"alpha": 0.5}, "allowed: 1, 0.97, 0.95, 0.9"),
        ({"axis": 9}, "allowed: 0 to 6"),
        ({"tails": 0.2}, "allowed: 0 to 0.1"),
        ({"tails": math.nan}, "allowed: 0 to 0.1"),
    ],
)
def test_settings_that_there_are_not_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(CodecError, match=says):
        Ncx(**settings)


def test_a_relative_bound_is_refused(field: MakeField) -> None:
    with pytest.raises(CodecError, match="it keeps: absolute"):
        Ncx().encode(field(8, 8), ErrorBound("pointwise_relative", 0.1))


def test_a_network_that_is_not_here_is_named(field: MakeField) -> None:
    values = field(8, 8)
    payload = bytearray(Ncx().encode(values, absolute(0.1)))
    payload[2:10] = bytes(8)
    with pytest.raises(PayloadError, match=r"model 0000000000000000 .* not here: install"):
        Ncx().decode(payload, values.shape, F4)


def test_a_missing_or_damaged_model_file_is_named(
    field: MakeField, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = models.foundation().file
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(models.resources, "files", lambda _: tmp_path)
    name = models.FOUNDATION
    for data, says in (
        (None, f"{name} of codec 'ncx' is not there"),
        (good[:-1], f"{name}.ncx: a model .* bytes, not"),
        (good[:90] + bytes([good[90] ^ 1]) + good[91:], f"{name}.ncx of codec 'ncx' has the hash"),
    ):
        models._shipped.cache_clear()
        if data is not None:
            (tmp_path / "models" / f"{name}.ncx").write_bytes(data)
        with pytest.raises(CodecError, match=f"{says}.*reinstall climcomp"):
            Ncx().encode(field(8, 8), absolute(0.1))
    models._shipped.cache_clear()


@pytest.mark.parametrize("shape", [(8, 9), (8, 8, 2), (9, 8)], ids=str)
def test_a_payload_of_another_shape_or_type_is_refused(
    field: MakeField, shape: tuple[int, ...]
) -> None:
    payload = Ncx().encode(field(8, 8), absolute(0.01))
    with pytest.raises(PayloadError):
        Ncx().decode(payload, shape, F4)
    with pytest.raises(PayloadError, match="another type"):
        Ncx().decode(payload, (8, 8), np.dtype(np.float64))


@pytest.mark.parametrize("kind", ["plain", "packed", "tails"])
def test_damaged_payloads_are_errors_and_never_other_values(field: MakeField, kind: str) -> None:
    values = packed(field, 0.2)[:3, :16, :20].copy() if kind == "packed" else field(3, 16, 20)
    payload = Ncx(tails=0.05 if kind == "tails" else 0.0).encode(values, absolute(0.05))
    good = Ncx().decode(payload, values.shape, F4)
    rng = np.random.default_rng(11)
    errors = 0
    for number in range(4_000):
        damaged = bytearray(payload)
        damage = number % 3
        if damage == 0:
            del damaged[int(rng.integers(len(damaged))) :]
        for _ in range(int(rng.integers(1, 4)) if damage else 0):
            at = int(rng.integers(len(damaged)))
            damaged[at] = int(rng.integers(256)) if damage == 1 else damaged[at] ^ 1 << number % 8
        try:
            decoded = Ncx().decode(bytes(damaged), values.shape, F4)
        except PayloadError:
            errors += 1
            continue
        assert damaged == payload or np.array_equal(decoded, good)
    assert errors > 3_960
