"""The fused pass: everything that the variable-scope criteria need, from one reading of a level.

Rows are the outer loop and times the inner one, so that the sums of a row's cells stay in the first
cache and its neighbour rows in the second. The order of all columns is that of `columns`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from climcomp_metrics.columns import UNSEEN
from climcomp_metrics.kernels.jit import compile_clean, compile_loop

MANTISSA = 40
"""Bits below an asinh-like step: 52 of the mantissa less `bins.OCTAVE_BITS`."""
ONE = 1023 << 12

Floats = NDArray[np.floating]
Buffer = NDArray[np.float64]


@compile_loop
def _load(x: Floats, y: Floats, reference: float, d: Buffer, e: Buffer, v: Buffer) -> float:
    """Fill d = x - reference, e = y - x and v = 1; all three 0 where either is not finite."""
    count = 0.0
    for i in range(x.size):
        a = np.float64(x[i])
        b = np.float64(y[i])
        good = abs(a + b) < np.inf
        d[i] = a - reference if good else 0.0
        e[i] = b - a if good else 0.0
        v[i] = 1.0 if good else 0.0
        count += 1.0 if good else 0.0
    return count


@compile_clean
def _moments(d: Buffer, e: Buffer, row: Buffer) -> None:
    sx = sxx = se = see = sxe = square = 0.0
    for i in range(d.size):
        sx += d[i]
        sxx += d[i] * d[i]
        se += e[i]
        see += e[i] * e[i]
        product = d[i] * e[i]
        sxe += product
        square += product * product
    row[5] += sx
    row[6] += sxx
    row[7] += se
    row[8] += see
    row[9] += sxe
    row[24] += square


@compile_clean
def _extent(d: Buffer, e: Buffer, v: Buffer, row: Buffer) -> None:
    largest = row[10]
    least = row[11]
    most = row[12]
    for i in range(d.size):
        largest = max(largest, abs(e[i]))
        least = min(least, d[i] if v[i] > 0.0 else UNSEEN)
        most = max(most, d[i] if v[i] > 0.0 else -UNSEEN)
    row[10] = largest
    row[11] = least
    row[12] = most


@compile_clean
def _weighted(d: Buffer, e: Buffer, v: Buffer, w: Buffer, row: Buffer) -> None:
    sw = sn = sx = se = 0.0
    for i in range(d.size):
        sw += w[i] * v[i]
        sn += v[i] if w[i] > 0.0 else 0.0
        sx += w[i] * d[i]
        se += w[i] * e[i]
    row[1] += sw
    row[2] += sn
    row[3] += sx
    row[4] += se


@compile_clean
def _cells(
    d: Buffer, e: Buffer, x: Buffer, xx: Buffer, se: Buffer, see: Buffer, sxe: Buffer
) -> None:
    for i in range(d.size):
        x[i] += d[i]
        xx[i] += d[i] * d[i]
        se[i] += e[i]
        see[i] += e[i] * e[i]
        sxe[i] += d[i] * e[i]


@compile_loop
def _maxima(x: Floats, v: Buffer, top: Floats) -> None:
    for i in range(x.size):
        top[i] = x[i] if (v[i] > 0.0) & (x[i] > top[i]) else top[i]


@compile_loop
def _count(v: Buffer, counts: NDArray[np.int32]) -> None:
    for i in range(v.size):
        counts[i] += np.int32(v[i])


@compile_clean
def _tiles(d: Buffer, e: Buffer, v: Buffer, size: int, band: NDArray[np.float64]) -> None:
    """Add a row to the running tiles: band[tile] = (n, sum of d, sum of e)."""
    whole = d.size // 16 if size == 16 else 0
    for tile in range(whole):
        n = sx = se = 0.0
        # A constant number of steps is what lets the compiler unroll this loop.
        for q in range(16):
            n += v[tile * 16 + q]
            sx += d[tile * 16 + q]
            se += e[tile * 16 + q]
        band[tile, 0] += n
        band[tile, 1] += sx
        band[tile, 2] += se
    for i in range(whole * 16, d.size):
        band[i // size, 0] += v[i]
        band[i // size, 1] += d[i]
        band[i // size, 2] += e[i]


@compile_loop
def _flush_tiles(band: NDArray[np.float64], fewest: int, sums: NDArray[np.float64]) -> None:
    for t in range(band.shape[0]):
        for tile in range(band.shape[1]):
            n = band[t, tile, 0]
            if n >= fewest:
                sums[0, tile] += n
                sums[1, tile] += band[t, tile, 1]
                sums[2, tile] += band[t, tile, 1] * band[t, tile, 1] / n
                sums[3, tile] += band[t, tile, 2] * band[t, tile, 2] / n
    band[:] = 0.0


@compile_clean
def _steps_x(e: Buffer, v: Buffer, sums: Buffer, counts: Buffer) -> None:
    """abs(e[i] - e[i - 1]) by column, and how many there are."""
    for i in range(1, e.size):
        both = v[i] * v[i - 1]
        sums[i] += abs(e[i] - e[i - 1]) * both
        counts[i] += both


@compile_loop
def _steps_y(e: Buffer, v: Buffer, x: Floats, y: Floats, sums: NDArray[np.float64]) -> None:
    """abs(e - e of the row before), summed over the row."""
    total = count = 0.0
    for i in range(x.size):
        a = np.float64(x[i])
        b = np.float64(y[i])
        both = (abs(a + b) < np.inf) & (v[i] > 0.0)
        total += abs(e[i] - (b - a)) if both else 0.0
        count += 1.0 if both else 0.0
    sums[0] += total
    sums[1] += count


@compile_loop
def _stencils(
    x_south: Floats,
    x: Floats,
    x_north: Floats,
    y_south: Floats,
    y: Floats,
    y_north: Floats,
    row: Buffer,
) -> None:
    """Sums over the inner columns of the middle one of three rows."""
    n = sl = sll = sm = smm = slm = se = see = sel = sell = sg = sh = 0.0
    for i in range(1, x.size - 1):
        xc, xw, xe = np.float64(x[i]), np.float64(x[i - 1]), np.float64(x[i + 1])
        xs, xn = np.float64(x_south[i]), np.float64(x_north[i])
        ec = np.float64(y[i]) - xc
        ew, ee = np.float64(y[i - 1]) - xw, np.float64(y[i + 1]) - xe
        es, en = np.float64(y_south[i]) - xs, np.float64(y_north[i]) - xn
        curve = (xw + xe) + (xs + xn) - 4.0 * xc
        miss = (ew + ee) + (es + en) - 4.0 * ec
        good = abs(curve) + abs(miss) < np.inf
        gx, gy = xe - xw, xn - xs
        hx, hy = ee - ew, en - es
        lap = curve if good else 0.0
        mis = miss if good else 0.0
        err = ec if good else 0.0
        n += 1.0 if good else 0.0
        sl += lap
        sll += lap * lap
        sm += mis
        smm += mis * mis
        slm += lap * mis
        se += err
        see += err * err
        sel += err * lap
        sell += err * lap * err * lap
        sg += gx * gx + gy * gy if good else 0.0
        sh += hx * hx + hy * hy if good else 0.0
    row[13] += n
    row[14] += sl
    row[15] += sll
    row[16] += sm
    row[17] += smm
    row[18] += slm
    row[19] += se
    row[20] += see
    row[21] += sel
    row[22] += 0.25 * sg
    row[23] += 0.25 * sh
    row[25] += sell


@compile_loop
def _linear_bins(
    x: Floats, v: Buffer, low: float, inverse: float, count: int, at: NDArray[np.uint32]
) -> None:
    top = np.float64(count - 1)
    for i in range(x.size):
        position = (np.float64(x[i]) - low) * inverse + 1.0
        above = position if position > 0.0 else 0.0
        f = above if above < top else top
        at[i] = np.uint32(np.int32(f)) if v[i] > 0.0 else np.uint32(count)


@compile_loop
def _asinh_bins(
    x: Floats, v: Buffer, low: float, inverse: float, count: int, u: Buffer, at: NDArray[np.uint32]
) -> None:
    for i in range(x.size):
        u[i] = 1.0 + abs(np.float64(x[i])) * inverse
    bits = u.view(np.int64)
    start = np.int64(low)
    top = np.int64(count - 1)
    for i in range(x.size):
        step = (bits[i] >> MANTISSA) - ONE
        step = (-1 - step if x[i] < 0.0 else step) - start + 1
        step = step if step > 0 else np.int64(0)
        step = step if step < top else top
        at[i] = np.uint32(step) if v[i] > 0.0 else np.uint32(count)


@compile_loop
def _histograms(
    at_x: NDArray[np.uint32],
    at_y: NDArray[np.uint32],
    d: Buffer,
    e: Buffer,
    tail_low: int,
    tail_high: int,
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Count x, y and, in the upper tail, min(x, y) by bin; sum x, e and y in the tail bins."""
    # Unsigned numbers: one comparison tells both tails, and no index can be negative.
    body = np.uint32(tail_high - tail_low)
    bottom = np.uint32(tail_low)
    for i in range(d.size):
        a = at_x[i]
        b = at_y[i]
        counts[0, a] += 1
        counts[1, b] += 1
        if (np.uint32(a - bottom) >= body) | (np.uint32(b - bottom) >= body):
            counts[2, min(a, b)] += 1
            sums[a, 0] += d[i]
            sums[a, 1] += e[i]
            sums[b, 2] += d[i] + e[i]


@compile_loop
def _seam(x: Floats, y: Floats, k: int, slices: NDArray[np.float64]) -> None:
    """The stencils of the first and last column of a periodic row, which are neighbours."""
    times, _, rows, columns = x.shape
    ring = np.empty((6, 4), x.dtype)
    for j in range(1, rows - 1):
        for t in range(times):
            for q in range(4):
                i = (columns - 2 + q) % columns
                for s in range(3):
                    ring[s, q] = x[t, k, j - 1 + s, i]
                    ring[3 + s, q] = y[t, k, j - 1 + s, i]
            _stencils(ring[0], ring[1], ring[2], ring[3], ring[4], ring[5], slices[t])


@compile_loop
def measure_level(
    x: Floats,
    y: Floats,
    k: int,
    reference: float,
    weights: NDArray[np.float64],
    weigh: int,
    neighbours: bool,
    wrap: bool,
    by_cell: bool,
    bins: tuple[int, float, float, int, int, int],
    tile_rows: int,
    tile_columns: int,
    fewest: int,
    segment: int,
    slices: NDArray[np.float64],
    counts: NDArray[np.int64],
    tails: NDArray[np.float64],
    cell_counts: NDArray[np.int32],
    cell_sums: NDArray[np.float64],
    cell_maxima: NDArray[np.floating],
    tiles: NDArray[np.float64],
    steps_x: NDArray[np.float64],
    steps_y: NDArray[np.float64],
) -> None:
    """Measure level `k` of two (time, level, y, x) arrays into the given zeroed arrays.

    `weigh`: 0 no weights, 1 the same along each row, 2 a weight for each cell. `segment` columns
    (a multiple of the tile) are done at a time. `bins`: scale (0 linear, 1 asinh), low, 1/width,
    count, tail_low, tail_high.
    """
    times, _, rows, columns = x.shape
    asinh, low, inverse, count, tail_low, tail_high = bins
    # Arrays of their own: rows of one array would be strided to the compiler, which then gives up
    # on vectors.
    d0, e0, v0 = np.empty(segment + 1), np.empty(segment + 1), np.empty(segment + 1)
    u0 = np.empty(segment)
    ax0, ay0 = np.empty(segment, np.uint32), np.empty(segment, np.uint32)
    band0 = np.zeros((times, (segment + tile_columns - 1) // tile_columns, 3))
    for start in range(0, columns, segment):
        stop = min(start + segment, columns)
        width = stop - start
        # One column more than is summed, so that the step into it is seen.
        lead = 1 if start > 0 else 0
        n_tiles = (width + tile_columns - 1) // tile_columns
        band = band0[:, :n_tiles]
        first_tile = start // tile_columns
        west, east = max(start - 1, 0), min(stop + 1, columns)
        d1, e1, v1 = d0[: width + lead], e0[: width + lead], v0[: width + lead]
        d, e, v = d1[lead:], e1[lead:], v1[lead:]
        ax, ay, u = ax0[:width], ay0[:width], u0[:width]
        for j in range(rows):
            for t in range(times):
                xr = x[t, k, j, start:stop]
                yr = y[t, k, j, start:stop]
                row = slices[t]
                valid = _load(
                    x[t, k, j, start - lead : stop], y[t, k, j, start - lead : stop],
                    reference, d1, e1, v1,
                )  # fmt: skip
                valid -= v1[0] if lead else 0.0
                if valid == 0.0:
                    continue
                row[0] += valid
                before5, before7 = row[5], row[7]
                _moments(d, e, row)
                _extent(d, e, v, row)
                if weigh == 1:
                    w = weights[j, 0]
                    row[1] += w * valid
                    row[2] += valid if w > 0.0 else 0.0
                    row[3] += w * (row[5] - before5)
                    row[4] += w * (row[7] - before7)
                elif weigh == 2:
                    _weighted(d, e, v, weights[j, start:stop], row)
                if by_cell:
                    _cells(
                        d, e,
                        cell_sums[0, j, start:stop], cell_sums[1, j, start:stop],
                        cell_sums[2, j, start:stop], cell_sums[3, j, start:stop],
                        cell_sums[4, j, start:stop],
                    )  # fmt: skip
                    _count(v, cell_counts[j, start:stop])
                    _maxima(xr, v, cell_maxima[0, j, start:stop])
                    _maxima(yr, v, cell_maxima[1, j, start:stop])
                _tiles(d, e, v, tile_columns, band[t])
                if asinh:
                    _asinh_bins(xr, v, low, inverse, count, u, ax)
                    _asinh_bins(yr, v, low, inverse, count, u, ay)
                else:
                    _linear_bins(xr, v, low, inverse, count, ax)
                    _linear_bins(yr, v, low, inverse, count, ay)
                _histograms(ax, ay, d, e, tail_low, tail_high, counts, tails)
                if neighbours:
                    _steps_x(
                        e1, v1, steps_x[0, start - lead : stop], steps_x[1, start - lead : stop]
                    )
                    if j > 0:
                        _steps_y(
                            e,
                            v,
                            x[t, k, j - 1, start:stop],
                            y[t, k, j - 1, start:stop],
                            steps_y[:, j],
                        )
                        if j < rows - 1:
                            _stencils(
                                x[t, k, j - 1, west:east], x[t, k, j, west:east],
                                x[t, k, j + 1, west:east], y[t, k, j - 1, west:east],
                                y[t, k, j, west:east], y[t, k, j + 1, west:east],
                                row,
                            )  # fmt: skip
            if (j + 1) % tile_rows == 0 or j == rows - 1:
                _flush_tiles(
                    band, fewest, tiles[:, j // tile_rows, first_tile : first_tile + n_tiles]
                )
    if neighbours and wrap and columns > 2:
        _seam(x, y, k, slices)
