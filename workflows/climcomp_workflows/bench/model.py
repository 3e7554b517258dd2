"""What a bench found: codecs x bounds on the sample of each variable."""

from __future__ import annotations

from dataclasses import dataclass, field

from climcomp.bounds import BoundKind
from climcomp_metrics.base import Outcome
from climcomp_workflows.bench.delta import RateDelta

BENCH_VERSION = 1

QUALITIES = ("psnr_db", "largest_error_db")
"""The fields of `Rate` at which rates are compared."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the sample blocks were coded; differs from run to run.

    Megabytes (10**6 bytes) of raw values a second, in one process of one thread.
    """

    encode_mb_s: float
    decode_mb_s: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Sample blocks after one round trip: how small, and how far off.

    Parameters
    ----------
    stored_bytes
        Of all payloads with their headers and masks.
    bits_per_value
        8 * stored_bytes over all values, missing ones too.
    largest_error
        Of any value: in the variable's unit, or a share of the value where the bound is
        pointwise relative.
    rmse
        In the variable's unit, over all finite values but flags.
    psnr_db
        20 log10(range / RMSE): each level's errors over the level's own range, in one root mean
        square. Infinite where nothing differs; None where no level has a range.
    largest_error_db
        20 log10(range / largest error) likewise, or 20 log10(1 / largest error) where errors are
        shares of the value.
    """

    raw_bytes: int
    stored_bytes: int
    bits_per_value: float
    largest_error: float
    rmse: float
    psnr_db: float | None
    largest_error_db: float | None

    @property
    def ratio(self) -> float:
        """Raw over stored."""
        return self.raw_bytes / self.stored_bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion's value on one level, or the worst of all, and how it was judged.

    `value` is None where the metric cannot be had.
    """

    value: float | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class LevelTrial:
    """One sampled level at one bound.

    Parameters
    ----------
    level
        The folded level, from 0.
    bound, largest_error
        In the variable's unit, or shares of the value; the error is that of the sampled fields.
    criteria
        By id.
    """

    level: int
    bound: float
    largest_error: float
    criteria: dict[str, Judged]


@dataclass(frozen=True, slots=True)
class Trial:
    """A codec at one bound.

    Parameters
    ----------
    factor
        The bound over that of the plan.
    bound
        The tightest of all levels, in the variable's unit or a share of the value.
    refused
        Why the codec refused it; empty where it did not. Then all below is empty.
    criteria
        All levels judged together, by id.
    failed
        The criteria whose failure would keep the setting out of the archive.
    """

    factor: float
    bound: float
    refused: str = ""
    rate: Rate | None = None
    criteria: dict[str, Judged] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    levels: tuple[LevelTrial, ...] = ()
    speed: Speed | None = None


@dataclass(frozen=True, slots=True)
class FirstFailure:
    """The tightest bound at which a suite fails, and its criteria that do.

    `passes_again` says that it fails nothing at some looser bound, as tests near their limits do.
    """

    suite: str
    factor: float
    bound: float
    criteria: tuple[str, ...]
    passes_again: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """A codec at all bounds, the tightest first.

    Parameters
    ----------
    label
        "sz3", or "rounding then sz3" where values are rounded within a quarter of the bound first.
    best
        The factor of the smallest setting that fails nothing; None where every one fails.
    """

    label: str
    codec: str
    rounded: bool
    trials: tuple[Trial, ...]
    first_failures: tuple[FirstFailure, ...]
    best: float | None

    def at(self, factor: float) -> Trial:
        """The trial at this factor."""
        return next(trial for trial in self.trials if trial.factor == factor)


@dataclass(frozen=True, slots=True)
class LosslessTrial:
    """A codec that keeps every bit, on the same sample blocks."""

    codec: str
    raw_bytes: int
    stored_bytes: int
    bits_per_value: float
    speed: Speed

    @property
    def ratio(self) -> float:
        """Raw over stored."""
        return self.raw_bytes / self.stored_bytes


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A criterion that was judged: what it is called, its limits and whose they are."""

    name: str
    suite: str
    unit: str
    warn: float | None
    fail: float | None
    source: str


@dataclass(frozen=True, slots=True)
class VariableBench:
    """One variable.

    Parameters
    ----------
    planned
        What the plan makes of it, in words.
    bound_text, bound_source
        The bound as its author wrote it, and whose choice it was.
    kept_label, kept_factor
        The curve and the factor that a run would begin with; empty and None where that is lossless,
        or a setting that the bench has no curve of.
    sample
        What the metrics saw, and `blocks` what the sizes are of, in words.
    left_out
        Codecs that were not tried, and why.
    """

    name: str
    unit: str
    planned: str
    bound_kind: BoundKind
    bound_text: str
    bound_source: str
    kept_label: str
    kept_factor: float | None
    sample: str
    blocks: str
    whole: bool
    criteria: dict[str, CriterionRow]
    curves: tuple[Curve, ...]
    lossless: tuple[LosslessTrial, ...]
    deltas: tuple[RateDelta, ...]
    left_out: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def relative(self) -> bool:
        """Whether errors are shares of the value."""
        return self.bound_kind == "pointwise_relative"


@dataclass(frozen=True, slots=True)
class Bench:
    """All variables of a recipe.

    Parameters
    ----------
    created
        ISO 8601; like every `speed` it differs from run to run, and nothing else does.
    versions
        The library of each codec.
    factors
        The bounds over those of the plan, the tightest first.
    not_benched
        Variables of floats that have no bench, and why.
    """

    name: str
    created: str
    climcomp: str
    versions: dict[str, str]
    recipe_digest: str
    factors: tuple[float, ...]
    variables: tuple[VariableBench, ...]
    not_benched: dict[str, str]
