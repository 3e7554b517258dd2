"""kill -9 of a whole run at random moments: nothing unverified is ever visible, nothing is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from climcomp.archive import open_archive
from climcomp_workflows.verify import verify_archive
from tests.workflows.conftest import smooth_field

MOMENTS = 20
SHARDS = 12


@pytest.fixture
def job(tmp_path: Path, write_source: Callable[..., Path]) -> Path:
    """A recipe file over two variables of which one falls to a tighter rung in mid-run."""
    rough = smooth_field(96, 24, 36, seed=5)
    rough[::7] += np.random.default_rng(6).normal(0, 8, rough[::7].shape).astype("f4")
    source = write_source(tas=smooth_field(96, 24, 36), tasmax=rough)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"recipe: 1\nname: killed\ninput: {{files: '{source}'}}\n"
        f"output: {{store: '{tmp_path / 'out.zarr'}', shard_size: {8 * 24 * 36 * 4} B}}\n"
        "variables: {tas: {bound: 0.02 K}, tasmax: {bound: 0.05 K}}\n"
        "cluster: {kind: local, workers: 2}\nreport: {figures: false}\n"
    )
    return recipe


def start(recipe: Path) -> subprocess.Popen[str]:
    """`climcomp run` in a process group of its own."""
    command = [sys.executable, "-m", "climcomp_workflows.cli", "run", str(recipe)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def finish(recipe: Path) -> None:
    """Run to the end."""
    process = start(recipe)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output


def objects(store: Path) -> dict[str, str]:
    """SHA-256 of the data objects."""
    return {
        e.key: e.sha256
        for e in open_archive(store).manifest()
        if not e.key.startswith("climcomp/") and not e.key.endswith("zarr.json")
    }


@pytest.mark.slow
def test_a_run_killed_at_any_moment_ends_in_the_same_archive(job: Path, tmp_path: Path) -> None:
    store = tmp_path / "out.zarr"
    finish(job)  # compiles and caches what the timed run below should not wait for
    store.rename(tmp_path / "warm.zarr")
    began = time.monotonic()
    finish(job)
    length = time.monotonic() - began
    expected = objects(store)
    assert len(expected) > 2 * SHARDS
    store.rename(tmp_path / "undisturbed.zarr")
    moments = random.Random(20)
    interrupted = 0
    for attempt in range(MOMENTS):
        process = start(job)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=moments.uniform(0.15, 1.0) * length)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if (store / "zarr.json").exists():
            assert verify_archive(str(store), source=True).ok
        else:
            interrupted += 1
        finish(job)
        assert objects(store) == expected, f"attempt {attempt}"
        assert not list(store.glob("climcomp/state*")), "working objects are left"
        store.rename(tmp_path / f"{attempt}.zarr")
    assert interrupted > MOMENTS // 2
