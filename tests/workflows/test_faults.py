"""Faults of machines and people in whole runs: nothing unverified shows, what is done stays."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import psutil
import pytest

from climcomp.archive import ArchiveStore, Lease, is_published, open_archive, open_store
from climcomp.errors import (
    ArchiveDamagedError,
    ArchiveExistsError,
    LeaseLostError,
    SourceError,
)
from climcomp_workflows.cli.failure import exit_code
from climcomp_workflows.context import RunKey, close_context, stored_plan
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import finish, run_recipe
from climcomp_workflows.run.progress import Silent
from climcomp_workflows.shard import ShardTask, compress_shard
from climcomp_workflows.verify import verify_archive
from tests.workflows.conftest import smooth_field

MakeRecipe = Callable[..., Recipe]
STEPS, ROWS, COLUMNS = 160, 24, 48
SHARDS = 2 * STEPS // 2
EXTRA = "variables: {tas: {bound: 0.02 K}}\nquality: bounds\n"


@dataclass
class Job:
    """A recipe file, its store, and what `climcomp run` of it does; lives for one test."""

    recipe: Path
    store: Path
    log: Path

    def start(self, *options: str, **popen: Any) -> subprocess.Popen[bytes]:
        """`climcomp run` in a process group of its own, its output in the log."""
        command = [sys.executable, "-m", "climcomp_workflows.cli", "run", str(self.recipe)]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, "--store", str(self.store), *options],
                stdout=log, stderr=log, start_new_session=True, **popen,
            )  # fmt: skip

    def finish(self, *options: str) -> None:
        """Run to the end."""
        assert self.start(*options).wait(timeout=240) == 0, self.said()

    def said(self) -> str:
        """All that the runs have printed."""
        return self.log.read_text()

    def traceback(self) -> bool:
        """Whether a traceback was printed, but for what Python itself says of a callback."""
        return "Traceback" in self.said() and "Exception ignored in" not in self.said()

    def records(self) -> list[bytes]:
        """Lines of the journal about shards."""
        try:
            lines = (self.store / "climcomp" / "journal.jsonl").read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if b'"kind":"shard"' in line]

    def wait_for(self, shards: int, process: subprocess.Popen[bytes]) -> None:
        """Wait until so many shards are journalled."""
        end = time.monotonic() + 60
        while len(self.records()) < shards:
            assert process.poll() is None, f"it ended too early:\n{self.said()}"
            assert time.monotonic() < end, self.said()
            time.sleep(0.005)

    def objects(self) -> dict[str, str]:
        """SHA-256 of the data objects of the archive."""
        return {
            e.key: e.sha256
            for e in open_archive(self.store).manifest()
            if not e.key.startswith("climcomp/") and not e.key.endswith("zarr.json")
        }

    def verdicts(self) -> dict[tuple[str, str], tuple[str, float | None]]:
        """Outcome and value by variable and criterion."""
        report = json.loads(open_archive(self.store).document("report.json"))
        return {
            (variable["name"], verdict["criterion"]): (verdict["outcome"], verdict["value"])
            for variable in report["variables"]
            for verdict in variable["verdicts"]
        }


@dataclass(frozen=True)
class Undisturbed:
    """What runs come to when nothing happens to them."""

    recipe: Path
    objects: dict[str, str]
    verdicts: dict[tuple[str, str], tuple[str, float | None]]
    largest: int  # bytes of the largest shard


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A recipe over two variables of many shards, and its undisturbed run."""
    folder = tmp_path_factory.mktemp("faults")
    with netCDF4.Dataset(folder / "source.nc", "w") as file:
        for dim, size in (("time", STEPS), ("lat", ROWS), ("lon", COLUMNS)):
            file.createDimension(dim, size)
        for name, units, values in (
            ("time", "days since 2001-01-01", np.arange(STEPS) + 0.5),
            ("lat", "degrees_north", -90 + (np.arange(ROWS) + 0.5) * 180 / ROWS),
            ("lon", "degrees_east", np.arange(COLUMNS) * 360 / COLUMNS),
        ):
            axis = file.createVariable(name, "f8", (name,))
            axis.units = units
            axis[:] = values
        for name, seed in (("tas", 3), ("tos", 4)):
            data = file.createVariable(name, "f4", ("time", "lat", "lon"))
            data.units = "K"
            data[:] = smooth_field(STEPS, ROWS, COLUMNS, seed)
    recipe = folder / "recipe.yaml"
    recipe.write_text(
        f"recipe: 1\nname: faults\ninput: {{files: '{folder}/source.nc'}}\n"
        f"output: {{store: '{folder}/out.zarr', shard_size: {2 * ROWS * COLUMNS * 4} B}}\n"
        "variables: {tas: {bound: 0.02 K}, tos: {bound: 0.05 K}}\nquality: bounds\n"
        "cluster: {kind: local, workers: 2}\n"
    )
    job = Job(recipe, folder / "out.zarr", folder / "log.txt")
    job.finish()
    sizes = [e.size_bytes for e in open_archive(job.store).manifest() if "/c." in e.key]
    return Undisturbed(recipe, job.objects(), job.verdicts(), max(sizes))


@pytest.fixture
def job(undisturbed: Undisturbed, tmp_path: Path) -> Job:
    """The same recipe to a store of this test."""
    return Job(undisturbed.recipe, tmp_path / "out.zarr", tmp_path / "log.txt")


def assert_as_undisturbed(job: Job, undisturbed: Undisturbed) -> None:
    """The archive is the one that nothing had happened to, and verified."""
    assert job.objects() == undisturbed.objects
    found = job.verdicts()
    assert found.keys() == undisturbed.verdicts.keys()
    for key, (outcome, value) in undisturbed.verdicts.items():
        assert found[key][0] == outcome, key
        # Sums of float64 in another order.
        assert (found[key][1] or 0.0) == pytest.approx(value or 0.0, rel=1e-8, abs=1e-12), key
    assert verify_archive(str(job.store), source=True).ok
    assert not list(job.store.glob("climcomp/state*")), "working objects are left"


def workers_of(pid: int) -> list[psutil.Process]:
    """The worker processes of a run."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "spawn_main" in " ".join(child.cmdline()):
                    found.append(child)
    return found


def reads_source(worker: psutil.Process) -> bool:
    """Whether a worker has begun with its first shard."""
    with contextlib.suppress(psutil.Error):
        return any(file.path.endswith("source.nc") for file in worker.open_files())
    return False


def group_of(pid: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def assert_gone(pid: int) -> None:
    """No process of a run's group is left, shortly after it ended."""
    end = time.monotonic() + 10
    while left := group_of(pid):
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.05)


def released(store: Path) -> bool:
    """Whether the newest lease says that nobody holds the store."""
    newest = max((store / "climcomp").glob("lease.*"))
    return bool(json.loads(newest.read_bytes())["released"])


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A small file system in a folder; skips where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "climcomp-test", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no program `mount`")
    if done.returncode:
        pytest.skip(f"mounting a small file system is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# Workers


@pytest.mark.slow
def test_a_run_whose_workers_are_killed_one_by_one_completes(
    job: Job, undisturbed: Undisturbed
) -> None:
    process = job.start()
    for shards in (10, SHARDS // 2):
        job.wait_for(shards, process)
        workers_of(process.pid)[0].kill()
    assert process.wait(timeout=240) == 0, job.said()
    assert_as_undisturbed(job, undisturbed)


@pytest.mark.slow
def test_a_run_that_loses_all_workers_again_and_again_stops_and_goes_on(
    job: Job, undisturbed: Undisturbed
) -> None:
    process = job.start()
    end = time.monotonic() + 120
    while process.poll() is None:
        assert time.monotonic() < end, "it did not give up"
        for worker in workers_of(process.pid):
            if reads_source(worker):
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
        time.sleep(0.005)
    assert process.returncode == 4, job.said()
    assert "workers died 3 times while they worked on" in job.said()
    assert "To go on, run the same again: climcomp run" in job.said()
    assert not job.traceback()
    assert_gone(process.pid)
    job.finish()
    assert_as_undisturbed(job, undisturbed)


# People and batch systems


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whole_group"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False)],
    ids=["Ctrl-C", "SIGTERM to all", "SIGTERM to one"],
)
def test_a_stopped_run_says_how_to_go_on_and_goes_on(
    job: Job, undisturbed: Undisturbed, number: signal.Signals, whole_group: bool
) -> None:
    process = job.start()
    job.wait_for(12, process)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    assert process.wait(timeout=60) == 4, job.said()
    assert "climcomp: stopped: by" in job.said()
    assert f"To go on, run the same again: climcomp run {job.recipe}" in job.said()
    assert not job.traceback()
    assert_gone(process.pid)
    assert released(job.store)
    assert not (job.store / "zarr.json").exists()
    done = len(job.records())
    assert 12 <= done < SHARDS
    if number == signal.SIGINT:  # the others leave the same
        job.finish()
        assert f"going on with an interrupted run: {done} shards are done" in job.said()
        assert_as_undisturbed(job, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, 0.6])
def test_a_run_can_be_stopped_while_its_workers_start(
    job: Job, undisturbed: Undisturbed, seconds: float
) -> None:
    process = job.start()
    end = time.monotonic() + 60
    while not workers_of(process.pid):
        assert process.poll() is None, job.said()
        assert time.monotonic() < end
        time.sleep(0.005)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    # CPython ends by the signal itself where it met it in code that it made from a text, such as
    # the methods of a dataclass in a module that is being imported.
    assert process.wait(timeout=60) in (4, -signal.SIGINT), job.said()
    assert "To go on, run the same again" in job.said()
    assert not job.traceback()
    assert_gone(process.pid)
    # Before there is a plan, nothing is left at all.
    assert not job.store.exists() or released(job.store)


@pytest.mark.slow
def test_a_second_run_is_refused_and_the_first_goes_on_unharmed(
    job: Job, undisturbed: Undisturbed
) -> None:
    first = job.start()
    job.wait_for(5, first)
    os.killpg(first.pid, signal.SIGSTOP)  # so that it is sure to be there still
    second = Job(job.recipe, job.store, job.log.with_name("second.txt"))
    assert second.start().wait(timeout=60) == 4, second.said()
    assert f"is held by process {first.pid}" in second.said()
    os.killpg(first.pid, signal.SIGCONT)
    assert first.wait(timeout=240) == 0, job.said()
    assert_as_undisturbed(job, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("finished", [False, True], ids=["meanwhile", "finished"])
def test_a_run_whose_store_was_taken_over_stops_and_publishes_nothing(
    job: Job, undisturbed: Undisturbed, finished: bool
) -> None:
    first = job.start()
    job.wait_for(10, first)
    os.killpg(first.pid, signal.SIGSTOP)
    other = Job(job.recipe, job.store, job.log.with_name("second.txt"))
    second = other.start("--take-over")
    if finished:
        assert second.wait(timeout=240) == 0, other.said()
    else:
        end = time.monotonic() + 60
        while not (job.store / "climcomp" / "lease.00000002.json").exists():
            assert time.monotonic() < end, other.said()
            time.sleep(0.005)
    os.killpg(first.pid, signal.SIGCONT)
    assert first.wait(timeout=60) == 4, job.said()
    assert ("finished" if finished else "the store was taken over") in job.said()
    assert not job.traceback()
    assert_gone(first.pid)
    assert second.wait(timeout=240) == 0, other.said()
    assert_as_undisturbed(job, undisturbed)


# Disks


@pytest.mark.slow
def test_a_really_full_disk_stops_the_run_which_goes_on_once_there_is_space(
    job: Job, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=1500k"):
        job.store = disk / "out.zarr"
        process = job.start()
        assert process.wait(timeout=120) == 4, job.said()
        said = job.said()
        assert "the disk is full" in said
        assert "bytes were to be written" in said
        assert "are missing" in said
        assert "To go on, run the same again" in said
        assert not job.traceback()
        assert not is_published(open_store(job.store))
        done = len(job.records())
        assert 0 < done < SHARDS
        # Nothing has changed: it stops again, and loses nothing.
        assert job.start().wait(timeout=120) == 4, job.said()
        assert len(job.records()) >= done
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        job.finish()
        assert_as_undisturbed(job, undisturbed)


@pytest.mark.slow
def test_a_limit_on_the_size_of_files_stops_the_run(job: Job, undisturbed: Undisturbed) -> None:
    limit = undisturbed.largest - 1

    def limited() -> None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))

    process = job.start(preexec_fn=limited)
    assert process.wait(timeout=120) == 4, job.said()
    assert "the file would be larger than the limit" in job.said()
    assert "To go on, run the same again" in job.said()
    assert not is_published(open_store(job.store))


@pytest.mark.slow
def test_a_read_only_disk_is_refused_in_words(job: Job, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=1m,ro"):
        job.store = disk / "out.zarr"
        assert job.start().wait(timeout=60) == 4, job.said()
        assert "the file system is read-only" in job.said()
        assert not job.traceback()


# In this process, where the moment can be chosen


class At(Silent):
    """Does something once so many shards are stored; lives for one run."""

    def __init__(self, shards: int, act: Callable[[], None]) -> None:
        self.left, self.act = shards, act

    def shard(self, variable: Any, result: Any) -> None:
        self.left -= 1
        if self.left == 0:
            self.act()


def data_objects(store: Path | str) -> dict[str, str]:
    """SHA-256 of the data objects of an archive."""
    return {e.key: e.sha256 for e in open_archive(store).manifest() if "/c" in e.key}


@pytest.fixture
def expected(source: Path, make_recipe: MakeRecipe, tmp_path: Path) -> dict[str, str]:
    """The objects of an undisturbed run; the store is free again."""
    found = data_objects(run_recipe(make_recipe(source, EXTRA)).store)
    (tmp_path / "out.zarr").rename(tmp_path / "undisturbed.zarr")
    return found


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A NetCDF-3 file: its values lie bare, so that other bytes are other values."""
    path = tmp_path / "source.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        for dim, size in (("time", 48), ("lat", 24), ("lon", 36)):
            file.createDimension(dim, size)
        data = file.createVariable("tas", "f4", ("time", "lat", "lon"))
        data.units = "K"
        data[:] = smooth_field(48, 24, 36)
    return path


@pytest.fixture
def expected_of_plain(plain: Path, make_recipe: MakeRecipe, tmp_path: Path) -> dict[str, str]:
    """The objects of an undisturbed run; the store is free again."""
    found = data_objects(run_recipe(make_recipe(plain, EXTRA)).store)
    (tmp_path / "out.zarr").rename(tmp_path / "undisturbed.zarr")
    return found


def other_values(path: Path) -> bytes:
    """The file with other values in its second half: each number's last bits are turned."""
    data = np.frombuffer(path.read_bytes(), "u1").copy()
    data[len(data) // 2 // 4 * 4 + 2 :: 4] ^= 0x40
    return data.tobytes()


def replace_file(path: Path) -> None:
    """Put another file in its place, as `mv` does."""
    other = path.with_suffix(".other")
    other.write_bytes(other_values(path))
    other.replace(path)


def rewrite_file(path: Path) -> None:
    """Change the file itself, whoever has it open."""
    data = other_values(path)
    with path.open("r+b") as file:
        file.write(data)


@pytest.mark.parametrize("change", [replace_file, rewrite_file, Path.unlink])
@pytest.mark.parametrize("shards", [2, 6], ids=["in the middle", "at the last shard"])
def test_a_source_that_changes_during_the_run_stops_it_and_leaves_no_trace(
    expected_of_plain: dict[str, str],
    plain: Path,
    make_recipe: MakeRecipe,
    change: Callable[[Path], None],
    shards: int,
) -> None:
    recipe = make_recipe(plain, EXTRA)
    kept = plain.with_suffix(".kept")
    shutil.copy2(plain, kept)
    with pytest.raises(SourceError, match=r"source\.nc") as caught:
        run_recipe(recipe, progress=At(shards, lambda: change(plain)))
    assert exit_code(caught.value) == 3
    # The old file comes back with its old time: what is journalled must all be of it.
    plain.unlink(missing_ok=True)
    shutil.copy2(kept, plain)
    outcome = run_recipe(recipe)
    assert outcome.resumed
    assert data_objects(outcome.store) == expected_of_plain
    assert verify_archive(outcome.store, source=True).ok


def test_a_file_replaced_before_a_worker_opens_it_is_not_taken_for_the_planned_one(
    expected_of_plain: dict[str, str],
    plain: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = make_recipe(plain, EXTRA)
    kept = plain.with_suffix(".kept")
    shutil.copy2(plain, kept)
    prepare = run_recipe.__globals__["prepare"]

    def late(*arguments: Any) -> Any:
        prepared = prepare(*arguments)
        for source in prepared.sources.values():
            source.close()
        replace_file(plain)
        return prepared

    with monkeypatch.context() as patch:
        patch.setitem(run_recipe.__globals__, "prepare", late)
        with pytest.raises(SourceError, match=r"source\.nc"):
            run_recipe(recipe)
    shutil.copy2(kept, plain)
    assert data_objects(run_recipe(recipe).store) == expected_of_plain


class Crash(BaseException):
    """Ends this process, as far as a run can tell."""


def crash(*arguments: Any, **options: Any) -> None:
    raise Crash


OPERATIONS = ("put", "put_durable", "create_exclusive", "delete", "make_durable")


def crash_at(monkeypatch: pytest.MonkeyPatch, operation: int) -> None:
    """Crash before the operation of that number on the store."""
    done: list[str] = []

    def counting(name: str) -> Callable[..., Any]:
        original = getattr(ArchiveStore, name)

        def call(store: ArchiveStore, *arguments: Any) -> Any:
            if len(done) == operation:
                raise Crash
            done.append(name)
            return original(store, *arguments)

        return call

    for name in OPERATIONS:
        monkeypatch.setattr(ArchiveStore, name, counting(name))


def test_a_crash_at_any_operation_of_publishing_leaves_all_or_nothing(
    expected: dict[str, str],
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    recipe = make_recipe(source, EXTRA)
    store = tmp_path / "out.zarr"
    publish = finish.publish
    with monkeypatch.context() as patch:
        patch.setattr(finish, "publish", crash)
        with pytest.raises(Crash):
            run_recipe(recipe)
    begun = tmp_path / "begun.zarr"
    store.rename(begun)
    seen = 0
    for operation in itertools.count():
        shutil.copytree(begun, store)
        with monkeypatch.context() as patch:
            # Only what publishing does counts: what comes before has tests of its own.
            def armed(*arguments: Any, operation: int = operation, **options: Any) -> Any:
                with monkeypatch.context() as inner:
                    crash_at(inner, operation)
                    return publish(*arguments, **options)

            patch.setattr(finish, "publish", armed)
            try:
                run_recipe(recipe)
            except Crash:
                finished = False
            else:
                finished = True
        if is_published(open_store(store)):
            seen += 1
            assert verify_archive(str(store), source=True).ok, operation
        run_recipe(recipe)
        assert data_objects(store) == expected, operation
        assert verify_archive(str(store)).ok, operation
        left = {path.name.split(".")[0] for path in (store / "climcomp").iterdir()}
        assert not left & {"journal", "lease", "state"}, operation
        shutil.rmtree(store)
        if finished:
            break
    assert operation > 15
    assert seen > 2


def test_a_run_that_slept_while_it_published_does_not_touch_what_another_published(
    expected: dict[str, str],
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = make_recipe(source, EXTRA)
    put, slept, outcomes = ArchiveStore.put_durable, [], []

    def sleeping(store: ArchiveStore, key: str, data: bytes) -> None:
        if key == "climcomp/report.json" and not slept:
            slept.append(key)
            outcomes.append(run_recipe(recipe, take_over=True))
        put(store, key, data)

    monkeypatch.setattr(ArchiveStore, "put_durable", sleeping)
    with pytest.raises(ArchiveExistsError, match="published already"):
        run_recipe(recipe)
    monkeypatch.undo()
    assert slept
    assert data_objects(outcomes[0].store) == expected
    # The one object that was on its way is the only one that it may have written.
    receipt = verify_archive(outcomes[0].store, source=True)
    assert [text.partition(":")[0] for text in receipt.damaged] in ([], ["climcomp/report.json"])


def test_a_straggler_whose_lease_was_lost_cannot_put(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipe = make_recipe(source, EXTRA)
    with pytest.raises(Crash):
        run_recipe(recipe, progress=At(2, crash))
    store = open_store(tmp_path / "out.zarr")
    plan = stored_plan(store)
    with Lease.acquire(store) as old, Lease.acquire(store, take_over=True):
        key = "tas/c.5.0.0"
        assert not store.exists(key)
        task = ShardTask(RunKey(str(store.root), plan.digest(), old.epoch), "tas", (5, 0, 0), 0, 0)
        with pytest.raises(LeaseLostError, match="taken over"):
            compress_shard(task)
        assert not store.exists(key)
    close_context()


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (lambda data: data[: len(data) // 2], ArchiveDamagedError, r"plan\.json is no plan"),
        (lambda data: b"", ArchiveDamagedError, "delete .*out.zarr and run again"),
        (lambda data: data.replace(b'"ladder"', b'"lader"'), ArchiveDamagedError, "plan"),
        (
            lambda data: data.replace(b'"start": 0', b'"start": 1'),
            ArchiveExistsError,
            "its plan is",
        ),
        (None, ArchiveExistsError, "holds other files"),
    ],
    ids=["truncated", "empty", "another key", "another value", "gone"],
)
def test_a_damaged_plan_is_an_error_that_says_what_to_do(
    source: Path,
    make_recipe: MakeRecipe,
    tmp_path: Path,
    damage: Callable[[bytes], bytes] | None,
    error: type[Exception],
    words: str,
) -> None:
    recipe = make_recipe(source, EXTRA)
    with pytest.raises(Crash):
        run_recipe(recipe, progress=At(2, crash))
    path = tmp_path / "out.zarr" / "climcomp" / "plan.json"
    kept = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        assert damage(kept) != kept
        path.write_bytes(damage(kept))
    with pytest.raises(error, match=words):
        run_recipe(recipe)
    path.write_bytes(kept)
    assert verify_archive(run_recipe(recipe).store, source=True).ok


class Memory(Silent):
    """Notes the peak memory of the workers as shards come in; lives for one run."""

    def __init__(self, at: tuple[int, ...]) -> None:
        self.count, self.at = 0, at
        self.peaks: list[float] = []

    def shard(self, variable: Any, result: Any) -> None:
        self.count += 1
        if self.count in self.at:
            self.peaks.append(max(peak_of(w.pid) for w in workers_of(os.getpid())))


def peak_of(pid: int) -> float:
    """Peak resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e3
    raise AssertionError("no VmHWM")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_memory_of_a_worker_does_not_grow_with_the_number_of_shards(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    from climcomp_workflows.recipe import load_recipe

    recipe = load_recipe(str(undisturbed.recipe))
    output = recipe.output.model_copy(update={"store": str(tmp_path / "out.zarr")})
    cluster = recipe.cluster.model_copy(update={"workers": 1})
    memory = Memory((20, SHARDS))
    run_recipe(recipe.model_copy(update={"output": output, "cluster": cluster}), progress=memory)
    early, late = memory.peaks
    # One raw shard is 37 kB; the allocator and the libraries' caches settle within some MB.
    assert late - early < 12, f"{early:.0f} MB after 20 shards, {late:.0f} MB after {SHARDS}"
