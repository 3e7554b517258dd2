"""Runs with GPU workers: the archive of a run without them, whatever their devices do.

The CPU stands in for the device, but for the test that is marked `gpu`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from climcomp.errors import MissingExtraError, UsageError
from climcomp_metrics.report import Report
from climcomp_workflows.cluster import devices, local
from climcomp_workflows.cluster.devices import Devices, device_of_worker, find_devices
from climcomp_workflows.recipe import Recipe, parse_recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.verify import verify_archive
from climcomp_workflows.workers import gpu_workers, may_use_devices
from tests.workflows import stand_in_device
from tests.workflows.conftest import smooth_field

WriteSource = Callable[..., Path]
STEPS, ROWS, COLUMNS = 26, 24, 36
# Twelve steps a shard, in chunks of four, so that the last of three is cut twice.
LAYOUT = f"chunks: {{time: 4, lat: 24, lon: 36}}, shard_size: {12 * ROWS * COLUMNS * 4} B"
SHARDS, CHUNKS = 3, 7
LOCAL = "kind: local, workers: 2"


@dataclass(frozen=True)
class StandIn:
    """The folder of the device that the CPU stands in for."""

    folder: Path

    def fault(self, name: str) -> None:
        """Have the device do this from now on."""
        (self.folder / name).touch()

    def calls(self) -> list[tuple[int, int, str, str]]:
        """Process, blocks, device and visible devices of each call."""
        if not (self.folder / "calls").exists():
            return []
        lines = (self.folder / "calls").read_text().splitlines()
        fields = (line.split(maxsplit=3) for line in lines)
        return [(int(pid), int(blocks), device, seen) for pid, blocks, device, seen in fields]


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """One device, as far as a run can tell, here and in workers."""
    folder = tmp_path / "device"
    folder.mkdir()
    monkeypatch.setenv(stand_in_device.FOLDER, str(folder))
    monkeypatch.setattr(devices, "DEVICE", "cpu")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(
        "climcomp_workflows.workers.find_devices", lambda: Devices(1, "the CPU stands in")
    )
    preload = [*local.SETTINGS["distributed.worker.preload"], "tests.workflows.stand_in_device"]
    monkeypatch.setitem(local.SETTINGS, "distributed.worker.preload", preload)
    monkeypatch.setitem(sys.modules, stand_in_device.MODULE, None)
    stand_in_device.install()
    return StandIn(folder)


@dataclass(frozen=True)
class Made:
    """An archive: all its objects but the root's metadata and what these hash, and its report.

    That has the times and the cost of the run.
    """

    objects: dict[str, bytes]
    report: Report

    @property
    def fallbacks(self) -> list[str]:
        return [text for variable in self.report.variables for text in variable.fallbacks]


Make = Callable[..., Made]


@pytest.fixture
def make(write_source: WriteSource, tmp_path: Path) -> Make:
    """Makes an archive of `tas`, by ncx and with gaps, and `tos`, by SZ3."""
    tas = smooth_field(STEPS, ROWS, COLUMNS)
    tas[:, 3:6, 4:9] = np.nan
    source = write_source(tas=tas, tos=smooth_field(STEPS, ROWS, COLUMNS, 5))

    def make(cluster: str) -> Made:
        store = tmp_path / f"{len(list(tmp_path.glob('*.zarr')))}.zarr"
        outcome = run_recipe(recipe_of(source, store, cluster))
        assert outcome.report is not None
        assert verify_archive(str(store), source=True).ok
        return Made(
            {
                str(path.relative_to(store)): path.read_bytes()
                for path in store.rglob("*")
                if path.is_file()
                and path.relative_to(store).parts[0] not in ("climcomp", "zarr.json")
            },
            outcome.report,
        )

    return make


def recipe_of(source: Path | str, store: Path | str, cluster: str) -> Recipe:
    return parse_recipe(
        f"recipe: 1\nname: gpu\ninput: {{files: '{source}'}}\nquality: bounds\n"
        f"output: {{store: '{store}', {LAYOUT}}}\ncluster: {{{cluster}}}\n"
        "variables: {tas: {bound: 0.3 K, codecs: [ncx]}, tos: {bound: 0.3 K, codecs: [sz3]}}\n"
        "report: {figures: false}\n"
    )


def assert_same(found: Made, expected: Made) -> None:
    assert found.objects.keys() == expected.objects.keys()
    assert [k for k in expected.objects if found.objects[k] != expected.objects[k]] == []
    assert any(name.startswith("tas/c") for name in expected.objects)


def test_in_this_process_the_device_codes_all_blocks_of_a_shard_together(
    make: Make, device: StandIn
) -> None:
    expected = make("kind: inline, gpu: none")
    assert not device.calls()
    found = make("kind: inline")
    assert [blocks for _, blocks, *_ in device.calls()] == [3, 3, 1]
    assert {name for _, _, name, _ in device.calls()} == {"cpu"}
    assert_same(found, expected)
    assert not found.fallbacks
    assert "workers: encode on a GPU" in found.report.durations
    assert "workers: encode on a GPU" not in expected.report.durations
    assert device_of_worker() is None  # the next run may be without


def test_workers_with_a_device_make_the_same_archive(make: Make, device: StandIn) -> None:
    expected, found = make(f"{LOCAL}, gpu: none"), make(f"{LOCAL}, gpu: 1")
    calls = device.calls()
    assert len({pid for pid, *_ in calls}) == 1
    assert {seen for *_, seen in calls} == {"0"}
    assert_same(found, expected)
    assert not found.fallbacks


@pytest.mark.parametrize(
    ("fault", "cluster", "says"),
    [
        ("out of memory", LOCAL, "coded on the CPU: OutOfMemoryError: CUDA out of memory"),
        ("broken", "kind: inline", "coded on the CPU: RuntimeError: CUDA error: an illegal"),
        ("too few", "kind: inline", "coded on the CPU: 2 payloads came back for 3 blocks"),
        ("wrong", "kind: inline", "coded on the CPU: what the device made fails (codec ncx"),
    ],
)
def test_what_a_device_fails_to_do_the_cpu_does_and_the_report_says_so(
    make: Make, device: StandIn, fault: str, cluster: str, says: str
) -> None:
    expected = make("kind: inline, gpu: none")
    device.fault(fault)
    found = make(cluster)
    assert device.calls()
    assert_same(found, expected)
    assert any(says in text for text in found.fallbacks), found.fallbacks
    assert len(found.fallbacks) == len(device.calls())  # each shard that was there, and no other


def test_a_gpu_worker_that_is_killed_comes_back_with_its_device(
    make: Make, device: StandIn
) -> None:
    expected = make("kind: inline, gpu: none")
    device.fault("kill once")
    found = make("kind: local, workers: 1")
    assert len({pid for pid, *_ in device.calls()}) == 2
    assert {(name, seen) for _, _, name, seen in device.calls()} == {("cpu", "0")}
    assert_same(found, expected)
    assert not found.fallbacks


@pytest.mark.slow
def test_shards_that_kill_every_gpu_worker_are_coded_without(make: Make, device: StandIn) -> None:
    expected = make("kind: inline, gpu: none")
    device.fault("kill always")
    found = make(LOCAL)
    assert_same(found, expected)
    assert any("workers with a GPU died 3 times" in text for text in found.fallbacks)
    assert all("coded on the CPU" in text for text in found.fallbacks)


def test_a_plan_without_ncx_leaves_the_device_alone(
    write_source: WriteSource, tmp_path: Path, device: StandIn
) -> None:
    source = write_source(tas=smooth_field(8, ROWS, COLUMNS))
    said: list[str] = []

    class Listening:
        def say(self, text: str) -> None:
            said.append(text)

        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *_: None

    recipe = parse_recipe(
        f"recipe: 1\nname: gpu\ninput: {{files: '{source}'}}\nquality: bounds\n"
        f"output: {{store: '{tmp_path / 'out.zarr'}'}}\ncluster: {{kind: inline, gpu: 1}}\n"
        "variables: {tas: {bound: 0.3 K, codecs: [sz3]}}\nreport: {figures: false}\n"
    )
    run_recipe(recipe, progress=Listening())
    assert not device.calls()
    assert "in this process, one shard at a time, with a GPU" in said
    assert any("no variable is coded on a GPU" in text for text in said)


# What a recipe asks for, and what there is


def recipe_with(cluster: str, more: str = "") -> Recipe:
    return parse_recipe(
        "recipe: 1\nname: gpu\ninput: {files: none.nc}\noutput: {store: none.zarr}\n"
        f"cluster: {{{cluster}}}\n{more}"
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", False),
        ("effort: high\n", True),
        ("effort: high\ndefaults: {codecs: [sz3]}\n", False),
        ("effort: high\ndefaults: {codecs: [sz3]}\nvariables: {tas: {codecs: auto}}\n", True),
        ("variables: {'t*': {codecs: [sz3, ncx]}}\n", True),
        ("defaults: {codecs: [ncx]}\n", True),
        ("variables: {z: {codecs: [sz3, inr]}}\n", False),
        ("variables: {z: {codecs: [sz3, inr]}}\nneural: {fit: normal}\n", True),
        ("variables: {z: {codecs: [sz3, inr]}}\nneural: {inr: siren}\n", True),
    ],
)
def test_devices_are_looked_for_only_where_a_codec_may_use_them(
    more: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []

    def look() -> Devices:
        looked.append(True)
        return Devices(3, "three")

    monkeypatch.setattr("climcomp_workflows.workers.find_devices", look)
    assert may_use_devices(recipe_with("workers: 8", more)) is expected
    assert gpu_workers(recipe_with("workers: 8", more)).gpus == (3 if expected else 0)
    assert gpu_workers(recipe_with("workers: 2", more)).gpus == (2 if expected else 0)
    assert gpu_workers(recipe_with("kind: inline", more)).gpus == (1 if expected else 0)
    assert bool(looked) is expected
    looked.clear()
    assert gpu_workers(recipe_with("workers: 8, gpu: none", more)).gpus == 0
    assert not looked


def test_more_gpus_than_there_are_refuse_the_run_before_it_begins(
    tmp_path: Path, device: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of("none.nc", tmp_path / "out.zarr", "workers: 4, gpu: 2")
    monkeypatch.setattr("climcomp_workflows.workers.has_torch", lambda: True)
    with pytest.raises(UsageError, match=r"asks for 2 GPU workers, but the CPU stands in: write"):
        run_recipe(recipe)
    monkeypatch.setattr("climcomp_workflows.workers.has_torch", lambda: False)
    with pytest.raises(MissingExtraError, match=r"asks for 2 GPU workers, but the CPU stands in"):
        run_recipe(recipe)
    assert not (tmp_path / "out.zarr").exists()


def test_each_gpu_wants_a_worker(device: StandIn) -> None:
    # The command line may say fewer workers than the recipe, which is whole by then.
    found = gpu_workers(recipe_with("workers: 4, gpu: 1"), 1)
    assert (found.workers, found.gpus, found.refused) == (1, 1, "")
    recipe = recipe_with("workers: 4, gpu: 2")
    assert "but the CPU stands in" in gpu_workers(recipe).refused


def test_fewer_workers_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("climcomp_workflows.workers.find_devices", lambda: Devices(4, "four"))
    recipe = recipe_with("workers: 4, gpu: 3")
    assert gpu_workers(recipe).refused == ""
    assert "asks for 3 GPU workers, but there are 2 workers" in gpu_workers(recipe, 2).refused


# A real one


@pytest.mark.gpu
def test_on_a_real_device_the_archive_is_the_same(make: Make) -> None:
    found = find_devices()
    if not found.count:
        pytest.skip(f"no CUDA device: {found.why}")
    expected = make("kind: inline, gpu: none")
    for cluster in ("kind: inline, gpu: 1", "kind: local, workers: 2, gpu: 1"):
        made = make(cluster)
        assert_same(made, expected)
        assert not made.fallbacks
        assert json.dumps(dict(made.report.durations)).count("encode on a GPU") == 1
