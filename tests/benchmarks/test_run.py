"""`climcomp run` end to end against the bare loop: read, SZ3 encode, SZ3 decode, write.

`pytest tests/benchmarks/test_run.py --benchmark-enable -s` measures 1.9 GB and 7.4 GB of generated
0.25-degree temperature on two processes and prints the bare loop's rate beside the run's, where the
rest of the time goes, and the peak memory of a worker in raw shards. The bare loop runs twice: as
SZ3 is by default, on single maps, and with the blocks and the algorithm that the run chose. The run
draws no figures: these take some seconds a variable, however large it is.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
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

BOUND = 0.0125
PROCESSES = 2


Block = tuple[int, int, int]
PARTS = ("read", "encode", "decode", "write")


def _encode(values: np.ndarray, algorithm: str) -> bytes:
    from pysz import sz, szAlgorithm, szConfig, szErrorBoundMode

    config = szConfig()
    config.errorBoundMode = szErrorBoundMode.ABS
    config.absErrorBound = BOUND
    config.cmprAlgo = getattr(szAlgorithm, algorithm)
    return bytes(sz.compress(values, config)[0].tobytes())


def _smaller_algorithm(path: Path, block: Block) -> str:
    """Which of SZ3's two algorithms makes one block smaller, as the run finds out for each."""
    with h5netcdf.File(path, "r") as file:
        values = np.ascontiguousarray(file["t2m"][tuple(slice(0, n) for n in block)])
    return min(("INTERP_LORENZO", "LORENZO_REG"), key=lambda name: len(_encode(values, name)))


def _bare(
    path: Path, target: Path, steps: range, block: Block, algorithm: str, out: list[float] | None
) -> None:
    """What no pipeline can do without: read, encode, decode, write, block by block."""
    from pysz import sz

    seconds = dict.fromkeys(PARTS, 0.0)
    clock = time.perf_counter
    with h5netcdf.File(path, "r") as file, target.open("wb") as stream:
        data = file["t2m"]
        for step in range(steps.start, steps.stop, block[0]):
            started = clock()
            fields = np.ascontiguousarray(data[step : min(step + block[0], steps.stop)])
            seconds["read"] += clock() - started
            for y in range(0, fields.shape[1], block[1]):
                for x in range(0, fields.shape[2], block[2]):
                    marks = [clock()]
                    values = np.ascontiguousarray(fields[:, y : y + block[1], x : x + block[2]])
                    payload = _encode(values, algorithm)
                    marks.append(clock())
                    sz.decompress(np.frombuffer(payload, np.uint8), np.float32, values.shape)
                    marks.append(clock())
                    stream.write(payload)
                    marks.append(clock())
                    for name, begin, end in zip(PARTS[1:], marks, marks[1:], strict=False):
                        seconds[name] += end - begin
    if out is not None:
        out.extend(seconds.values())


def _bare_loop(path: Path, folder: Path, steps: int, block: Block, algorithm: str) -> float:
    """Seconds of the bare loop, the steps shared out to as many processes as the run has."""
    context = multiprocessing.get_context("spawn")
    share = -(-steps // PROCESSES)
    workers = [
        context.Process(
            target=_bare,
            args=(
                path,
                folder / f"bare.{n}",
                range(n * share, min(steps, (n + 1) * share)),
                block,
                algorithm,
                None,
            ),
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
        f"cluster: {{kind: local, workers: {PROCESSES}}}\nreport: {{figures: false}}\n"
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
            time.sleep(1.0)  # a peak stays in VmHWM, and looking costs the run time

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
    steps, rows, columns = (448, 721, 1440) if measuring else (40, 46, 90)
    source = write_t2m(tmp_path / "t2m.nc", steps, rows, columns)
    size = 4 * steps * rows * columns
    os.sync()  # what the generator wrote must not reach the disk during the run
    folder = tmp_path / "bench.zarr"
    recipe = _recipe(tmp_path, source)
    first = _run(recipe)
    shutil.rmtree(folder)
    # The best of two, as for the bare loops: other work of the machine only ever adds time.
    run, peak, output = min(first, _run(recipe))
    durations = json.loads((folder / "climcomp/report.json").read_text())["durations"]
    plan = json.loads((folder / "climcomp/plan.json").read_text())
    spec = next(v["spec"] for v in plan["variables"] if v["spec"]["path"] == "t2m")
    chunk = tuple(min(c, n) for c, n in zip(spec["chunk"], spec["shape"], strict=True))
    stored = sum(f.stat().st_size for f in (folder / "t2m").glob("c.*"))
    shard = 4 * np.prod(
        [min(s, n) for s, n in zip(spec["shard"] or spec["chunk"], spec["shape"], strict=True)]
    )
    lines = [
        f"{size / 1e9:.2f} GB, {PROCESSES} processes, {BOUND} K: climcomp run {run:.1f} s, "
        f"{size / run / 1e6:.0f} MB/s, {size / stored:.1f} x smaller"
    ]
    loops = {
        "SZ3's default on single maps": ((1, rows, columns), "INTERP_LORENZO"),
        "the run's blocks and algorithm": (chunk, _smaller_algorithm(source, chunk)),
    }
    for name, (block, algorithm) in loops.items():
        bare = min(_bare_loop(source, tmp_path, steps, block, algorithm) for _ in range(2))
        parts: list[float] = []
        some = range(min(steps, 32))
        _bare(source, tmp_path / "bare.parts", some, block, algorithm, parts)
        each = ", ".join(
            f"{part} {1e3 * seconds / len(some):.1f}"
            for part, seconds in zip(PARTS, parts, strict=True)
        )
        packed = size / sum((tmp_path / f"bare.{n}").stat().st_size for n in range(PROCESSES))
        lines.append(
            f"bare loop, {name} ({algorithm}, {packed:.1f} x smaller): {bare:.1f} s, "
            f"{size / bare / 1e6:.0f} MB/s; the run is {bare / run:.2f} of it, and without what "
            f"does not grow with the data {bare / durations['compress and check']:.2f}; "
            f"one process, ms a field: {each}"
        )
    spent = ", ".join(f"{part} {seconds:.1f}" for part, seconds in durations.items())
    lines += [
        f"where the run's time went, in seconds (of workers: added up over {PROCESSES}): {spent}",
        f"peak memory of a worker: {peak / 1e6:.0f} MB, {peak / shard:.1f} raw shards",
    ]
    print("\n" + "\n".join(lines) + "\n" + output)
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
        source = write_t2m(folder / "t2m.nc", 448 * factor, 721, 1440)
        _, peak, _ = _run(_recipe(folder, source))
        peaks.append(peak)
        source.unlink()
    print(f"\npeak memory of a worker: {peaks[0] / 1e6:.0f} MB, with 4 times the input "
          f"{peaks[1] / 1e6:.0f} MB")  # fmt: skip
    assert peaks[1] < 1.1 * peaks[0]
