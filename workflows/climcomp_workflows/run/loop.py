"""The loop of a run: submits tasks in windows, takes results in, journals them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from climcomp.archive import Journal
from climcomp_workflows.cluster import Executor
from climcomp_workflows.context import RunKey, flush_states
from climcomp_workflows.run.heartbeat import Heartbeat
from climcomp_workflows.run.progress import Progress
from climcomp_workflows.run.variable import VariableRun
from climcomp_workflows.shard import ShardResult

logger = logging.getLogger(__name__)

# Two tasks a worker: one at work, one waiting for it. More would only stand in the scheduler.
WINDOW = 2
POLL_SECONDS = 1.0


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
            for ticket in self.executor.wait(POLL_SECONDS):
                open_tasks -= 1
                if ticket.error is not None:
                    raise ticket.error
                variable, _ = ticket.label  # type: ignore[misc]  # labels are ours
                variable.take(ticket.result)
                if isinstance(ticket.result, ShardResult):
                    self._journal_shard(variable, ticket.result)
            self.heartbeat.check()

    def _flush(self) -> None:
        self.executor.everywhere(flush_states, self.run)

    def _submit_next(self, variables: list[VariableRun]) -> bool:
        for variable in variables:
            work = None if variable.finished else variable.next_work()
            if work is not None:
                kind, function, argument = work
                self.executor.submit((variable, kind), function, argument)
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
        new = variable.attempt
        record = {
            "kind": "attempt",
            "variable": variable.plan.name,
            "attempt": new.number,
            "rung": new.rung,
            "because": list(new.because),
        }
        self.journal.append(record)
        self.journal.flush()
        rung = variable.plan.ladder[new.rung].text
        logger.warning("%s: %s: now %s", variable.plan.name, "; ".join(new.because), rung)
        self.progress.attempt(variable, rung)
