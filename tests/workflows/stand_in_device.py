"""The CPU in place of a device, in this process or as a preload of workers, with faults on demand.

A folder, named by the environment, holds the faults as empty files, and a line for each call.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.ncx import Ncx
from climcomp.header import GRID_BODY
from climcomp.prepare import Body

FOLDER = "CLIMCOMP_TEST_STAND_IN"
MODULE = "climcomp.codecs.neural.device"


def encode_blocks(
    blocks: Sequence[NDArray[np.floating]],
    bound: float,
    codec: Ncx,
    device: str,
    filled: Sequence[NDArray[np.bool_] | None],
) -> list[bytes]:
    """What the CPU makes of each block, unless the folder asks for a fault."""
    folder = Path(os.environ[FOLDER])
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    with (folder / "calls").open("a") as calls:
        calls.write(f"{os.getpid()} {len(blocks)} {device} {seen}\n")
    if (folder / "kill always").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        (folder / "kill once").unlink()
    except FileNotFoundError:
        pass
    else:
        os.kill(os.getpid(), signal.SIGKILL)
    if (folder / "out of memory").exists():
        import torch

        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    if (folder / "broken").exists():
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    payloads = [body.coded() for body in bodies_of(blocks, bound, codec, filled)]
    if (folder / "wrong").exists():
        return [payload[:-8] + bytes(8) for payload in payloads]
    if (folder / "too few").exists():
        return payloads[1:]
    return payloads


def bodies_of(
    blocks: Sequence[NDArray[np.floating]],
    bound: float,
    codec: Ncx,
    filled: Sequence[NDArray[np.bool_] | None],
) -> list[Body]:
    """What the CPU codes."""
    return [
        Body(codec, GRID_BODY, block, ErrorBound("absolute", bound), filled=gaps)
        for block, gaps in zip(blocks, filled, strict=True)
    ]


def install() -> None:
    """Have `encode_blocks` imported from here."""
    module = ModuleType(MODULE)
    module.encode_blocks = encode_blocks  # type: ignore[attr-defined]
    sys.modules[MODULE] = module


def dask_setup(worker: Any) -> None:
    """In a worker's process."""
    install()
