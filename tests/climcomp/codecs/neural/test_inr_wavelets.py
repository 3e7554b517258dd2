"""Latent grids of wavelets: their numbers as bytes, their transform, and searches among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import google_crc32c
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.codecs.neural.inr.bands import Depths, deepest, transformed
from climcomp.codecs.neural.inr.evaluate import evaluate
from climcomp.codecs.neural.inr.layout import Layout
from climcomp.codecs.neural.inr.lifting import FARTHEST, backward, forward
from climcomp.codecs.neural.inr.payload import parse_payload
from climcomp.codecs.neural.inr.preview import Target, decode_preview, encode_preview
from climcomp.codecs.neural.inr.sparse import NO_PARENT, pack_sparse, unpack_sparse
from climcomp.codecs.neural.inr.wavelets import LARGEST_PRODUCT, Wavelets, parse_wavelets
from climcomp.codecs.neural.rans import encode_symbols
from climcomp.errors import CodecError, PayloadError
from climcomp.fill import fill_missing
from climcomp.mask import find_specials

MakeField = Callable[..., NDArray[Any]]
F4 = np.dtype(np.float32)
# CRC-32C of what `some_wavelets` gives for the third layout.
PACKED, BASE = 0xF7D0D3E7, 0xE3422308


def numbers(shape: tuple[int, ...], spread: float, seed: int = 0) -> NDArray[np.int64]:
    """Few that are not 0 where the spread is small, and some that are very large."""
    rng = np.random.default_rng(seed)
    drawn = rng.laplace(size=shape) * spread * np.exp2(rng.integers(0, 8, size=shape) - 4)
    return np.clip(np.rint(drawn), 1 - (1 << 20), (1 << 20) - 1).astype(np.int64)


def rows_back(s: list[int], d: list[int], around: bool) -> list[int]:
    """The format of `lifting`, number by number."""

    def before(x: list[int], i: int) -> int:
        return x[i - 1] if i else (x[-1] if around else x[0])

    def high(i: int) -> int:
        if i == 0:
            return before(d, 0) + d[0]
        return d[i - 1] + (d[i] if i < len(d) else d[i - 1])

    def low(i: int) -> int:
        return s[i] + (s[i + 1] if i + 1 < len(s) else (s[0] if around else s[i]))

    s = [x - ((465051 * high(i) + 2**19) >> 20) for i, x in enumerate(s)]
    d = [x - ((925799 * low(i) + 2**19) >> 20) for i, x in enumerate(d)]
    s = [x + ((55554 * high(i) + 2**19) >> 20) for i, x in enumerate(s)]
    d = [x + ((1663182 * low(i) + 2**19) >> 20) for i, x in enumerate(d)]
    found = [0] * (len(s) + len(d))
    found[0::2], found[1::2] = s, d
    return found


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("points", [2, 3, 8, 9, 30])
def test_the_transform_is_undone_as_its_format_says(points: int, wraps: bool) -> None:
    given = np.random.default_rng(points).integers(-(2**20), 2**20, size=points)
    lows = (points + 1) // 2
    expected = rows_back(given[:lows].tolist(), given[lows:].tolist(), wraps and points % 2 == 0)
    np.testing.assert_array_equal(expected, backward(given, 0, wraps=wraps))
    both = np.stack([given, -given, given // 3], 1)
    np.testing.assert_array_equal(expected, backward(both, 0, wraps=wraps)[:, 0])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("wraps", [True, False])
def test_the_transform_is_undone_but_for_its_rounding(axis: int, wraps: bool) -> None:
    values = np.random.default_rng(1).normal(size=(6, 9, 16)) * 2**24
    there = np.rint(forward(values, axis, wraps=wraps)).astype(np.int64)
    assert np.abs(backward(there, axis, wraps=wraps) - values).max() < 8


def test_what_is_far_from_0_is_clipped_and_never_overflows() -> None:
    given = np.full((1, 9), FARTHEST)
    given[:, ::2] *= -1
    for _ in range(12):
        given = backward(given, 1, wraps=False)
        assert np.abs(given).max() <= FARTHEST
    exact = rows_back([-FARTHEST, FARTHEST] * 8, [FARTHEST, -FARTHEST] * 8, False)
    assert max(map(abs, exact)) < 1 << 62


def test_a_mean_has_hardly_any_high_numbers() -> None:
    layout = Layout((1, 4, 24, 30), wraps=False)
    bands = transformed(np.full(layout.lengths, 1e6), layout, Depths(2, 0, 1))
    assert max(np.abs(band).max() for band in bands[1:]) < 20
    # Two of four planes are low, and all that keeps their sum of squares.
    assert np.sum(bands[0][:2] ** 2) == pytest.approx(1e12 * layout.points, rel=0.1)


SHAPES = [(1, 1, 1), (3, 7, 9), (2, 30, 41), (1, 0, 5)]


@pytest.mark.parametrize("spread", [0.0, 0.05, 3.0, 2e5])
def test_numbers_come_back_from_their_bytes(spread: float) -> None:
    arrays = [numbers(shape, spread, seed) for seed, shape in enumerate(SHAPES)]
    arrays.append(numbers((2, 15, 21), spread))
    parents = [None, None, None, None, 2]
    above = [NO_PARENT if p is None else arrays[p] for p in parents]
    made = memoryview(pack_sparse(arrays, above))
    for expected, actual in zip(
        arrays, unpack_sparse(made, [a.shape for a in arrays], parents), strict=True
    ):
        np.testing.assert_array_equal(expected, actual)


def test_zeros_take_next_to_nothing() -> None:
    assert len(pack_sparse([np.zeros((4, 200, 300), np.int64)], [NO_PARENT])) < 60


def test_damaged_numbers_are_errors() -> None:
    made = pack_sparse([numbers((2, 20, 20), 2.0)], [NO_PARENT])
    with pytest.raises(PayloadError):
        unpack_sparse(memoryview(made[:-2]), [(2, 20, 20)], [None])
    with pytest.raises(PayloadError):
        unpack_sparse(memoryview(made), [(2, 20, 19)], [None])
    lanes = encode_symbols(np.zeros(4, np.uint16), np.full(4, 32768, np.uint16), 4)
    with pytest.raises(PayloadError, match="has 4 states"):
        unpack_sparse(memoryview(lanes), [(2, 20, 20)], [None])


LAYOUTS = [
    (Layout((1, 1, 8, 8), wraps=False), Depths(1)),
    (Layout((1, 5, 21, 32), wraps=True), Depths(3, 0, 2)),
    (Layout((3, 4, 16, 9), wraps=False), Depths(2, 1, 1)),
    (Layout((2, 1, 12, 30), wraps=True), Depths(0, 1, 0)),
]
each_layout = pytest.mark.parametrize(("layout", "depths"), LAYOUTS)


def some_wavelets(layout: Layout, depths: Depths) -> Wavelets:
    bands = list(depths.bands(layout))
    drawn = [
        numbers((layout.fields, band.rows, band.columns), 2.0, seed)
        for seed, band in enumerate(bands)
    ]
    return Wavelets(depths, 70000, 6, tuple(drawn))


@each_layout
def test_wavelets_come_back_from_their_bytes(layout: Layout, depths: Depths) -> None:
    made = some_wavelets(layout, depths)
    back = parse_wavelets(memoryview(made.packed()), layout)
    assert (back.depths, back.step, back.inward) == (depths, 70000, 6)
    np.testing.assert_array_equal(made.base(layout), back.base(layout))
    assert made.base(layout).shape == layout.lengths


@each_layout
def test_at_the_points_the_field_is_the_decoded_one(layout: Layout, depths: Depths) -> None:
    made = some_wavelets(layout, depths)
    every = np.stack(np.meshgrid(*map(np.arange, layout.lengths), indexing="ij"), -1)
    found = made.evaluate(layout, every.reshape(-1, 4).astype(np.float64))
    assert np.abs(found - made.base(layout).reshape(-1)).max() < 2


def test_stored_wavelets_never_change() -> None:
    layout, depths = LAYOUTS[2]
    made = some_wavelets(layout, depths)
    assert google_crc32c.value(made.packed()) == PACKED
    assert google_crc32c.value(made.base(layout).astype("<i4").tobytes()) == BASE


def test_wavelets_transform_and_come_back() -> None:
    layout, depths = LAYOUTS[1]
    values = np.random.default_rng(3).normal(size=layout.lengths) * 1e4
    bands = transformed(values, layout, depths)
    made = Wavelets(depths, 256, 0, tuple(np.rint(b).astype(np.int64) for b in bands))
    assert np.sqrt(np.mean((made.base(layout) - values) ** 2)) < 1  # steps of a unit


def test_wavelets_that_this_version_does_not_know_are_refused() -> None:
    layout, depths = LAYOUTS[0]
    made = some_wavelets(layout, depths).packed()
    for wrong in (
        b"\x0d" + made[1:],
        made[:3] + b"\x40" + made[4:],
        made[:4] + bytes(4) + made[8:],
    ):
        with pytest.raises(PayloadError, match="knows nothing"):
            parse_wavelets(memoryview(wrong), layout)
    with pytest.raises(PayloadError, match="end in their head"):
        parse_wavelets(memoryview(made[:7]), layout)
    large = numbers((1, 8, 8), 1.0)
    large[0, 0, 0] = LARGEST_PRODUCT // 70000 // (1 << 12)
    huge = Wavelets(Depths(0), 70000 << 13, 0, (large,)).packed()
    with pytest.raises(PayloadError, match="too large"):
        parse_wavelets(memoryview(huge), Layout((1, 1, 8, 8), wraps=False))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(8, 8), (33, 64), (12, 40, 30), (2, 3, 16, 24)], ids=str)
def test_a_size_or_an_error_is_nearly_used_up(
    field: MakeField, shape: tuple[int, ...], dtype: Any
) -> None:
    values = field(*shape, noise=0.3, dtype=dtype)
    fewest = 80.0  # bytes; of very few, single numbers are a share
    for ratio in (4.0, 15.0, 60.0):
        size = values.nbytes / ratio
        if size < fewest:
            continue
        made = encode_preview(values, Target("ratio", ratio))
        assert size - max(16, 0.03 * size) <= len(made) <= size
    for rmse in (0.02, 0.5):
        made = encode_preview(values, Target("rmse", rmse))
        left = values.astype(np.float64) - decode_preview(made, shape, values.dtype)
        assert 0.8 * rmse < np.sqrt(np.mean(left**2)) <= rmse


def test_gaps_ask_for_little(field: MakeField) -> None:
    values = field(4, 48, 64)
    missing = np.zeros(values.shape, dtype=bool)
    missing[:, 10:40, 10:50] = True
    with_gaps = np.where(missing, np.float32(np.nan), values)
    filled = fill_missing(with_gaps, find_specials(with_gaps, ()))
    filled[missing] += np.random.default_rng(0).normal(size=missing.sum()).astype(np.float32)
    target = Target("rmse", 0.2)
    made = encode_preview(filled, target, missing)
    left = (values.astype(np.float64) - decode_preview(made, values.shape, F4))[~missing]
    assert np.sqrt(np.mean(left**2)) <= 0.2
    assert len(made) < 0.6 * len(encode_preview(filled, target))


def test_fields_that_follow_one_another_are_taken_together(field: MakeField) -> None:
    one = field(1, 40, 64, noise=1.0)
    same = encode_preview(np.repeat(one, 16, axis=0), Target("rmse", 0.3))
    assert len(same) < 2 * len(encode_preview(one, Target("rmse", 0.3)))
    rng = np.random.default_rng(0)
    other = encode_preview(
        np.stack([rng.permutation(one[0], axis=1) for _ in range(16)]), Target("rmse", 0.3)
    )
    depths = parse_payload(memoryview(other), (16, 40, 64), F4).base.model.depths  # type: ignore[union-attr]
    assert depths.steps == 0


def test_many_fields_of_many_rows_become_a_preview(field: MakeField) -> None:
    values = field(9, 200, 160)  # more than any part that is tried elsewhere
    made = encode_preview(values, Target("ratio", 300.0))
    left = values.astype(np.float64) - decode_preview(made, values.shape, F4)
    assert np.sqrt(np.mean(left**2)) < 0.1 * values.std()


def test_between_the_points_a_preview_is_smooth(field: MakeField) -> None:
    values = field(3, 40, 64, noise=0.0)
    made = encode_preview(values, Target("rmse", 0.05))
    where = np.array([[1.0, 20.5, 30.5], [1.5, 7.25, 63.5], [0.0, 39.0, 0.0]])
    found = evaluate(made, where, values.shape, F4)
    axes = [where[:, i] / n for i, n in enumerate(values.shape)]
    wanted = np.full(3, 280.0)
    for wave in range(1, 4):
        phase = sum((wave + i) * a for i, a in enumerate(axes[:-1])) + wave * axes[-1]
        wanted += np.sin(2 * np.pi * phase + wave) * 8 / wave
    assert np.abs(found - wanted)[[0, 2]].max() < 0.3
    beside = decode_preview(made, values.shape, F4)[1:, 7:9, [63, 0]]
    assert beside.min() - 1 < found[1] < beside.max() + 1


def test_values_that_span_too_much_are_refused() -> None:
    values = np.zeros((16, 16))
    values[::2] = 1.0
    with pytest.raises(CodecError, match="differ, by less"):
        encode_preview(values, Target("rmse", 1e-12))


def test_depths_leave_a_few_low_numbers() -> None:
    assert [deepest(n) for n in (1, 3, 7, 8, 9, 721)] == [0, 0, 1, 1, 1, 7]
    assert [deepest(n, 2) for n in (1, 2, 3, 8)] == [0, 0, 1, 2]
