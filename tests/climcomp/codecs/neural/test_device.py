"""Many blocks at once: the payloads of every device are those of the CPU, bit for bit."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural import encode, fit, models
from climcomp.codecs.neural.device import batches, encode_blocks
from climcomp.codecs.neural.device.neighbours import look, stage_plans
from climcomp.codecs.neural.device.predict import TABLE_BITS
from climcomp.codecs.neural.device.symbols import symbol_table, symbols_of
from climcomp.codecs.neural.device.tensors import TensorFields
from climcomp.codecs.neural.features import OFFSETS
from climcomp.codecs.neural.geometry import plan_of
from climcomp.codecs.neural.grid import ALPHAS
from climcomp.codecs.neural.ncx import FrameOrder, Ncx
from climcomp.codecs.neural.network import Layer, Network
from climcomp.codecs.neural.numbers import Symbols, push_number
from climcomp.codecs.neural.payload import ELSEWHERE
from climcomp.codecs.neural.probabilities import slots
from climcomp.codecs.neural.state import BATCH
from climcomp.codecs.neural.taps import LENGTHS, SETS
from climcomp.errors import BoundError, CodecError, MissingExtraError, UsageError
from climcomp.frame import encode_block

MakeField = Callable[..., NDArray[Any]]
FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "payloads"
ON_CUDA = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]


@pytest.fixture(
    params=[
        "cpu",
        pytest.param("cuda", marks=ON_CUDA),
        pytest.param("cuda by tensors", marks=ON_CUDA),
    ]
)
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where blocks are coded; on a GPU by kernels, and as where there is no Triton."""
    kind, _, how = str(request.param).partition(" by ")
    if how:
        monkeypatch.setattr(batches, "field_coder", TensorFields)
    return kind


def expect_the_bytes_of_the_cpu(
    blocks: list[NDArray[Any]], bound: float, codec: Ncx, device: str
) -> list[bytes]:
    expected = [codec.encode(values, ErrorBound("absolute", bound)) for values in blocks]
    actual = encode_blocks(blocks, bound, codec, device)
    assert [one == other for one, other in zip(expected, actual, strict=True)] == [True] * len(
        blocks
    )
    return actual


def has_taps(payload: bytes) -> bool:
    return payload[:1] != ELSEWHERE and payload[30:38] != bytes(8)


def walk_of(*shape: int, seed: int = 3) -> NDArray[Any]:
    """What a network does not expect, and taps predict."""
    steps = np.random.default_rng(seed).normal(size=shape)
    return steps.cumsum(0).cumsum(-1).astype(np.float32)


SHAPES = [
    (4, 4), (5, 7), (33, 64), (64, 33), (2, 20, 24), (9, 17, 30), (1, 6, 40), (2, 3, 16, 24),
    (3, 2, 2, 12, 10), (1, 1, 700), (6, 4, 700),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("frames", ["causal", "hierarchical"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_smooth_blocks_have_the_bytes_of_the_cpu(
    field: MakeField, shape: tuple[int, ...], frames: FrameOrder, dtype: Any, device: str
) -> None:
    values = field(*shape, dtype=dtype)
    blocks = [values, values[..., ::-1].copy(), np.float32(0.1) * values]
    for bound in (1e-3, 0.1, 5.0):
        expect_the_bytes_of_the_cpu(blocks, bound, Ncx(frames=frames), device)


@pytest.mark.parametrize("frames", ["causal", "hierarchical"])
def test_packed_values_have_the_bytes_of_the_cpu(
    field: MakeField, frames: FrameOrder, device: str
) -> None:
    smooth, rough = field(6, 40, 70, noise=0.2), walk_of(6, 40, 70)
    noise = 9 * np.random.default_rng(1).standard_cauchy(smooth.shape).clip(-1e3, 1e3)
    blocks = [(np.round(v / 0.137) * 0.137).astype("f4") for v in (smooth, rough, noise)]
    found = expect_the_bytes_of_the_cpu(blocks, 0.01, Ncx(frames=frames), device)
    assert [payload[0] & 8 for payload in found] == [8, 8, 8]


@pytest.mark.parametrize("step", [0.0, 0.137])
def test_blocks_with_gaps_have_the_bytes_of_the_cpu(
    field: MakeField, step: float, device: str
) -> None:
    rng, blocks, gaps = np.random.default_rng(4), [], []
    for seed in range(3):
        values = (field(5, 40, 70, noise=0.2) + walk_of(5, 40, 70, seed=seed)).astype(np.float32)
        if step:
            values = (np.round(values / step) * step).astype(np.float32)
        of_block = np.zeros(values.shape, np.bool_)
        of_block[:, 10 * seed : 10 * seed + 14, :30] = True
        of_block |= rng.random(values.shape) < 0.1 * seed
        values[of_block] = float(values[~of_block].mean())
        blocks.append(values)
        gaps.append(of_block if seed != 1 else None)
    expected = [
        Ncx().encode(values, ErrorBound("absolute", 0.02))
        if of_block is None
        else Ncx().encode_filled(values, ErrorBound("absolute", 0.02), of_block)
        for values, of_block in zip(blocks, gaps, strict=True)
    ]
    assert encode_blocks(blocks, 0.02, Ncx(), device, gaps) == expected
    assert encode_blocks(blocks, 0.02, Ncx(), device)[0] != expected[0]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_every_alpha_and_axis_has_the_bytes_of_the_cpu(
    field: MakeField, alpha: float, axis: int, device: str
) -> None:
    values = field(4, 5, 20, 24)
    expect_the_bytes_of_the_cpu([values, values + 1], 0.05, Ncx(axis=axis, alpha=alpha), device)


def test_columns_that_wrap_and_some_that_do_not_have_the_bytes_of_the_cpu(
    field: MakeField, device: str
) -> None:
    wrapping = field(2, 40, 64, noise=0)
    cut = np.ascontiguousarray(np.linspace(0, 9, 64, dtype=np.float32) + wrapping)
    found = expect_the_bytes_of_the_cpu([wrapping, cut, wrapping], 0.01, Ncx(), device)
    assert [payload[0] & 4 for payload in found] == [4, 0, 4]


@pytest.mark.parametrize("frames", ["causal", "hierarchical"])
def test_blocks_with_taps_beside_others_have_the_bytes_of_the_cpu(
    frames: FrameOrder, device: str
) -> None:
    smooth = np.zeros((12, 60, 80), np.float32) + np.arange(80, dtype=np.float32)
    blocks = [walk_of(*smooth.shape), smooth, 0 * smooth, walk_of(*smooth.shape, seed=4)]
    found = expect_the_bytes_of_the_cpu(blocks, 0.5, Ncx(frames=frames), device)
    assert [has_taps(payload) for payload in found] == [True, False, False, True]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finer_tails_are_those_of_the_cpu(field: MakeField, device: str, dtype: Any) -> None:
    blocks = [field(3, 30, 40, noise=0.5, dtype=dtype), field(2, 30, 40, dtype=dtype)]
    found = expect_the_bytes_of_the_cpu(blocks, 0.3, Ncx(tails=0.01), device)
    assert [payload[0] & 64 for payload in found] == [64, 64]


def test_taps_fitted_from_some_of_many_points_are_those_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(fit, "MOST_POINTS", 700)
    (payload,) = expect_the_bytes_of_the_cpu([walk_of(5, 90, 300)], 0.5, Ncx(), device)
    assert has_taps(payload)


def test_taps_so_large_that_integers_could_pass_32_bits_are_left_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    # Alternating ones of eight: no fit gives them.
    huge = {n: np.resize(np.array([32767, -32767], np.int16), LENGTHS[n % 3]) for n in range(SETS)}
    monkeypatch.setattr(encode, "fit_taps", lambda *_: fit.Fitted(huge, 0.0))
    monkeypatch.setattr(batches, "taps_of", lambda *_: fit.Fitted(huge, 0.0))
    monkeypatch.setattr(encode.Coded, "size", property(lambda coded: -len(coded.taps)))
    values = np.random.default_rng(0).normal(size=(3, 20, 30)).astype(np.float32)
    (payload,) = expect_the_bytes_of_the_cpu([values], 1e-5, Ncx(), device)
    assert has_taps(payload)


ODD = {
    "constant": np.full((3, 8, 9), 5.0, np.float32),
    "zeros of both signs": np.array([0.0, -0.0] * 32, np.float32).reshape(8, 8),
    "one spike": np.where(np.arange(400).reshape(20, 20) == 217, 1e20, 3.0).astype(np.float32),
    "huge": np.linspace(-3e38, 3e38, 400, dtype=np.float32).reshape(20, 20),
    "largest": np.full((8, 9), -np.finfo(np.float32).max),
    "subnormal": np.arange(400, dtype=np.float32).reshape(20, 20) * np.float32(1e-44),
    "noise": np.random.default_rng(0).normal(size=(4, 30, 30)).astype(np.float32),
    "noise of many scales": np.random.default_rng(0).standard_cauchy((5, 30, 40)).astype("f4"),
    "checkerboard": (np.indices((24, 24)).sum(0) % 2).astype(np.float32),
    "steps": np.repeat(np.arange(16.0, dtype=np.float32), 16).reshape(16, 16) ** 5,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ODD)
def test_odd_fields_have_the_bytes_of_the_cpu(name: str, dtype: Any, device: str) -> None:
    values = ODD[name].astype(dtype)
    for share in (1e-7, 1e-6, 1e-3, 0.2, 10.0):
        bound = float(np.abs(values).max()) * share
        if not 0 < bound < np.inf:
            continue
        try:
            Ncx().encode(values, ErrorBound("absolute", bound))
        except (BoundError, CodecError):  # SZ3 takes no numbers as large as those
            continue
        expect_the_bytes_of_the_cpu([values, values], bound, Ncx(), device)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.sampled_from([np.float32, np.float64]), st.integers(-25, 25))
def test_random_blocks_have_the_bytes_of_the_cpu(
    device: str, seed: int, dtype: Any, magnitude: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = (*rng.integers(1, 4, rng.integers(0, 3)), *rng.integers(4, 50, 2))
    codec = Ncx(
        frames=("causal", "hierarchical")[int(rng.integers(2))],
        axis=int(rng.integers(2)),
        alpha=ALPHAS[rng.integers(len(ALPHAS))],
    )
    blocks = []
    for _ in range(2):
        values = rng.normal(size=shape)
        for axis in np.flatnonzero(rng.random(len(shape)) < 0.6):
            values = values.cumsum(axis)
        if rng.random() < 0.3:
            values *= np.exp(5 * rng.normal(size=shape))
        blocks.append((values * 10.0**magnitude).astype(dtype))
    largest = max(float(np.abs(values).max()) for values in blocks)
    expect_the_bytes_of_the_cpu(blocks, largest * 10 ** rng.uniform(-6, 0), codec, device)


def test_blocks_of_many_shapes_and_types_come_back_in_their_order(
    field: MakeField, device: str
) -> None:
    blocks = [
        field(3, 20, 30), field(20, 30), np.empty((0, 5, 5), np.float32), field(3, 20, 30) * 2,
        np.arange(7.0), field(3, 20, 30, dtype=np.float64), field(20, 30) + 1, field(2, 3, 9, 8),
    ]  # fmt: skip
    found = expect_the_bytes_of_the_cpu(blocks, 0.1, Ncx(), device)
    assert [number for number, p in enumerate(found) if p[:1] == ELSEWHERE] == [4]
    assert found[2] == b""


def test_a_block_that_spans_too_much_is_left_to_sz3(device: str) -> None:
    wide = np.sin(np.arange(400.0)).reshape(20, 20)
    blocks = [wide, 1e-8 * wide]
    found = expect_the_bytes_of_the_cpu(blocks, 1e-9, Ncx(), device)
    assert [payload[:1] == ELSEWHERE for payload in found] == [True, False]


def test_no_blocks_have_no_payloads(device: str) -> None:
    assert encode_blocks([], 0.1, Ncx(), device) == []


def test_read_only_blocks_are_coded(field: MakeField, device: str) -> None:
    values = field(2, 12, 16)
    values.flags.writeable = False
    expect_the_bytes_of_the_cpu([values], 0.1, Ncx(), device)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_bytes_do_not_depend_on_how_many_blocks_are_coded_at_once(
    field: MakeField, monkeypatch: pytest.MonkeyPatch, most: int, device: str
) -> None:
    monkeypatch.setattr(batches, "_blocks_at_once", lambda *_: most)
    blocks = [walk_of(6, 40, 60, seed=seed) for seed in range(3)] + [field(6, 40, 60)] * 2
    expect_the_bytes_of_the_cpu(blocks, 0.3, Ncx(), device)


def test_a_network_of_ones_own_has_the_bytes_of_the_cpu(field: MakeField, device: str) -> None:
    rng = np.random.default_rng(5)

    def other(layer: Layer) -> Layer:
        moved = layer.weights.astype(np.int64) + rng.integers(-3, 4, layer.weights.shape)
        return Layer(np.clip(moved, -99, 99).astype(np.int8), layer.biases + 7, layer.shifts)

    shipped = models.foundation()
    own = Network(
        other(shipped.first), other(shipped.second), other(shipped.third), other(shipped.skip)
    )
    models.learn(own)
    found = expect_the_bytes_of_the_cpu(
        [field(4, 30, 40)], 0.02, Ncx(network=own.hash.hex()), device
    )
    assert found[0][2:10] == own.hash


STORED = runpy.run_path(str(FOLDER / "make.py"))["blocks"]()


@pytest.mark.parametrize("name", sorted(name for name in STORED if name.startswith("ncx-")))
def test_stored_blocks_have_the_bytes_of_the_cpu(
    name: str, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    values, encoding = STORED[name]
    expected = encode_block(values, encoding)
    if "taps" not in name and "lattice" not in name:  # taps are fitted anew by every version
        assert expected == (FOLDER / f"v1-{name}.payload").read_bytes()

    def encode_there(codec: Ncx, values: NDArray[Any], bound: ErrorBound) -> bytes:
        return encode_blocks([values], bound.value, codec, device)[0]

    def encode_filled_there(
        codec: Ncx, values: NDArray[Any], bound: ErrorBound, filled: NDArray[np.bool_]
    ) -> bytes:
        return encode_blocks([values], bound.value, codec, device, [filled])[0]

    monkeypatch.setattr(Ncx, "encode", encode_there)
    monkeypatch.setattr(Ncx, "encode_filled", encode_filled_there)
    assert encode_block(values, encoding) == expected


def test_what_a_program_asked_torch_for_is_as_it_was(field: MakeField, device: str) -> None:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast(device, dtype=torch.bfloat16):
            expect_the_bytes_of_the_cpu([field(3, 20, 30)], 0.01, Ncx(), device)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_neighbours_are_slices_of_grids() -> None:
    values = np.arange(2 * 3 * 37 * 64.0).reshape(2, 3, 37, 64)
    for wraps in (False, True):
        plan = plan_of(37, 64, 0, wraps=wraps, is_lattice=False)
        stages = stage_plans(plan, torch.device("cpu"))
        row_ends, column_ends = plan.stages.row_ends, plan.stages.column_ends
        for number in range(1, len(stages)):
            around = look(torch.from_numpy(values), stages[number])
            rows = plan.stages.rows[:, row_ends[number - 1] : row_ends[number]]
            columns = plan.stages.columns[:, column_ends[number - 1] : column_ends[number]]
            for down, across in OFFSETS[stages[number].kind]:
                expected = values[:, :, rows[down + 3][:, None], columns[across + 3]]
                np.testing.assert_array_equal(around.at(int(down), int(across)), expected)


def test_numbers_become_the_symbols_of_the_cpu() -> None:
    rng = np.random.default_rng(2)
    points = 4000
    coded = (rng.choice([-1, 1], points) * 2 ** rng.uniform(0, 30.9, points)).astype(np.int32)
    coded[::3] = rng.integers(-40, 40, coded[::3].size)
    rows, octaves = rng.integers(0, len(slots()), points), rng.integers(0, 25, points)
    octaves[::2] = 0
    made = Symbols(
        np.empty(9 * points, np.uint16), np.empty(9 * points, np.uint16), np.zeros(1, np.int64)
    )
    for row, beside, q in zip(rows, octaves, coded, strict=True):
        push_number(made, slots(), int(row), int(beside), int(q))
    count = int(made.made[0])
    cpu = torch.device("cpu")
    tables = torch.from_numpy((rows | octaves << TABLE_BITS).astype(np.int32))
    found = (
        symbols_of(torch.from_numpy(coded), tables, symbol_table(cpu, is_lattice=False))
        .numpy()
        .view(np.uint32)
    )
    np.testing.assert_array_equal(found & 0xFFFF, made.first[:count])
    np.testing.assert_array_equal(found >> 16, made.size[:count])


def test_errors_name_the_block(field: MakeField) -> None:
    good = field(2, 8, 9)
    with pytest.raises(BoundError, match="block 1 of 2: the bound 1e-09 is not above"):
        encode_blocks([np.zeros_like(good), good], 1e-9, Ncx(), "cpu")
    with pytest.raises(CodecError, match=r"block 0 of 2: .* int64 values"):
        encode_blocks([np.arange(64).reshape(8, 8), good], 0.1, Ncx(), "cpu")
    with pytest.raises(BoundError, match="must be positive"):
        encode_blocks([good], 0.0, Ncx(), "cpu")


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:x", "mps"])
def test_a_device_of_no_known_kind_is_refused(field: MakeField, name: str) -> None:
    with pytest.raises(UsageError, match="allowed: cpu, cuda, cuda:NUMBER"):
        encode_blocks([field(8, 8)], 0.1, Ncx(), name)


def test_a_device_that_is_not_there_is_refused(field: MakeField) -> None:
    with pytest.raises(UsageError, match=r"'cuda:99' is not there: .* name the device cpu"):
        encode_blocks([field(8, 8)], 0.1, Ncx(), "cuda:99")


def test_without_torch_the_extra_is_named(
    field: MakeField, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'climcomp\[neural\]'"):
        encode_blocks([field(8, 8)], 0.1, Ncx(), "cpu")


def test_long_rows_are_coded_in_the_order_of_the_cpu(field: MakeField, device: str) -> None:
    expect_the_bytes_of_the_cpu([field(2, 12, 4 * BATCH + 3)], 0.01, Ncx(), device)


INTERPRETED = """
import numpy as np
from climcomp.bounds import ErrorBound
from climcomp.codecs.neural import encode
from climcomp.codecs.neural.device import batches, encode_blocks, fused
from climcomp.codecs.neural.ncx import Ncx

batches.field_coder = fused.FusedFields
fused.POINTS = fused._POINTS_OF_PASS = 1 << 13
rng = np.random.default_rng(0)
for shape, packed, frames in (
    ((3, 12, 300), False, "causal"),
    ((3, 9, 64), True, "hierarchical"),
):
    values = rng.normal(size=shape).cumsum(0).cumsum(-1)
    values = (np.round(values / 0.137) * 0.137 if packed else values).astype(np.float32)
    filled = rng.random(shape) < 0.1
    codec, bound = Ncx(frames=frames), ErrorBound("absolute", 0.02 if packed else 0.3)
    expected = [codec.encode(values, bound), codec.encode_filled(values, bound, filled)]
    assert encode_blocks([values] * 2, bound.value, codec, "cpu", [None, filled]) == expected
    print(expected[0][0] & 8, expected[0][30:38] != bytes(8))
"""


@pytest.mark.slow
def test_kernels_have_the_bytes_of_the_cpu_in_tritons_interpreter() -> None:
    pytest.importorskip("triton")
    # What is compiled and what is interpreted is told apart when Triton is imported.
    found = subprocess.run(
        [sys.executable, "-c", INTERPRETED],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["0", "True", "8", "False"]
