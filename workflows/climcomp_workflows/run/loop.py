"""The loop of a run: submits tasks in windows, takes results in, journals them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from climcomp.archive import Journal, open_store
from climcomp.errors import StorageError
from climcomp_metrics.base import Verdict
from climcomp_workflows.cluster import Executor, Ticket
from climcomp_workflows.column import ColumnTask
from climcomp_workflows.context import RunKey, flush_states
from climcomp_workflows.run.heartbeat import Heartbeat
from climcomp_workflows.run.progress import Progress
from climcomp_workflows.run.variable import VariableRun
from climcomp_workflows.shard import ShardResult, ShardTask

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

    def __str__(self) -> str:
        if isinstance(self.argument, ShardTask):
            return f"{self.argument.variable} shard {self.argument.index}"
        return f"the statistics of {self.argument.column.variable}"


@dataclass(slots=True)
class Loop:
    """Lives as long as shards are being compressed."""

    run: RunKey
    executor: Executor
    journal: Journal
    heartbeat: Heartbeat
    progress: Progress

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
                if ticket.error is None:
                    self._take(ticket)
            # After the others: what they have done is done.
            failed = next((t for t in tickets if t.error is not None), None)
            if failed is not None and failed.error is not None:
                raise failed.error
            self.journal.tick()

    def _take(self, ticket: Ticket) -> None:
        assert isinstance(ticket.label, _Label)
        ticket.label.variable.take(ticket.result)
        if isinstance(ticket.result, ShardResult):
            self._journal_shard(ticket.label.variable, ticket.result)

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
        for variable in variables:
            work = None if variable.finished else variable.next_work()
            if work is not None:
                kind, function, argument = work
                self.executor.submit(_Label(variable, kind, argument), function, argument)
                return True
        return False

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
