"""The plan: what a recipe and a dataset become, all of it decided, nothing computed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from climcomp.archive import ArraySpec
from climcomp.archive.attributes import (
    Attributes,
    CodedAttributes,
    decode_attributes,
    encode_attributes,
)
from climcomp.bounds import ErrorBound
from climcomp.source import FileIdentity, SourceSpec
from climcomp_metrics.field import FieldSettings
from climcomp_workflows.gate import Enforced
from climcomp_workflows.together.model import GroupPlan

PLAN_VERSION = 1
PREVIEW_CODEC = "preview"

How = Literal["lossy", "lossless", "carried"]
Settings = tuple[tuple[str, Any], ...]
"""The fields of a codec that are not at their defaults."""


def _settings_to_list(settings: Settings) -> list[list[Any]]:
    return [[key, list(v) if isinstance(v, tuple) else v] for key, v in settings]


def _settings_from_list(stored: list[list[Any]]) -> Settings:
    return tuple((key, tuple(v) if isinstance(v, list) else v) for key, v in stored)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a variable's ladder: a codec with its settings and the bound it must keep.

    `bounds` holds one bound for each level of the canonical layout, or a single one for all;
    None is the lossless rung. `keepbits` likewise: mantissa bits kept before the codec's turn.
    `rivals` are other codecs with their settings, which may code a block where they are smaller.
    """

    codec: str
    settings: Settings
    bounds: tuple[ErrorBound, ...] | None
    keepbits: tuple[int, ...] | None
    text: str
    rivals: tuple[tuple[str, Settings], ...] = ()

    @property
    def lossless(self) -> bool:
        """True where every bit comes back."""
        return self.bounds is None

    @property
    def coders(self) -> tuple[tuple[str, Settings], ...]:
        """All codecs that may code a block, with their settings; its own is the first."""
        return ((self.codec, self.settings), *self.rivals)

    def to_dict(self) -> dict[str, Any]:
        """The rung as JSON stores it."""
        return {
            "codec": self.codec,
            "settings": _settings_to_list(self.settings),
            "bounds": None if self.bounds is None else [b.to_dict() for b in self.bounds],
            "keepbits": None if self.keepbits is None else list(self.keepbits),
            "text": self.text,
            "rivals": [[codec, _settings_to_list(settings)] for codec, settings in self.rivals],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Rung:
        """The rung that `to_dict` wrote."""
        bounds = data["bounds"]
        keepbits = data["keepbits"]
        return cls(
            data["codec"],
            _settings_from_list(data["settings"]),
            None if bounds is None else tuple(ErrorBound(**b) for b in bounds),
            None if keepbits is None else tuple(keepbits),
            data["text"],
            tuple((codec, _settings_from_list(own)) for codec, own in data["rivals"]),
        )


def _attributes_to_dict(
    attributes: Attributes, dtype: np.dtype[Any] | None = None
) -> dict[str, Any]:
    coded = encode_attributes(attributes, dtype)
    return {"values": coded.values, "types": coded.types, "hidden": coded.hidden}


def _attributes_from_dict(
    data: dict[str, Any], dtype: np.dtype[Any] | None = None
) -> dict[str, Any]:
    return decode_attributes(CodedAttributes(**data), dtype)


def _spec_to_dict(spec: ArraySpec) -> dict[str, Any]:
    assert spec.fill_value is None  # the attributes say it
    return {
        "path": spec.path,
        "shape": list(spec.shape),
        "dims": list(spec.dims),
        "dtype": spec.dtype,
        "chunk": list(spec.chunk),
        "shard": None if spec.shard is None else list(spec.shard),
        "attributes": _attributes_to_dict(spec.attributes, spec.numpy_dtype),
        "codec": spec.codec,
        "shuffle": spec.shuffle,
        "level": spec.level,
        "models": list(spec.models),
    }


def _spec_from_dict(data: dict[str, Any]) -> ArraySpec:
    fields = dict(data)
    for name in ("shape", "dims", "chunk", "shard", "models"):
        fields[name] = None if data[name] is None else tuple(data[name])
    dtype = np.dtype(object) if data["dtype"] == "str" else np.dtype(data["dtype"])
    fields["attributes"] = _attributes_from_dict(data["attributes"], dtype)
    return ArraySpec(**fields)


@dataclass(frozen=True, slots=True)
class VariablePlan:
    """All that a worker must know to compress, check and store one variable."""

    dataset: str  # key of Plan.datasets: the group that its source becomes, "" for the root
    source_name: str
    how: How
    spec: ArraySpec
    decoded: bool  # packed integers whose decoded values are stored as floats
    settings: FieldSettings | None  # what the metrics need; None unless lossy
    ladder: tuple[Rung, ...]
    start: int  # the rung that the samples say to begin with
    exact: tuple[float, ...]
    enforced: Enforced
    on_fail: Literal["lossless", "refuse"]
    bound_text: str  # the bound as its author wrote it
    bound_source: str  # whose choice the bound was
    kind: str  # class letter: C, P, B or L
    reason: str  # why it is handled so
    notes: tuple[str, ...]
    source_bytes: int
    amplification: float
    estimated_bytes: int  # of the data objects, from the samples
    estimates: tuple[int, ...] = ()  # the same for each rung; none where bits are all kept
    part: str = "data"  # what the variable is in its source: data, coordinate, bounds, ...
    failed_rungs: tuple[tuple[str, str], ...] = ()  # those before `start`, and what they fail

    @property
    def name(self) -> str:
        """The variable's path in the archive."""
        return self.spec.path

    @property
    def is_preview(self) -> bool:
        """Whether it is stored without a bound, for a quick look."""
        return self.ladder[0].codec == PREVIEW_CODEC

    def to_dict(self) -> dict[str, Any]:
        """The variable's plan as JSON stores it."""
        return {
            "dataset": self.dataset,
            "source_name": self.source_name,
            "how": self.how,
            "spec": _spec_to_dict(self.spec),
            "decoded": self.decoded,
            "settings": None if self.settings is None else self.settings.to_dict(),
            "ladder": [rung.to_dict() for rung in self.ladder],
            "start": self.start,
            "exact": list(self.exact),
            "enforced": self.enforced,
            "on_fail": self.on_fail,
            "bound_text": self.bound_text,
            "bound_source": self.bound_source,
            "kind": self.kind,
            "reason": self.reason,
            "notes": list(self.notes),
            "source_bytes": self.source_bytes,
            "amplification": self.amplification,
            "estimated_bytes": self.estimated_bytes,
            "estimates": list(self.estimates),
            "part": self.part,
            "failed_rungs": [list(pair) for pair in self.failed_rungs],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> VariablePlan:
        """The variable's plan that `to_dict` wrote."""
        changed = {
            "spec": _spec_from_dict(data["spec"]),
            "settings": data["settings"] and FieldSettings.from_dict(data["settings"]),
            "ladder": tuple(Rung.from_dict(rung) for rung in data["ladder"]),
            "exact": tuple(data["exact"]),
            "notes": tuple(data["notes"]),
            "estimates": tuple(data["estimates"]),
            "failed_rungs": tuple((rung, why) for rung, why in data["failed_rungs"]),
        }
        return cls(**{**data, **changed})


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """One source of the plan: how to open it, and which files it was when the plan was made."""

    spec: SourceSpec
    identity: tuple[FileIdentity, ...]

    def to_dict(self) -> dict[str, Any]:
        """The dataset as JSON stores it."""
        return {"spec": self.spec.to_dict(), "identity": [f.to_dict() for f in self.identity]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DatasetPlan:
        """The dataset that `to_dict` wrote."""
        identity = tuple(FileIdentity.from_dict(f) for f in data["identity"])
        return cls(SourceSpec.from_dict(data["spec"]), identity)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run does, decided."""

    name: str
    recipe_text: str
    recipe_digest: str
    datasets: dict[str, DatasetPlan]
    groups: dict[str, Attributes]  # attributes of every group of the archive
    unlimited: dict[str, tuple[str, ...]]  # unlimited dimensions of every group, for export
    variables: tuple[VariablePlan, ...]
    checks: dict[str, Any]
    warnings: tuple[str, ...]
    skipped: dict[str, str]  # variables that are not in the archive, and why
    together: tuple[GroupPlan, ...] = ()  # variables that are judged together
    own_code: dict[str, str] = field(default_factory=dict)  # of the own metrics, by SHA-256
    figures: bool = True  # whether the archive keeps what the figures of its report show

    def variable(self, name: str) -> VariablePlan:
        """The plan of the variable of this path.

        Raises
        ------
        KeyError
            If the plan has no such variable.
        """
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON stores it."""
        return {
            "plan": PLAN_VERSION,
            "name": self.name,
            "recipe_text": self.recipe_text,
            "recipe_digest": self.recipe_digest,
            "datasets": {key: d.to_dict() for key, d in self.datasets.items()},
            "groups": {path: _attributes_to_dict(a) for path, a in self.groups.items()},
            "unlimited": {key: list(names) for key, names in self.unlimited.items()},
            "variables": [v.to_dict() for v in self.variables],
            "checks": self.checks,
            "warnings": list(self.warnings),
            "skipped": self.skipped,
            "together": [group.to_dict() for group in self.together],
            "own_code": self.own_code,
            "figures": self.figures,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Plan:
        """The plan that `to_dict` wrote."""
        fields = {key: value for key, value in data.items() if key != "plan"}
        fields["datasets"] = {k: DatasetPlan.from_dict(d) for k, d in data["datasets"].items()}
        fields["groups"] = {k: _attributes_from_dict(a) for k, a in data["groups"].items()}
        fields["unlimited"] = {k: tuple(names) for k, names in data["unlimited"].items()}
        fields["variables"] = tuple(VariablePlan.from_dict(v) for v in data["variables"])
        fields["warnings"] = tuple(data["warnings"])
        fields["together"] = tuple(GroupPlan.from_dict(g) for g in data["together"])
        return cls(**fields)

    def to_json(self) -> bytes:
        """The bytes of plan.json: the same plan always gives the same bytes."""
        return json.dumps(self.to_dict(), sort_keys=True, indent=1).encode()

    def digest(self) -> str:
        """SHA-256 of the plan's JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json()).hexdigest()
