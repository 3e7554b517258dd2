"""What an earlier, interrupted run of the same plan has done, from its journal."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from climcomp_workflows.run.variable import Attempt
from climcomp_workflows.shard import ShardResult
from climcomp_workflows.states import Index

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class VariableHistory:
    """The attempts at one variable and the shards that the newest of them has stored.

    `refused` says why, where that was decided together with other variables.
    """

    attempts: list[Attempt] = field(default_factory=list)
    results: dict[Index, ShardResult] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def begin(self, attempt: Attempt) -> None:
        """A new attempt: what the older ones have stored does not count any more."""
        self.attempts.append(attempt)
        self.results.clear()


def read_history(records: Iterable[dict[str, Any]]) -> dict[str, VariableHistory]:
    """Histories by variable. Of each shard only the newest attempt counts."""
    histories: dict[str, VariableHistory] = {}
    for record in records:
        if record.get("kind") == "attempt":
            history = histories.setdefault(record["variable"], VariableHistory())
            history.begin(Attempt.from_dict(record))
        elif record.get("kind") == "together":
            for decision in record["decisions"]:
                history = histories.setdefault(decision["variable"], VariableHistory())
                if "refused" in decision:
                    history.refused = tuple(decision["refused"])
                else:
                    history.begin(Attempt.from_dict(decision))
        elif record.get("kind") == "shard":
            try:
                result = ShardResult.from_dict(record)
            except (KeyError, TypeError) as error:
                # Of another version of climcomp: the shard is made again.
                logger.warning("a journalled shard is left out: %s is missing", error)
                continue
            history = histories.setdefault(result.variable, VariableHistory())
            number = history.attempts[-1].number if history.attempts else 0
            if result.attempt == number:
                history.results[result.index] = result
    return histories
