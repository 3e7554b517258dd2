"""`climcomp run` end to end against the bare loop: read, SZ3 encode, SZ3 decode, write.

`pytest tests/benchmarks/test_run.py --benchmark-enable -s` measures 1.5 GB and 6 GB of generated
0.25-degree temperature on two processes and prints the bare loop's rate beside the run's, where the
rest of the time goes, and the peak memory of a worker in raw shards.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import h5netcdf
import numpy as np
import psutil
import pytest

BOUND = 0.05
PROCESSES = 2


def _bare(path: Path, target: Path, steps: range, results: list[float] | None = None) -> None:
    """What no pipeline can do without: read a step, encode it, decode it, write it."""
    from pysz import sz, szAlgorithm, szConfig, szErrorBoundMode

    seconds = dict.fromkeys(("read", "encode", "decode", "write"), 0.0)
    with h5netcdf.File(path, "r") as file, target.open("wb") as out:
        data = file["t2m"]
        for step in steps:
            marks = [time.perf_counter()]
            values = np.ascontiguousarray(data[step])
            marks.append(time.perf_counter())
            config = szConfig()
            config.errorBoundMode = szErrorBoundMode.ABS
            config.absErrorBound = BOUND
            config.cmprAlgo = szAlgorithm.INTERP_LORENZO
            payload = sz.compress(values, config)[0].tobytes()
            marks.append(time.perf_counter())
            sz.decompress(np.frombuffer(payload, np.uint8), np.float32, values.shape)
            marks.append(time.perf_counter())
            out.write(payload)
            marks.append(time.perf_counter())
            for name, begin, end in zip(seconds, marks, marks[1:], strict=False):
                seconds[name] += end - begin
    if results is not None:
        results.extend(seconds.values())


def _bare_loop(path: Path, folder: Path, steps: int) -> float:
    """Seconds of the bare loop, the steps shared out to as many processes as the run has."""
    context = multiprocessing.get_context("spawn")
    share = -(-steps // PROCESSES)
    workers = [
        context.Process(
            target=_bare,
            args=(path, folder / f"bare.{n}", range(n * share, min(steps, (n + 1) * share))),
        )
        for n in range(PROCESSES)
    ]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    return time.perf_counter() - started


def _recipe(folder: Path, path: Path) -> Path:
    recipe = folder / "recipe.yaml"
    recipe.write_text(
        f"recipe: 1\nname: bench\ninput: {{files: '{path}'}}\n"
        f"output: {{store: '{folder / 'bench.zarr'}'}}\n"
        f"variables: {{t2m: {{bound: {BOUND} K, codecs: [sz3]}}}}\n"
        f"cluster: {{kind: local, workers: {PROCESSES}}}\n"
    )
    return recipe


def _run(recipe: Path) -> tuple[float, float, str]:
    """Seconds of `climcomp run`, the largest peak memory of its workers in bytes, its output."""
    command = [sys.executable, "-m", "climcomp_workflows.cli", "run", str(recipe)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ)
    )
    peaks: dict[int, int] = {}

    def watch() -> None:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                for child in root.children(recursive=True):
                    status = Path(f"/proc/{child.pid}/status").read_text()
                    high = next(line for line in status.splitlines() if line.startswith("VmHWM"))
                    peaks[child.pid] = 1024 * int(high.split()[1])
            except (psutil.Error, OSError, StopIteration):
                pass
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    watcher.join()
    assert process.returncode == 0, output
    return seconds, max(peaks.values(), default=0), output


@pytest.mark.slow
def test_a_run_against_the_bare_loop(
    tmp_path: Path, measuring: bool, write_t2m: Callable[[Path, int, int, int], Path]
) -> None:
    steps, rows, columns = (372, 721, 1440) if measuring else (40, 46, 90)
    source = write_t2m(tmp_path / "t2m.nc", steps, rows, columns)
    size = 4 * steps * rows * columns
    bare = min(_bare_loop(source, tmp_path, steps) for _ in range(2))
    run, peak, output = _run(_recipe(tmp_path, source))
    parts: list[float] = []
    _bare(source, tmp_path / "bare.parts", range(min(steps, 32)), parts)
    durations = json.loads((tmp_path / "bench.zarr/climcomp/report.json").read_text())["durations"]
    stored = sum(f.stat().st_size for f in (tmp_path / "bench.zarr" / "t2m").glob("c.*"))
    shard = 4 * 32 * 722 * 1440 if measuring else size
    print(
        f"\n{size / 1e9:.2f} GB, {PROCESSES} processes: bare loop {size / bare / 1e6:.0f} MB/s "
        f"({bare:.1f} s), climcomp run {size / run / 1e6:.0f} MB/s ({run:.1f} s), "
        f"{bare / run:.2f} of the bare loop; {size / stored:.1f} x smaller\n"
        f"bare loop of one process: "
        + ", ".join(
            f"{name} {1e3 * seconds / min(steps, 32):.1f} ms a field"
            for name, seconds in zip(("read", "encode", "decode", "write"), parts, strict=True)
        )
        + f"\nthe run, in seconds (those of workers added up over {PROCESSES}): "
        + ", ".join(f"{part} {seconds:.1f}" for part, seconds in durations.items())
        + f"\npeak memory of a worker: {peak / 1e6:.0f} MB, {peak / shard:.1f} raw shards\n{output}"
    )
    assert stored < size


@pytest.mark.slow
def test_the_memory_of_a_worker_does_not_grow_with_the_input(
    tmp_path: Path, measuring: bool, write_t2m: Callable[[Path, int, int, int], Path]
) -> None:
    if not measuring:
        pytest.skip("measured under --benchmark-enable only: it needs gigabytes")
    peaks = []
    for factor in (1, 4):
        folder = tmp_path / str(factor)
        folder.mkdir()
        source = write_t2m(folder / "t2m.nc", 372 * factor, 721, 1440)
        _, peak, _ = _run(_recipe(folder, source))
        peaks.append(peak)
        source.unlink()
    print(f"\npeak memory of a worker: {peaks[0] / 1e6:.0f} MB, with 4 times the input "
          f"{peaks[1] / 1e6:.0f} MB")  # fmt: skip
    assert peaks[1] < 1.1 * peaks[0]
