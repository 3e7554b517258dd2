"""The plan of a preview: a variable for a quick look, in a group of its own, without a bound."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from climcomp.archive.attributes import Attributes
from climcomp.archive.previews import PREVIEW_ATTRIBUTE, PREVIEW_GROUP
from climcomp.bounds import NO_BOUND
from climcomp.codecs import get_codec, missing_extra
from climcomp.errors import BoundError, CodecError, RecipeError, TargetNotReached
from climcomp.frame import BlockEncoding, decode_block, encode_block
from climcomp.source import decode
from climcomp_workflows.bound_text import resolve_bound
from climcomp_workflows.plan.blocks import sample_blocks
from climcomp_workflows.plan.draft import CHUNK_OVERHEAD_BYTES, field_settings, fill_of
from climcomp_workflows.plan.fields import exact_values
from climcomp_workflows.plan.fit_settings import fit_settings_of
from climcomp_workflows.plan.ladder import LOSSLESS
from climcomp_workflows.plan.layout import Layout
from climcomp_workflows.plan.lossless import array_spec, layout_of, plan_lossless
from climcomp_workflows.plan.model import PREVIEW_CODEC, Rung, Settings, VariablePlan
from climcomp_workflows.plan.subject import Dataset, Findings, Subject, is_packed
from climcomp_workflows.plan.survey import EveryBit, survey
from climcomp_workflows.recipe import Recipe, settings_for
from climcomp_workflows.recipe.preview import PreviewText

# A fit takes seconds a megabyte, and blocks of a variable differ little.
SAMPLE_BLOCKS = 2
# What the source says of its own data; all else says where they are.
DATA = frozenset({"data", "static", "ancillary"})


class NoPreview(EveryBit):
    """No network can be fitted to the blocks of a variable; the plan says so."""


def refuse_preview_group(datasets: Iterable[Dataset]) -> None:
    """Leave the group of previews to them.

    Raises
    ------
    RecipeError
        If a source has a variable or a group of this name, or is to become one.
    """
    for dataset in datasets:
        names = (dataset.path(name) for name in (*dataset.source.variables, *dataset.source.groups))
        taken = [path for path in names if path.split("/")[0] == PREVIEW_GROUP]
        if dataset.key == PREVIEW_GROUP:
            taken = ["a data set of input.files"]
        if taken:
            raise RecipeError(
                f"quality: preview puts previews into the group {PREVIEW_GROUP!r}, which "
                f"{taken[0]} takes already: give its data set a group of its own (input.files as "
                f"'group: files'), or rename it"
            )


def plan_preview(subject: Subject, findings: Findings, target: PreviewText) -> VariablePlan:
    """Plan a variable as a preview, after a trial on sample blocks.

    Parameters
    ----------
    subject
        Of a dataset of previews.

    Raises
    ------
    EveryBit
        If no value varies.
    NoPreview
        If no network can be fitted to its blocks.
    RecipeError
        If the target cannot be reached, or is in a unit of another kind; or torch is not there.
    """
    variable, settings = subject.variable, subject.settings
    origin = settings.origins["preview"]
    found = survey(subject, findings)
    layout = _layout(subject)
    told = _settings(subject, target, fit_settings_of(subject, layout.chunk, masked=found.masked))
    decoded = is_packed(variable)
    kept = replace(settings, keep_zeros=settings.keep_zeros is True)
    exact, zeros_exact = exact_values(
        variable, kept, "C", found.sample.fields, decoded, findings.notes
    )
    size, lossless = _tried(subject, findings, layout, told, exact, f"{origin}: {settings.name}")
    share = subject.raw_bytes / findings.sampled_bytes
    by_rung = tuple(round(one * share) for one in (size, size, lossless))
    ladder = [
        Rung(PREVIEW_CODEC, told, (NO_BOUND,), None, f"preview of {target.text}, without a bound"),
        Rung(
            PREVIEW_CODEC,
            (*told, ("nearest", True)),
            (NO_BOUND,),
            None,
            f"preview as near to {target.text} as can be, without a bound",
        ),
        LOSSLESS,
    ]
    if target.enforce:  # a target that is missed is no better than a test that fails
        del ladder[1]
        by_rung = (by_rung[0], by_rung[2])
    return VariablePlan(
        dataset=subject.dataset.key,
        source_name=variable.name,
        how="lossy",
        spec=array_spec(subject.dataset, variable, layout, "block", decoded),
        decoded=decoded,
        settings=field_settings(subject, found, layout, zeros_exact),
        ladder=tuple(ladder),
        start=0,
        exact=exact,
        enforced="all" if target.enforce else "masks",
        on_fail=settings.on_fail,
        bound_text=f"none: a preview of {target.text}",
        bound_source=origin,
        kind=found.kind,
        reason=found.reason,
        notes=(*findings.notes, *layout.notes),
        source_bytes=variable.storage_bytes,
        amplification=layout.amplification,
        estimated_bytes=by_rung[0],
        estimates=by_rung,
        part=variable.roles.part,
    )


def _layout(subject: Subject) -> Layout:
    """The layout of a preview, whose chunks have whole fields: a network wants at least 8 x 8."""
    recipe, variable = subject.recipe, subject.variable
    if recipe.output.access == "series" and recipe.output.chunks is None:
        output = recipe.output.model_copy(update={"access": "balanced"})
        recipe = recipe.model_copy(update={"output": output})
    return layout_of(recipe, variable, subject.dtype.itemsize, levels_together=True)


def _settings(subject: Subject, target: PreviewText, fits: Settings) -> Settings:
    """The target in the variable's own unit, and how networks are fitted."""
    where = f"{subject.settings.origins['preview']}: preview of {subject.settings.name}"
    value = target.value
    if target.rmse is not None:
        name = subject.variable.attributes.get("standard_name")
        standard_name = name if isinstance(name, str) else None
        try:
            value = resolve_bound(target.rmse, subject.unit, standard_name).bound.value
        except BoundError as error:
            raise RecipeError(f"{where}: rmse: {error}") from error
    settings = (("target", target.kind), ("value", value), *fits)
    if extra := missing_extra(PREVIEW_CODEC, **dict(settings)):
        raise RecipeError(
            f"{where}: fits of {subject.recipe.neural.inr} need a package that is not installed: "
            f"pip install 'climcomp[{extra}]', or say neural: {{inr: grids}}"
        )
    return settings


def _tried(
    subject: Subject,
    findings: Findings,
    layout: Layout,
    settings: Settings,
    exact: tuple[float, ...],
    where: str,
) -> tuple[int, int]:
    """Bytes of sample blocks as previews and losslessly; their values are counted in `findings`.

    Raises
    ------
    NoPreview
        If no network can be fitted to any of them.
    RecipeError
        If the target cannot be reached.
    """
    variable = subject.variable
    codec, fill = get_codec(PREVIEW_CODEC, **dict(settings)), fill_of(variable)
    previews = BlockEncoding(codec, NO_BOUND, None, exact, fill)
    bits = BlockEncoding(get_codec("lossless"), fill=fill)
    size = lossless = 0
    refused = ""
    for _, raw in sample_blocks(subject.dataset.source, variable, layout.chunk, SAMPLE_BLOCKS):
        values = decode(variable, raw) if is_packed(variable) else raw
        begun = time.perf_counter()
        try:
            payload = encode_block(values, previews)
        except TargetNotReached as error:
            raise RecipeError(f"{where}: {error}") from error
        except CodecError as error:
            refused = str(error)
            continue
        decode_block(payload, values.shape, values.dtype)
        findings.seconds += time.perf_counter() - begun
        findings.sampled_bytes += values.nbytes
        size += len(payload) + CHUNK_OVERHEAD_BYTES
        lossless += len(encode_block(values, bits)) + CHUNK_OVERHEAD_BYTES
    if not size:
        raise NoPreview(f"no preview can be made of its blocks ({refused})")
    return size, lossless


def beside_previews(recipe: Recipe, previews: Dataset) -> list[VariablePlan]:
    """Coordinates, bounds and the like once more, where previews need them."""
    found = []
    for variable in previews.source.variables.values():
        settings = settings_for(recipe, previews.named(variable.name))
        if variable.roles.part in DATA or settings.skip:
            continue
        reason = f"{variable.roles.part}: {variable.roles.reason}"
        found.append(plan_lossless(recipe, previews, variable, settings, reason))
    return found


def with_notice(groups: Mapping[str, Attributes], previews: Sequence[str]) -> dict[str, Attributes]:
    """The attributes of an archive's groups; those of the root and of previews begin with a notice.

    Parameters
    ----------
    previews
        The paths of variables without a bound.
    """
    if not previews:
        return dict(groups)
    said = (
        f"NO BOUND: {', '.join(previews)}: for a quick look only. Values may be off by any amount"
    )
    inside = [path for path in groups if path.split("/")[0] == PREVIEW_GROUP]
    return {
        **groups,
        **{
            path: {PREVIEW_ATTRIBUTE: said, **groups.get(path, {})}
            for path in ("", PREVIEW_GROUP, *inside)
        },
    }
