"""What a recipe says of variables: how each key of an entry is read."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import PlainSerializer

from climcomp.errors import BoundError
from climcomp_workflows.bound_text import BoundText, parse_bound, parse_level_bounds
from climcomp_workflows.recipe.problems import listed, meant, shown
from climcomp_workflows.recipe.values import integer, number, one_of, reads, reads_if_said, refusal

CODECS = ("sz3", "delta", "zfp", "sperr", "ncx", "inr", "log", "rounding", "lossless")

CodecsValue = Literal["auto"] | tuple[str, ...]
RoundingValue = Literal["auto", "none"] | int
PortableValue = Literal["auto"] | bool
OnFailValue = Literal["lossless", "refuse"]
ClassValue = Literal["continuous", "positive", "bounded", "lossless"]


def _read_bound(value: object) -> BoundText | None:
    if value is None or isinstance(value, BoundText):
        return value
    if isinstance(value, list):
        raise refusal(
            f'found {shown(value)}, wanted one text such as "0.01 K" or "1 %", or bounds by level '
            'such as {850: 0.05 K, "*": 0.1 K}'
        )
    if value == "lossless":
        raise refusal('found lossless: write "class: lossless" for a variable without any error')
    try:
        if isinstance(value, dict):
            return parse_level_bounds(value)
        return parse_bound(value)  # type: ignore[arg-type]  # anything else became an error above
    except BoundError as error:
        raise refusal(str(error)) from None


def _read_codecs(value: object) -> Literal["auto"] | tuple[str, ...]:
    if value == "auto":
        return "auto"
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise refusal(f"found {shown(value)}, wanted auto or a list of {listed(CODECS)}")
    if strange := [name for name in names if name not in CODECS]:
        known = _all_codecs()
        if unknown := [name for name in strange if name not in known]:
            hint = "".join(meant(name, known) for name in unknown if isinstance(name, str))
            found = listed(map(shown, unknown), "and")
            raise refusal(f"found {found}, wanted codecs among {listed(known)}{hint}")
    if len(set(names)) != len(names):
        raise refusal(f"a codec stands twice in [{', '.join(names)}]")
    return tuple(names)


def _all_codecs() -> tuple[str, ...]:
    """Ours and those that other packages bring: asked for only when a name is not ours."""
    from climcomp.codecs import codec_names

    return tuple(dict.fromkeys((*CODECS, *codec_names())))


def _read_rounding(value: object) -> Literal["auto", "none"] | int:
    if value in ("auto", "none"):
        return "auto" if value == "auto" else "none"
    keepbits = integer(value)
    if keepbits is None or not 1 <= keepbits <= 52:
        hint = meant(value, ("auto", "none")) if isinstance(value, str) else ""
        raise refusal(
            f"found {shown(value)}, wanted auto, none or the mantissa bits to keep, 1-52{hint}"
        )
    return keepbits


def _read_portable(value: object) -> Literal["auto"] | bool:
    if isinstance(value, bool) or value == "auto":
        return value if isinstance(value, bool) else "auto"
    raise refusal(f"found {shown(value)}, wanted auto, true or false")


def _read_range(value: object) -> tuple[float, float] | None:
    if value is None:
        return None
    pair = value if isinstance(value, list | tuple) else ()
    found = [one for item in pair if (one := number(item, finite=False)) is not None]
    if len(pair) != 2 or len(found) != 2:
        raise refusal(f"found {shown(value)}, wanted two numbers [lowest, highest], such as [0, 1]")
    low, high = found
    if not low < high:
        raise refusal(f"found [{low:g}, {high:g}], wanted the lower number first")
    return low, high


def _read_exact(value: object) -> tuple[float, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    numbers = [number(item) for item in values]
    if None in numbers:
        strange = [shown(item) for item in values if number(item) is None]
        raise refusal(
            f"found {listed(strange, 'and')}, wanted numbers that come back bit for bit, such as "
            "[-9999]; missing values and infinities always do"
        )
    return tuple(found for found in numbers if found is not None)


Bound = Annotated[
    BoundText | None,
    reads(_read_bound),
    PlainSerializer(lambda bound: bound.text if isinstance(bound, BoundText) else None),
]
Codecs = Annotated[CodecsValue, reads(_read_codecs)]
Rounding = Annotated[RoundingValue, reads(_read_rounding)]
Portable = Annotated[PortableValue, reads(_read_portable)]
OnFail = Annotated[OnFailValue, one_of("lossless", "refuse")]
MaybeCodecs = Annotated[CodecsValue | None, reads_if_said(_read_codecs)]
MaybeRounding = Annotated[RoundingValue | None, reads_if_said(_read_rounding)]
MaybePortable = Annotated[PortableValue | None, reads_if_said(_read_portable)]
MaybeOnFail = Annotated[OnFailValue | None, one_of("lossless", "refuse", said=False)]
MaybeClass = Annotated[ClassValue | None, one_of(*get_args(ClassValue), said=False)]
ValidRange = Annotated[tuple[float, float] | None, reads(_read_range)]
MaybeExact = Annotated[tuple[float, ...] | None, reads_if_said(_read_exact)]
