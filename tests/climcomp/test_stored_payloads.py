"""Blocks stored by released versions decode to the same bits for ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from climcomp.codecs import codec_names
from climcomp.frame import decode_block, read_header

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "payloads"
STORED = sorted(FOLDER.glob("*.payload"))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_payload_decodes_to_the_same_bits(path: Path) -> None:
    expected = np.load(path.with_suffix(".npy"))
    actual = decode_block(path.read_bytes(), expected.shape, expected.dtype)
    assert actual.dtype == expected.dtype
    assert np.ascontiguousarray(actual).tobytes() == np.ascontiguousarray(expected).tobytes()


def test_every_codec_and_type_is_stored() -> None:
    headers = [read_header(path.read_bytes()) for path in STORED]
    expected = {(name, size) for name in codec_names() for size in (4, 8)}
    assert {(header.codec, header.dtype.itemsize) for header in headers} >= expected
    assert {header.body for header in headers} == {0, 1, 2, 3}


def test_every_way_of_ncx_is_stored() -> None:
    heads = []
    for path in FOLDER.glob("*-ncx-*.payload"):
        payload = path.read_bytes()
        start = len(payload) - 4 - read_header(payload).body_bytes
        is_left = payload[start] == 0xFF
        has_taps = not is_left and payload[start + 30 : start + 38] != bytes(8)
        more = 0 if is_left else payload[start] & (8 | 64)
        heads.append((is_left, bool(payload[start] & 2), has_taps, more))
    plain = {(True, True, False, 0), (False, False, False, 0), (False, True, False, 0)}
    assert plain <= set(heads)
    assert any(has_taps for _, _, has_taps, _ in heads)
    assert {more for *_, more in heads} == {0, 8, 64}


def test_every_way_of_the_lossless_codec_is_stored() -> None:
    ways = set()
    for path in STORED:
        payload = path.read_bytes()
        header = read_header(payload)
        if header.codec in ("lossless", "rounding") and header.body in (2, 3):
            ways.add(payload[len(payload) - 4 - header.body_bytes])
    assert ways == {0, 1, 2, 3, 4}


def test_every_kind_of_whole_numbers_is_stored() -> None:
    heads = set()
    for path in FOLDER.glob("*-lattice-*.payload"):
        payload = path.read_bytes()
        start = len(payload) - 4 - read_header(payload).body_bytes
        way, form, axes, _, parts = payload[start : start + 5]
        if way == 4:
            heads.add((form, axes, parts))
    forms, axes_used, parts_used = (set(found) for found in zip(*heads, strict=True))
    assert forms == {0, 1, 2, 3}
    assert axes_used >= {0, 3}
    assert parts_used == {1, 2}
