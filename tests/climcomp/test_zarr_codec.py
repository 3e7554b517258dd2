"""The Zarr codec: in and out of shards, refused where it cannot work, found without an import."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr
from numpy.typing import NDArray
from zarr.registry import get_codec_class, register_codec
from zarr.storage import LocalStore, MemoryStore

from climcomp.bounds import ErrorBound
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import CodecError, PayloadError
from climcomp.frame import BlockEncoding, encode_block, read_header
from climcomp.header import FRAME_VERSION
from climcomp.zarr_codec import NAME, BlockCodec

BOUND = 0.05


@pytest.fixture(autouse=True, scope="module")
def registered() -> None:
    """An installed climcomp registers the codec by its entry point; a checkout may not be."""
    try:
        get_codec_class(NAME)
    except KeyError:
        register_codec(NAME, BlockCodec)


def lossy(block: NDArray[Any]) -> bytes:
    return encode_block(block, BlockEncoding(Sz3(), ErrorBound("absolute", BOUND)))


def field(shape: tuple[int, ...] = (10, 30, 50), dtype: str = "f4") -> NDArray[Any]:
    values = np.random.default_rng(0).normal(size=shape).cumsum(0).astype(dtype)
    values[:, :5, :7] = np.nan
    return values


def create(store: Any, values: NDArray[Any], codec: BlockCodec, **options: Any) -> zarr.Array[Any]:
    settings: dict[str, Any] = {
        "shape": values.shape,
        "dtype": values.dtype,
        "chunks": (4, 16, 16),
        "compressors": None,
        "filters": None,
        "serializer": codec,
        "fill_value": float("nan"),
    }
    array = zarr.create_array(store, **(settings | options))
    array[...] = values
    return array


@pytest.mark.parametrize("shards", [None, (8, 32, 64)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_blocks_come_back_through_zarr(shards: tuple[int, ...] | None, dtype: str) -> None:
    values, store = field(dtype=dtype), MemoryStore()
    create(store, values, BlockCodec(lossy), shards=shards)
    decoded = zarr.open_array(store, mode="r")[...]
    np.testing.assert_array_equal(np.isnan(decoded), np.isnan(values))
    assert np.nanmax(np.abs(decoded - values)) <= BOUND


def test_without_an_encoder_every_bit_comes_back() -> None:
    values, store = field(), MemoryStore()
    values[3, 10:] = -0.0
    create(store, values, BlockCodec(), shards=(8, 32, 64))
    decoded = zarr.open_array(store, mode="r")[...]
    assert np.asarray(decoded).tobytes() == values.tobytes()


def test_a_part_of_a_shard_can_be_read() -> None:
    values, store = field(), MemoryStore()
    create(store, values, BlockCodec(), shards=(8, 32, 64))
    decoded = zarr.open_array(store, mode="r")[5:9, 14:18, 33]
    np.testing.assert_array_equal(decoded, values[5:9, 14:18, 33])


def test_chunks_of_one_array_may_come_from_different_codecs() -> None:
    values, store = np.nan_to_num(field()), MemoryStore()
    create(store, values, BlockCodec(lossy))
    array = zarr.open_array(store, mode="r+")
    array[:4] = values[:4]  # opened from its metadata, it encodes losslessly
    stored = store._store_dict
    codecs = {read_header(stored[f"c/{step}/0/0"].to_bytes()).codec for step in range(3)}
    assert codecs == {"lossless", "sz3"}
    np.testing.assert_array_equal(array[:4], values[:4])


def test_metadata_hold_no_encoder() -> None:
    store = MemoryStore()
    create(store, field(), BlockCodec(lossy))
    metadata = json.loads(store._store_dict["zarr.json"].to_bytes())
    assert metadata["codecs"] == [{"name": NAME, "configuration": {"frame": 1}}]


def test_a_codec_goes_through_its_metadata_and_pickle() -> None:
    codec = BlockCodec(lossy)
    assert BlockCodec.from_dict(codec.to_dict()) == codec
    assert pickle.loads(pickle.dumps(codec)).encoder is lossy


@pytest.mark.parametrize(
    "metadata", [{"name": "zfp"}, {"name": NAME, "configuration": {"frame": 2}}]
)
def test_other_metadata_are_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(CodecError, match="frame 1"):
        BlockCodec.from_dict(metadata)


@pytest.mark.parametrize("dtype", ["i2", "i4", "u1", "bool", "f2", "c8"])
def test_arrays_of_other_types_are_refused(dtype: str) -> None:
    with pytest.raises(CodecError, match="float32 and float64"):
        zarr.create_array(
            MemoryStore(),
            shape=(4,),
            dtype=dtype,
            chunks=(4,),
            compressors=None,
            serializer=BlockCodec(),
        )


def test_damaged_bytes_are_refused() -> None:
    store = MemoryStore()
    create(store, field(), BlockCodec(lossy))
    raw = bytearray(store._store_dict["c/0/0/0"].to_bytes())
    raw[len(raw) // 2] ^= 1
    buffer = type(store._store_dict["c/0/0/0"]).from_bytes(bytes(raw))
    asyncio.run(store.set("c/0/0/0", buffer))
    with pytest.raises(PayloadError, match="CRC-32C"):
        zarr.open_array(store, mode="r")[...]


STRANGER = """
    import sys, warnings
    warnings.simplefilter("error")
    import numpy as np, xarray as xr
    {register}
    opened = xr.open_zarr(sys.argv[1], consolidated=False, chunks=None)
    np.save(sys.argv[2], opened["t"].values)
"""


def test_a_stranger_reads_it_with_xarray_alone(tmp_path: Path) -> None:
    from importlib.metadata import entry_points

    values = field()
    dataset = xr.Dataset({"t": (("time", "y", "x"), values)}, {"time": np.arange(10)})
    encoding = {
        "t": {
            "serializer": BlockCodec(lossy),
            "compressors": None,
            "filters": None,
            "chunks": (4, 16, 16),
            "shards": (8, 32, 64),
            "_FillValue": np.float32(np.nan),
        }
    }
    dataset.to_zarr(
        LocalStore(tmp_path / "a.zarr"), zarr_format=3, encoding=encoding, consolidated=False
    )
    is_installed = any(point.name == NAME for point in entry_points(group="zarr.codecs"))
    register = (
        ""
        if is_installed
        else f"import zarr.registry, climcomp.zarr_codec as c; "
        f"zarr.registry.register_codec({NAME!r}, c.BlockCodec)"
    )
    script = "\n".join(line.strip() for line in STRANGER.splitlines())
    script = script.format(register=register)
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.zarr"), str(tmp_path / "t.npy")],
        check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    decoded = np.load(tmp_path / "t.npy")
    np.testing.assert_array_equal(np.isnan(decoded), np.isnan(values))
    assert np.nanmax(np.abs(decoded - values)) <= BOUND


def test_big_endian_arrays_come_back() -> None:
    values, store = field().astype(">f4"), MemoryStore()
    create(store, values, BlockCodec())
    np.testing.assert_array_equal(zarr.open_array(store, mode="r")[...], values)


@pytest.mark.parametrize("shape", [(), (7,), (2, 3, 4, 5, 6)])
def test_any_number_of_dimensions(shape: tuple[int, ...]) -> None:
    values, store = np.random.default_rng(0).normal(size=shape).astype("f4"), MemoryStore()
    create(store, values, BlockCodec(lossy), chunks=tuple(min(n, 3) for n in shape))
    decoded = zarr.open_array(store, mode="r")[...]
    assert np.abs(np.asarray(decoded) - values).max() <= BOUND


def test_models_stand_in_the_metadata_and_are_known_to_whoever_reads_them() -> None:
    from climcomp.codecs.neural import models
    from climcomp.codecs.neural.network import Layer, Network

    first = models.foundation()
    biases = first.skip.biases + 1
    network = Network(
        first.first, first.second, first.third,
        Layer(first.skip.weights, biases.astype(np.int32), first.skip.shifts),
    )  # fmt: skip
    with pytest.raises(PayloadError, match=network.hash.hex()):
        models.network_of(network.hash)
    stored = BlockCodec(models=(models.file_text(network),)).to_dict()
    assert json.loads(json.dumps(stored)) == stored
    models._known.clear()
    again = BlockCodec.from_dict(stored)
    assert again.to_dict() == stored
    assert models.network_of(network.hash).hash == network.hash
    assert "models" not in BlockCodec().to_dict()["configuration"]


@pytest.mark.parametrize("models", [[""], ["bmN4MQ=="], ["no base64"], [7], "nc", 7])
def test_a_damaged_model_in_the_metadata_is_refused(models: object) -> None:
    configuration = {"frame": FRAME_VERSION, "models": models}
    with pytest.raises(CodecError, match=r"metadata of an array.*zarr.json"):
        BlockCodec.from_dict({"name": NAME, "configuration": configuration})
