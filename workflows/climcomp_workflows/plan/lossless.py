"""Variables that keep every bit: which ones, why, and how they are stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from climcomp.archive import ArraySpec
from climcomp.errors import RecipeError
from climcomp.source import SourceVariable, decoded_dtype
from climcomp_workflows.plan.ladder import LOSSLESS
from climcomp_workflows.plan.layout import Layout, choose_layout
from climcomp_workflows.plan.model import VariablePlan
from climcomp_workflows.plan.standard import smallest_lossless
from climcomp_workflows.plan.subject import Dataset, axes_of, is_packed
from climcomp_workflows.recipe import Recipe, VariableSettings

# Our own: variables up to this size are written whole by the client at the end of a run, larger
# ones by workers. More would hold the client up; less is not worth a task.
CARRIED_BYTES = 8 << 20

# Attributes that speak of the packed integers; the decoded values have none of them.
PACKED_ATTRIBUTES = (
    "scale_factor",
    "add_offset",
    "_FillValue",
    "missing_value",
    "_Unsigned",
    "valid_min",
    "valid_max",
    "valid_range",
)


def named_exactly(recipe: Recipe, settings: VariableSettings, key: str = "bound") -> bool:
    """Whether an entry of the recipe names this variable itself and gives it a bound, or `key`."""
    names = {settings.name, settings.name.rpartition("/")[2]}
    return any(
        name in names and key in entry.model_fields_set for name, entry in recipe.variables.items()
    )


def lossless_reason(recipe: Recipe, variable: SourceVariable, settings: VariableSettings) -> str:
    """Why a variable must keep every bit, or "" if it may be compressed lossily.

    Raises
    ------
    RecipeError
        If the recipe itself gives such a variable a bound.
    """
    roles = variable.roles
    reason = ""
    if roles.part not in ("data", "static", "ancillary"):
        reason = f"{roles.part}: {roles.reason}"
    elif roles.part != "data" and not (settings.bound and named_exactly(recipe, settings)):
        return f"{roles.part}: {roles.reason}"
    elif variable.dtype.kind not in "fiu" or variable.dtype.itemsize not in (1, 2, 4, 8):
        reason = f"values of type {variable.dtype}"
    elif variable.dtype.kind in "iu" and not is_packed(variable):
        reason = "integers"
    elif variable.dtype.kind == "f" and variable.dtype.itemsize < 4:
        reason = f"values of type {variable.dtype}"
    elif 0 in variable.shape:
        return "it has no values"
    if reason:
        if settings.bound is not None and named_exactly(recipe, settings):
            raise RecipeError(
                f"{settings.origins['bound']}: {settings.name} is always stored exactly "
                f"({reason}); take its bound {settings.bound.text!r} out of the recipe"
            )
        return reason
    if recipe.quality == "lossless":
        return "the recipe says quality: lossless"
    if settings.variable_class == "lossless":
        return f"{settings.origins['variable_class']} says class: lossless"
    if settings.codecs == ("lossless",):
        return f"{settings.origins['codecs']} says codecs: lossless"
    unpacks = settings.bound is not None or recipe.quality in ("climate", "preview")
    if is_packed(variable) and not unpacks:
        what = "integers" if variable.dtype.kind in "iu" else "floats"
        return f"packed {what} stay packed; a bound in the recipe would compress their values"
    return ""


def array_spec(
    dataset: Dataset,
    variable: SourceVariable,
    layout: Layout,
    codec: Literal["block", "standard"],
    decoded: bool,
) -> ArraySpec:
    """The array that a variable becomes; decoded values have no attributes of packing."""
    attributes = dict(variable.attributes)
    if variable.dtype.kind == "O":
        dtype = "str"
    elif variable.dtype.kind == "S":
        dtype = variable.dtype.str.lstrip("|")
    else:
        dtype = variable.dtype.name
    if decoded:
        dtype = decoded_dtype(variable).name
        for name in PACKED_ATTRIBUTES:
            attributes.pop(name, None)
        attributes["_FillValue"] = np.dtype(dtype).type(math.nan)
    return ArraySpec(
        path=dataset.path(variable.name),
        shape=variable.shape,
        dims=variable.dims,
        dtype=dtype,
        chunk=layout.chunk,
        shard=layout.shard,
        attributes=attributes,
        codec=codec,
    )


def plan_lossless(
    recipe: Recipe,
    dataset: Dataset,
    variable: SourceVariable,
    settings: VariableSettings,
    reason: str,
    notes: tuple[str, ...] = (),
) -> VariablePlan:
    """The plan of a variable that keeps every bit."""
    small = variable.nbytes <= CARRIED_BYTES or variable.dtype.kind == "O"
    layout = (
        Layout(tuple(max(1, n) for n in variable.shape), None, 1.0)
        if small
        else layout_of(recipe, variable, variable.dtype.itemsize, levels_together=True)
    )
    floats = variable.dtype.kind == "f" and variable.dtype.itemsize in (4, 8)
    data = variable.roles.part == "data" and floats and not is_packed(variable)
    codec: Literal["block", "standard"] = (
        "block" if data and settings.portable is not True else "standard"
    )
    spec, estimate = smallest_lossless(
        array_spec(dataset, variable, layout, codec, decoded=False), dataset.source, variable
    )
    return VariablePlan(
        dataset=dataset.key,
        source_name=variable.name,
        how="carried" if small else "lossless",
        spec=spec,
        decoded=False,
        settings=None,
        ladder=(LOSSLESS,),
        start=0,
        exact=(),
        enforced="all",
        on_fail=settings.on_fail,
        bound_text="lossless",
        bound_source=reason,
        kind="L",
        reason=reason,
        notes=(*notes, *layout.notes),
        source_bytes=variable.storage_bytes,
        amplification=layout.amplification,
        estimated_bytes=estimate,
        part=variable.roles.part,
    )


def layout_of(
    recipe: Recipe,
    variable: SourceVariable,
    itemsize: int,
    levels_together: bool,
    lengths: Mapping[str, int] | None = None,
) -> Layout:
    """The chunk and shard shapes of a variable, as the recipe's output section wants them.

    `lengths` are those of chunks by dimension; where the recipe names others, these count.
    """
    options: dict[str, Any] = {}
    if recipe.output.shard_size is not None:
        options["shard_bytes"] = recipe.output.shard_size
    try:
        return choose_layout(
            variable.shape,
            variable.dims,
            axes_of(variable),
            itemsize,
            access=recipe.output.access,
            source_chunk=variable.chunks,
            explicit={**(lengths or {}), **(recipe.output.chunks or {})},
            levels_together=levels_together,
            **options,
        )
    except RecipeError as error:
        raise RecipeError(f"{variable.name}: {error}") from error
