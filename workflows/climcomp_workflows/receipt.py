"""The receipt of a verification: what a centre keeps before it deletes its originals."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Literal

from climcomp_metrics.base import Verdict
from climcomp_metrics.report.quantity import counted
from climcomp_workflows.gate import in_words

RECEIPT_VERSION = 1
_LIBRARIES = ("numpy", "zarr", "pysz", "zfpy", "numcodecs-wasm-sperr", "pcodec", "netCDF4")
_OPTIONAL = ("numcodecs-wasm-sperr",)

PREVIEW: Final = "a preview, without a bound"
How = Literal[
    "exact",
    "within its bound",
    "a preview, without a bound",
    "not in the archive",
    "not compared",
]


def software_text() -> str:
    """Names and versions of what read the archive and judged it, for the receipt."""
    found = []
    for name in ("climcomp", *_LIBRARIES):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:  # climcomp itself, where it runs from a checkout
            if name in _OPTIONAL:
                continue
            found.append(f"{name} (version unknown)")
    return ", ".join(found)


@dataclass(frozen=True, slots=True)
class VariableReceipt:
    """What verification found of one variable."""

    name: str
    ok: bool
    how: How
    problems: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON stores it."""
        return {
            "name": self.name,
            "ok": self.ok,
            "how": self.how,
            "problems": list(self.problems),
            "verdicts": [v.to_dict() for v in self.verdicts],
        }

    def line(self) -> str:
        """One line for a person."""
        counts = {o: sum(v.outcome == o for v in self.verdicts) for o in ("pass", "warn", "n/a")}
        tests = (
            f"; {counts['pass']} tests passed, {counts['warn']} warned, {counts['n/a']} n/a"
            if self.verdicts
            else ""
        )
        error = next((v for v in self.verdicts if v.criterion == "P1"), None)
        if error is not None and error.value is not None:
            unit = f" {error.unit}" if error.unit not in ("", "1") else ""
            bound = "no bound" if error.fail is None else f"bound {error.fail:.6g}{unit}"
            tests += f"; largest error {error.value:.6g}{unit}, {bound}"
        state = "ok" if self.ok else "FAILED"
        return f"  {state:6s} {self.name}: {self.how if self.ok else self._fault()}{tests}"

    def _fault(self) -> str:
        """How the variable is not what it should be: never the words of one that is."""
        if self.how in ("not in the archive", "not compared"):
            return self.how
        return f"not {self.how}" if self.how == "exact" else "not as promised"

    def lines(self) -> list[str]:
        """All that a person should read of the variable."""
        if self.how == PREVIEW:  # the report lists what it loses
            return [self.line(), *(f"         {problem}" for problem in self.problems)]
        warned = [
            f"         warning: {in_words(v)}"
            for v in self.verdicts
            if v.outcome == "warn" and v.value is not None and v.fail is not None
        ]
        return [self.line(), *(f"         {problem}" for problem in self.problems), *warned]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a verification, with what it was of and when.

    Parameters
    ----------
    damaged
        Objects, and parts of the root metadata, that are not those published.
    foreign
        Objects in the store that were not published with it.
    absent
        Variables of the source that the archive lacks, and why.
    uncompared
        Why the values were not compared with the source although that was asked for.
    not_run
        Metrics of the recipe's own whose code lies in the archive and was not trusted.
    """

    archive: str
    manifest_sha256: str
    date: str
    objects: int
    bytes: int
    damaged: tuple[str, ...]
    recipe_digest: str
    plan_digest: str
    source_files: tuple[tuple[str, int], ...]
    with_source: bool
    variables: tuple[VariableReceipt, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    foreign: tuple[str, ...] = ()
    uncompared: str = ""
    software: str = ""
    not_run: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True if the store is what was published and, where asked, every variable passed."""
        whole = not (self.damaged or self.foreign or self.uncompared)
        return whole and all(v.ok for v in self.variables)

    def to_dict(self) -> dict[str, Any]:
        """As JSON stores it."""
        return {
            "receipt": RECEIPT_VERSION,
            "ok": self.ok,
            "archive": self.archive,
            "manifest_sha256": self.manifest_sha256,
            "date": self.date,
            "software": self.software,
            "objects": self.objects,
            "bytes": self.bytes,
            "damaged": list(self.damaged),
            "foreign": list(self.foreign),
            "recipe_digest": self.recipe_digest,
            "plan_digest": self.plan_digest,
            "with_source": self.with_source,
            "uncompared": self.uncompared,
            "source": [{"name": name, "size_bytes": size} for name, size in self.source_files],
            "variables": [v.to_dict() for v in self.variables],
            "absent": [{"name": name, "reason": reason} for name, reason in self.absent],
            "not_run": list(self.not_run),
        }

    def text(self) -> str:
        """The receipt for a person, ending in one sentence."""
        lines = [
            f"climcomp receipt of {self.date}",
            f"archive   {self.archive}",
            f"manifest  sha256 {self.manifest_sha256}",
            f"recipe    {self.recipe_digest or 'unknown'}",
            f"plan      {self.plan_digest or 'unknown'}",
            f"software  {self.software or 'unknown'}",
            f"objects   {self.objects:,} of {self.bytes:,} bytes, {len(self.damaged)} damaged",
        ]
        lines += [f"  damaged: {text}" for text in self.damaged]
        lines += [f"  not published with it: {key}" for key in self.foreign]
        if self.uncompared:
            lines.append(f"source    not compared: {self.uncompared}")
        if self.with_source:
            lines.append(f"source    {len(self.source_files)} files, every value compared:")
            lines += [f"  {name} ({size:,} bytes)" for name, size in self.source_files]
        for variable in self.variables:
            lines += variable.lines()
        lines += [f"  ABSENT {name}: {reason}" for name, reason in self.absent]
        lines += [
            f"  NOT RUN {metric}: its code lies in the archive, and nobody said that it may run "
            "(--plugins with your own copy, or --trust-plugins)"
            for metric in self.not_run
        ]
        lines.append(self._sentence())
        return "\n".join(lines) + "\n"

    def _sentence(self) -> str:
        if not self.ok:
            return f"NOT VERIFIED: {'; '.join(self._faults())}. Keep the originals."
        gone = ""
        if self.absent:
            gone = f" {len(self.absent)} variables of the source are not in it: keep those."
        if not self.with_source:
            return (
                "VERIFIED: every object is the one that was published. The values were not "
                f"compared with the source (--source does).{gone}"
            )
        previews = sum(v.how == PREVIEW for v in self.variables)
        kept = len(self.variables) - previews
        shown = f" {counted(previews, 'preview')} beside them: no bound, masks exact."
        return (
            f"VERIFIED: every object is intact, and all {kept} variables are exact "
            f"or within their bounds, masks exact, every enforced test {self._but()}passed, read "
            f"from these bytes.{shown if previews else ''}{gone}"
        )

    def _but(self) -> str:
        """What the sentence must not claim."""
        return f"but {len(self.not_run)} that were not run " if self.not_run else ""

    def _faults(self) -> list[str]:
        faults = []
        if self.damaged:
            faults.append(counted(len(self.damaged), "damaged object"))
        if self.foreign:
            foreign = counted(len(self.foreign), "object")
            faults.append(f"{foreign} that did not come with its publication")
        if self.uncompared:
            faults.append("the values could not be compared with the source")
        failed = [v.name for v in self.variables if not v.ok]
        if failed:
            faults.append(f"failed: {', '.join(failed)}")
        return faults
