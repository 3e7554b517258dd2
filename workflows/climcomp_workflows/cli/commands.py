"""The commands, in the order in which --help lists them."""

from __future__ import annotations

from types import ModuleType

from climcomp_workflows.cli import (
    bench,
    doctor,
    get,
    init,
    inspect,
    plan,
    recipes,
    report,
    run,
    verify,
)


def modules() -> tuple[ModuleType, ...]:
    """One module a command, each with `add(adder)`."""
    return (plan, bench, run, verify, inspect, report, get, recipes, init, doctor)


def names() -> list[str]:
    """The commands' names."""
    return [module.__name__.rpartition(".")[2] for module in modules()]
