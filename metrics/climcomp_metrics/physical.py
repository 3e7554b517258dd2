"""What must hold on every value of every shard: masks, ranges, zeros, flags and the error bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.errors import BoundError, MetricError
from climcomp_metrics.field import FieldSettings, Place


@dataclass(frozen=True, slots=True)
class ShardCheck:
    """Counts over every value of a shard, or of several merged.

    Parameters
    ----------
    values, valid
        All values; those whose original is finite.
    mask_moved
        Where NaN, +Inf or -Inf stands in one of original and decoded and not in the other (F1).
    outside
        Decoded values newly out of the physical range (F2).
    zeros, zeros_lost, zeros_new
        Original zeros; those that are zero no more; zeros where there was none (F3).
    special, special_changed
        Flags declared for the variable; changed places among them (F5).
    over
        Values beyond their error bound; in lossless levels, values whose bits differ (P1).
    worst, bound, relative
        The error nearest to or furthest beyond its bound; that bound (0: lossless, infinite: none);
        whether both are shares of the original value.
    worst_place, mask_place, range_place, zeros_place
        The worst error; the first findings, in words.
    """

    values: int = 0
    valid: int = 0
    mask_moved: int = 0
    outside: int = 0
    zeros: int = 0
    zeros_lost: int = 0
    zeros_new: int = 0
    special: bool = False
    special_changed: int = 0
    over: int = 0
    worst: float = 0.0
    bound: float = 0.0
    relative: bool = False
    worst_place: str = ""
    mask_place: str = ""
    range_place: str = ""
    zeros_place: str = ""

    @property
    def share(self) -> float:
        """The worst error over its bound; lossless: 0, or infinity where any bit differs."""
        if self.bound == 0.0:
            return 0.0 if self.over == 0 and self.worst == 0.0 else float("inf")
        return self.worst / self.bound

    def to_dict(self) -> dict[str, object]:
        """The check as JSON stores it; an infinite error or bound becomes text."""
        stored: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("worst", "bound"):
            if not np.isfinite(getattr(self, name)):
                stored[name] = str(getattr(self, name))
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ShardCheck:  # Any: parsed JSON
        """The check that `to_dict` gave."""
        found = cls(**stored)
        return replace(found, worst=float(found.worst), bound=float(found.bound))


def check_shard(
    original: NDArray[np.floating],
    decoded: NDArray[np.floating],
    settings: FieldSettings,
    place: Place,
    bounds: Sequence[ErrorBound | None],
) -> ShardCheck:
    """Compare every value of a shard.

    Parameters
    ----------
    original, decoded : (time, level, y, x)
        Of the same float32 or float64 and of `place.shape`, as `canonical` gives them.
    bounds
        One for each level of the variable, the folded ones counted from 0; None: lossless, so that
        every bit must be the same.

    Raises
    ------
    MetricError
        If the arrays do not fit each other or the place.
    BoundError
        If a bound is still relative to a range.
    """
    require_pair(original, decoded, place.shape)
    levels = place.shape[1]
    if len(bounds) != settings.shape[1]:
        raise MetricError(
            f"{settings.variable}: {len(bounds)} bounds for {settings.shape[1]} levels"
        )
    mine = bounds[place.start[1] : place.start[1] + levels]
    absolute, relative = np.zeros(levels), np.zeros(levels)
    for k, bound in enumerate(mine):
        if bound is None:
            continue
        if bound.kind == "range_relative":
            raise BoundError(
                "a range_relative bound must be made absolute before values are checked"
            )
        (relative if bound.kind == "pointwise_relative" else absolute)[k] = bound.value
    check = _scan(original, decoded, settings, place, absolute, relative)
    return replace(
        check,
        special=bool(settings.exact),
        special_changed=_count_special(original, decoded, settings.exact),
        over=check.over + _count_wrong_bits(original, decoded, mine),
    )


def require_pair(
    original: NDArray[np.floating], decoded: NDArray[np.floating], shape: tuple[int, ...]
) -> None:
    """Refuse arrays that cannot be compared value by value.

    Raises
    ------
    MetricError
        If shapes or types differ from each other or from what is measured here.
    """
    if original.shape != shape or decoded.shape != shape:
        raise MetricError(
            f"original {original.shape} and decoded {decoded.shape} must both have the "
            f"canonical shape {shape}"
        )
    if original.dtype != decoded.dtype or original.dtype not in (np.float32, np.float64):
        raise MetricError(
            f"original {original.dtype} and decoded {decoded.dtype} must both be float32 or both "
            "float64, in native byte order"
        )


def _scan(
    original: NDArray[np.floating],
    decoded: NDArray[np.floating],
    settings: FieldSettings,
    place: Place,
    absolute: NDArray[np.float64],
    relative: NDArray[np.float64],
) -> ShardCheck:
    # numba takes a second to import, and plans and reports need none of it.
    from climcomp_metrics.kernels import exact
    from climcomp_metrics.kernels.jit import read_only

    low, high = settings.limits or (-np.inf, np.inf)
    limited = settings.limits is not None or settings.zeros_exact or settings.kind != "C"
    x, y = read_only(original), read_only(decoded)
    counts, worst, worst_at, first_at = exact.scan(x, y, limited, low, high, absolute, relative)
    total = counts.sum(axis=0)
    limit = absolute + relative
    check = ShardCheck(
        values=original.size,
        valid=int(total[exact.VALID]),
        mask_moved=int(total[exact.MOVED]),
        outside=int(total[exact.OUTSIDE]),
        zeros=int(total[exact.ZEROS]),
        zeros_lost=int(total[exact.LOST]),
        zeros_new=int(total[exact.NEW]),
        # Lossless levels count differing bits instead, where -0.0 for 0.0 is a difference too.
        over=int(counts[limit > 0, exact.OVER].sum()),
        mask_place=_first_place(original, decoded, place, first_at[:, 0], _mask_differs),
        range_place=_first_place(
            original, decoded, place, first_at[:, 1], lambda a, b: _leaves(a, b, low, high)
        ),
        zeros_place=_first_place(original, decoded, place, first_at[:, 2], _zero_differs),
    )
    if original.size == 0:
        return check
    with np.errstate(divide="ignore", over="ignore"):  # an infinite error is infinitely many bounds
        share = np.divide(worst, limit, out=np.zeros_like(worst), where=worst > 0)
    if np.isinf(limit).any():  # without a bound, the largest error is the worst
        share = np.where(np.isinf(limit), worst, 0.0)
    k = int(np.argmax(share))
    t, j, i = (int(position) for position in worst_at[k])
    return replace(
        check,
        worst=float("inf") if worst[k] >= exact.UNBOUNDED else float(worst[k]),
        bound=float(limit[k]),
        relative=bool(relative[k] > 0),
        worst_place=place.label((t, k, j, i)),
    )


def _first_place(
    original: NDArray[np.floating],
    decoded: NDArray[np.floating],
    place: Place,
    rows: NDArray[np.int64],
    differs: Callable[[NDArray[np.floating], NDArray[np.floating]], NDArray[np.bool_]],
) -> str:
    """The first finding in words, from the first row (time, y) of each level that has one."""
    for k, (t, j) in enumerate(rows.tolist()):
        if t >= 0:
            found = differs(original[t, k, j], decoded[t, k, j])
            return place.label((t, k, j, int(np.argmax(found))))
    return ""


def _mask_differs(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.bool_]:
    both_finite = np.isfinite(a) & np.isfinite(b)
    differs: NDArray[np.bool_] = ~(both_finite | (np.isnan(a) & np.isnan(b)) | (a == b))
    return differs


def _leaves(
    a: NDArray[np.floating], b: NDArray[np.floating], low: float, high: float
) -> NDArray[np.bool_]:
    leaves: NDArray[np.bool_] = np.isfinite(a) & (a >= low) & (a <= high) & ((b < low) | (b > high))
    return leaves


def _zero_differs(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.bool_]:
    differs: NDArray[np.bool_] = np.isfinite(a) & ((a == 0) != (b == 0))
    return differs


def _count_special(
    original: NDArray[np.floating], decoded: NDArray[np.floating], special: tuple[float, ...]
) -> int:
    if not special:
        return 0
    from climcomp_metrics.kernels.exact import count_changed
    from climcomp_metrics.kernels.jit import read_only

    x, y = read_only(original).reshape(-1), read_only(decoded).reshape(-1)
    # A flag such as 1e20 is stored as the nearest value of the variable's type.
    flags = {float(original.dtype.type(value)) for value in special}
    return sum(int(count_changed(x, y, value)) for value in flags)


def _count_wrong_bits(
    original: NDArray[np.floating],
    decoded: NDArray[np.floating],
    bounds: Sequence[ErrorBound | None],
) -> int:
    lossless = [k for k, bound in enumerate(bounds) if bound is None]
    if not lossless:
        return 0
    from climcomp_metrics.kernels.exact import count_different
    from climcomp_metrics.kernels.jit import read_only

    bits = np.dtype(f"i{original.dtype.itemsize}")
    different = 0
    for k in lossless:
        x = read_only(original[:, k]).reshape(-1).view(bits)
        y = read_only(decoded[:, k]).reshape(-1).view(bits)
        different += int(count_different(x, y))
    return different
