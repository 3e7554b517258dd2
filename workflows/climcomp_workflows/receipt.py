"""The receipt of a verification: what a centre keeps before it deletes its originals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from climcomp_metrics.base import Verdict

RECEIPT_VERSION = 1


@dataclass(frozen=True, slots=True)
class VariableReceipt:
    """What verification found of one variable."""

    name: str
    ok: bool
    how: str  # "exact", "within its bound", "not in the archive"
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
        if error is not None and error.value is not None and error.fail is not None:
            tests += f"; largest error {error.value:.6g} {error.unit}, bound {error.fail:.6g}"
        state = "ok" if self.ok else "FAILED"
        return f"  {state:6s} {self.name}: {self.how}{tests}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a verification, with what it was of and when."""

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
    absent: tuple[tuple[str, str], ...] = ()  # variables of the source that it lacks, and why

    @property
    def ok(self) -> bool:
        """True if every object is intact and, where asked, every variable passed."""
        return not self.damaged and all(v.ok for v in self.variables)

    def to_dict(self) -> dict[str, Any]:
        """As JSON stores it."""
        return {
            "receipt": RECEIPT_VERSION,
            "ok": self.ok,
            "archive": self.archive,
            "manifest_sha256": self.manifest_sha256,
            "date": self.date,
            "objects": self.objects,
            "bytes": self.bytes,
            "damaged": list(self.damaged),
            "recipe_digest": self.recipe_digest,
            "plan_digest": self.plan_digest,
            "with_source": self.with_source,
            "source": [{"name": name, "size_bytes": size} for name, size in self.source_files],
            "variables": [v.to_dict() for v in self.variables],
            "absent": [{"name": name, "reason": reason} for name, reason in self.absent],
        }

    def text(self) -> str:
        """The receipt for a person, ending in one sentence."""
        lines = [
            f"climcomp receipt of {self.date}",
            f"archive   {self.archive}",
            f"manifest  sha256 {self.manifest_sha256}",
            f"recipe    {self.recipe_digest}",
            f"objects   {self.objects:,} of {self.bytes:,} bytes, {len(self.damaged)} damaged",
        ]
        lines += [f"  damaged: {text}" for text in self.damaged]
        if self.with_source:
            lines.append(f"source    {len(self.source_files)} files, every value compared:")
            lines += [f"  {name} ({size:,} bytes)" for name, size in self.source_files]
        for variable in self.variables:
            lines.append(variable.line())
            lines += [f"         {problem}" for problem in variable.problems]
        lines += [f"  ABSENT {name}: {reason}" for name, reason in self.absent]
        lines.append(self._sentence())
        return "\n".join(lines) + "\n"

    def _sentence(self) -> str:
        if not self.ok:
            failed = [v.name for v in self.variables if not v.ok]
            what = f"; failed: {', '.join(failed)}" if failed else ""
            return f"NOT VERIFIED: {len(self.damaged)} damaged objects{what}. Keep the originals."
        gone = ""
        if self.absent:
            gone = f" {len(self.absent)} variables of the source are not in it: keep those."
        if not self.with_source:
            return (
                "VERIFIED: every object is the one that was published. The values were not compared "
                f"with the source (--source does).{gone}"
            )
        return (
            f"VERIFIED: every object is intact, and all {len(self.variables)} variables are exact or "
            f"within their bounds, masks exact, every enforced test passed, read from these bytes."
            f"{gone}"
        )
