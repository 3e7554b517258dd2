"""What a person tells a verification: whether to measure everything, and which code may run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from climcomp.errors import MetricError, UsageError
from climcomp_metrics.plugins.model import checksum, read_code
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.plan.own_code import own_metrics_of, with_code


@dataclass(frozen=True, slots=True)
class Told:
    """What holds beside the archive's plan.

    Parameters
    ----------
    full
        Measure every time step, where the run took samples.
    trusted
        SHA-256 of the code in the archive that may run here.
    """

    full: bool = False
    trusted: tuple[str, ...] = ()

    def applied_to(self, plan: Plan) -> Plan:
        """The plan as it is verified.

        Raises
        ------
        ArchiveDamagedError
            If trusted code is not the one that its checksum names.
        """
        plan = with_code(plan, self.trusted)
        if not self.full:
            return plan
        variables = tuple(_in_full(v) for v in plan.variables)
        return replace(plan, variables=variables, checks={**plan.checks, "full": True})

    def not_run(self, plan: Plan) -> tuple[str, ...]:
        """The archive's own metrics whose code may not run, with their files."""
        return tuple(
            f"{own.id} ({own.file}, SHA-256 {own.sha256[:16]})"
            for own in own_metrics_of(plan).values()
            if own.sha256 not in self.trusted
        )


def _in_full(variable: VariablePlan) -> VariablePlan:
    if variable.settings is None:
        return variable
    # What is named keeps its name: some keys choose how a statistic is made.
    every = dict.fromkeys(["*", *variable.settings.every], 1)
    return replace(variable, settings=replace(variable.settings, every=every))


def trusted_code(plan: Plan, everything: bool, files: Sequence[Path]) -> tuple[str, ...]:
    """The SHA-256 of the code that may run: all of the archive's, or what the user has a copy of.

    Raises
    ------
    UsageError
        If the archive has no metrics of its own, or a file is none of theirs.
    """
    if not everything and not files:
        return ()
    if not plan.own_code:
        raise UsageError("the archive has no metrics of its own: there is no code to trust")
    if everything:
        return tuple(plan.own_code)
    known = {own.sha256: own.file for own in own_metrics_of(plan).values()}
    found = []
    for path in files:
        try:
            sha256 = checksum(read_code(path))
        except MetricError as error:
            raise UsageError(str(error)) from error
        if sha256 not in known:
            listed = ", ".join(f"{name} ({digest[:16]})" for digest, name in known.items())
            raise UsageError(
                f"{path} (SHA-256 {sha256[:16]}) is not the code that the archive was judged by: "
                f"{listed}. Give the files as they were then, or read what is in "
                "climcomp/plan.json and say --trust-plugins"
            )
        found.append(sha256)
    return tuple(found)
