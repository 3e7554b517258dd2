"""What a report says of a variable beside its verdicts: bound, error, attempts, trials, shards."""

from __future__ import annotations

from dataclasses import dataclass, field

from climcomp.bounds import BoundKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file that the archive was made from, as it was when the plan was made."""

    name: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundReport:
    """The error bound that was asked for, and by whom.

    Parameters
    ----------
    text
        As a person would write it: "0.01 K", "1 %", "0.01 sigma".
    value
        Absolute and range-relative bounds: in the variable's unit, as resolved; pointwise-relative
        ones: a share, 0.01 for 1 %.
    lowest, highest
        Over the levels, where each has its own; None where all have `value`.
    choice
        Whose it is: "recipe line 12", "METRICS.md table of default bounds", "0.01 sigma".
    kept
        Of each level (a single one: of all levels) the bound of the setting that is in the archive,
        which is tighter where a looser one failed a test; empty: as asked.
    """

    text: str
    kind: BoundKind
    value: float
    choice: str
    lowest: float | None = None
    highest: float | None = None
    kept: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """The largest error that was reached, measured against the unrounded original.

    Parameters
    ----------
    value
        In `unit`; for a pointwise-relative bound a share of the original value, with `unit` "1".
    place
        "time 17, lat 20, lon 41"; with the date, where it is known.
    """

    value: float
    unit: str
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReport:
    """A rung of the ladder that was tried for the whole variable, and the criteria it failed.

    Parameters
    ----------
    rung
        "sz3 at 0.01 K".
    failed
        One text for each criterion, with its number and limit; empty for the rung that was kept.
    """

    rung: str
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """How many shards there are, and how many ended on each rung."""

    total: int
    rungs: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """A setting that was tried on a piece of the variable.

    Parameters
    ----------
    setting
        "sz3 within 0.01 K".
    stored_bytes
        What the piece takes with it.
    largest_error
        Reached, in the unit of `TrialsReport`.
    failed
        The ids of the criteria that the piece clearly fails.
    """

    setting: str
    stored_bytes: int
    largest_error: float
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialsReport:
    """Size against error: tighter and looser bounds than the one kept, on one piece.

    Parameters
    ----------
    piece
        What was tried, in words: "4 time steps about the largest error".
    raw_bytes
        Of the piece.
    unit
        Of the errors.
    kept
        The position in `trials` of the bound that the archive has; None if it is not among them.
    """

    piece: str
    raw_bytes: int
    unit: str
    trials: tuple[TrialReport, ...]
    kept: int | None = None
