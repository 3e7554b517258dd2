"""The loop of a run: submits tasks in windows, takes results in, journals them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from climcomp.archive import Journal, open_store
from climcomp.errors import StorageError
from climcomp_metrics.base import Verdict
from climcomp_workflows.cluster import DeviceLostError, Executor, Ticket
from climcomp_workflows.cluster.devices import GPU
from climcomp_workflows.column import ColumnTask
from climcomp_workflows.context import RunKey, flush_states
from climcomp_workflows.run.heartbeat import Heartbeat
from climcomp_workflows.run.progress import Progress
from climcomp_workflows.run.variable import VariableRun
from climcomp_workflows.shard import ShardResult, ShardTask, compress_shard

logger = logging.getLogger(__name__)

# Two tasks a worker: one at work, one waiting for it. More would only stand in the scheduler.
WINDOW = 2
POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Label:
    """Who a task is for; as text, what it is about."""

    variable: VariableRun
    kind: str
    argument: ShardTask | ColumnTask

    @property
    def on_device(self) -> bool:
        """Whether the task was given to a worker with a device."""
        return isinstance(self.argument, ShardTask) and self.argument.on_device

    def __str__(self) -> str:
        if isinstance(self.argument, ShardTask):
            return f"{self.argument.variable} shard {self.argument.index}"
        return f"the statistics of {self.argument.column.variable}"


@dataclass(slots=True)
class Loop:
    """Lives as long as shards are being compressed.

    Workers with a device get shards that it can code, before all others and as many as keep them
    busy. The other workers do not wait for them: they take such shards too, and code them on the
    CPU, where all shards that are left are of that kind. So devices only ever add to what the cores
    do, which also decode and check; the bytes are the same. Only shards to which networks are
    fitted are left to the devices alone: see `plan.neural.waits_for_device`.
    """

    run: RunKey
    executor: Executor
    journal: Journal
    heartbeat: Heartbeat
    progress: Progress
    _on_devices: int = 0  # tasks that were given to workers with a device

    def finish(self, variables: list[VariableRun]) -> None:
        """Bring every variable to its verdict.

        Raises
        ------
        ClimcompError
            What a task raised: the source cannot be read, the disk is full, the store was taken
            over, or a codec broke even the lossless rung. What is journalled stays done.
        """
        try:
            self._work(variables)
        except StorageError as error:
            error.add_note(self._wanted_space(variables))
            raise

    def reconsider(self, failed: list[tuple[VariableRun, list[Verdict]]]) -> None:
        """Decide again on accepted variables, for criteria that they failed together with others.

        All of it is one record of the journal: with a part of it, a resumed run would measure
        partners together that never stood beside each other.
        """
        for variable, verdicts in failed:
            variable.reconsider(verdicts)
        decisions = [
            {"variable": variable.plan.name, "refused": list(variable.refused)}
            if variable.phase == "refused"
            else {"variable": variable.plan.name, **variable.attempt.to_dict()}
            for variable, _ in failed
        ]
        self.journal.append({"kind": "together", "decisions": decisions})
        self.journal.flush()
        for variable, _ in failed:
            if variable.phase != "refused":
                self._announce(variable)

    def _work(self, variables: list[VariableRun]) -> None:
        open_tasks = 0
        while True:
            for variable in variables:
                while variable.at_rest:
                    attempts = len(variable.attempts)
                    variable.advance(self._flush)
                    self._journal_attempt(variable, attempts)
            if all(variable.finished for variable in variables):
                return
            while open_tasks < WINDOW * self.executor.slots and self._submit_next(variables):
                open_tasks += 1
            assert open_tasks, "no variable is at rest and none has work"
            tickets = self.executor.wait(POLL_SECONDS)
            open_tasks -= len(tickets)
            # Before the journal is written: another run may hold both by now.
            self.heartbeat.check()
            for ticket in tickets:
                self._on_devices -= _label_of(ticket).on_device
                if ticket.error is None:
                    self._take(ticket)
                elif isinstance(ticket.error, DeviceLostError):
                    self._do_without_device(ticket)
                    open_tasks += 1
            # After the others: what they have done is done.
            failed = next((t for t in tickets if _stops(t.error)), None)
            if failed is not None and failed.error is not None:
                raise failed.error
            self.journal.tick()

    def _take(self, ticket: Ticket) -> None:
        variable = _label_of(ticket).variable
        variable.take(ticket.result)
        if isinstance(ticket.result, ShardResult):
            self._journal_shard(variable, ticket.result)

    def _do_without_device(self, ticket: Ticket) -> None:
        """Have the CPU do what no worker with a device could; the report says why."""
        label = _label_of(ticket)
        assert isinstance(label.argument, ShardTask)
        task = replace(label.argument, on_device=False, no_device=str(ticket.error))
        self.executor.submit(replace(label, argument=task), compress_shard, task)

    def _wanted_space(self, variables: list[VariableRun]) -> str:
        """How much the rest of the run will need, for a person who makes room."""
        results = [result for v in variables for result in v.results.values()]
        total = sum(v.plan.estimated_bytes for v in variables)
        left = max(0, total - sum(result.size_bytes for result in results))
        try:
            free = open_store(self.run.store).free_bytes()
        except OSError:
            return f"{len(results)} shards are stored; about {left:,} bytes are still to come."
        return (
            f"{len(results)} shards are stored; about {left:,} bytes are still to come, {free:,} "
            f"are free: about {max(0, left - free):,} bytes are missing, and room for statistics."
        )

    def _flush(self) -> None:
        self.executor.everywhere(flush_states, self.run)

    def _submit_next(self, variables: list[VariableRun]) -> bool:
        if self._on_devices < WINDOW * self.executor.gpus:
            for variable in variables:
                if not variable.finished and variable.next_codes_on_device:
                    self._submit(variable, on_device=True)
                    return True
        return any(
            self._submit(v)
            for v in variables
            if not v.finished and not (self.executor.gpus and v.next_waits_for_device)
        )

    def _submit(self, variable: VariableRun, *, on_device: bool = False) -> bool:
        """Submit the next task of a variable, if it has one."""
        work = variable.next_work()
        if work is None:
            return False
        kind, function, argument = work
        if on_device:
            argument = replace(argument, on_device=True)
            self._on_devices += 1
        label = _Label(variable, kind, argument)
        self.executor.submit(label, function, argument, resource=GPU if on_device else None)
        return True

    def _journal_shard(self, variable: VariableRun, result: ShardResult) -> None:
        self.journal.append({"kind": "shard", **result.to_dict()})
        for text in result.fallbacks:
            logger.warning("%s", text)
        logger.info(
            "%s %s: %.1f x", result.variable, result.index, result.raw_bytes / result.size_bytes
        )
        self.progress.shard(variable, result)

    def _journal_attempt(self, variable: VariableRun, attempts: int) -> None:
        if len(variable.attempts) == attempts:
            return
        record = {"kind": "attempt", "variable": variable.plan.name, **variable.attempt.to_dict()}
        self.journal.append(record)
        self.journal.flush()
        self._announce(variable)

    def _announce(self, variable: VariableRun) -> None:
        new = variable.attempt
        rung = variable.plan.ladder[new.rung].text
        logger.info("%s: %s: now %s", variable.plan.name, "; ".join(new.because), rung)
        self.progress.attempt(variable, rung)


def _label_of(ticket: Ticket) -> _Label:
    assert isinstance(ticket.label, _Label)
    return ticket.label


def _stops(error: BaseException | None) -> bool:
    """Whether a task's error ends the run."""
    return error is not None and not isinstance(error, DeviceLostError)
