"""What is asked of a worker about one shard, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from climcomp_workflows.context import RunKey
from climcomp_workflows.states import Index


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard of one variable, and the rung to begin with.

    `on_device` asks for the worker's device where it helps. `no_device` says why a shard that was
    meant for one comes back without, for the report.
    """

    run: RunKey
    variable: str
    index: Index
    attempt: int
    rung: int
    on_device: bool = False
    no_device: str = ""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What became of a shard; small, for it travels to the client and into the journal."""

    variable: str
    index: Index
    attempt: int
    key: str
    rung: int
    size_bytes: int
    sha256: str
    source_crc32c: int
    check: dict[str, Any]  # what climcomp_metrics.physical counted on these bytes
    codecs: dict[str, int] = field(default_factory=dict)  # blocks by the codec that they came to
    fallbacks: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    raw_bytes: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The result as a journal record."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ShardResult:
        """The result that a journal record holds."""
        known = {name: data[name] for name in cls.__slots__}
        known["index"] = tuple(known["index"])
        known["fallbacks"] = tuple(known["fallbacks"])
        return cls(**known)
