"""What a process that verifies keeps open between tasks: archive, plan, sources, domains."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from climcomp.archive import Archive, open_archive
from climcomp.source import FileIdentity, Source, SourceSpec, open_source
from climcomp_metrics.domain import Domain
from climcomp_workflows.domain import read_domain
from climcomp_workflows.plan.model import Plan, VariablePlan
from climcomp_workflows.verify.told import Told


@dataclass(frozen=True, slots=True)
class SourceKey:
    """The source of one group of the archive, and which files it was when verification began."""

    group: str
    spec: SourceSpec
    identity: tuple[FileIdentity, ...]


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """Names one verification."""

    store: str
    manifest_sha256: str
    sources: tuple[SourceKey, ...] = ()
    told: Told = field(default_factory=Told)


@dataclass(slots=True)
class VerifyContext:
    """Lives in a process from its first task of a verification to its first task of another."""

    key: VerifyKey
    archive: Archive
    plan: Plan
    _sources: dict[str, Source] = field(default_factory=dict)
    _domains: dict[str, Domain] = field(default_factory=dict)

    def source(self, variable: VariablePlan) -> Source:
        """The opened source of a variable.

        Raises
        ------
        SourceError
            If it cannot be opened, or is not the one that it was when verification began.
        """
        if variable.dataset not in self._sources:
            key = next(key for key in self.key.sources if key.group == variable.dataset)
            source = open_source(key.spec)
            source.check_unchanged(key.identity)
            self._sources[variable.dataset] = source
        return self._sources[variable.dataset]

    def domain(self, variable: VariablePlan) -> Domain:
        """The grid and the dates of a variable."""
        if variable.name not in self._domains:
            found = read_domain(self.source(variable), variable.source_name)
            # One variable at a time: weights are as large as a field.
            self._domains = {variable.name: found}
        return self._domains[variable.name]

    def close(self) -> None:
        """Close the sources."""
        for source in self._sources.values():
            source.close()
        self._sources.clear()


_current: VerifyContext | None = None


def context_of(key: VerifyKey) -> VerifyContext:
    """The context of a verification in this process, made at its first task."""
    global _current
    if _current is None or _current.key != key:
        close_context()
        archive = open_archive(key.store)
        plan = key.told.applied_to(Plan.from_dict(json.loads(archive.document("plan.json"))))
        _current = VerifyContext(key, archive, plan)
    return _current


def close_context() -> None:
    """Close what this process keeps open of a verification."""
    global _current
    if _current is not None:
        _current.close()
        _current = None
