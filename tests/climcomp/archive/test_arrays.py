"""Claims about shards: Zarr's own bytes, and the same values back."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive.arrays import (
    ArraySpec,
    array_metadata,
    build_shard,
    padded_chunks,
    read_shard,
    shard_indices,
    shard_key,
    shard_region,
    write_whole,
)
from climcomp.archive.spec import fill_value_of
from climcomp.archive.store import open_store
from climcomp.codecs.lossless import Lossless
from climcomp.errors import ArchiveDamagedError, PayloadError, UsageError
from climcomp.frame import BlockEncoding, encode_block

DAMAGE = (ArchiveDamagedError, PayloadError)


def spec_of(values: NDArray[Any], dtype: str | None = None, **options: Any) -> ArraySpec:
    dims = tuple("tzyx"[: values.ndim])
    chunk = tuple(max(1, min(size, 3)) for size in values.shape)
    return ArraySpec(
        **{
            "path": "v",
            "shape": values.shape,
            "dims": dims,
            "dtype": dtype or values.dtype.name,
            "chunk": chunk,
            **options,
        }
    )


def numbers(shape: tuple[int, ...], dtype: str = "float32") -> NDArray[Any]:
    return np.random.default_rng(1).normal(0, 50, shape).astype(dtype)


KINDS = {
    "float32": np.array([1.5, np.nan, np.inf, -0.0, 1e20, 7], "f4"),
    "float64": np.array([1.5, np.nan, -np.inf, -0.0, 1e300, 7], "f8"),
    "int8": np.array([-128, 0, 127, 1, 2, 3], "i1"),
    "uint8": np.array([255, 0, 127, 1, 2, 3], "u1"),
    "int16": np.array([-32768, 0, 32767, 1, 2, 3], "i2"),
    "uint16": np.array([0, 65535, 1, 2, 3, 4], "u2"),
    "int32": np.array([-(2**31), 2**31 - 1, 0, 1, 2, 3], "i4"),
    "uint32": np.array([2**32 - 1, 0, 1, 2, 3, 4], "u4"),
    "int64": np.array([-(2**63), 2**63 - 1, 0, 1, 2, 3], "i8"),
    "uint64": np.array([2**64 - 1, 0, 1, 2, 3, 4], "u8"),
    "bool": np.array([True, False, True, True, False, False]),
    "S1": np.array([b"a", b"", b" ", b"\xff", b"z", b"-"], "S1"),
    "S7": np.array([b"a", b"", b"abcdefg", b"\xff", b"z", b"-"], "S7"),
    "str": np.array(["a", "", "äöü\n", "x" * 1000, " ", "日本"], object),
}


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shard", [None, (6,)])
def test_values_of_every_type_come_back_bit_for_bit(
    dtype: str, shard: tuple[int, ...] | None
) -> None:
    values = KINDS[dtype]
    spec = spec_of(values, dtype, shard=shard)
    for index in shard_indices(spec):
        part = values[shard_region(spec, index)]
        found = read_shard(spec, index, build_shard(spec, index, part))
        assert found.dtype == spec.numpy_dtype == part.dtype
        assert found.shape == part.shape
        if dtype == "str":
            assert found.tolist() == part.tolist()
        else:
            assert found.tobytes() == part.tobytes()


@pytest.mark.parametrize("codec", ["standard", "block"])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (7, 5), (5, 4, 7), (2, 3, 4, 5)])
@pytest.mark.parametrize("factor", [None, 1, 2])
def test_zarr_reads_an_array_made_of_shards(
    tmp_path: Path, codec: Any, shape: tuple[int, ...], factor: int | None
) -> None:
    values = np.asarray(numbers(shape))
    spec = spec_of(values, codec=codec)
    if factor and shape:
        spec = spec_of(values, codec=codec, shard=tuple(factor * side for side in spec.chunk))
    store = open_store(tmp_path / "s")
    entries = write_whole(store, spec, values)
    assert [entry.key for entry in entries] == [shard_key(spec, i) for i in shard_indices(spec)]
    assert all(store.digest(entry.key) == entry.sha256 for entry in entries)
    store.put("v/zarr.json", array_metadata(spec))
    array = zarr.open_array(tmp_path / "s" / "v", mode="r")
    np.testing.assert_array_equal(values, array[...])
    assert (array.metadata.dimension_names or ()) == spec.dims


def test_a_cut_shard_has_the_bytes_that_zarr_writes_itself(tmp_path: Path) -> None:
    values = numbers((10, 7))
    spec = spec_of(values, chunk=(2, 2), shard=(4, 4))
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "zarr.json").write_bytes(array_metadata(spec))
    array = zarr.open_array(
        tmp_path / "v", mode="r+", config={"write_empty_chunks": True, "order": "C"}
    )
    array[...] = values
    for index in shard_indices(spec):
        expected = (tmp_path / shard_key(spec, index)).read_bytes()
        assert expected == build_shard(spec, index, values[shard_region(spec, index)])


def test_inner_chunks_outside_the_array_are_absent_and_cut_ones_are_padded() -> None:
    seen: list[NDArray[Any]] = []

    def encoder(block: NDArray[Any]) -> bytes:
        seen.append(block.copy())
        return block.tobytes()

    values = numbers((5, 5))
    spec = spec_of(values, chunk=(2, 2), shard=(4, 4), codec="block", fill_value=-9.0)
    data = build_shard(spec, (1, 1), values[4:, 4:], encoder)
    assert len(seen) == 1
    expected = np.full((2, 2), -9, "f4")
    expected[0, 0] = values[4, 4]
    np.testing.assert_array_equal(expected, seen[0])
    assert len(data) == 16 + 4 * 16 + 4


def test_chunks_that_are_all_fill_are_written() -> None:
    values = np.full((4, 4), np.nan, "f4")
    for codec in ("standard", "block"):
        spec = spec_of(values, chunk=(2, 2), shard=(4, 4), codec=codec)
        data = build_shard(spec, (0, 0), values)
        index = np.frombuffer(data[-4 * 16 - 4 : -4], "<u8")
        assert (index != 2**64 - 1).all()


def test_the_encoder_gets_each_inner_chunk_once_in_c_order() -> None:
    seen = []

    def encoder(block: NDArray[Any]) -> bytes:
        assert block.shape == (2, 3, 2)
        assert block.flags.c_contiguous
        seen.append(float(block.flat[0]))
        return b"x"

    values = np.arange(4 * 6 * 4, dtype="f4").reshape(4, 6, 4)
    spec = spec_of(values, chunk=(2, 3, 2), shard=(4, 6, 4), codec="block")
    build_shard(spec, (0, 0, 0), values, encoder)
    corners = itertools.product((0, 2), (0, 3), (0, 2))
    assert sorted(seen) == sorted(float(values[corner]) for corner in corners)


def test_the_encoder_gets_a_0d_block_as_it_is() -> None:
    shapes = []

    def encoder(block: NDArray[Any]) -> bytes:
        shapes.append(block.shape)
        return b"x"

    values = np.asarray(np.float32(1))
    build_shard(spec_of(values, codec="block"), (), values, encoder)
    assert shapes == [()]


def test_values_need_not_be_contiguous() -> None:
    values = numbers((6, 8)).T
    spec = spec_of(values, chunk=(2, 2), shard=(8, 6))
    np.testing.assert_array_equal(
        values, read_shard(spec, (0, 0), build_shard(spec, (0, 0), values))
    )


def test_an_array_without_length_has_metadata_and_no_object(tmp_path: Path) -> None:
    values = np.zeros((0, 4), "f4")
    spec = spec_of(values)
    store = open_store(tmp_path)
    assert write_whole(store, spec, values) == []
    store.put("v/zarr.json", array_metadata(spec))
    assert zarr.open_array(tmp_path / "v", mode="r")[...].shape == (0, 4)


@pytest.mark.parametrize("shape", [(3, 3), (4,), (4, 4, 1)])
def test_values_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    spec = spec_of(np.zeros((4, 4), "f4"), chunk=(4, 4))
    with pytest.raises(UsageError, match="wanted"):
        build_shard(spec, (0, 0), np.zeros(shape, "f4"))
    with pytest.raises(UsageError, match="wanted"):
        write_whole(open_store(tmp_path), spec, np.zeros(shape, "f4"))


@pytest.mark.parametrize(
    "options",
    [
        {"chunk": (3,)},
        {"chunk": (0, 3)},
        {"shard": (4, 4)},
        {"shard": (3,)},
        {"dims": ("x",)},
        {"shape": (), "dims": (), "chunk": (), "shard": ()},
        {"codec": "block", "dtype": "int16"},
    ],
)
def test_a_spec_whose_parts_do_not_fit_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="v: "):
        spec_of(np.zeros((6, 6), "f4"), **options)


@pytest.mark.parametrize(
    ("dtype", "options", "expected"),
    [
        ("float32", {}, np.nan),
        ("int16", {}, 0),
        ("float32", {"attributes": {"_FillValue": np.float32(1e20)}}, np.float32(1e20)),
        ("int16", {"attributes": {"_FillValue": np.array([-999], "i2")}}, -999),
        ("int16", {"attributes": {"_FillValue": np.int16(-999)}, "fill_value": 5}, 5),
        ("S1", {"attributes": {"_FillValue": b"-"}}, b""),
        ("str", {"attributes": {"_FillValue": "-"}}, ""),
        ("bool", {}, False),
    ],
)
def test_padding_is_the_files_fill_value(
    tmp_path: Path, dtype: str, options: dict[str, Any], expected: Any
) -> None:
    spec = spec_of(np.zeros(3), dtype, **options)
    (tmp_path / "zarr.json").write_bytes(array_metadata(spec))
    found = zarr.open_array(tmp_path, mode="r").fill_value
    np.testing.assert_equal(found, expected)


@pytest.mark.parametrize("codec", ["standard", "block"])
def test_a_changed_byte_anywhere_is_found(codec: Any) -> None:
    values = numbers((6, 6))
    spec = spec_of(values, chunk=(3, 3), shard=(6, 6), codec=codec)
    data = build_shard(spec, (0, 0), values)
    for position in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        with pytest.raises(DAMAGE, match=r"v/c\.0\.0: inner chunk \(\d, \d\)"):
            read_shard(spec, (0, 0), bytes(damaged))


@pytest.mark.parametrize("codec", ["standard", "block"])
@pytest.mark.parametrize("length", [0, 1, 50, -1])
def test_a_truncated_shard_is_found(codec: Any, length: int) -> None:
    values = numbers((6, 6))
    for shard in (None, (6, 6)):
        spec = spec_of(values, chunk=(6, 6), shard=shard, codec=codec)
        data = build_shard(spec, (0, 0), values)
        with pytest.raises(DAMAGE, match=r"v/c\.0\.0"):
            read_shard(spec, (0, 0), data[:length])


def test_damage_names_the_inner_chunk_and_its_cause() -> None:
    values = numbers((4, 6))
    spec = spec_of(values, chunk=(2, 3), shard=(4, 6), codec="block")
    data = build_shard(spec, (0, 0), values)
    offset, length = np.frombuffer(data[-4 * 16 - 4 : -4], "<u8").reshape(2, 2, 2)[1, 0]
    damaged = bytearray(data)
    damaged[int(offset + length // 2)] ^= 1
    with pytest.raises(PayloadError, match=r"\(1, 0\), v\[2:4, 0:3\]") as caught:
        read_shard(spec, (0, 0), damaged)
    assert isinstance(caught.value.__cause__, PayloadError)


def test_keys_and_regions_of_shards() -> None:
    spec = spec_of(np.zeros((5, 7)), path="grp/tas", chunk=(1, 2), shard=(2, 4))
    assert [shard_key(spec, index) for index in shard_indices(spec)] == [
        f"grp/tas/c.{t}.{y}" for t in range(3) for y in range(2)
    ]
    assert shard_region(spec, (2, 1)) == (slice(4, 5), slice(4, 7))
    scalar = spec_of(np.zeros(()))
    assert [shard_key(scalar, index) for index in shard_indices(scalar)] == ["v/c"]
    assert blocks.region_shape(shard_region(scalar, ())) == ()


def test_specs_travel_to_workers() -> None:
    spec = spec_of(np.zeros(3), attributes={"a": np.float32(1), "b": np.array([1, 2], "i2")})
    assert pickle.loads(pickle.dumps(spec)).shape == spec.shape


def test_bytes_do_not_depend_on_the_users_zarr_configuration() -> None:
    values = numbers((6, 6))
    spec = spec_of(values, shard=(6, 6))
    expected = build_shard(spec, (0, 0), values)
    with zarr.config.set({"array.order": "F", "array.write_empty_chunks": False}):
        assert expected == build_shard(spec, (0, 0), values)


@pytest.mark.parametrize("dtype", ["f4", ">f4", "f8"])
@pytest.mark.parametrize("shape", [(6, 6), (7, 4), (2, 3), (13,), ()])
@pytest.mark.parametrize("sharded", [True, False])
@pytest.mark.parametrize("fill", [None, np.float32(1e20)])
def test_padded_chunks_are_those_that_an_encoder_is_given(
    dtype: str, shape: tuple[int, ...], sharded: bool, fill: np.float32 | None
) -> None:
    values = np.asarray(numbers(shape, dtype))
    chunk = tuple(max(1, min(size, 3)) for size in shape)
    spec = spec_of(
        values,
        values.dtype.name,
        codec="block",
        shard=tuple(2 * length for length in chunk) if sharded and shape else None,
        attributes={} if fill is None else {"_FillValue": fill},
    )
    for index in shard_indices(spec):
        part = np.asarray(values[shard_region(spec, index)])
        given: list[bytes] = []

        def encode(block: NDArray[Any], given: list[bytes] = given) -> bytes:
            given.append(block.astype(spec.numpy_dtype).tobytes())
            return encode_block(block, BlockEncoding(Lossless()))

        build_shard(spec, index, part, encode)
        found = list(padded_chunks(spec, index, part))
        assert {one.shape for one in found} == {spec.chunk}
        assert {one.dtype for one in found} == {spec.numpy_dtype}
        padding = np.full(spec.chunk, fill_value_of(spec), spec.numpy_dtype).tobytes()
        inside = [block for block in given if block != padding]
        assert sorted(one.tobytes() for one in found) == sorted(inside)
