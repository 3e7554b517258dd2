"""What a stage does for each of its points, in Triton, the compiler that torch for CUDA brings.

The same integers as in `describe` and `predict`, without their intermediate tensors; the products
of matrices between these kernels are torch's. Fused products change nothing: every one of them is
exact. The divisions, which are not, are of float64, and Triton rounds them as IEEE 754 says.
"""

# Whole numbers of a launch are no reason to compile a kernel again: none is specialised.

from __future__ import annotations

import triton
import triton.language as tl

# Constants of the modules that tell of them, as Triton takes them; `fused` compares them.
LARGEST_OVER = tl.constexpr(96.0)
LARGEST_LG = tl.constexpr(511)
LARGEST_HIDDEN = tl.constexpr(2047.0)
LARGEST_OFFSET = tl.constexpr(512.0)
LARGEST = tl.constexpr(1073741824.0)
SHARES = tl.constexpr(768)
LOWEST, WIDEST = tl.constexpr(-20), tl.constexpr(162)
ROWS = tl.constexpr(5616)
FEWEST_WITH_OCTAVES = tl.constexpr(131072)
RATIOS, WEIGHTS = tl.constexpr(12), tl.constexpr(12)
SET = tl.constexpr(31)
"""Numbers of a set of taps."""
BASE, PLAIN = tl.constexpr(9), tl.constexpr(10)
"""Rows of what is known of a point, behind the candidates beside the base."""


@triton.jit
def _near(plane, rows, columns, i: tl.constexpr, of_rows, of_columns, is_here):
    """Neighbour i of points in a plane, whose rows and columns are tables (16, ...)."""
    place = tl.load(rows + i * of_rows, is_here, 0) + tl.load(columns + i * of_columns, is_here, 0)
    return tl.load(plane + place, is_here, 0).to(tl.float64)


@triton.jit
def _four(plane, rows, columns, i: tl.constexpr, of_rows, of_columns, is_here):
    """The sum of the neighbours i to i + 3."""
    return (
        _near(plane, rows, columns, i, of_rows, of_columns, is_here)
        + _near(plane, rows, columns, i + 1, of_rows, of_columns, is_here)
        + _near(plane, rows, columns, i + 2, of_rows, of_columns, is_here)
        + _near(plane, rows, columns, i + 3, of_rows, of_columns, is_here)
    )


@triton.jit
def _high(plane, rows, columns, of_rows, of_columns, is_here, KIND: tl.constexpr):
    """high of a field."""
    nearest = _four(plane, rows, columns, 0, of_rows, of_columns, is_here)
    if KIND == 2:
        more = _four(plane, rows, columns, 4, of_rows, of_columns, is_here)
        total = 128.0 * nearest - 64.0 * more
    else:
        last = _four(plane, rows, columns, 12, of_rows, of_columns, is_here)
        if KIND == 0:
            more = _four(plane, rows, columns, 4, of_rows, of_columns, is_here)
            more += _four(plane, rows, columns, 8, of_rows, of_columns, is_here)
            total = 81.0 * nearest - 9.0 * more + last
        else:
            total = 72.0 * nearest - 8.0 * last
    return tl.floor(total * 0.00390625 + 0.5)


@triton.jit
def _line(
    plane, rows, columns, a: tl.constexpr, b: tl.constexpr, c: tl.constexpr, d: tl.constexpr,
    of_rows, of_columns, is_here,
):  # fmt: skip
    """A cubic through four neighbours in a line, the nearest two first."""
    inner = _near(plane, rows, columns, a, of_rows, of_columns, is_here)
    inner += _near(plane, rows, columns, b, of_rows, of_columns, is_here)
    outer = _near(plane, rows, columns, c, of_rows, of_columns, is_here)
    outer += _near(plane, rows, columns, d, of_rows, of_columns, is_here)
    return tl.floor((9.0 * inner - outer) * 0.0625 + 0.5)


@triton.jit
def _tapped(
    plane, rows, columns, taps, m, begin: tl.constexpr, count: tl.constexpr, of_rows, of_columns,
    is_here,
):  # fmt: skip
    """What the first neighbours in a field say, by their taps."""
    said = tl.zeros_like(m)
    for i in tl.static_range(count):
        near = _near(plane, rows, columns, i, of_rows, of_columns, is_here)
        said += tl.load(taps + begin + i) * (near - m)
    return said


@triton.jit
def _over(value, inverse):
    """An input of the network that is taken over the scale."""
    scaled = tl.floor(value * inverse + 0.5)
    return tl.minimum(tl.maximum(scaled, -LARGEST_OVER), LARGEST_OVER).to(tl.float32)


@triton.jit
def _logarithm(size):
    """An input of the network that is a logarithm."""
    bits = (size + 8.0).to(tl.int64, bitcast=True)
    return tl.minimum((bits >> 48) - 16480, LARGEST_LG).to(tl.float32)


@triton.jit
def _output(outputs, skipped, biases, skip_biases, number: tl.constexpr, total, at, is_here):
    """An output of the network, in 1/64."""
    of_third = tl.load(outputs + number * total + at, is_here, 0) + tl.load(biases + number)
    of_skip = tl.load(skipped + number * total + at, is_here, 0) + tl.load(skip_biases + number)
    return tl.floor(of_third) + tl.floor(of_skip)


@triton.jit
def _share(shares, top, output):
    """What a candidate weighs in the mixture."""
    behind = (top - output).to(tl.int32)
    is_some = behind < SHARES
    return tl.load(shares + tl.where(is_some, behind, 0), is_some, 0)


@triton.jit
def _clipped(value):
    return tl.minimum(tl.maximum(value, -LARGEST), LARGEST)


@triton.jit(do_not_specialize=["total"])
def activate(sums, biases, total, POINTS: tl.constexpr):
    """Leak, round down and clip the sums (units, total) of a hidden layer, in place."""
    unit = tl.program_id(1).to(tl.int64)
    at = tl.program_id(0) * POINTS + tl.arange(0, POINTS)
    is_here = at < total
    value = tl.load(sums + unit * total + at, is_here, 0) + tl.load(biases + unit)
    value = tl.floor(tl.where(value > 0, value, value * 0.125))
    value = tl.minimum(tl.maximum(value, -LARGEST_HIDDEN), LARGEST_HIDDEN)
    tl.store(sums + unit * total + at, value, is_here)


@triton.jit(
    do_not_specialize=[
        "position",
        "first",
        "second",
        "fields",
        "plane",
        "own_set",
        "of_taps",
        "total",
        "of_rows",
        "of_columns",
        "first_row",
        "first_column",
        "step",
        "columns_of_field",
    ]
)
def describe_stage(
    values, spread, drift, miss, taps, inputs, known, octaves,
    row_table, column_table, inverses,
    position, first, second, fields, plane, own_set, of_taps, total,
    of_rows, of_columns, first_row, first_column, step, columns_of_field,
    KIND: tl.constexpr, HAS_FIRST: tl.constexpr, HAS_SECOND: tl.constexpr,
    IS_BETWEEN: tl.constexpr, IS_TAPPED: tl.constexpr, POINTS: tl.constexpr,
):  # fmt: skip
    """What is known of the points of a stage; the second index of a program is the block.

    Parameters
    ----------
    values : (blocks, fields, plane) int32
    spread, drift, miss : (blocks, plane) int32
    taps : (blocks, `of_taps`) float64
        Of every set 30 and how many there are; those of the stage are number `own_set`.
    inputs : (32, total) float32, known : (11, total) float64, octaves : (total,) int32
        What is written, of the points of all blocks.
    row_table, column_table : (16, of_rows), (16, of_columns) int32
        Of the neighbours of the points of a column, times the columns of a field, and of a row.
    position, first, second
        Of the field and its references among those of a block.
    """
    block = tl.program_id(1).to(tl.int64)
    point = tl.program_id(0) * POINTS + tl.arange(0, POINTS)
    is_here = point < of_rows * of_columns
    row, column = point // of_columns, point % of_columns
    rows, columns = row_table + row, column_table + column
    place = (first_row + row * step) * columns_of_field + first_column + column * step
    own = values + (block * fields + position) * plane
    spread += block * plane
    miss += block * plane
    at = block * (of_rows * of_columns) + point
    total = total.to(tl.int64)

    nearest = _four(own, rows, columns, 0, of_rows, of_columns, is_here)
    m = tl.floor(nearest * 0.25 + 0.5)
    if KIND == 0:
        p1 = _line(own, rows, columns, 0, 3, 12, 15, of_rows, of_columns, is_here)
        p2 = _line(own, rows, columns, 1, 2, 13, 14, of_rows, of_columns, is_here)
    else:
        p1 = _line(own, rows, columns, 0, 1, 12, 13, of_rows, of_columns, is_here)
        p2 = _line(own, rows, columns, 2, 3, 14, 15, of_rows, of_columns, is_here)
    hi = _high(own, rows, columns, of_rows, of_columns, is_here, KIND)
    trend = tl.zeros_like(hi)
    both = trend
    before = hi
    extrapolated = hi
    moved = trend
    before_it = values + (block * fields + first) * plane
    beyond_it = values + (block * fields + second) * plane
    if HAS_FIRST:
        before = tl.load(before_it + place, is_here, 0).to(tl.float64)
        trend = before - _high(before_it, rows, columns, of_rows, of_columns, is_here, KIND)
        both = trend
        extrapolated = before
        for i in tl.static_range(4):
            here = _near(own, rows, columns, i, of_rows, of_columns, is_here)
            there = _near(before_it, rows, columns, i, of_rows, of_columns, is_here)
            moved += tl.abs(here - there)
    if HAS_SECOND:
        other_one = tl.load(beyond_it + place, is_here, 0).to(tl.float64)
        other = other_one - _high(beyond_it, rows, columns, of_rows, of_columns, is_here, KIND)
        if IS_BETWEEN:
            both = tl.floor((trend + other) * 0.5)
            extrapolated = tl.floor((before + other_one) * 0.5)
        else:
            both = 2.0 * trend - other
            extrapolated = 2.0 * before - other_one
    plain = hi + trend
    base = plain
    if IS_TAPPED:
        weights = taps + block * of_taps + own_set * SET
        said = _tapped(own, rows, columns, weights, m, 0, 16, of_rows, of_columns, is_here)
        if HAS_FIRST:
            said += tl.load(weights + 16) * (before - m)
            said += _tapped(
                before_it, rows, columns, weights, m, 17, 8, of_rows, of_columns, is_here
            )
        if HAS_SECOND:
            said += tl.load(weights + 25) * (other_one - m)
            said += _tapped(
                beyond_it, rows, columns, weights, m, 26, 4, of_rows, of_columns, is_here
            )
        tapped = m + tl.floor(said * 0.000244140625 + 0.5)
        base = tl.where(tl.load(weights + 30) > 0, tapped, plain)

    k0 = hi - base
    k1 = p1 - base
    k2 = p2 - base
    k3 = m - base
    k4 = plain - base
    k5 = k0 + both
    k6 = k0 + tl.floor(trend * 0.5)
    k7 = before - base
    k8 = extrapolated - base
    lowest = tl.minimum(tl.minimum(tl.minimum(k0, k1), tl.minimum(k2, k3)), tl.minimum(k4, k5))
    lowest = tl.minimum(tl.minimum(lowest, tl.minimum(k6, k7)), tl.minimum(k8, 0.0))
    highest = tl.maximum(tl.maximum(tl.maximum(k0, k1), tl.maximum(k2, k3)), tl.maximum(k4, k5))
    highest = tl.maximum(tl.maximum(highest, tl.maximum(k6, k7)), tl.maximum(k8, 0.0))

    spread_here = tl.load(spread + place, is_here, 0).to(tl.float64)
    drift_here = tl.load(drift + block * plane + place, is_here, 0).to(tl.float64)
    mean_spread = _four(spread, rows, columns, 0, of_rows, of_columns, is_here)
    mean_spread = tl.floor(mean_spread * 0.25)
    mean_miss = tl.zeros_like(hi)
    size_of_miss = mean_miss
    largest = mean_miss
    for i in tl.static_range(4):
        missed = _near(miss, rows, columns, i, of_rows, of_columns, is_here)
        mean_miss += missed
        size_of_miss += tl.abs(missed)
        here = _near(own, rows, columns, i, of_rows, of_columns, is_here)
        largest = tl.maximum(largest, tl.abs(here - m))
    mean_miss = tl.floor(mean_miss * 0.25)
    size_of_miss = tl.floor(size_of_miss * 0.25)
    d12 = tl.abs(p1 - p2)
    dm = tl.abs(m - hi)
    away = tl.abs(k0)
    sig = 16.0 * (d12 + dm) + 10.0 * away + 32.0 * spread_here + 8.0 * size_of_miss + 1664.0
    sig = tl.floor(sig * 0.015625)
    octave = (sig.to(tl.int64, bitcast=True) >> 49).to(tl.int32) - 8184
    inverse = tl.load(inverses + octave)

    tl.store(octaves + at, octave, is_here)
    tl.store(known + 0 * total + at, k0, is_here)
    tl.store(known + 1 * total + at, k1, is_here)
    tl.store(known + 2 * total + at, k2, is_here)
    tl.store(known + 3 * total + at, k3, is_here)
    tl.store(known + 4 * total + at, k4, is_here)
    tl.store(known + 5 * total + at, k5, is_here)
    tl.store(known + 6 * total + at, k6, is_here)
    tl.store(known + 7 * total + at, k7, is_here)
    tl.store(known + 8 * total + at, k8, is_here)
    tl.store(known + BASE * total + at, base, is_here)
    tl.store(known + PLAIN * total + at, plain, is_here)
    part = inverse * 0.25
    tl.store(inputs + 0 * total + at, _over(k0, inverse), is_here)
    tl.store(inputs + 1 * total + at, _over(k1, inverse), is_here)
    tl.store(inputs + 2 * total + at, _over(k2, inverse), is_here)
    tl.store(inputs + 3 * total + at, _over(k3, inverse), is_here)
    tl.store(inputs + 4 * total + at, _over(k4, inverse), is_here)
    tl.store(inputs + 5 * total + at, _over(k5, inverse), is_here)
    tl.store(inputs + 6 * total + at, _over(k6, inverse), is_here)
    tl.store(inputs + 7 * total + at, _over(k7, inverse), is_here)
    tl.store(inputs + 8 * total + at, _over(k8, inverse), is_here)
    tl.store(inputs + 9 * total + at, _over(trend, inverse), is_here)
    tl.store(inputs + 10 * total + at, _over(both, inverse), is_here)
    tl.store(inputs + 11 * total + at, _over(drift_here, inverse), is_here)
    tl.store(inputs + 20 * total + at, _over(mean_miss, inverse), is_here)
    for i in tl.static_range(4):
        far = _near(own, rows, columns, i + 4, of_rows, of_columns, is_here) - hi
        tl.store(inputs + (12 + i) * total + at, _over(far, part), is_here)
        near = _near(own, rows, columns, i, of_rows, of_columns, is_here) - m
        tl.store(inputs + (16 + i) * total + at, _over(near, part), is_here)
    tl.store(inputs + 21 * total + at, _logarithm(tl.abs(trend)), is_here)
    tl.store(inputs + 22 * total + at, _logarithm(away), is_here)
    tl.store(inputs + 23 * total + at, _logarithm(spread_here), is_here)
    tl.store(inputs + 24 * total + at, _logarithm(d12), is_here)
    tl.store(inputs + 25 * total + at, _logarithm(dm), is_here)
    tl.store(inputs + 26 * total + at, _logarithm(tl.floor(moved * 0.25)), is_here)
    tl.store(inputs + 27 * total + at, _logarithm(sig), is_here)
    tl.store(inputs + 28 * total + at, _logarithm(largest), is_here)
    tl.store(inputs + 29 * total + at, _logarithm(highest - lowest), is_here)
    tl.store(inputs + 30 * total + at, _logarithm(size_of_miss), is_here)
    tl.store(inputs + 31 * total + at, _logarithm(mean_spread), is_here)


@triton.jit(
    do_not_specialize=[
        "position",
        "fields",
        "plane",
        "of_coded",
        "total",
        "of_rows",
        "of_columns",
        "begin",
        "first_row",
        "first_column",
        "step",
        "columns_of_field",
        "size",
        "logarithm",
        "of_loose",
    ]
)
def code_stage(
    values, targets, loose, slacks, miss, change, coded, tables, outputs, skipped, known, octaves,
    third_bias, skip_bias, scales, shares, table_rows,
    position, fields, plane, of_coded, total,
    of_rows, of_columns, begin, first_row, first_column, step, columns_of_field,
    size, logarithm, of_loose,
    IS_LATTICE: tl.constexpr, IS_LOOSE: tl.constexpr, POINTS: tl.constexpr,
):  # fmt: skip
    """Code the points of a stage of a field; the second index of a program is the block.

    Parameters
    ----------
    targets : (blocks, plane) float64
        The field in units.
    loose : (blocks, `of_loose`) uint8, slacks : (blocks,) float64
        Which values need not come back, and how far off these may be, in units.
    miss, change : (blocks, plane) int32
    coded, tables : (blocks, `of_coded`) int32
        The points of the stage stand there from `begin` on.
    outputs, skipped : (14, total) float32
        Of the network, without their biases.
    known, octaves
        Of `describe_stage`.
    """
    block = tl.program_id(1).to(tl.int64)
    point = tl.program_id(0) * POINTS + tl.arange(0, POINTS)
    is_here = point < of_rows * of_columns
    row, column = point // of_columns, point % of_columns
    place = (first_row + row * step) * columns_of_field + first_column + column * step
    at = block * (of_rows * of_columns) + point
    total = total.to(tl.int64)
    octave = tl.load(octaves + at, is_here, 0)
    scale = tl.load(scales + octave)
    o0 = _output(outputs, skipped, third_bias, skip_bias, 0, total, at, is_here)
    o1 = _output(outputs, skipped, third_bias, skip_bias, 1, total, at, is_here)
    o2 = _output(outputs, skipped, third_bias, skip_bias, 2, total, at, is_here)
    o3 = _output(outputs, skipped, third_bias, skip_bias, 3, total, at, is_here)
    o4 = _output(outputs, skipped, third_bias, skip_bias, 4, total, at, is_here)
    o5 = _output(outputs, skipped, third_bias, skip_bias, 5, total, at, is_here)
    o6 = _output(outputs, skipped, third_bias, skip_bias, 6, total, at, is_here)
    o7 = _output(outputs, skipped, third_bias, skip_bias, 7, total, at, is_here)
    o8 = _output(outputs, skipped, third_bias, skip_bias, 8, total, at, is_here)
    o9 = _output(outputs, skipped, third_bias, skip_bias, 9, total, at, is_here)
    o10 = _output(outputs, skipped, third_bias, skip_bias, 10, total, at, is_here)
    o11 = _output(outputs, skipped, third_bias, skip_bias, 11, total, at, is_here)
    o12 = _output(outputs, skipped, third_bias, skip_bias, 12, total, at, is_here)
    o13 = _output(outputs, skipped, third_bias, skip_bias, 13, total, at, is_here)
    top = tl.maximum(tl.maximum(tl.maximum(o0, o1), tl.maximum(o2, o3)), tl.maximum(o4, o5))
    top = tl.maximum(top, tl.maximum(tl.maximum(o6, o7), tl.maximum(o8, o9)))
    total_share = _share(shares, top, o9)
    sums = tl.zeros_like(total_share)
    share = _share(shares, top, o0)
    total_share += share
    sums += share * tl.load(known + 0 * total + at, is_here, 0)
    share = _share(shares, top, o1)
    total_share += share
    sums += share * tl.load(known + 1 * total + at, is_here, 0)
    share = _share(shares, top, o2)
    total_share += share
    sums += share * tl.load(known + 2 * total + at, is_here, 0)
    share = _share(shares, top, o3)
    total_share += share
    sums += share * tl.load(known + 3 * total + at, is_here, 0)
    share = _share(shares, top, o4)
    total_share += share
    sums += share * tl.load(known + 4 * total + at, is_here, 0)
    share = _share(shares, top, o5)
    total_share += share
    sums += share * tl.load(known + 5 * total + at, is_here, 0)
    share = _share(shares, top, o6)
    total_share += share
    sums += share * tl.load(known + 6 * total + at, is_here, 0)
    share = _share(shares, top, o7)
    total_share += share
    sums += share * tl.load(known + 7 * total + at, is_here, 0)
    share = _share(shares, top, o8)
    total_share += share
    sums += share * tl.load(known + 8 * total + at, is_here, 0)
    mu = tl.load(known + BASE * total + at, is_here, 0)
    mu += tl.floor((2.0 * sums + total_share) / (2.0 * total_share))
    offset = tl.minimum(tl.maximum(o10, -LARGEST_OFFSET), LARGEST_OFFSET).to(tl.float64)
    mu += tl.floor(offset * scale * 0.00390625 + 0.5)
    width = o11.to(tl.int32) + 8 * octave - 448 - logarithm
    width = tl.minimum(tl.maximum((6 * width + 32) >> 6, LOWEST), WIDEST)
    ratio = ((2 * o12.to(tl.int32) + 32) >> 6) + 2
    weight = ((o13.to(tl.int32) + 32) >> 6) + 4
    table = tl.load(table_rows + (width - LOWEST))
    table += tl.minimum(tl.maximum(ratio, 0), RATIOS - 1) * WEIGHTS
    table += tl.minimum(tl.maximum(weight, 0), WEIGHTS - 1)

    target = tl.load(targets + block * plane + place, is_here, 0)
    start = mu
    if IS_LATTICE:
        start = tl.floor(mu * 0.00390625 + 0.5) * 256.0
        away = (mu - start).to(tl.int32) + 128
        shifted = table + ROWS * (1 + (away >> 4))
        table = tl.where(table < FEWEST_WITH_OCTAVES, shifted, table)
    step_size = tl.zeros_like(target) + size
    left = target - start
    number = tl.floor(left / step_size + 0.5)
    if IS_LOOSE:
        is_loose = tl.load(loose + block * of_loose + place, is_here, 0) > 0
        number = tl.where(is_loose & (tl.abs(left) <= tl.load(slacks + block)), 0.0, number)
    value = _clipped(start + step_size * number)
    stream = block * of_coded + begin + point
    tl.store(coded + stream, number.to(tl.int32), is_here)
    tl.store(tables + stream, table, is_here)
    own = values + (block * fields + position) * plane
    tl.store(own + place, value.to(tl.int32), is_here)
    tl.store(miss + block * plane + place, _clipped(value - mu).to(tl.int32), is_here)
    plain = tl.load(known + PLAIN * total + at, is_here, 0)
    tl.store(change + block * plane + place, _clipped(value - plain).to(tl.int32), is_here)


@triton.jit(do_not_specialize=["count"])
def end_field(spread, drift, change, count, IS_FIRST: tl.constexpr, POINTS: tl.constexpr):
    """Learn from `count` points of fields that were coded."""
    point = tl.program_id(0).to(tl.int64) * POINTS + tl.arange(0, POINTS)
    is_here = point < count
    moved = tl.load(change + point, is_here, 0).to(tl.int64)
    size = tl.abs(moved)
    wide = size
    if not IS_FIRST:
        wide = (3 * tl.load(spread + point, is_here, 0).to(tl.int64) + size + 2) >> 2
    drifted = (3 * tl.load(drift + point, is_here, 0).to(tl.int64) + moved + 2) >> 2
    tl.store(spread + point, wide.to(tl.int32), is_here)
    tl.store(drift + point, drifted.to(tl.int32), is_here)
