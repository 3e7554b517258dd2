"""Damaged and hostile payloads give PayloadError: never a crash, never more memory than allowed."""

from __future__ import annotations

import struct
import subprocess
import sys
import textwrap

import google_crc32c
import numpy as np
import pytest

from climcomp.bounds import ErrorBound
from climcomp.codecs import get_codec
from climcomp.errors import PayloadError
from climcomp.frame import BlockEncoding, decode_block, encode_block, read_header

SHAPE = (7, 8, 9)
DTYPE = np.dtype("f4")
NAMES = ("log", "lossless", "rounding", "sz3", "zfp")
each_name = pytest.mark.parametrize("name", NAMES)


def bound_of(name: str) -> ErrorBound | None:
    if name == "lossless":
        return None
    return ErrorBound("pointwise_relative" if name == "log" else "absolute", 0.1)


def payload_of(name: str) -> bytes:
    values = np.random.default_rng(3).normal(size=SHAPE).cumsum(0).astype(DTYPE)
    values[:, :2, 3:] = np.nan
    values[-1] = -9999.0
    return encode_block(values, BlockEncoding(get_codec(name), bound_of(name), fill=-9999.0))


def sealed(content: bytes) -> bytes:
    """Bytes with the CRC-32C that makes them look right."""
    return content + struct.pack("<I", google_crc32c.value(content))


@each_name
def test_every_changed_byte_is_noticed(name: str) -> None:
    payload = payload_of(name)
    for place in range(len(payload)):
        damaged = bytearray(payload)
        damaged[place] ^= 0x41
        with pytest.raises(PayloadError):
            decode_block(bytes(damaged), SHAPE, DTYPE)


@each_name
def test_every_truncation_is_noticed(name: str) -> None:
    payload = payload_of(name)
    for length in range(len(payload)):
        with pytest.raises(PayloadError):
            decode_block(payload[:length], SHAPE, DTYPE)
    with pytest.raises(PayloadError):
        decode_block(payload + b"\0", SHAPE, DTYPE)


def test_garbage_is_refused() -> None:
    rng = np.random.default_rng(4)
    for length in (0, 1, 3, 4, 8, 100, 5000):
        with pytest.raises(PayloadError):
            decode_block(rng.bytes(length), SHAPE, DTYPE)
        with pytest.raises(PayloadError):
            read_header(sealed(b"CLCB\x01" + rng.bytes(length)))


def test_a_newer_frame_says_so() -> None:
    content = bytearray(payload_of("sz3")[:-4])
    content[4] = 2
    with pytest.raises(PayloadError, match="update climcomp"):
        decode_block(sealed(bytes(content)), SHAPE, DTYPE)


def test_an_unknown_codec_is_named() -> None:
    content = payload_of("sz3")[:-4].replace(b"\x03sz3", b"\x03sz9")
    with pytest.raises(PayloadError, match="codec 'sz9'"):
        decode_block(sealed(content), SHAPE, DTYPE)


def test_an_extent_beyond_the_shape_is_refused() -> None:
    content = bytearray(payload_of("sz3")[:-4])
    assert tuple(content[7:13]) == (7, 8, 9, 6, 8, 9)
    content[10] = 8
    with pytest.raises(PayloadError, match="exceeds the shape"):
        decode_block(sealed(bytes(content)), SHAPE, DTYPE)


@each_name
def test_headers_with_a_right_checksum_cannot_contradict_themselves(name: str) -> None:
    header = read_header(payload_of(name))
    content = payload_of(name)[:-4]
    head = len(content) - header.mask_bytes - header.body_bytes
    for place in range(head):
        for number in (0, 1, 2, 3, 0x7F, 0x80, 0xFF):
            hostile = bytearray(content)
            hostile[place] = number
            try:
                decoded = decode_block(sealed(bytes(hostile)), SHAPE, DTYPE)
            except PayloadError:
                continue
            assert decoded.shape == SHAPE
            assert decoded.dtype == DTYPE


HOSTILE = """
    import resource, struct, sys
    import google_crc32c
    import numpy as np
    from climcomp.bounds import ErrorBound
    from climcomp.codecs import get_codec, zstd
    from climcomp.errors import PayloadError
    from climcomp.frame import BlockEncoding, decode_block, encode_block, read_header

    name, seed, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    settings = {"algorithm": sys.argv[4]} if len(sys.argv) > 4 else {}
    rng = np.random.default_rng(seed)
    shape = [(9, 10, 11), (300,), (20, 30), (4, 5, 6, 7)][seed % 4]
    values = rng.normal(size=shape).cumsum(0).astype(["f4", "f8"][seed % 2])
    values[:, ...].flat[::7] = np.nan
    kind = "pointwise_relative" if name == "log" else "absolute"
    bound = None if name == "lossless" else ErrorBound(kind, 0.1)
    payload = encode_block(values, BlockEncoding(get_codec(name, **settings), bound))
    decode_block(payload, shape, values.dtype)
    header = read_header(payload)
    split = len(payload) - 4 - header.body_bytes
    before, body = payload[:split], payload[split:-4]
    numbers = [0, 1, 255, 1 << 16, 1 << 20, 1 << 29, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]

    def changed(raw):
        raw = bytearray(raw)
        for _ in range(rng.integers(1, 3)):
            place, kind = int(rng.integers(len(raw))), rng.integers(4)
            if kind == 0:
                raw[place] = rng.integers(256)
            elif kind == 1:
                raw[int(rng.integers(min(len(raw), 80)))] ^= 1 << int(rng.integers(8))
            else:
                number = struct.pack("<Q" if kind == 2 else "<I", int(rng.choice(numbers)))
                raw[place : place + len(number)] = number[: len(raw) - place]
        return bytes(raw)

    def changed_inside_sz3(raw):
        stream = raw[1:]
        coded, size = (int.from_bytes(stream[i : i + 8], "little") for i in (8, 16))
        content = changed(zstd.decompress(stream[24 : 16 + coded], size))
        frame = struct.pack("<Q", len(content)) + zstd.compress(content, 3)
        return raw[:1] + stream[:8] + struct.pack("<Q", len(frame)) + frame + stream[16 + coded :]

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for run in range(runs):
        inside = name == "sz3" and run % 2
        hostile = before + (changed_inside_sz3(body) if inside else changed(body))
        if len(hostile) != split + len(body):
            head = hostile[:split]
            kept = len(before) - header.mask_bytes
            sizes = before[:kept]
            # The body's length is the last varint before the sections.
            end = kept - len(varint(header.body_bytes))
            hostile = sizes[:end] + varint(len(hostile) - split) + before[kept:] + hostile[split:]
        sealed = hostile + struct.pack("<I", google_crc32c.value(hostile))
        try:
            decoded = decode_block(sealed, shape, values.dtype)
            assert decoded.shape == shape and decoded.dtype == values.dtype
        except PayloadError:
            refused += 1
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert refused, "nothing was refused"
    assert used < 24 << 10, f"{used} kB more than before"
""".replace(
    "    import resource,", "    from climcomp.byte_reader import varint\n    import resource,"
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("lossless",),
        ("rounding",),
        ("zfp",),
        ("log",),
        ("sz3", "interpolation"),
        ("sz3", "lorenzo_regression"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("seed", range(4))
def test_hostile_bodies_neither_crash_nor_take_memory(
    arguments: tuple[str, ...], seed: int
) -> None:
    name, *algorithm = arguments
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HOSTILE), name, str(seed), "700", *algorithm],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
