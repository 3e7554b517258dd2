"""Claims about regions of arrays that are stored but not published: values, and what is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import (
    ArchiveStore,
    ArraySpec,
    build_shard,
    open_store,
    read_stored,
    shard_indices,
    shard_key,
    shard_region,
)
from climcomp.errors import ArchiveDamagedError

VALUES = np.random.default_rng(1).normal(0, 50, (10, 7, 9)).astype("f4")


def stored(store: ArchiveStore, codec: Any, shard: tuple[int, ...] | None) -> ArraySpec:
    """The values in a store, without any metadata."""
    spec = ArraySpec("v", VALUES.shape, ("t", "y", "x"), "float32", (2, 4, 3), shard, codec=codec)
    for index in shard_indices(spec):
        data = build_shard(spec, index, VALUES[shard_region(spec, index)])
        store.put(shard_key(spec, index), data)
    return spec


@pytest.mark.parametrize("codec", ["standard", "block"])
@pytest.mark.parametrize("shard", [None, (4, 4, 9), (10, 8, 9)])
@pytest.mark.parametrize(
    "region",
    [
        (slice(0, 10), slice(0, 7), slice(0, 9)),
        (slice(3, 8), slice(2, 6), slice(4, 9)),
        (slice(9, 10), slice(6, 7), slice(8, 9)),
    ],
)
def test_a_region_comes_back_bit_for_bit(
    tmp_path: Path, codec: Any, shard: tuple[int, ...] | None, region: tuple[slice, ...]
) -> None:
    store = open_store(tmp_path)
    spec = stored(store, codec, shard)
    np.testing.assert_array_equal(read_stored(store, spec, region), VALUES[region])
    assert not (tmp_path / "v" / "zarr.json").exists()


def test_nothing_but_the_chunks_of_the_region_is_decoded(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    spec = stored(store, "block", (10, 8, 9))
    path = tmp_path / "v" / "c.0.0.0"
    data = bytearray(path.read_bytes())
    offset, length = np.frombuffer(data[-4 - 16 * 30 : -4], "<u8").reshape(5, 2, 3, 2)[4, 1, 2]
    data[int(offset + length // 2)] ^= 1
    path.write_bytes(bytes(data))
    elsewhere = (slice(0, 8), slice(0, 7), slice(0, 9))
    np.testing.assert_array_equal(read_stored(store, spec, elsewhere), VALUES[elsewhere])
    with pytest.raises(ArchiveDamagedError, match=r"v/c\.0\.0\.0: inner chunk \(4, 1, 2\)"):
        read_stored(store, spec, (slice(8, 9), slice(0, 7), slice(0, 9)))


def test_no_other_object_is_looked_at(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    spec = stored(store, "block", (4, 8, 9))
    store.delete("v/c.0.0.0")
    region = (slice(4, 10), slice(0, 7), slice(0, 9))
    np.testing.assert_array_equal(read_stored(store, spec, region), VALUES[region])


@pytest.mark.parametrize("found", ["gone", "empty"])
def test_an_object_that_is_missing_or_empty_is_damage_and_never_fill(
    tmp_path: Path, found: str
) -> None:
    store = open_store(tmp_path)
    spec = stored(store, "block", (4, 8, 9))
    store.delete("v/c.1.0.0")
    if found == "empty":
        store.put("v/c.1.0.0", b"")
    with pytest.raises(ArchiveDamagedError, match=rf"v/c\.1\.0\.0 was stored in .* is {found}"):
        read_stored(store, spec, (slice(0, 10), slice(0, 7), slice(0, 9)))
