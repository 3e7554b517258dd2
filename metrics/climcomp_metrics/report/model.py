"""What a report says of an archive: frozen values, to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from climcomp.errors import ArchiveError
from climcomp_metrics.base import Verdict
from climcomp_metrics.report.cost import CostReport
from climcomp_metrics.report.document import from_document, to_document
from climcomp_metrics.report.parts import (
    AttemptReport,
    BoundReport,
    ErrorReport,
    ShardReport,
    SourceFile,
    TrialsReport,
)
from climcomp_metrics.report.verdicts import sound, worst

REPORT_VERSION = 1

How = Literal["lossy", "lossless", "carried", "refused", "preview"]
Standing = Literal["fail", "unchecked", "warn", "pass", "exact"]

# A lossy variable cannot be called kept unless these two were measured (METRICS.md: never n/a).
_NEVER_ABSENT = frozenset({"F1", "P1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableReport:
    """What became of one variable.

    Parameters
    ----------
    how
        `lossy`: within an error bound; `lossless`: data, bit for bit; `carried`: coordinates and
        the like, exactly as they were; `refused`: not in the archive; `preview`: without a bound,
        for a quick look.
    kind
        The class of METRICS.md: "C", "P", "B" or "L", with "M" added where it is masked ("CM").
    codecs
        Blocks by codec.
    source_bytes, raw_bytes, stored_bytes
        In the source's files; as plain numbers in memory; as data objects of the archive.
    attempts
        In the order tried; the last is what was kept.
    fallbacks
        In plain words, what was stored otherwise than first planned and why.
    notes
        Decisions a scientist may want to question: lattice, method of sigma, class, layout.
    masked_share
        Share of missing values, 0 to 1.
    not_checked
        In plain words, what was not checked and why, beyond the n/a verdicts.
    sigma
        The standard deviation of each level, in which METRICS has its limits; in `unit`.
    figures
        The archive's document with what the figures show; empty: there is none.
    no_figures
        Why there is none.
    trials
        Size against error on a piece of it.
    """

    name: str
    how: How
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    kind: str
    source_bytes: int
    raw_bytes: int
    stored_bytes: int
    unit: str = ""
    long_name: str = ""
    standard_name: str = ""
    codecs: dict[str, int] = field(default_factory=dict)
    bound: BoundReport | None = None
    error: ErrorReport | None = None
    attempts: tuple[AttemptReport, ...] = ()
    shards: ShardReport | None = None
    fallbacks: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    masked_share: float | None = None
    not_checked: tuple[str, ...] = ()
    sigma: tuple[float, ...] = ()
    figures: str = ""
    no_figures: str = ""
    trials: TrialsReport | None = None

    def __post_init__(self) -> None:
        # No page, text or JSON may show a pass that has no number behind it.
        object.__setattr__(self, "verdicts", tuple(sound(verdict) for verdict in self.verdicts))

    @property
    def ratio(self) -> float | None:
        """Raw size over stored size; None where nothing is stored."""
        return self.raw_bytes / self.stored_bytes if self.stored_bytes else None

    @property
    def is_lossy(self) -> bool:
        """Whether values came back changed, within a bound or not."""
        return self.how in ("lossy", "preview")

    @property
    def standing(self) -> Standing:
        """The verdict on the variable; "exact" where nothing was lost.

        A lossy variable is `unchecked` unless F1 and P1 were measured and passed: the absence of
        a failure is not yet a pass.
        """
        outcome = worst(verdict.outcome for verdict in self.verdicts)
        if self.how == "refused" or outcome == "fail":
            return "fail"
        if not self.is_lossy:
            return "exact"
        measured = {v.criterion for v in self.verdicts if v.outcome in ("pass", "warn")}
        if not measured >= _NEVER_ABSENT:
            return "unchecked"
        return "warn" if outcome == "warn" else "pass"

    def with_outcome(self, outcome: str) -> tuple[Verdict, ...]:
        """The verdicts of one outcome, in their order."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome == outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was kept, lost, checked and not checked in one archive.

    Parameters
    ----------
    created
        ISO 8601, given by the caller: a report made twice from one archive is the same report.
    climcomp, versions
        The version of climcomp, and of each library that touched the values.
    recipe_digest, plan_digest
        SHA-256, hexadecimal.
    source_bytes, stored_bytes
        Of the whole archive, carried variables and metadata included.
    warnings
        About the source or the run: a gap in time, a file passed over.
    durations
        Seconds by part of the run: "read", "encode", "check", "write".
    not_checked
        In plain words, what was not checked anywhere in the archive and why.
    cost
        What the run took and what the archive saves; None in reports of before there was any.
    """

    name: str
    created: str
    climcomp: str
    versions: dict[str, str]
    recipe_digest: str
    plan_digest: str
    source: tuple[SourceFile, ...]
    variables: tuple[VariableReport, ...]
    source_bytes: int
    stored_bytes: int
    not_checked: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    durations: dict[str, float] = field(default_factory=dict)
    cost: CostReport | None = None

    @property
    def raw_bytes(self) -> int:
        """All variables as plain numbers in memory."""
        return sum(variable.raw_bytes for variable in self.variables)

    @property
    def standing(self) -> Standing:
        """The worst standing of any variable; "exact" where there is none."""
        found = {variable.standing for variable in self.variables}
        order: tuple[Standing, ...] = ("fail", "unchecked", "warn", "pass")
        return next((standing for standing in order if standing in found), "exact")

    def to_dict(self) -> dict[str, Any]:  # JSON has no narrower type than this
        """The JSON document that `schema.json` describes.

        `standing` and `ratio` are written for readers that have no climcomp; `from_dict` works
        them out again.
        """
        document = {"report": REPORT_VERSION, **to_document(self), "standing": self.standing}
        for entry, variable in zip(document["variables"], self.variables, strict=True):
            entry.update(standing=variable.standing, ratio=variable.ratio)
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Report:
        """The report that `to_dict` wrote.

        Raises
        ------
        ArchiveError
            If it was written by a later climcomp.
        ArchiveDamagedError
            If a value is missing or of another type.
        """
        version = document.get("report")
        if version != REPORT_VERSION:
            raise ArchiveError(
                f"the report is of version {version!r}, this climcomp reads {REPORT_VERSION}. "
                "Install the climcomp that wrote it, or a later one."
            )
        return from_document(cls, dict(document))


def schema() -> dict[str, Any]:  # JSON has no narrower type than this
    """The JSON Schema (2020-12) of what `Report.to_dict` gives."""
    text = files("climcomp_metrics.report").joinpath("schema.json").read_text("utf-8")
    return dict(json.loads(text))
