"""Which tasks a run gives to workers with a device, and which to all: none waits without need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from climcomp_workflows.cluster import DeviceLostError, Ticket
from climcomp_workflows.cluster.devices import GPU
from climcomp_workflows.run.loop import Loop
from climcomp_workflows.shard import ShardTask


@dataclass
class Variable:
    """As many shards as it has left; `by_ncx` says whether a device could code them, `fitted`
    whether they are left to it.
    """

    name: str
    left: int
    by_ncx: bool
    fitted: bool = False
    taken: list[str] = field(default_factory=list)
    finished: bool = False
    at_rest: bool = False

    @property
    def next_codes_on_device(self) -> bool:
        return self.by_ncx and self.left > 0

    @property
    def next_waits_for_device(self) -> bool:
        return self.next_codes_on_device and self.fitted

    def next_work(self) -> Any:
        if not self.left:
            return None
        self.left -= 1
        task = ShardTask(None, self.name, (self.left,), 0, 0)  # type: ignore[arg-type]
        return "shard", None, task

    def take(self, result: Any) -> None:
        self.taken.append(result)
        self.finished = len(self.taken) == self.shards

    def __post_init__(self) -> None:
        self.shards = self.left


class Executor:
    """Ends one task a call, the oldest; notes what it was given; may lose the devices."""

    def __init__(self, slots: int, gpus: int, loses: int = 0) -> None:
        self.slots, self.gpus, self.loses = slots, gpus, loses
        self.submitted: list[tuple[str, ShardTask]] = []
        self.open: list[tuple[object, str | None]] = []

    def submit(
        self, label: Any, function: Any, *arguments: Any, resource: str | None = None
    ) -> None:
        (task,) = arguments
        assert (resource == GPU) == task.on_device
        self.submitted.append(("GPU" if resource else "any", task))
        self.open.append((label, resource))
        assert len(self.open) <= 2 * self.slots
        assert sum(one is not None for _, one in self.open) <= 2 * self.gpus

    def wait(self, timeout: float) -> list[Ticket]:
        label, resource = self.open.pop(0)
        ticket = Ticket(label)
        ticket.result = "done"
        if resource and self.loses:
            self.loses -= 1
            ticket.error = DeviceLostError("the devices are lost")
        return [ticket]


class Quiet:
    """A heartbeat and a journal that find nothing to do."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def run(executor: Executor, *variables: Variable) -> list[str]:
    """Run to the end; where each shard was sent to, in order."""
    quiet: Any = Quiet()
    loop = Loop(quiet, executor, quiet, quiet, quiet)  # type: ignore[arg-type]
    loop.finish(list(variables))  # type: ignore[arg-type]
    assert not executor.open
    return [f"{where} {task.variable}" for where, task in executor.submitted]


def test_devices_get_their_shards_before_all_else() -> None:
    sent = run(Executor(3, 1), Variable("tos", 6, False), Variable("tas", 6, True))
    assert sent[:6] == ["GPU tas", "GPU tas", "any tos", "any tos", "any tos", "any tos"]
    assert sent.count("any tos") == 6
    assert len(sent) == 12


def test_other_workers_take_shards_of_ncx_where_there_is_nothing_else() -> None:
    sent = run(Executor(3, 1), Variable("tas", 12, True))
    assert sent[:6] == ["GPU tas"] * 2 + ["any tas"] * 4
    assert sent.count("GPU tas") > 2  # the device gets more whenever it has room


def test_shards_to_which_networks_are_fitted_are_left_to_the_devices() -> None:
    fitted, other = Variable("z", 9, True, fitted=True), Variable("tos", 2, False)
    sent = run(Executor(3, 1), fitted, other)
    assert sent[:4] == ["GPU z", "GPU z", "any tos", "any tos"]
    assert sent.count("GPU z") == 9
    # Without a device, whoever is free fits them.
    assert run(Executor(3, 0), Variable("z", 4, True, fitted=True)) == ["any z"] * 4


def test_a_fitted_shard_whose_device_is_lost_is_done_without() -> None:
    executor = Executor(2, 1, loses=3)
    variable = Variable("z", 4, True, fitted=True)
    sent = run(executor, variable)
    assert variable.taken == ["done"] * 4
    assert (sent.count("GPU z"), sent.count("any z")) == (4, 3)


@pytest.mark.parametrize(("slots", "gpus"), [(1, 1), (2, 2), (4, 4)])
def test_where_all_workers_have_a_device_everything_is_done(slots: int, gpus: int) -> None:
    sent = run(Executor(slots, gpus), Variable("tos", 9, False), Variable("tas", 9, True))
    assert len(sent) == 18
    assert sent[: 2 * slots] == ["GPU tas"] * (2 * slots)


def test_without_devices_no_task_asks_for_one() -> None:
    sent = run(Executor(2, 0), Variable("tas", 5, True), Variable("tos", 5, False))
    assert sent == ["any tas"] * 5 + ["any tos"] * 5


def test_a_shard_whose_device_is_lost_is_done_without_and_says_why() -> None:
    executor = Executor(2, 1, loses=1)
    variable = Variable("tas", 4, True)
    run(executor, variable)
    assert variable.taken == ["done"] * 4
    again = [task for where, task in executor.submitted if task.no_device]
    assert [(task.on_device, task.no_device) for task in again] == [(False, "the devices are lost")]
    assert len(executor.submitted) == 5
