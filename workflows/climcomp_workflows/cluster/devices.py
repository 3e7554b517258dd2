"""CUDA devices: how many there are, and which of them this process may use.

Looking for them costs nothing where there are none: the driver is asked first, and torch, which
takes seconds to import, only where that has one. What torch sees decides.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GPU = "GPU"
"""The Dask resource that a worker with a device has one of."""
DEVICE = "cuda"
"""How torch names the device of a process: it sees one."""
EXTRA = "neural"

VISIBLE = "CUDA_VISIBLE_DEVICES"
# Set for the processes of GPU workers alone, and read by climcomp_workflows.worker_setup.
_OF_WORKER = "CLIMCOMP_WORKER_DEVICE"


@dataclass(frozen=True, slots=True)
class Devices:
    """What was found: how many devices codecs could use, and in words why not more."""

    count: int
    why: str


def find_devices() -> Devices:
    """The CUDA devices that torch sees. It is imported only where the driver has one."""
    if not has_torch():
        return Devices(0, f"torch is not installed (pip install 'climcomp[{EXTRA}]')")
    if driver_devices() == 0:
        return Devices(0, "no CUDA device is visible here")
    torch: Any = importlib.import_module("torch")  # Any: it is optional, so its types are not here
    count = int(torch.cuda.device_count())
    found = f"torch {torch.__version__} sees {count} CUDA device{'' if count == 1 else 's'}"
    return Devices(count, found)


def has_torch() -> bool:
    """Whether torch is installed; it is not imported."""
    return importlib.util.find_spec("torch") is not None


def driver_devices() -> int:
    """The devices that the CUDA driver shows to this process; 0 without a driver."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    with contextlib.suppress(OSError, AttributeError):
        driver = ctypes.CDLL(name)
        count = ctypes.c_int(0)
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0:
            return count.value
    return 0


def environment_of_worker(number: int) -> Mapping[str, str]:
    """What a process needs, before it imports torch, to see the device of this number alone."""
    listed = os.environ.get(VISIBLE)
    device = str(number) if listed is None else listed.split(",")[number].strip()
    return {VISIBLE: device, _OF_WORKER: DEVICE}


_own: str | None = None


def use_device(device: str | None) -> None:
    """Have this process code on a device from now on; None: on the CPU alone."""
    global _own
    _own = device


def use_device_of_worker() -> None:
    """Have a worker's process use the device that `environment_of_worker` gave it."""
    use_device(os.environ[_OF_WORKER])


def device_of_worker() -> str | None:
    """The device that this process codes on, as torch names it; None: it has none."""
    return _own
