"""Whole runs in this process: what is published, what is refused, what goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from climcomp.archive import ArchiveStore, Lease, is_published, open_archive, open_store
from climcomp.errors import (
    ArchiveExistsError,
    ArchiveLockedError,
    SourceChangedError,
    SourceError,
    StorageError,
)
from climcomp_workflows import shard
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.verify import verify_archive

MakeRecipe = Callable[..., Recipe]
BOUND = "variables: {tas: {bound: 0.05 K}}\nquality: bounds\n"


def objects(store: Path) -> dict[str, str]:
    """SHA-256 of every data object of an archive."""
    return {e.key: e.sha256 for e in open_archive(store).manifest() if "/c" in e.key}


def test_a_run_publishes_values_within_their_bound(
    source: Path, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    outcome = run_recipe(make_recipe(source, BOUND))
    assert outcome.refused == ()
    with xr.open_zarr(outcome.store) as archive, xr.open_dataset(source) as original:
        error = np.abs(archive.tas.values.astype("f8") - original.tas.values)
        assert error.max() <= 0.05
        assert archive.tas.shape == original.tas.shape


def test_a_reader_that_never_heard_of_climcomp_gets_everything_back(
    write_source: Callable[..., Path], make_recipe: MakeRecipe
) -> None:
    masked = np.random.default_rng(1).normal(280, 5, (20, 24, 36)).astype("f4")
    masked[:, 5:9, 7:20] = np.nan
    path = write_source(tas=masked)
    outcome = run_recipe(make_recipe(path, BOUND))
    script = f"""
import sys, warnings
warnings.simplefilter("error")
import numpy as np, xarray as xr
a = xr.open_zarr({outcome.store!r}); b = xr.open_dataset({str(path)!r})
assert set(a.variables) == set(b.variables), (set(a.variables), set(b.variables))
assert set(a.coords) == set(b.coords)
assert a.attrs == b.attrs, (a.attrs, b.attrs)
for name in b.variables:
    x, y = b[name], a[name]
    kept = {{k: v for k, v in y.attrs.items() if k != "lossy_compression"}}
    assert set(kept) == set(x.attrs), (name, kept, x.attrs)
    assert all(np.array_equal(kept[k], x.attrs[k]) for k in kept), name
    assert x.dims == y.dims and x.dtype == y.dtype, (name, x.dtype, y.dtype)
    if name != "tas":
        assert np.array_equal(x.values, y.values), name
assert np.array_equal(np.isnan(a.tas.values), np.isnan(b.tas.values))
assert a.tas.encoding["_FillValue"] == b.tas.encoding["_FillValue"]
assert a.time.encoding["calendar"] == b.time.encoding["calendar"]
assert "lossy_compression" in a.tas.attrs
assert not any(name.startswith("climcomp_") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_second_run_of_the_same_recipe_finds_the_work_done(
    source: Path, make_recipe: MakeRecipe
) -> None:
    first = run_recipe(make_recipe(source, BOUND))
    before = objects(Path(first.store))
    second = run_recipe(make_recipe(source, BOUND))
    assert second.already_published
    assert objects(Path(first.store)) == before


def test_another_recipe_on_the_same_store_is_refused_with_both_digests(
    source: Path, make_recipe: MakeRecipe
) -> None:
    run_recipe(make_recipe(source, BOUND))
    with pytest.raises(
        ArchiveExistsError, match=r"digest is [0-9a-f]{16}.*this one's is [0-9a-f]{16}"
    ):
        run_recipe(make_recipe(source, BOUND.replace("0.05", "0.1")))


def test_a_folder_with_other_files_is_refused(
    source: Path, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    store = tmp_path / "out.zarr"
    store.mkdir()
    (store / "thesis.txt").write_text("years of work")
    with pytest.raises(ArchiveExistsError, match=r"thesis\.txt"):
        run_recipe(make_recipe(source, BOUND))
    assert (store / "thesis.txt").read_text() == "years of work"


def test_a_store_that_another_run_holds_is_refused(
    source: Path, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    with Lease.acquire(open_store(tmp_path / "out.zarr")), pytest.raises(ArchiveLockedError):
        run_recipe(make_recipe(source, BOUND))


class DiskFull:
    """Lets a number of shards through, then the disk is full; lives for one test."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.put = ArchiveStore.put

    def __call__(self, store: ArchiveStore, key: str, data: bytes) -> None:
        if "/c." in key:
            self.left -= 1
            if self.left < 0:
                raise StorageError(f"no space left for {len(data)} bytes of {key}")
        self.put(store, key, data)


def test_a_full_disk_stops_a_run_that_then_goes_on_where_it_stood(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = make_recipe(source, BOUND)
    with monkeypatch.context() as patch:
        full = DiskFull(3)
        patch.setattr(ArchiveStore, "put", lambda store, key, data: full(store, key, data))
        with pytest.raises(StorageError, match="no space left"):
            run_recipe(recipe)
    assert not is_published(open_store(tmp_path / "out.zarr"))
    compressed: list[shard.ShardTask] = []
    original = shard.compress_shard

    def counted(task: shard.ShardTask) -> shard.ShardResult:
        compressed.append(task)
        return original(task)

    with monkeypatch.context() as patch:
        patch.setattr("climcomp_workflows.run.variable.compress_shard", counted)
        outcome = run_recipe(recipe)
    assert outcome.resumed
    assert len(compressed) == 3  # of 6 shards, 3 were stored
    assert verify_archive(outcome.store, source=True).ok


def test_an_interrupted_and_an_undisturbed_run_give_the_same_objects(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = make_recipe(source, BOUND)
    with monkeypatch.context() as patch:
        full = DiskFull(2)
        patch.setattr(ArchiveStore, "put", lambda store, key, data: full(store, key, data))
        with pytest.raises(StorageError):
            run_recipe(recipe)
    resumed = objects(Path(run_recipe(recipe).store))
    (tmp_path / "out.zarr").rename(tmp_path / "resumed.zarr")
    assert objects(Path(run_recipe(recipe).store)) == resumed


def test_a_source_that_changed_since_the_plan_is_refused(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make_recipe(source, BOUND)
    with monkeypatch.context() as patch:
        full = DiskFull(2)
        patch.setattr(ArchiveStore, "put", lambda store, key, data: full(store, key, data))
        with pytest.raises(StorageError):
            run_recipe(recipe)
    with netCDF4.Dataset(source, "a") as file:
        file["tas"][0, 0, 0] = 200.0
        file.history = "changed"
    with pytest.raises(SourceChangedError, match=r"source\.nc"):
        run_recipe(recipe)


def test_a_stored_shard_that_was_damaged_meanwhile_is_made_again(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = make_recipe(source, BOUND)
    with monkeypatch.context() as patch:
        full = DiskFull(4)
        patch.setattr(ArchiveStore, "put", lambda store, key, data: full(store, key, data))
        with pytest.raises(StorageError):
            run_recipe(recipe)
    damaged = sorted((tmp_path / "out.zarr" / "tas").glob("c.*"))[1]
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 0xFF
    damaged.write_bytes(data)
    outcome = run_recipe(recipe)
    assert verify_archive(outcome.store, source=True).ok


def test_two_dask_workers_give_the_bytes_that_one_process_gives(
    source: Path, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    extra = "variables: {tas: {bound: 0.05 K}}\n"
    alone = run_recipe(make_recipe(source, extra))
    expected = objects(Path(alone.store))
    (tmp_path / "out.zarr").rename(tmp_path / "alone.zarr")
    recipe = make_recipe(source, extra, cluster="kind: local, workers: 2")
    assert objects(Path(run_recipe(recipe).store)) == expected


def test_a_run_that_cannot_be_planned_leaves_no_trace(
    make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="no file matches"):
        run_recipe(make_recipe(tmp_path / "nothing_*.nc"))
    assert not (tmp_path / "out.zarr").exists()
