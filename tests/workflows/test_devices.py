"""CUDA devices are found without torch where there are none, and given to one process each."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from climcomp_workflows.cluster import devices
from climcomp_workflows.cluster.devices import (
    Devices,
    device_of_worker,
    driver_devices,
    environment_of_worker,
    find_devices,
    use_device,
    use_device_of_worker,
)


def test_without_a_device_torch_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "has_torch", lambda: True)
    monkeypatch.setattr(devices, "driver_devices", lambda: 0)
    monkeypatch.setitem(sys.modules, "torch", None)  # it cannot be
    assert find_devices() == Devices(0, "no CUDA device is visible here")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "has_torch", lambda: False)
    found = find_devices()
    assert found.count == 0
    assert "pip install 'climcomp[neural]'" in found.why


def test_torch_says_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(device_count=lambda: 0)
    torch = SimpleNamespace(cuda=cuda, __version__="2.9.0+cpu")
    monkeypatch.setattr(devices, "has_torch", lambda: True)
    monkeypatch.setattr(devices, "driver_devices", lambda: 2)
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert find_devices() == Devices(0, "torch 2.9.0+cpu sees 0 CUDA devices")
    cuda.device_count = lambda: 1
    assert find_devices() == Devices(1, "torch 2.9.0+cpu sees 1 CUDA device")


class Driver:
    """A driver that shows so many devices, or fails to start."""

    def __init__(self, count: int, code: int = 0) -> None:
        self.count, self.code = count, code

    def cuInit(self, flags: int) -> int:
        return self.code

    def cuDeviceGetCount(self, pointer: Any) -> int:
        pointer._obj.value = self.count
        return 0


@pytest.mark.parametrize(("driver", "expected"), [(Driver(3), 3), (Driver(3, code=100), 0)])
def test_the_driver_is_asked(
    driver: Driver, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: driver)
    assert driver_devices() == expected


def test_without_a_driver_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert driver_devices() == 0


def test_each_worker_sees_one_of_the_devices_of_this_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [environment_of_worker(i)["CUDA_VISIBLE_DEVICES"] for i in range(2)] == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8f2a, 1")
    seen = [environment_of_worker(i)["CUDA_VISIBLE_DEVICES"] for i in range(3)]
    assert seen == ["3", "GPU-8f2a", "1"]


def test_a_workers_process_takes_the_device_that_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment_of_worker(0).items():
        monkeypatch.setenv(name, value)
    assert device_of_worker() is None  # the tag of the worker decides, not its environment
    use_device_of_worker()
    try:
        assert device_of_worker() == "cuda"
    finally:
        use_device(None)


def test_what_a_run_imports_at_its_start_brings_no_torch() -> None:
    code = (
        "import sys, climcomp_workflows.run, climcomp_workflows.workers, "
        "climcomp_workflows.worker_setup; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
