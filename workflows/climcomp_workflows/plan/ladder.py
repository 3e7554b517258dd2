"""The ladder of a variable: which codec, at which bounds, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from climcomp.bounds import BoundKind, ErrorBound
from climcomp.codecs import get_codec, missing_extra
from climcomp.errors import RecipeError
from climcomp.rounding import keepbits_for
from climcomp_workflows.plan.fit_settings import fit_settings
from climcomp_workflows.plan.model import Rung, Settings
from climcomp_workflows.recipe import Recipe, VariableSettings
from climcomp_workflows.recipe.models import Effort
from climcomp_workflows.recipe.run_values import Information

# The ladder of issue 2: the second rung keeps a quarter of the bound, two bits more; the third is
# lossless.
TIGHTER = 4.0
AUTO_CODECS = ("sz3", "delta", "zfp", "sperr", "ncx", "log", "rounding")
# What `codecs: auto` leaves out: at less than some 50 MB/s a core, and at less than some 10 (FACTS,
# tests/benchmarks/test_ncx.py).
TOO_SLOW: dict[Effort, frozenset[str]] = {
    "fast": frozenset({"sperr", "ncx"}),
    "normal": frozenset({"ncx"}),
    "high": frozenset(),
}

LOSSLESS = Rung("lossless", (), None, None, "lossless")
# How codecs do without the package that they want.
_WITHOUT_EXTRA = {"inr": "write neural: {inr: grids, fit: fast}, "}


@dataclass(frozen=True, slots=True)
class LevelBounds:
    """The bound of each level of a variable, all of one kind, and whose choice they were."""

    bounds: tuple[ErrorBound, ...]
    text: str
    source: str

    @property
    def kind(self) -> BoundKind:
        """The kind that all of them are of."""
        return self.bounds[0].kind

    @property
    def spread(self) -> float:
        """The loosest over the tightest."""
        values = [b.value for b in self.bounds]
        return max(values) / min(values)


def auto_codecs(effort: Effort = "normal") -> tuple[str, ...]:
    """What `codecs: auto` chooses from: those whose libraries are installed, at some effort."""
    every = (name for name in AUTO_CODECS if name not in TOO_SLOW[effort])
    return tuple(name for name in every if missing_extra(name) is None)


def candidates(
    codecs: Sequence[str], kind: BoundKind, where: str, given: Mapping[str, Settings] | None = None
) -> tuple[str, ...]:
    """The codecs among those asked for that keep bounds of this kind.

    Parameters
    ----------
    given
        The settings that the recipe gives codecs.

    Raises
    ------
    RecipeError
        If none of them does, or one that does needs a package that is not installed.
    """
    able = tuple(name for name in codecs if kind in get_codec(name).kinds)
    for name in able:
        if extra := missing_extra(name, **dict((given or {}).get(name, ()))):
            spared = _WITHOUT_EXTRA.get(name, "")
            raise RecipeError(
                f"{where}: {name} needs a package that is not installed: "
                f"pip install 'climcomp[{extra}]', {spared}or leave {name} out of codecs."
            )
    if able:
        return able
    others = [name for name in auto_codecs() if kind in get_codec(name).kinds]
    raise RecipeError(
        f"{where}: {', '.join(codecs)} cannot keep a {kind} bound; codecs that can: "
        f"{', '.join(others)}. Name one of them in codecs, or give an absolute bound."
    )


def able_codecs(recipe: Recipe, settings: VariableSettings, kind: BoundKind) -> tuple[str, ...]:
    """The lossy codecs to choose from for a variable.

    Raises
    ------
    RecipeError
        If none of those that the recipe names keeps bounds of this kind, or one of them needs a
        package that is not installed.
    """
    asked = auto_codecs(recipe.effort) if settings.codecs == "auto" else settings.codecs
    if must_round(recipe, settings):
        asked = ("rounding",)
    where = f"{settings.origins['codecs']}: codecs of {settings.name}"
    # A range is made numbers before anything is encoded.
    absolute: BoundKind = "absolute" if kind == "range_relative" else kind
    given = {"inr": fit_settings(recipe.neural)}
    return candidates([codec for codec in asked if codec != "lossless"], absolute, where, given)


def inner_codecs(recipe: Recipe, settings: VariableSettings) -> tuple[str, ...]:
    """Slow codecs that `log` may code logarithms with, where they are asked for."""
    asked = auto_codecs(recipe.effort) if settings.codecs == "auto" else settings.codecs
    return tuple(name for name in ("ncx",) if name in asked)


def must_round(recipe: Recipe, settings: VariableSettings) -> bool:
    """Whether rounding is the only lossy codec: for standard codecs, and a share of information."""
    return settings.portable is True or isinstance(recipe.quality, Information)


def bounds_in_words(bounds: Sequence[ErrorBound], unit: str) -> str:
    """Bounds of one kind, from the tightest to the loosest, with their unit."""
    low, high = min(b.value for b in bounds), max(b.value for b in bounds)
    if bounds[0].kind == "pointwise_relative":
        low, high = 100 * low, 100 * high
        text = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        return f"{text} % of each value"
    text = f"{low:.6g}" if low == high else f"{low:.4g} to {high:.4g}"
    return f"{text} {unit}".rstrip()


def codec_in_words(codec: str, settings: Settings) -> str:
    """A codec, and the one that it codes its logarithms or planes with if that is named."""
    inner = dict(settings).get("inner")
    return codec if inner is None else f"{codec} by {inner}"


def _span(bits: Sequence[int]) -> str:
    low, high = min(bits), max(bits)
    return str(low) if low == high else f"{low} to {high}"


def make_ladder(
    codec: str,
    settings: Settings,
    bounds: LevelBounds,
    keepbits: tuple[int, ...] | None,
    unit: str,
    dtype: str,
) -> tuple[Rung, ...]:
    """The bound, a quarter of the bound, lossless.

    A rounding before another codec keeps two more bits on the second rung, as a quarter of the
    bound asks.
    """
    rungs = []
    for factor in (1.0, TIGHTER):
        tightened = tuple(b.tightened(factor) for b in bounds.bounds)
        bits = None if keepbits is None else tuple(k + (2 if factor > 1 else 0) for k in keepbits)
        text = f"{codec_in_words(codec, settings)} within {bounds_in_words(tightened, unit)}"
        if bits is not None:
            text += f" after rounding to {_span(bits)} bits"
        elif codec == "rounding" and bounds.kind == "pointwise_relative":
            text += f", {_span([keepbits_for(b.value, dtype) for b in tightened])} bits kept"
        rungs.append(Rung(codec, settings, tightened, bits, text))
    return (*rungs, LOSSLESS)
