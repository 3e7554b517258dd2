"""Codec `preview` in blocks of an archive: masks exact, sizes counted whole, no bound claimed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.bounds import NO_BOUND, ErrorBound
from climcomp.codecs import get_codec
from climcomp.codecs.neural.inr.preview_codec import Preview
from climcomp.errors import BoundError, CodecError, PayloadError, TargetNotReached
from climcomp.frame import BlockEncoding, decode_block, encode_block, read_header

MakeField = Callable[..., NDArray[Any]]
FAST = Preview(value=8.0, effort=0)


def there_and_back(values: NDArray[Any], codec: Preview) -> tuple[bytes, NDArray[Any]]:
    payload = encode_block(values, BlockEncoding(codec, NO_BOUND))
    return payload, decode_block(payload, values.shape, values.dtype)


def test_all_of_a_payload_counts_towards_its_ratio(field: MakeField) -> None:
    values = field(6, 40, 64)
    rng = np.random.default_rng(1)
    values[:, rng.random(values.shape[1:]) < 0.2] = np.nan  # a mask that takes many bytes
    payload, decoded = there_and_back(values, FAST)
    assert values.nbytes / len(payload) >= 8
    np.testing.assert_array_equal(np.isnan(decoded), np.isnan(values))
    assert read_header(payload).mask_bytes > 200


def test_a_header_says_that_there_is_no_bound(field: MakeField) -> None:
    payload, _ = there_and_back(field(6, 40, 64), FAST)
    header = read_header(payload)
    assert (header.codec, header.bound) == ("preview", NO_BOUND)


def test_no_value_leaves_the_range_of_its_block(field: MakeField) -> None:
    values = np.maximum(field(6, 40, 64) - 275, 0.0).astype(np.float32)
    _, decoded = there_and_back(values, Preview(value=60.0, effort=0))
    assert values.min() <= decoded.min() <= decoded.max() <= values.max()


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((0, 16, 16), np.float32),
        np.full((2, 16, 16), np.nan, np.float32),
        np.full((2, 16, 16), 273.15, np.float32),
        np.where(np.eye(16) > 0, np.float32(np.inf), np.float32(2.0))[None],
    ],
    ids=["empty", "all missing", "constant", "constant but for infinities"],
)
def test_blocks_without_anything_to_fit_come_back_exactly(values: NDArray[Any]) -> None:
    _, decoded = there_and_back(values, FAST)
    np.testing.assert_array_equal(decoded, values)


def test_a_target_that_cannot_be_reached_may_be_neared(field: MakeField) -> None:
    values = field(2, 16, 24)
    with pytest.raises(TargetNotReached, match="nearest has"):
        there_and_back(values, Preview(value=1e6, effort=0))
    payload, _ = there_and_back(values, Preview(value=1e6, effort=0, nearest=True))
    smallest, _ = there_and_back(values, Preview(value=9.0, effort=0))
    assert len(payload) <= len(smallest)


@pytest.mark.parametrize("bound", [None, ErrorBound("absolute", 1.0)])
def test_a_preview_promises_nothing(field: MakeField, bound: ErrorBound | None) -> None:
    with pytest.raises((BoundError, CodecError)):
        encode_block(field(2, 16, 24), BlockEncoding(FAST, bound))
    with pytest.raises(CodecError, match="keeps no bound"):
        FAST.encode(field(2, 16, 24), bound)


def test_a_codec_with_a_bound_makes_no_preview(field: MakeField) -> None:
    with pytest.raises(CodecError, match="cannot keep a none bound"):
        BlockEncoding(get_codec("sz3"), NO_BOUND)


def test_bytes_of_a_bounded_block_are_no_preview(field: MakeField) -> None:
    values = field(2, 16, 24)
    bounded = get_codec("inr", effort=0).encode(values, ErrorBound("absolute", 0.5))
    with pytest.raises(PayloadError, match="no preview"):
        FAST.decode(bounded, values.shape, values.dtype)


@pytest.mark.parametrize(
    "settings",
    [{"target": "size"}, {"value": 0.0}, {"value": np.nan}, {"kind": "mlp"}, {"effort": -1}],
)
def test_settings_that_there_are_not_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(CodecError):
        Preview(**settings)


def test_no_bound_is_written_without_a_number() -> None:
    assert NO_BOUND.to_dict() == {"kind": "none", "value": None}
    assert ErrorBound(**NO_BOUND.to_dict()) == NO_BOUND  # type: ignore[arg-type]  # as JSON has it
    assert NO_BOUND.tightened(4) == NO_BOUND
    with pytest.raises(BoundError, match="no bound has a value"):
        ErrorBound("none", 3.0)
