"""Each block by the codec that makes it smallest, within the same bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import CodecError
from climcomp.frame import BlockEncoding, decode_block, encode_block, read_header
from climcomp_workflows.plan.model import Rung
from climcomp_workflows.shard.smallest import WHOLE_UP_TO, encode_smallest, encodings

BOUND = ErrorBound("absolute", 0.01)
FIRST = BlockEncoding(get_codec("sz3"), BOUND)
RUNG = Rung("sz3", (), (BOUND,), None, "", (("rounding", ()), ("zfp", ())))


def smooth(shape: tuple[int, ...]) -> np.ndarray:
    """Waves that SZ3 predicts."""
    axes = np.meshgrid(*(np.arange(n) / 9.0 for n in shape), indexing="ij")
    return np.sum([np.sin(a + i) for i, a in enumerate(axes)], axis=0).astype(np.float32)


def coarse(shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers without any order, of which rounding loses nothing."""
    return np.random.default_rng(1).integers(0, 4, shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(8, 30, 40), (8, 120, 160)])
def test_each_block_goes_to_the_codec_that_suits_it(shape: tuple[int, ...]) -> None:
    assert (np.prod(shape) > WHOLE_UP_TO) == (shape[1] == 120)
    ways = encodings(RUNG, FIRST)
    for values, codec in ((smooth(shape), "sz3"), (coarse(shape), "rounding")):
        (payload,) = encode_smallest([values], ways)
        assert read_header(payload).codec == codec
        assert len(payload) <= len(encode_block(values, FIRST))
        decoded = decode_block(payload, values.shape, values.dtype)
        assert np.abs(decoded.astype(np.float64) - values).max() <= BOUND.value


def test_without_rivals_there_is_no_race() -> None:
    ways = encodings(Rung("sz3", (), (BOUND,), None, ""), FIRST)
    assert ways == (FIRST,)
    values = smooth((4, 20, 30))
    assert encode_smallest([values], ways) == [encode_block(values, FIRST)]


@pytest.mark.parametrize("shape", [(8, 30, 40), (8, 120, 160)])
def test_a_rival_that_refuses_is_left_out(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> bytes:
        raise CodecError("not these")

    monkeypatch.setattr("climcomp.codecs.bit_rounding.Rounding.encode", refuse)
    monkeypatch.setattr("climcomp.codecs.zfp.Zfp.encode", refuse)
    (payload,) = encode_smallest([coarse(shape)], encodings(RUNG, FIRST))
    assert read_header(payload).codec == "sz3"


def test_the_rungs_own_codec_that_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> bytes:
        raise CodecError("not these")

    monkeypatch.setattr("climcomp.codecs.sz3.Sz3.encode", refuse)
    with pytest.raises(CodecError, match="not these"):
        encode_smallest([smooth((4, 20, 30))], encodings(RUNG, FIRST))


def test_rivals_are_part_of_a_stored_plan() -> None:
    rung = Rung(
        "sz3", (), (BOUND,), None, "", (("delta", (("axis", 0),)), ("sz3", (("order", (1, 0)),)))
    )
    assert Rung.from_dict(rung.to_dict()) == rung
