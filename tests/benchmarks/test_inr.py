"""Blocks of codec `inr` within a bound against every classical codec and `ncx`, and their speed.

`pytest tests/benchmarks/test_inr.py --benchmark-enable -s` prints two tables.

The first: real variables at three bounds, 0.3, 1 and 3 % of their standard deviation, unraced, each
against the best settings of SZ3, SPERR, ZFP, rounding and `ncx`. Bytes are those of whole payloads,
networks, means, head and mask included; "effort 60" is how many times smaller the usual fit makes
them than least squares alone (at the middle bound). Every payload is decoded: largest error and
RMSE over the bound, and whether both extremes come back exactly. Smooth upper-air fields, for which
0.95 of the best classical codec's ratio is sought, are marked.

The second: one block for each kind of network, the seconds of its fit to a megabyte, and MB/s that
one processor decodes: of the base, the network alone, and of the block with its residual; of a
preview; and beside them copies of the same bytes, which is the limit, and the bare products of the
network's layers in NumPy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.payload import parse_payload
from climcomp.codecs.neural.inr.preview import Target, decode_preview, encode_preview
from climcomp.codecs.neural.inr.waves import Waves
from climcomp.codecs.neural.ncx import Ncx
from climcomp.frame import decode_block
from tests.benchmarks.real_fields import (
    BOUNDS,
    Case,
    Means,
    classical_sizes,
    payload_of,
    values_of,
)

SMOOTH = (
    Case("eraint_uvz_packed.nc", "z", is_full=False),
    Case("eraint_uvz_packed.nc", "u", is_full=False),
    Case("cam_fv_T_3mon.nc", "T", (0,)),
    Case("cam_fv_T_3mon.nc", "T", (0, slice(25, 26))),
    Case("era5_t_0p25_packed_origin.nc", "temperature", (0,), is_full=False),
    Case("era5_tl31_37lev.nc", "temperature"),
    Case("ncl_groups_uvt.nc", "grp1/T", (0,)),
    Case("ncl_groups_uvt.nc", "grp1/U", (0,)),
)
OTHERS = (
    Case("hadcm_A1B_north_america_360day.nc", "air_temperature"),
    Case("pop_SST_60day.nc", "SST", (slice(4),)),
    Case("cam_fv_PRECT_60day.nc", "PRECT", (slice(4),)),
    Case("wrfout_d01_20220501.nc4", "T", (0,)),
    Case("coads_climatology_nc3.cdf", "SLP", is_full=False),
    Case("orca2_votemper.nc", "votemper"),
)
USUAL = Inr().steps
RUNS = 3


def _ncx_size(values: NDArray[Any], bound: ErrorBound) -> int:
    """At its best setting."""
    settings = [
        Ncx(axis=axis, frames=frames)
        for axis in range(max(1, values.ndim - 2))
        for frames in ("causal", "hierarchical")
    ]
    return min(len(p) for s in settings if (p := payload_of(values, s, bound)) is not None)


def _check(values: NDArray[Any], made: bytes, bound: ErrorBound) -> tuple[float, float]:
    """Largest error and RMSE over the bound; extremes must be exact, and masks equal."""
    decoded = decode_block(made, values.shape, values.dtype)
    finite = np.isfinite(values)
    np.testing.assert_array_equal(finite, np.isfinite(decoded))
    original, back = values[finite], decoded[finite]
    assert (original.min(), original.max()) == (back.min(), back.max())
    errors = np.abs(original.astype(np.float64) - back) / bound.value
    assert errors.max() <= 1
    return float(errors.max()), float(np.sqrt(np.mean(errors**2)))


def test_inr_against_classical_codecs(measuring: bool) -> None:
    means: dict[str, Means] = {}
    print(
        f"\n{'':<34} {'bound':>8} {'inr':>8} {'x':>7} {'/ SZ3':>6} {'/ best':>6} {'best':<9}"
        f"{'/ ncx':>6} {'max/eb':>7} {'rms/eb':>6} {'s/MB':>6}  effort {USUAL}: gain, s/MB"
    )
    for case in SMOOTH + OTHERS if measuring else SMOOTH[5:6]:
        values = values_of(case)
        finite = np.isfinite(values)
        spread = float(values[finite].std(dtype=np.float64))
        for share in BOUNDS if measuring else BOUNDS[1:2]:
            bound = ErrorBound("absolute", share * spread)
            began = time.perf_counter()
            made = payload_of(values, Inr(effort=0), bound)
            seconds = (time.perf_counter() - began) / values.nbytes * 1e6
            assert made is not None
            largest, rms = _check(values, made, bound)
            usual = ""
            if measuring and share == BOUNDS[1]:
                began = time.perf_counter()
                fitted = payload_of(values, Inr(), bound)
                spent = (time.perf_counter() - began) / values.nbytes * 1e6
                assert fitted is not None
                _check(values, fitted, bound)
                usual = f"{len(made) / len(fitted):8.3f} {spent:6.1f}"
            classical = classical_sizes(values, bound)
            best = min(classical, key=classical.__getitem__)
            against = classical["sz3"] / len(made), classical[best] / len(made)
            is_smooth = case in SMOOTH
            for kind in ("smooth" if is_smooth else "others", f"{share:.1%} of sigma"):
                means.setdefault(kind, Means()).add(*against)
            print(
                f"{'*' if is_smooth else ' '} {case.label:<32} {bound.value:8.2g} {len(made):8d} "
                f"{values.nbytes / len(made):7.1f} {against[0]:6.3f} {against[1]:6.3f} {best:<9}"
                f"{_ncx_size(values, bound) / len(made):6.3f} {largest:7.4f} {rms:6.3f} "
                f"{seconds:6.2f}  {usual}",
                flush=True,
            )
    for kind, found in means.items():
        print(f"{kind}: {found.text()}")
    if measuring:
        assert np.mean(means["smooth"].against_best) > np.log(0.95)


def _speed(values: NDArray[Any], call: Callable[[], object]) -> float:
    """Million bytes of values a second of one processor, the best of some runs."""
    seconds = []
    for _ in range(RUNS):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return values.nbytes / 1e6 / max(min(seconds), 1e-9)


def _products(model: Waves, points: int) -> None:
    """The bare products of a network's layers, a few points at a time."""
    together = 1 << 12
    layers = [weight.astype(np.float64) for weight, _ in model.layers]
    inputs = {weight.shape[1]: np.ones((weight.shape[1], together)) for weight in layers}
    for _ in range(points // together):
        for weight in layers:
            np.matmul(weight, inputs[weight.shape[1]])


def test_speed_of_fits_and_of_decoding(measuring: bool) -> None:
    case = Case("eraint_uvz_packed.nc", "u", is_full=False)
    values = values_of(case)
    if not measuring:
        values = np.ascontiguousarray(values[..., ::6, ::6])
    bound = ErrorBound("absolute", 0.01 * float(values.std()))
    print(
        f"\n{case.label}, {values.shape}, copies: {_speed(values, values.copy):.0f} MB/s\n"
        f"{'':<18} {'bytes':>7} {'fit s/MB':>8} {'base MB/s':>9} {'block':>7} {'products':>8}"
    )
    steps = None if measuring else 4
    shape, dtype = values.shape, values.dtype
    codecs = {
        "grids, effort 0": Inr(effort=0),
        f"grids, effort {USUAL}": Inr(effort=steps),
        "fourier": Inr(kind="fourier", effort=steps),
        "siren": Inr(kind="siren", effort=steps),
    }
    for name, codec in codecs.items():
        began = time.perf_counter()
        made = codec.encode(values, bound)
        seconds = (time.perf_counter() - began) / values.nbytes * 1e6
        parts = parse_payload(memoryview(made), shape, dtype)
        model = parts.base.model
        products = ""
        if isinstance(model, Waves):
            products = f"{_speed(values, lambda m=model: _products(m, values.size)):8.1f}"
        base = _speed(values, lambda p=parts: p.base.integers(dtype))
        whole = _speed(values, lambda m=made: Inr().decode(m, shape, dtype))
        print(f"{name:<18} {len(made):7d} {seconds:8.2f} {base:9.1f} {whole:7.1f} {products}")
    for ratio in (300.0, 1000.0) if measuring else (20.0,):
        began = time.perf_counter()
        made = encode_preview(values, Target("ratio", ratio))
        seconds = (time.perf_counter() - began) / values.nbytes * 1e6
        whole = _speed(values, lambda m=made: decode_preview(m, values.shape, values.dtype))
        print(f"preview {ratio:<10g} {len(made):7d} {seconds:8.2f} {'':>9} {whole:7.1f}")
        assert len(made) <= values.nbytes / ratio
