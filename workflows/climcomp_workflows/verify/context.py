"""What a process that verifies keeps open between tasks: archive, plan, sources, weights."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from climcomp.archive import Archive, open_archive
from climcomp.source import FileIdentity, Source, SourceSpec, open_source, read_geometry
from climcomp_metrics.sphere import area_weights
from climcomp_workflows.plan.model import Plan, VariablePlan


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


@dataclass(slots=True)
class VerifyContext:
    """Lives in a process from its first task of a verification to its first task of another."""

    key: VerifyKey
    archive: Archive
    plan: Plan
    _sources: dict[str, Source] = field(default_factory=dict)
    _weights: dict[str, NDArray[np.float64] | None] = field(default_factory=dict)

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

    def weights(self, variable: VariablePlan) -> NDArray[np.float64] | None:
        """The area weights of a variable's cells; None where there are none."""
        if variable.name not in self._weights:
            found = area_weights(read_geometry(self.source(variable), variable.source_name))
            # One variable at a time: weights are as large as a field.
            self._weights = {variable.name: None if isinstance(found, str) else found}
        return self._weights[variable.name]

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
        plan = Plan.from_dict(json.loads(archive.document("plan.json")))
        _current = VerifyContext(key, archive, plan)
    return _current


def close_context() -> None:
    """Close what this process keeps open of a verification."""
    global _current
    if _current is not None:
        _current.close()
        _current = None
