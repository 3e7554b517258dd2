"""Blocks coded together on a device: the bytes of the CPU, also where some are refused."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.archive import ArraySpec, read_shard
from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.fit import grids as fit_grids
from climcomp.codecs.neural.ncx import Ncx
from climcomp.errors import BoundError, FitDiverged
from climcomp.frame import BlockEncoding
from climcomp.prepare import Body
from climcomp_metrics.field import Place
from climcomp_workflows.plan.model import Rung, VariablePlan
from climcomp_workflows.plan.neural import codes_on_device, waits_for_device
from climcomp_workflows.shard import encode_shard
from climcomp_workflows.shard.on_device import DeviceEncoder
from climcomp_workflows.shard.smallest import WHOLE_UP_TO, encode_each, encode_smallest, encodings
from tests.workflows.stand_in_device import bodies_of

BOUND = ErrorBound("absolute", 0.05)
NCX = Rung("ncx", (), (BOUND,), None, "ncx")
RIVAL = Rung("sz3", (), (BOUND,), None, "sz3", (("ncx", ()), ("rounding", ())))
ROUNDED = Rung("ncx", (), (BOUND,), (13,), "ncx on rounded values")
INR = Rung("inr", (("effort", 6),), (BOUND,), None, "inr")
FOURIER = Rung("inr", (("kind", "fourier"), ("effort", 6)), (BOUND,), None, "fourier")
RIVALS = Rung("sz3", (), (BOUND,), None, "sz3 or inr", (("inr", (("effort", 6),)),))
LOSSLESS = Rung("lossless", (), None, None, "lossless")


class StandIn:
    """The CPU in place of a device; counts the blocks of each call, and fails where asked."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.error: Exception | None = None

    def encode_blocks(
        self,
        blocks: Sequence[NDArray[np.floating]],
        bound: float,
        codec: Ncx,
        device: str,
        filled: Sequence[NDArray[np.bool_] | None],
    ) -> list[bytes]:
        assert device == "cpu"
        self.calls.append(len(blocks))
        if self.error is not None:
            raise self.error
        return [body.coded() for body in bodies_of(blocks, bound, codec, filled)]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    device = StandIn()
    module = ModuleType("climcomp.codecs.neural.device")
    module.encode_blocks = device.encode_blocks  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return device


def fields(shape: tuple[int, ...], noise: float = 0.02) -> NDArray[np.float32]:
    """Waves with noise, missing values in some fields, and one field of one value."""
    time, lat, lon = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    rng = np.random.default_rng(2)
    found = 270 + 9 * np.sin(lat / 7 + time / 5) + 4 * np.cos(2 * np.pi * 3 * lon / shape[2])
    found = (found + noise * rng.normal(size=shape)).astype(np.float32)
    found[: shape[0] // 2, 2:5, 3:9] = np.nan
    found[-1] = 271
    return found


def variable(values: NDArray[np.float32], rung: Rung, steps: int) -> VariablePlan:
    chunk = (steps, *values.shape[1:])
    shard = (steps * (-(-len(values) // steps)), *values.shape[1:])
    spec = ArraySpec(
        "tas", values.shape, ("time", "lat", "lon"), "float32", chunk, shard,
        attributes={"_FillValue": np.float32(1e20)}, codec="block",
    )  # fmt: skip
    changing: dict[str, Any] = {
        "dataset": "", "source_name": "tas", "how": "lossy", "spec": spec, "decoded": False,
        "settings": None, "ladder": (rung, LOSSLESS), "start": 0, "exact": (271.0,),
        "enforced": "all", "on_fail": "lossless", "bound_text": "", "bound_source": "",
        "kind": "C", "reason": "", "notes": (), "source_bytes": 0, "amplification": 1.0,
        "estimated_bytes": 0,
    }  # fmt: skip
    return VariablePlan(**changing)


@pytest.mark.parametrize("rung", [NCX, RIVAL, ROUNDED], ids=lambda rung: rung.text)
@pytest.mark.parametrize("shape", [(7, 20, 36), (8, 96, 192)])
def test_a_shard_is_the_same_bytes(rung: Rung, shape: tuple[int, ...], stand_in: StandIn) -> None:
    steps = 2 if shape[1] == 20 else 4
    assert (steps * shape[1] * shape[2] > WHOLE_UP_TO) == (shape[1] == 96)
    values = fields(shape)
    plan = variable(values, rung, steps)
    place = Place("tas", (0, 0, 0, 0), (shape[0], 1, *shape[1:]))
    expected = encode_shard(plan, rung, place, (0, 0, 0), values)
    assert not stand_in.calls
    encoder = DeviceEncoder("cpu")
    assert encode_shard(plan, rung, place, (0, 0, 0), values, encoder) == expected
    assert encoder.trouble == ""
    assert encoder.coded == sum(stand_in.calls) > 0
    assert "ncx" in expected[1]


def test_a_shard_that_a_device_codes_is_not_coded_again_by_the_cpu(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = fields((7, 20, 36))
    place = Place("tas", (0, 0, 0, 0), (7, 1, 20, 36))
    monkeypatch.setattr(
        "climcomp_workflows.shard.smallest.encode_block", lambda *_: pytest.fail("by the CPU")
    )
    encode_shard(variable(values, NCX, 2), NCX, place, (0, 0, 0), values, DeviceEncoder("cpu"))
    assert stand_in.calls == [3]  # the last of four has no value that is not exact


def ways(rung: Rung) -> tuple[BlockEncoding, ...]:
    return encodings(rung, BlockEncoding(get_codec(rung.codec), BOUND))


def test_a_block_that_ncx_refuses_as_a_rival_is_left_to_the_first(stand_in: StandIn) -> None:
    # The bound is below the spacing of floats as large as these.
    blocks = [fields((2, 20, 36)), np.float32(3e7) + fields((2, 20, 36), 8.0)]
    rung = Rung("rounding", (), (BOUND,), None, "", (("ncx", ()),))
    expected = encode_smallest(blocks, ways(rung))
    encoder = DeviceEncoder("cpu")
    assert encode_smallest(blocks, ways(rung), encoder) == expected
    assert stand_in.calls == [2]
    assert encoder.trouble == ""  # a refusal is no fault of the device


def test_a_block_that_the_rungs_own_ncx_refuses_is_an_error(stand_in: StandIn) -> None:
    blocks = [fields((2, 20, 36)), np.float32(3e7) + fields((2, 20, 36), 8.0)]
    with pytest.raises(BoundError) as expected:
        encode_smallest(blocks, ways(NCX))
    with pytest.raises(BoundError) as found:
        encode_smallest(blocks, ways(NCX), DeviceEncoder("cpu"))
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("error", [RuntimeError("CUDA error"), ImportError("no torch"), OSError()])
def test_after_trouble_the_cpu_codes_all_that_is_left(error: Exception, stand_in: StandIn) -> None:
    blocks = [fields((2, 20, 36), noise) for noise in (0.0, 0.1, 1.0)]
    stand_in.error = error
    encoder = DeviceEncoder("cpu")
    jobs = [(block, way) for block in blocks for way in ways(RIVAL)]
    payloads = [one for one in encode_each(jobs) if isinstance(one, bytes)]
    assert len(payloads) == len(jobs)
    assert encoder(jobs) == payloads
    assert encoder(jobs) == payloads
    assert stand_in.calls == [3]  # it is not asked a second time
    assert encoder.coded == 0
    assert encoder.trouble.startswith(type(error).__name__)
    assert not encoder.trouble.endswith(": ")


@pytest.mark.parametrize(
    ("rung", "expected"),
    [
        (NCX, True),
        (RIVAL, True),
        (LOSSLESS, False),
        (Rung("sz3", (), (BOUND,), None, "", (("zfp", ()),)), False),
        (Rung("log", (("inner", "ncx"),), (BOUND,), None, ""), False),
        (INR, True),
        (Rung("sz3", (), (BOUND,), None, "", (("inr", ()),)), True),
        (Rung("inr", (("effort", 0),), (BOUND,), None, ""), False),  # least squares, without torch
    ],
)
def test_a_device_codes_ncx_and_fits_networks(rung: Rung, expected: bool) -> None:
    assert codes_on_device(rung) is expected
    has_fits = "inr" in dict(rung.coders)
    assert waits_for_device(rung) is (expected and has_fits)


# Fits of networks


def counted_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bodies each call was given."""
    calls: list[int] = []
    plain = Inr.encode_together

    def encode(self: Inr, bodies: Sequence[Body], device: str, say: Any) -> list[Any]:
        calls.append(len(bodies))
        say("a remark")
        return plain(self, bodies, device, say)

    monkeypatch.setattr(Inr, "encode_together", encode)
    return calls


@pytest.mark.parametrize("rung", [INR, FOURIER, RIVALS], ids=lambda rung: rung.text)
def test_all_networks_of_a_shard_are_fitted_together(
    rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, values = counted_calls(monkeypatch), fields((7, 20, 36))
    plan = variable(values, rung, 2)
    place = Place("tas", (0, 0, 0, 0), (7, 1, 20, 36))
    monkeypatch.setattr(Inr, "encode_filled", lambda *_: pytest.fail("by the CPU"))
    monkeypatch.setattr(Inr, "encode", lambda *_: pytest.fail("by the CPU"))
    encoder = DeviceEncoder("cpu")
    data, blocks = encode_shard(plan, rung, place, (0, 0, 0), values, encoder)
    assert calls == [3]  # the last of four has no value that is not exact
    assert encoder.coded == 3
    assert encoder.remarks == ["a remark"]
    assert encoder.trouble == ""
    assert blocks.total() == 4
    assert "inr" in blocks or rung is RIVALS
    decoded = read_shard(plan.spec, (0, 0, 0), data)[:7]
    np.testing.assert_array_equal(np.isnan(decoded), np.isnan(values))
    assert np.nanmax(np.abs(decoded.astype(np.float64) - values)) <= BOUND.value


def test_a_fit_that_diverges_on_the_device_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fit_grids, "LATENT_RATE", float("nan"))
    monkeypatch.setattr(Inr, "encode_filled", lambda *_: pytest.fail("by the CPU"))
    monkeypatch.setattr(Inr, "encode", lambda *_: pytest.fail("by the CPU"))
    with pytest.raises(FitDiverged):
        encode_smallest([fields((2, 20, 36))], ways(INR), DeviceEncoder("cpu"))


@pytest.mark.parametrize("on_device", [False, True])
@pytest.mark.parametrize("shape", [(4, 20, 36), (8, 96, 192)])
def test_a_rival_whose_fit_diverges_is_left_out_and_that_is_told(
    shape: tuple[int, ...], on_device: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [fields(shape), fields(shape, 0.5)]
    expected = encode_smallest(blocks, ways(RIVALS)[:1])
    monkeypatch.setattr(fit_grids, "LATENT_RATE", float("nan"))
    told: list[str] = []
    encoder = DeviceEncoder("cpu") if on_device else encode_each
    assert encode_smallest(blocks, ways(RIVALS), encoder, told.append) == expected
    assert len(told) == 2
    assert all("the fit of codec 'inr' diverges" in text for text in told)


def test_a_whole_block_whose_fit_diverges_is_coded_by_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    block = fields((8, 96, 192), 0.0)
    expected = encode_smallest([block], ways(RIVALS)[:1])
    plain = encode_each

    def encode(jobs: Any) -> list[Any]:
        # Parts are fitted well, and much smaller; the whole block is not.
        return [
            b"x" * 80 + b"" if way.codec.name == "inr" and part.size < block.size
            else FitDiverged("the fit diverges") if way.codec.name == "inr"
            else plain([(part, way)])[0]
            for part, way in jobs
        ]  # fmt: skip

    told: list[str] = []
    assert encode_smallest([block], ways(RIVALS), encode, told.append) == expected
    assert told == ["the fit diverges"]
