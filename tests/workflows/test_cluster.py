"""Executors give what tasks came to, or an error that says what to do: they never hang."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from climcomp.errors import StorageError, UsageError
from climcomp_workflows.cluster import (
    DaskExecutor,
    DeviceLostError,
    Executor,
    InlineExecutor,
    Ticket,
    WorkerLostError,
    devices,
    make_executor,
    on_dask,
)
from climcomp_workflows.cluster.devices import GPU, device_of_worker


@pytest.fixture(scope="module")
def two() -> Iterator[DaskExecutor]:
    """Two workers."""
    executor = DaskExecutor(2)
    yield executor
    executor.close()


def outcomes(executor: Executor, count: int, seconds: float = 60.0) -> list[Ticket]:
    """The tickets of so many tasks, in time."""
    found: list[Ticket] = []
    end = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < end, "the tasks did not end"
        found += executor.wait(1.0)
    return found


def kill_when_asked(path: str) -> str:
    """Kill this process the first time; the second process that gets this ends it in order."""
    if not os.path.exists(path):
        with open(path, "x"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def fail(text: str) -> None:
    raise StorageError(text)


def out_of_memory() -> None:
    raise MemoryError("Unable to allocate 1. TiB")


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """The worker processes of a run: those of its children that Dask's nannies started."""
    return [
        child
        for child in process.children(recursive=True)
        if "spawn_main" in " ".join(child.cmdline())
    ]


def test_a_task_whose_worker_is_killed_is_done_by_another(two: DaskExecutor, tmp_path: Any) -> None:
    two.submit("fragile", kill_when_asked, str(tmp_path / "asked"))
    (ticket,) = outcomes(two, 1)
    assert (ticket.label, ticket.result, ticket.error) == ("fragile", "done", None)


def test_a_task_that_kills_every_worker_is_named(two: DaskExecutor) -> None:
    two.submit("tas shard (3, 0, 0)", os._exit, 1)
    (ticket,) = outcomes(two, 1)
    assert isinstance(ticket.error, WorkerLostError)
    assert "3 times" in str(ticket.error)
    assert "tas shard (3, 0, 0)" in str(ticket.error)
    assert "cluster.memory" in str(ticket.error)
    two.submit("the next", abs, -1)  # and the others go on
    assert outcomes(two, 1)[0].result == 1


def test_what_a_task_raises_comes_back_as_it_is(two: DaskExecutor) -> None:
    two.submit("full", fail, "no space")
    (ticket,) = outcomes(two, 1)
    assert type(ticket.error) is StorageError
    assert str(ticket.error) == "no space"


def test_want_of_memory_in_a_task_is_a_lost_worker(two: DaskExecutor) -> None:
    two.submit("tas shard (0,)", out_of_memory)
    (ticket,) = outcomes(two, 1)
    assert isinstance(ticket.error, WorkerLostError)
    assert "tas shard (0,)" in str(ticket.error)
    assert "output.shard_size" in str(ticket.error)


def test_what_all_processes_are_to_do_reports_the_error_of_one(two: DaskExecutor) -> None:
    with pytest.raises(StorageError, match="no space"):
        two.everywhere(fail, "no space")


@pytest.mark.filterwarnings("ignore")  # Dask tells of the comms that broke
def test_a_worker_that_dies_while_all_are_asked_is_left_out(two: DaskExecutor) -> None:
    two.submit("one", abs, -1)
    outcomes(two, 1)
    two.everywhere(os.kill, workers_of(psutil.Process())[0].pid, signal.SIGKILL)
    two.submit("another", abs, -2)
    assert outcomes(two, 1)[0].result == 2


def test_without_any_worker_it_ends_with_an_error(
    two: DaskExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = DaskExecutor(1)
    try:
        monkeypatch.setattr(on_dask, "PATIENCE_SECONDS", 2.0)
        executor._cluster.scale(0)  # as if every worker had been taken away for good
        end = time.monotonic() + 30
        while executor._cluster.scheduler.workers and time.monotonic() < end:
            time.sleep(0.05)
        executor.submit("nobody's", abs, -1)
        with pytest.raises(WorkerLostError, match=r"no worker for .* s, and 1 tasks wait"):
            outcomes(executor, 1, 30)
    finally:
        executor.close()


def test_a_scheduler_that_ends_is_an_error_and_not_a_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_dask, "PATIENCE_SECONDS", 2.0)
    executor = DaskExecutor(1)
    try:
        executor.submit("long", time.sleep, 60)
        executor._cluster.close(timeout=5)
        with pytest.raises(WorkerLostError):
            outcomes(executor, 1, 30)
    finally:
        executor.close()


def test_workers_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import distributed

    def refused(**options: Any) -> None:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(distributed, "LocalCluster", refused)
    with pytest.raises(WorkerLostError, match="could not be started"):
        DaskExecutor(2)


def test_closing_leaves_no_process_and_no_setting(two: DaskExecutor) -> None:
    import dask

    before = {child.pid for child in psutil.Process().children(recursive=True)}
    setting = dask.config.get("distributed.scheduler.allowed-failures")
    executor = DaskExecutor(1)
    executor.submit("long", time.sleep, 600)
    executor.wait(0.2)
    executor.close()
    left = [c for c in psutil.Process().children(recursive=True) if c.pid not in before]
    # A process that was killed is there for a moment more on a busy machine.
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not [one.cmdline() for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert dask.config.get("distributed.scheduler.allowed-failures") == setting


def test_it_listens_on_loopback_only(two: DaskExecutor) -> None:
    processes = [psutil.Process(), *workers_of(psutil.Process())]
    listening = [
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 3
    assert {ip for ip in listening if ip not in ("127.0.0.1", "::1")} == set()


def test_in_this_process_an_error_comes_with_its_ticket() -> None:
    executor = InlineExecutor()
    executor.submit("good", abs, -3)
    executor.submit("bad", fail, "no space")
    good, bad = executor.wait(0.0)
    assert (good.label, good.result, good.error) == ("good", 3, None)
    assert (bad.label, type(bad.error)) == ("bad", StorageError)
    assert executor.wait(0.0) == []


@pytest.mark.parametrize(("kind", "function"), [("inline", InlineExecutor), ("slurm", None)])
def test_kinds_are_known_by_name(kind: str, function: Callable[..., Any] | None) -> None:
    if function is None:
        with pytest.raises(UsageError, match="local, inline"):
            make_executor(kind, 1)
    else:
        assert isinstance(make_executor(kind, 1), function)


def where(path: str | None = None) -> tuple[str | None, str | None]:
    """The device of this process and what CUDA would see; the first process dies where asked."""
    if path is not None:
        kill_when_asked(path)
    return device_of_worker(), os.environ.get("CUDA_VISIBLE_DEVICES")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices 7 and 5 of a machine are for this process; the CPU stands in for them."""
    monkeypatch.setattr(devices, "DEVICE", "cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7, 5")


@pytest.fixture
def mixed(stand_in: None) -> Iterator[DaskExecutor]:
    """Three workers, two of them with a device."""
    executor = DaskExecutor(3, gpus=2)
    yield executor
    executor.close()


def test_a_task_for_a_gpu_runs_where_one_is_and_sees_no_other(mixed: DaskExecutor) -> None:
    assert mixed.gpus == 2
    assert "3 Dask workers of one thread each, 2 of them with a GPU" in mixed.describe()
    for number in range(6):
        mixed.submit(number, where, resource=GPU)
    found = {ticket.result for ticket in outcomes(mixed, 6)}
    assert found <= {("cpu", "7"), ("cpu", "5")}
    everyone = mixed._client.run(where)
    assert sorted(everyone.values(), key=str) == [("cpu", "5"), ("cpu", "7"), (None, "7, 5")]
    assert device_of_worker() is None  # and this process has none


def test_a_worker_that_died_comes_back_with_its_gpu(mixed: DaskExecutor, tmp_path: Path) -> None:
    mixed.submit("fragile", where, str(tmp_path / "asked"), resource=GPU)
    (ticket,) = outcomes(mixed, 1)
    assert ticket.error is None
    assert ticket.result in {("cpu", "7"), ("cpu", "5")}
    end = time.monotonic() + 60
    while len(mixed._cluster.scheduler.workers) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert sorted(mixed._client.run(where).values(), key=str)[:2] == [("cpu", "5"), ("cpu", "7")]


def test_tasks_for_a_gpu_do_not_wait_for_others(stand_in: None, tmp_path: Path) -> None:
    executor = DaskExecutor(1, gpus=1)
    try:
        executor.submit("first", wait_for, str(tmp_path / "go"))
        for number in range(3):
            executor.submit(f"other {number}", note, str(tmp_path / "order"), f"other {number}")
        time.sleep(0.2)  # Dask takes tasks of a tenth of a second for one lot without order
        executor.submit("for the GPU", note, str(tmp_path / "order"), "for the GPU", resource=GPU)
        end = time.monotonic() + 60
        while len(executor._cluster.scheduler.tasks) < 5 and time.monotonic() < end:
            time.sleep(0.01)
        (tmp_path / "go").touch()
        outcomes(executor, 5)
        assert (tmp_path / "order").read_text().splitlines()[0] == "for the GPU"
    finally:
        executor.close()


def wait_for(path: str) -> None:
    """Hold a worker until a file is there."""
    while not os.path.exists(path):
        time.sleep(0.01)


def note(path: str, text: str) -> None:
    """Add a line to a file."""
    with open(path, "a") as file:
        file.write(text + "\n")


def test_a_task_that_kills_every_gpu_worker_is_no_end_of_the_run(stand_in: None) -> None:
    executor = DaskExecutor(2, gpus=1)
    try:
        executor.submit("tas shard (3,)", os._exit, 1, resource=GPU)
        (ticket,) = outcomes(executor, 1)
        assert isinstance(ticket.error, DeviceLostError)
        assert "workers with a GPU died 3 times" in str(ticket.error)
        executor.submit("the next", abs, -1)
        assert outcomes(executor, 1)[0].result == 1
    finally:
        executor.close()


def test_a_task_for_a_gpu_that_never_comes_back_is_given_up(
    two: DaskExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_dask, "PATIENCE_SECONDS", 1.0)
    two.gpus = 1  # as if it had had one
    two.submit("other", abs, -1)
    two.submit("for the GPU", where, resource=GPU)
    tickets = {ticket.label: ticket for ticket in outcomes(two, 2)}
    assert tickets["other"].result == 1
    assert isinstance(tickets["for the GPU"].error, DeviceLostError)
    assert "no worker with a GPU for" in str(tickets["for the GPU"].error)
    assert two.gpus == 0
    assert two.wait(0.0) == []


def test_in_this_process_the_device_is_used_until_the_end(stand_in: None) -> None:
    executor = InlineExecutor(gpus=1)
    executor.submit("for the GPU", device_of_worker, resource=GPU)
    assert [ticket.result for ticket in executor.wait(0.0)] == ["cpu"]
    assert executor.describe().endswith("with a GPU")
    executor.close()
    assert device_of_worker() is None
    assert "GPU" not in InlineExecutor().describe()


def test_workers_never_see_an_interrupt(two: DaskExecutor) -> None:
    for worker in workers_of(psutil.Process()):
        worker.send_signal(signal.SIGINT)
    two.submit("next", abs, -1)
    assert outcomes(two, 1)[0].result == 1
    blocked = 1 << (signal.SIGINT - 1)
    for worker in workers_of(psutil.Process()):
        with open(f"/proc/{worker.pid}/status") as file:
            (mask,) = (line.split()[1] for line in file if line.startswith("SigBlk"))
        assert int(mask, 16) & blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
