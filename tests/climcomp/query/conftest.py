"""Small archives with networks, made by least squares alone, so that no test needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.archive import ArraySpec, open_archive, open_store, publish, write_whole
from climcomp.archive.previews import PREVIEW_ATTRIBUTE, PREVIEW_GROUP
from climcomp.archive.reader import Archive
from climcomp.bounds import NO_BOUND, ErrorBound
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.preview_codec import Preview
from climcomp.frame import BlockEncoding, encode_block

BOUND = 0.1
STEPS, ROWS, COLUMNS = 10, 24, 36
LATS = np.linspace(86.25, -86.25, ROWS)
LONS = np.arange(COLUMNS) * 10.0
DAYS = np.arange(STEPS) + 0.5
# By path: dims, values, attributes.
Content = dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]
Encode = Callable[[NDArray[Any]], bytes]
_ENCODED: dict[Any, bytes] = {}


def wave(days: Any, lats: Any, lons: Any) -> Any:
    """A smooth field of temperature, in K."""
    north, east = np.radians(lats), np.radians(lons)
    return 280 + 15 * np.sin(north) + 4 * np.cos(north) ** 2 * np.sin(2 * east + 0.2 * days)


def grid_of_waves() -> NDArray[np.float32]:
    """The wave on the grid of the tests: (time, lat, lon)."""
    found = wave(DAYS[:, None, None], LATS[:, None], LONS)
    return np.asarray(found, np.float32)


def coordinates() -> Content:
    """Of that grid."""
    return {
        "time": (("time",), DAYS, {"units": "days since 2000-01-01", "calendar": "360_day"}),
        "lat": (("lat",), LATS, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": (("lon",), LONS, {"units": "degrees_east", "standard_name": "longitude"}),
    }


def encoder(codec: Any = None, bound: float | None = BOUND, **more: Any) -> Encode:
    """Codes blocks by networks, or by another codec."""
    absolute = None if bound is None else ErrorBound("absolute", bound)
    encoding = BlockEncoding(Inr(effort=0) if codec is None else codec, absolute, **more)

    def encode(block: NDArray[Any]) -> bytes:
        # Most archives of the tests have the same blocks.
        key = repr(encoding), block.shape, block.tobytes()
        if key not in _ENCODED:
            _ENCODED[key] = encode_block(block, encoding)
        return _ENCODED[key]

    return encode


def preview_encoder(rmse: float = 0.02) -> Encode:
    """Codes blocks by networks alone, near to the values."""
    encoding = BlockEncoding(Preview("rmse", rmse, effort=0), NO_BOUND)
    return lambda block: encode_block(block, encoding)


def in_turn(*encoders: Encode) -> Encode:
    """Codes the blocks of an array by one after the other."""
    turns: Iterator[Encode] = iter(encoders)
    return lambda block: next(turns)(block)


MakeArchive = Callable[..., Archive]


@pytest.fixture
def make_archive(tmp_path: Path) -> MakeArchive:
    """Publish an archive; `coded` has the chunk, the shard and the encoder of some arrays."""

    def make(
        content: Content,
        coded: Mapping[str, tuple[tuple[int, ...], tuple[int, ...] | None, Encode]],
        documents: Mapping[str, bytes] | None = None,
        name: str = "archive.zarr",
    ) -> Archive:
        store = open_store(tmp_path / name)
        specs, entries = [], []
        for path, (dims, values, attributes) in content.items():
            array = np.asarray(values)
            kind = "str" if array.dtype == object else array.dtype.name
            chunk = tuple(max(1, n) for n in array.shape)
            spec = ArraySpec(path, array.shape, dims, kind, chunk, attributes=attributes)
            encode = None
            if path in coded:
                chunk, shard, encode = coded[path]
                spec = ArraySpec(
                    path, array.shape, dims, kind, chunk, shard, attributes=attributes,
                    codec="block",
                )  # fmt: skip
            entries += write_whole(store, spec, array, encode)
            specs.append(spec)
        previews = [path for path in content if path.startswith(f"{PREVIEW_GROUP}/")]
        groups = {PREVIEW_GROUP: {PREVIEW_ATTRIBUTE: ", ".join(previews)}} if previews else {}
        publish(store, specs, groups, dict(documents or {}), entries)
        return open_archive(store.root)

    return make


MakeWaves = Callable[..., Archive]


@pytest.fixture
def make_waves(make_archive: MakeArchive) -> MakeWaves:
    """An archive of `tas`, with other values, blocks, encoders or coordinates where given."""

    def make(
        values: NDArray[Any] | None = None,
        *,
        chunk: tuple[int, ...] = (4, ROWS, COLUMNS),
        shard: tuple[int, ...] | None = None,
        encode: Encode | None = None,
        attributes: Mapping[str, Any] | None = None,
        **others: tuple[tuple[str, ...], Any, dict[str, Any]],
    ) -> Archive:
        found = grid_of_waves() if values is None else values
        content = coordinates() | others
        content["tas"] = ("time", "lat", "lon"), found, {"units": "K", **(attributes or {})}
        return make_archive(content, {"tas": (chunk, shard, encode or encoder())})

    return make
