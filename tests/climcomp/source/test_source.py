"""A source is a value: it pickles, reads in other processes, and knows its files again."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from climcomp.errors import SourceChangedError, SourceError, UsageError
from climcomp.source import FileIdentity, Source, SourceSpec, open_source
from climcomp.source.handles import HANDLES, HandleCache

MakeFile = Callable[..., Path]


@pytest.fixture(autouse=True)
def _closed_files() -> Iterator[None]:
    yield
    HANDLES.close(list(HANDLES._handles))


def _sum(source: Source) -> float:
    return float(source.read("tas").sum())


def test_another_process_reads_the_same(make_file: MakeFile) -> None:
    source = open_source([make_file("a.nc"), make_file("b.nc", start=3)])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(_sum, source).result() == _sum(source)


def test_a_pickle_holds_no_values_and_no_handles(make_file: MakeFile) -> None:
    source = open_source(make_file(steps=100))
    source.read("tas")
    packed = pickle.dumps(source)
    assert len(packed) < source.variables["tas"].nbytes
    copy = pickle.loads(packed)
    assert copy.identity() == source.identity()
    assert copy.read("tas").tobytes() == source.read("tas").tobytes()


def test_a_spec_goes_through_json_and_opens_the_same(make_file: MakeFile) -> None:
    source = open_source([make_file("b.nc"), make_file("a.nc", start=3)])
    spec = SourceSpec.from_dict(json.loads(json.dumps(source.spec.to_dict())))
    assert spec == source.spec
    again = open_source(spec)
    assert again.spec == spec
    assert again.read("time").tobytes() == source.read("time").tobytes()


def test_only_so_many_files_are_open(make_file: MakeFile) -> None:
    class Fake:
        closed = False

        def read(self, name: str, region: tuple[slice, ...]) -> np.ndarray:  # type: ignore[type-arg]
            raise NotImplementedError

        def close(self) -> None:
            self.closed = True

    cache = HandleCache(limit=2)
    handles = {key: Fake() for key in "abc"}
    for key in "ab":
        cache.get(key, lambda key=key: handles[key])  # type: ignore[misc]
    cache.get("a", lambda: pytest.fail("it is open"))
    cache.get("c", lambda: handles["c"])
    assert [handles[key].closed for key in "abc"] == [False, True, False]
    cache.close(["a", "never opened"])
    assert handles["a"].closed
    assert len(cache) == 1


def test_more_files_than_may_be_open_are_read(
    make_file: MakeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HANDLES, "limit", 3)
    for index in range(8):
        make_file(f"f{index}.nc", start=3 * index)
    source = open_source(str(tmp_path / "*.nc"))
    assert source.read("time").tolist() == list(range(24))
    assert len(HANDLES) <= 3
    source.close()
    assert len(HANDLES) == 0


@pytest.mark.parametrize("format", ["NETCDF3_CLASSIC", "NETCDF4"])
def test_threads_read_the_same(make_file: MakeFile, format: str) -> None:
    source = open_source(make_file(steps=50, format=format))
    expected = source.read("tas")
    with ThreadPoolExecutor(8) as pool:
        pieces = list(pool.map(lambda t: source.read("tas", (slice(t, t + 1),)), range(50)))
    assert np.concatenate(pieces).tobytes() == expected.tobytes()


def test_only_one_thread_is_in_a_native_library(
    make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(make_file(steps=20))
    source.close()
    inside: list[int] = []

    class Probe:
        def read(self, name: str, region: tuple[slice, ...]) -> np.ndarray:  # type: ignore[type-arg]
            inside.append(1)
            threading.Event().wait(0.002)
            assert len(inside) == 1
            inside.pop()
            return np.zeros([s.stop - s.start for s in region], "f4")

        def close(self) -> None:
            assert not inside

    monkeypatch.setattr("climcomp.source.source.open_netcdf", lambda *_: Probe())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda t: source.read("tas", (slice(t, t + 1),)), range(20)))


def test_a_file_that_was_written_again_is_noticed_by_a_worker(make_file: MakeFile) -> None:
    path = make_file()
    source = open_source(path)
    source.close()
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(SourceChangedError, match="not the file that was opened"):
        source.read("tas")


def test_a_file_that_has_gone_is_named(make_file: MakeFile) -> None:
    path = make_file()
    source = open_source(path)
    source.close()
    path.unlink()
    with pytest.raises(SourceError, match=r"a\.nc"):
        source.read("tas")


def test_a_changed_source_is_named(make_file: MakeFile) -> None:
    first = make_file("a.nc")
    plan = open_source(first).identity()
    stored = [FileIdentity.from_dict(entry.to_dict()) for entry in plan]
    open_source(first).check_unchanged(stored)
    both = open_source([first, make_file("b.nc", start=3)])
    with pytest.raises(SourceChangedError, match=r"b\.nc was not there"):
        both.check_unchanged(stored)
    with pytest.raises(SourceChangedError, match=r"b\.nc is not in the source any more"):
        open_source(first).check_unchanged(both.identity())
    HANDLES.close(list(HANDLES._handles))
    make_file("a.nc", steps=4000)
    with pytest.raises(SourceChangedError, match=r"a\.nc: it had \d+ bytes and has"):
        open_source(first).check_unchanged(stored)


def test_an_unknown_variable_lists_the_known_ones(make_file: MakeFile) -> None:
    with pytest.raises(SourceError, match=r"no variable 'tos'.*lat, lon, orog, tas, time"):
        open_source(make_file()).read("tos")


def test_regions_are_checked(make_file: MakeFile) -> None:
    source = open_source(make_file())
    with pytest.raises(UsageError, match="has 1 dimensions; 2 slices"):
        source.read("lat", (slice(None), slice(None)))
    with pytest.raises(UsageError, match="step must be positive"):
        source.read("lat", (slice(None, None, -1),))
    assert source.read("tas", (slice(1, 1),)).shape == (0, 4, 8)
    assert source.read("tas", (slice(-1, None),)).shape == (1, 4, 8)
    assert source.read("tas", (slice(0, 99),)).shape == (3, 4, 8)
    assert source.read("tas", (slice(2, 1),)).shape == (0, 4, 8)


def test_a_with_block_closes_the_files(make_file: MakeFile) -> None:
    with open_source(make_file()) as source:
        source.read("tas")
        assert len(HANDLES) == 1
    assert len(HANDLES) == 0
