"""Codec `inr`: its bound, its decoder on other machines, its settings, odd and damaged blocks."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import google_crc32c
import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.inr import block, grids, payload, waves
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.evaluate import evaluate
from climcomp.codecs.neural.inr.fitting import Fitting
from climcomp.codecs.neural.inr.grids import Grids
from climcomp.codecs.neural.inr.layout import layout_of
from climcomp.codecs.neural.inr.models import Model, pack_model, parse_model
from climcomp.codecs.neural.inr.payload import ELSEWHERE, parse_payload
from climcomp.codecs.neural.inr.preview import Target, decode_preview, encode_preview
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import (
    BoundError,
    CodecError,
    MissingExtraError,
    PayloadError,
    UsageError,
)
from climcomp.fill import fill_missing
from climcomp.frame import BlockEncoding, decode_block, encode_block

MakeField = Callable[..., NDArray[Any]]
F4 = np.dtype(np.float32)
FAST = Inr(effort=0)
CODECS = {
    "start": FAST,
    "grids": Inr(effort=8),
    "bfloat16": Inr(effort=8, precision="bfloat16"),
    "fourier": Inr(kind="fourier", effort=8),
    "siren": Inr(kind="siren", effort=8),
    "sphere": Inr(kind="fourier", effort=8, latitudes=(90.0, -90.0)),
}
each_codec = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
KINDS = {name: CODECS[name] for name in ("grids", "fourier", "siren", "sphere")}
each_kind = pytest.mark.parametrize("codec", KINDS.values(), ids=KINDS)


def absolute(value: float) -> ErrorBound:
    return ErrorBound("absolute", value)


def largest_error(values: NDArray[Any], decoded: NDArray[Any]) -> float:
    return float(np.abs(values.astype(np.float64) - decoded).max())


def everywhere(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(
        -1, len(shape)
    ) * np.float64(1)


def base_of(made: bytes, values: NDArray[Any]) -> tuple[payload.Base, NDArray[np.float64]]:
    """The base of a payload: what gives it, and its values."""
    parts = parse_payload(memoryview(made), values.shape, values.dtype)
    return parts.base, parts.base.values(parts.integers(values.dtype)).reshape(values.shape)


SHAPES = [(8, 8), (9, 33), (33, 64), (2, 20, 24), (1, 12, 40), (2, 3, 16, 24), (2, 2, 2, 12, 10)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@each_codec
def test_the_bound_and_the_extremes_are_kept(
    field: MakeField, codec: Inr, shape: tuple[int, ...], dtype: Any
) -> None:
    values = field(*shape, dtype=dtype)
    for bound in (1e-3, 0.5):
        made = codec.encode(values, absolute(bound))
        assert made[:1] != ELSEWHERE
        decoded = Inr().decode(made, shape, values.dtype)
        assert (decoded.shape, decoded.dtype) == (shape, values.dtype)
        assert largest_error(values, decoded) <= bound
        assert (decoded.min(), decoded.max()) == (values.min(), values.max())


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
@pytest.mark.parametrize("codec", [CODECS["grids"], CODECS["siren"]], ids=["grids", "siren"])
def test_odd_fields_keep_their_bound(codec: Inr, name: str, dtype: Any) -> None:
    values = ODD[name].astype(dtype)
    if dtype == np.float64 and "largest" in name:
        values = np.sign(values) * np.finfo(dtype).max
    for share in (1e-6, 1e-3, 0.2, 10.0):
        bound = float(np.abs(values).max()) * share
        if not 0 < bound < np.inf:
            continue
        try:
            made = codec.encode(values, absolute(bound))
        except BoundError:
            continue
        assert largest_error(values, Inr().decode(made, values.shape, values.dtype)) <= bound


@pytest.mark.parametrize("name", ["all missing", "speckled", "named fill", "infinite", "land"])
@each_kind
def test_blocks_with_special_values_keep_them_exactly(
    field: MakeField, codec: Inr, name: str
) -> None:
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
        values[:, 4:16, 5:22] = np.nan
    encoding = BlockEncoding(codec, absolute(0.1), exact=(1e20,))
    decoded = decode_block(encode_block(values, encoding), values.shape, F4)
    special = ~np.isfinite(values) | (values == np.float32(1e20))
    np.testing.assert_array_equal(decoded[special], values[special])
    errors = np.abs(values[~special].astype(np.float64) - decoded[~special])
    assert errors.max(initial=0.0) <= 0.1


def test_what_only_fills_gaps_takes_fewer_bytes(field: MakeField) -> None:
    values = field(4, 32, 40, noise=0.3)
    missing = np.zeros(values.shape, dtype=bool)
    missing[:, 5:25, 8:34] = True
    values[missing] = np.nan
    filled = fill_missing(values, missing)
    made = CODECS["grids"].encode_filled(filled, absolute(0.02), missing)
    assert len(made) < 0.95 * len(CODECS["grids"].encode(filled, absolute(0.02)))
    decoded = Inr().decode(made, values.shape, F4)
    assert largest_error(values[~missing], decoded[~missing]) <= 0.02
    assert decoded[~missing].min() == np.nanmin(values)
    assert decoded[~missing].max() == np.nanmax(values)


def test_packed_values_stay_on_their_lattice(field: MakeField) -> None:
    smooth = field(3, 40, 60, noise=0.4, dtype=np.float64)
    values = (np.round(smooth / 0.0631) * 0.0631 + 0.3).astype(np.float32)
    made = FAST.encode(values, absolute(0.02))
    decoded = Inr().decode(made, values.shape, F4)
    assert largest_error(values, decoded) <= 2 * np.spacing(values.max())


def test_smooth_fields_are_smaller_than_under_sz3(field: MakeField) -> None:
    values = field(8, 90, 180, noise=0.02)
    for bound in (0.02, 0.1):
        mine = len(FAST.encode(values, absolute(bound)))
        assert mine < 0.85 * len(Sz3().encode(values, absolute(bound)))


def test_a_descent_never_makes_a_block_larger(field: MakeField) -> None:
    values = field(2, 40, 64)
    refined = Inr(effort=30).encode(values, absolute(0.02))
    assert len(refined) <= len(FAST.encode(values, absolute(0.02)))


@each_codec
def test_the_same_block_has_the_same_bytes(field: MakeField, codec: Inr) -> None:
    values = field(2, 20, 30)
    first = codec.encode(values, absolute(0.05))
    assert first == codec.encode(np.asfortranarray(values).copy(order="C"), absolute(0.05))


@each_kind
def test_blocks_that_are_fitted_together_keep_their_bounds(field: MakeField, codec: Inr) -> None:
    blocks = [field(2, 20, 30), field(2, 20, 30, noise=0.5) - 200, np.ones((3, 4), np.float32)]
    fitting = Fitting(codec.kind, codec.steps, codec.precision, codec.latitudes)
    made = block.encode_values(blocks, 0.05, [None] * 3, fitting)
    assert [one[:1] == ELSEWHERE for one in made] == [False, False, True]
    for values, one in zip(blocks, made, strict=True):
        decoded = Inr().decode(one, values.shape, F4)
        assert largest_error(values, decoded) <= 0.05


def shuffled_product(a: Any, b: Any) -> Any:
    """A matrix product that adds up in another order, in wider floats."""
    total: Any = np.zeros((), np.longdouble)
    for k in np.random.default_rng(1).permutation(a.shape[-1]):
        total = total + a[..., k, None].astype(np.longdouble) * b[..., k, None, :]
    return np.asarray(total, dtype=np.float64)


@each_kind
def test_the_base_does_not_depend_on_the_order_of_its_sums(
    field: MakeField, codec: Inr, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = field(2, 16, 24)
    made = encode_preview(values, Target("ratio", 4.0), None, codec)
    base, expected = base_of(made, values)
    for module in (grids, waves):
        monkeypatch.setattr(module, "exact_product", shuffled_product)
    actual = base.values(base.integers(values.dtype)).reshape(values.shape)
    np.testing.assert_array_equal(actual, expected)


def test_a_base_that_drifts_is_an_error(field: MakeField, monkeypatch: pytest.MonkeyPatch) -> None:
    values = field(2, 16, 24)
    made = FAST.encode(values, absolute(0.05))
    plain = Grids.base

    def drifted(self: Grids, layout: Any) -> NDArray[np.float64]:
        found = plain(self, layout)
        found[0, 0, 3, 4] += 1
        return found

    monkeypatch.setattr(Grids, "base", drifted)
    with pytest.raises(PayloadError, match="arithmetic is wrong"):
        Inr().decode(made, values.shape, F4)


def extreme_models() -> dict[str, Model]:
    """Networks whose numbers are all as large as the format has them."""
    rng = np.random.default_rng(5)

    def signs(*shape: int) -> NDArray[np.int64]:
        return rng.choice([-1, 1], shape)

    layout = layout_of((1, 2, 16, 20), wraps=True)
    sizes = grids.Sizes(1, 4, 1, 1, grids.MOST_HIDDEN)
    latents = [signs(*sizes.nodes(layout, n)) * grids.LARGEST_LATENT for n in range(sizes.levels)]
    most, hidden = grids.LARGEST_WEIGHT, grids.MOST_HIDDEN
    synthesis = grids.Synthesis(
        (0,) * 4,
        grids.LARGEST_STEP,
        signs(hidden, 4) * most,
        signs(hidden) * grids.LARGEST_BIAS,
        signs(hidden) * most,
    )
    found: dict[str, Model] = {
        "grids": Grids(sizes, (grids.LARGEST_STEP,) * 4, tuple(latents), synthesis)
    }
    for name, features in (("fourier", waves.MOST_FEATURES), ("siren", 0)):
        shape = waves.Shape(2, waves.MOST_WIDTH, features, waves.FEWEST_SHIFT, 255, 255)
        layers = tuple(
            (signs(out, into) * waves.LARGEST_WEIGHT, signs(out) * waves.LARGEST_BIAS)
            for out, into in shape.layers(layout)
        )
        found[name] = waves.Waves(shape, 2**32 - 1, waves.LARGEST_GAIN, layers)
    return found


@pytest.mark.parametrize("name", ["grids", "fourier", "siren"])
def test_no_sum_of_the_largest_weights_is_rounded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, model = layout_of((1, 2, 16, 20), wraps=True), extreme_models()[name]
    again = parse_model(memoryview(pack_model(model)), layout)
    expected = again.base(layout)
    assert np.ptp(expected) > 0
    for module in (grids, waves):
        monkeypatch.setattr(module, "exact_product", shuffled_product)
    np.testing.assert_array_equal(again.base(layout), expected)


def test_decoding_needs_no_torch(field: MakeField, tmp_path: Any) -> None:
    values = field(2, 16, 24)
    files = []
    for name, codec in CODECS.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(codec.encode(values, absolute(0.05)))
    preview = tmp_path / "preview"
    preview.write_bytes(encode_preview(values, Target("ratio", 4.0), None, CODECS["siren"]))
    np.save(tmp_path / "values.npy", values)
    script = f"""
import sys
sys.modules["torch"] = None
import numpy as np
from climcomp.codecs import get_codec
from climcomp.codecs.neural.inr.evaluate import evaluate
from climcomp.codecs.neural.inr.preview import decode_preview
values = np.load({str(tmp_path / "values.npy")!r})
for name in {[str(file) for file in files]!r}:
    payload = open(name, "rb").read()
    decoded = get_codec("inr").decode(payload, values.shape, values.dtype)
    assert np.abs(values.astype("f8") - decoded).max() <= 0.05
    evaluate(payload, [[0.5, 3.25, 7]], values.shape, values.dtype)
decode_preview(open({str(preview)!r}, "rb").read(), values.shape, values.dtype)
"""
    environment = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_without_torch_a_fit_says_what_to_install(
    field: MakeField, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'climcomp\[neural\]'"):
        Inr().encode(field(8, 9), absolute(0.1))
    made = FAST.encode(field(8, 9), absolute(0.1))
    assert made[:1] != ELSEWHERE


@each_kind
def test_a_fit_that_diverges_is_an_error(
    field: MakeField, codec: Inr, monkeypatch: pytest.MonkeyPatch
) -> None:
    from climcomp.codecs.neural.inr.fit import grids as fit_grids
    from climcomp.codecs.neural.inr.fit import waves as fit_waves

    for module, rate in (
        (fit_grids, "LATENT_RATE"),
        (fit_grids, "SYNTHESIS_RATE"),
        (fit_waves, "FOURIER_RATE"),
        (fit_waves, "SIREN_RATE"),
    ):
        monkeypatch.setattr(module, rate, float("nan"))
    with pytest.raises(CodecError, match=r"diverges: its cost is nan at step .* next codec"):
        codec.encode(field(8, 9), absolute(0.1))


@each_kind
def test_between_the_points_the_field_is_that_of_the_weights(field: MakeField, codec: Inr) -> None:
    values = field(2, 16, 24)
    unit = 0.1 / 64
    made = codec.encode(values, absolute(0.1))
    base, expected = base_of(made, values)
    places = everywhere(values.shape)
    found = evaluate(made, places, values.shape, F4)
    # The integers of the format are rounded a few times, most by half a unit or less.
    assert np.abs(found - expected.reshape(-1)).max() <= 8 * unit
    fine = np.linspace(0, 15, 15 * 64 + 1)
    path = np.stack([np.full_like(fine, 0.0), fine, fine / 2], 1)
    along = evaluate(made, path, values.shape, F4)
    steps = np.abs(np.diff(expected[0], axis=0)).max() + np.abs(np.diff(expected[0], axis=1)).max()
    assert np.abs(np.diff(along)).max() <= steps / 16
    if base.layout.wraps:
        ends = evaluate(made, [[1, 5, 23.999], [1, 5, 0]], values.shape, F4)
        assert abs(ends[0] - ends[1]) <= steps / 100


def test_the_mean_of_cells_is_in_between_too(field: MakeField) -> None:
    values = field(12, 16, 24, noise=0.0)
    values += 30 * np.random.default_rng(0).random((16, 24), np.float32)
    made = FAST.encode(values, absolute(0.5))
    base, expected = base_of(made, values)
    assert base.mean
    places = everywhere(values.shape)
    found = evaluate(made, places, values.shape, F4)
    assert np.abs(found - expected.reshape(-1)).max() <= 8 * base.unit
    middle = evaluate(made, [[3, 4.5, 6]], values.shape, F4)[0]
    beside = expected[3, 4:6, 6]
    assert beside.min() - 2 <= middle <= beside.max() + 2


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ([[0, 0, 24]], "outside"),
        ([[0, -0.1, 2]], "outside"),
        ([[0, 15.5, 2]], "outside"),
        ([[0, np.nan, 2]], "outside"),
        ([[0, 2]], "wanted: .points, 3."),
    ],
)
def test_places_outside_of_a_block_are_refused(
    field: MakeField, places: list[list[float]], says: str
) -> None:
    values = field(2, 16, 24)
    made = FAST.encode(values, absolute(0.1))
    with pytest.raises(UsageError, match=says):
        evaluate(made, places, values.shape, F4)


def test_a_place_in_a_block_of_five_dimensions(field: MakeField) -> None:
    values = field(2, 3, 2, 12, 10)
    made = FAST.encode(values, absolute(0.1))
    _, expected = base_of(made, values)
    places = everywhere(values.shape)
    found = evaluate(made, places, values.shape, F4)
    assert np.abs(found - expected.reshape(-1)).max() <= 8 * 0.1 / 64
    with pytest.raises(UsageError, match="whole numbers"):
        evaluate(made, [[0.5, 1, 1, 3, 3]], values.shape, F4)


def test_a_block_without_a_network_cannot_be_asked() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    with pytest.raises(CodecError, match="no network"):
        evaluate(FAST.encode(values, absolute(0.1)), [[0, 0]], (3, 4), F4)


@each_kind
@pytest.mark.parametrize("ratio", [10.0, 40.0])
def test_a_preview_has_the_ratio_that_is_wanted(field: MakeField, codec: Inr, ratio: float) -> None:
    values = field(9, 40, 64)
    made = encode_preview(values, Target("ratio", ratio), None, codec)
    assert values.nbytes / len(made) >= ratio
    decoded = decode_preview(made, values.shape, F4)
    spread = float(values.std())
    assert np.sqrt(np.mean((values - decoded) ** 2)) < 1.5 * spread
    if codec.kind == "grids":
        assert np.sqrt(np.mean((values - decoded) ** 2)) < 0.2 * spread


@pytest.mark.parametrize("effort", [0, 20])
def test_a_preview_has_the_error_that_is_wanted(field: MakeField, effort: int) -> None:
    values = field(9, 40, 64)
    sizes = []
    for rmse in (0.05, 0.3, 2.0):
        made = encode_preview(values, Target("rmse", rmse), None, Inr(effort=effort))
        left = values.astype(np.float64) - decode_preview(made, values.shape, F4)
        assert np.sqrt(np.mean(left**2)) <= rmse
        sizes.append(len(made))
    assert sizes == sorted(sizes, reverse=True)


def test_gaps_do_not_count_for_a_preview(field: MakeField) -> None:
    values = field(2, 32, 40)
    missing = np.zeros(values.shape, dtype=bool)
    missing[:, 8:24, 4:30] = np.random.default_rng(0).random((2, 16, 26)) < 0.7
    values[missing] = 1e4
    made = encode_preview(values, Target("rmse", 60.0), missing, Inr(effort=8))
    left = (values.astype(np.float64) - decode_preview(made, values.shape, F4))[~missing]
    assert np.sqrt(np.mean(left**2)) <= 60.0


@pytest.mark.parametrize(
    ("target", "codec"),
    [
        (Target("ratio", 1e6), FAST),
        (Target("ratio", 1e6), CODECS["siren"]),
        (Target("rmse", 1e-3), CODECS["fourier"]),
    ],
)
def test_a_target_that_is_not_reached_says_what_was(
    field: MakeField, target: Target, codec: Inr
) -> None:
    with pytest.raises(CodecError, match=r"cannot be reached .* an rmse of .* a ratio of"):
        encode_preview(field(2, 16, 24), target, None, codec)


@pytest.mark.parametrize(("kind", "value"), [("ratio", 0.0), ("rmse", np.nan), ("size", 3.0)])
def test_targets_that_there_are_not_are_refused(kind: Any, value: float) -> None:
    with pytest.raises(CodecError, match="wanted: ratio or rmse"):
        Target(kind, value)


def test_previews_and_payloads_are_told_apart(field: MakeField) -> None:
    values = field(2, 16, 24)
    preview = encode_preview(values, Target("ratio", 4.0), None, FAST)
    with pytest.raises(PayloadError, match="keeps no bound"):
        Inr().decode(preview, values.shape, F4)
    with pytest.raises(PayloadError, match="no preview"):
        decode_preview(FAST.encode(values, absolute(0.1)), values.shape, F4)
    with pytest.raises(PayloadError, match="no preview"):
        decode_preview(FAST.encode(values[0, :3], absolute(0.1)), (3, 24), F4)
    with pytest.raises(CodecError, match="constant"):
        encode_preview(np.ones((9, 9), np.float32), Target("ratio", 4.0), None, FAST)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kind": "mlp"}, "allowed: grids, fourier, siren"),
        ({"precision": "float16"}, "allowed: float32, bfloat16"),
        ({"effort": -1}, "allowed: 0 or more"),
        ({"kind": "siren", "effort": 0}, "1 or more"),
        ({"latitudes": (91.0, 0.0)}, "degrees north"),
        ({"latitudes": (0.0,)}, "degrees north"),
    ],
)
def test_settings_that_there_are_not_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(CodecError, match=says):
        Inr(**settings)


@pytest.mark.parametrize(
    "shape", [(), (7,), (3, 200), (7, 9), (8, 4097), (0, 5, 5), (2, 0)], ids=str
)
def test_what_has_no_fields_is_left_to_ncx(shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    made = Inr().encode(values, absolute(0.5))
    assert made[:1] == (ELSEWHERE if values.size else b"")
    np.testing.assert_allclose(Inr().decode(made, shape, F4), values, atol=0.5)


@pytest.mark.parametrize("shape", [(2, 17, 24), (16, 24, 2), (2, 24, 16), (768,)], ids=str)
def test_a_payload_of_another_shape_or_type_is_refused(
    field: MakeField, shape: tuple[int, ...]
) -> None:
    made = FAST.encode(field(2, 16, 24), absolute(0.01))
    with pytest.raises(PayloadError):
        Inr().decode(made, shape, F4)
    with pytest.raises(PayloadError, match="another type"):
        Inr().decode(made, (2, 16, 24), np.dtype(np.float64))


@each_codec
def test_a_payload_says_how_far_its_network_is_off(field: MakeField, codec: Inr) -> None:
    values = field(2, 16, 24)
    filled = np.zeros(values.shape, dtype=bool)
    filled[:, 4:9, 6:12] = True
    for gaps in (None, filled):
        made = (
            codec.encode(values, absolute(0.1))
            if gaps is None
            else codec.encode_filled(values, absolute(0.1), gaps)
        )
        left = base_of(made, values)[1] - values
        counted = left if gaps is None else left[~gaps]
        found = payload.network_error(memoryview(made))
        assert found == pytest.approx(np.sqrt(np.mean(counted**2)), rel=1e-6)


@pytest.mark.parametrize("off", [-1.0, np.nan, np.inf])
def test_a_network_that_is_off_by_no_number_is_damaged(field: MakeField, off: float) -> None:
    values = field(16, 24)
    made = FAST.encode(values, absolute(0.1))
    damaged = bytearray(made)
    struct.pack_into("<f", damaged, 25, off)
    struct.pack_into("<I", damaged, 1, google_crc32c.value(bytes(damaged[:1] + damaged[5:])))
    with pytest.raises(PayloadError, match="network is off by"):
        Inr().decode(bytes(damaged), values.shape, F4)


def damaged_copies(made: bytes, count: int) -> Any:
    rng = np.random.default_rng(11)
    for number in range(count):
        damaged = bytearray(made)
        kind = number % 3
        if kind == 0:
            del damaged[int(rng.integers(len(damaged))) :]
        for _ in range(int(rng.integers(1, 4)) if kind else 0):
            at = int(rng.integers(len(damaged)))
            damaged[at] = int(rng.integers(256)) if kind == 1 else damaged[at] ^ 1 << number % 8
        yield bytes(damaged)


@each_kind
def test_damaged_payloads_are_errors_and_never_other_values(field: MakeField, codec: Inr) -> None:
    values = field(2, 12, 14)
    made = codec.encode(values, absolute(0.05))
    good = Inr().decode(made, values.shape, F4)
    errors = 0
    for damaged in damaged_copies(made, 5_000):
        try:
            decoded = Inr().decode(damaged, values.shape, F4)
        except PayloadError:
            errors += 1
            continue
        assert damaged == made or np.array_equal(decoded, good)
    assert errors > 4_950


@each_kind
def test_what_passes_the_checksum_of_bytes_is_an_error_still(
    field: MakeField, codec: Inr, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if somebody had made them: the parts are parsed, and must hold on their own.
    values = field(2, 12, 14)
    made = codec.encode(values, absolute(0.05))
    plain = payload.google_crc32c.value

    def forged(data: bytes) -> int:
        # The second checksum, that of the base, is left as it is.
        if len(data) == values.size * 4:
            return int(plain(data))
        return int.from_bytes(current[1:5], "little")

    monkeypatch.setattr(payload.google_crc32c, "value", forged)
    errors = 0
    for current in damaged_copies(made, 900):
        try:
            Inr().decode(current, values.shape, F4)
        except PayloadError:
            errors += 1
    assert errors > 300
