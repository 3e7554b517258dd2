"""The recipe as frozen values: every key that this version reads, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from climcomp_workflows.bound_text import BoundText
from climcomp_workflows.recipe import run_values, variable_values
from climcomp_workflows.recipe.checks import Checks
from climcomp_workflows.recipe.cost import Cost
from climcomp_workflows.recipe.neural import NeuralRecipe
from climcomp_workflows.recipe.own_metrics import OwnEntry
from climcomp_workflows.recipe.preview import USUAL, MaybePreview, Preview, PreviewText
from climcomp_workflows.recipe.problems import Location, line_of, listed, shown
from climcomp_workflows.recipe.search import SearchRecipe
from climcomp_workflows.recipe.section import Section
from climcomp_workflows.recipe.values import Flag, MaybeFlag, one_of, refusal

VERSION = 1

Effort = Literal["fast", "normal", "high"]
"""How slow the codecs may be that `codecs: auto` tries."""

_MIB, _GIB = 2**20, 2**30


class Input(Section):
    """Where the data come from.

    `files` is keyed by Zarr group; the key "" is the root, for a recipe with one data set. Paths
    are relative to the recipe's folder; `recipe.files.source_files` makes them absolute.
    """

    files: run_values.Files
    engine: Annotated[
        Literal["auto", "h5netcdf", "netcdf4", "zarr"],
        one_of("auto", "h5netcdf", "netcdf4", "zarr"),
    ] = "auto"
    group: str | None = None
    combine: str = "auto"  # auto, none, or the name of the dimension to join along


class Output(Section):
    """The archive: `store` is relative to the working directory of the run."""

    store: str
    access: Annotated[
        Literal["maps", "series", "balanced"], one_of("maps", "series", "balanced")
    ] = "balanced"
    chunks: run_values.MaybeChunks = None  # dimension: length, decided instead of `access`
    shard_size: Annotated[int | None, run_values.size(4096, 4 * _GIB, None)] = None  # None: 128 MiB

    @field_validator("store")
    @classmethod
    def _a_store_has_a_name(cls, store: str) -> str:
        if not store.strip():
            raise refusal("found an empty name, wanted a folder such as archive/t2m.zarr")
        return store

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        if self.chunks and "access" in self.model_fields_set:
            raise refusal("access and chunks are both given; chunks decide alone: leave access out")
        return self


class Defaults(Section):
    """What a variable takes where its own entries say nothing."""

    codecs: variable_values.Codecs = "auto"
    rounding: variable_values.Rounding = "auto"
    on_fail: variable_values.OnFail = "lossless"
    portable: variable_values.Portable = "auto"
    preview: Preview = USUAL  # of variables without a bound, under quality: preview
    optional: Flag = False


class VariableRecipe(Section):
    """What a recipe says of one variable, or of all that match a pattern; None: not said.

    `bound: null` is said: it takes back the bound of a wider pattern (see `model_fields_set`).
    """

    bound: variable_values.Bound = None
    preview: MaybePreview = None
    variable_class: Annotated[variable_values.MaybeClass, Field(alias="class")] = None
    keep_zeros: MaybeFlag = None
    codecs: variable_values.MaybeCodecs = None
    rounding: variable_values.MaybeRounding = None
    portable: variable_values.MaybePortable = None
    valid_range: variable_values.ValidRange = None
    exact: variable_values.MaybeExact = None
    on_fail: variable_values.MaybeOnFail = None
    skip: Flag = False
    optional: MaybeFlag = None

    @model_validator(mode="before")
    @classmethod
    def _a_bound_alone_is_no_entry(cls, data: Any) -> Any:  # Any: what YAML gave
        if isinstance(data, str | int | float) and not isinstance(data, bool):
            raise refusal(f"found {shown(data)}, wanted settings such as {{bound: {data}}}")
        return data

    @model_validator(mode="after")
    def _nothing_contradicts(self) -> Self:
        if self.skip and len(self.model_fields_set) > 1:
            others = sorted(self.model_dump(by_alias=True, exclude_unset=True).keys() - {"skip"})
            raise refusal(
                f"skip leaves the variable out, so {listed(others, 'and')} would do nothing"
            )
        if self.variable_class == "lossless" and self.bound is not None:
            raise refusal(f"class is lossless, so the bound {self.bound.text!r} would do nothing")
        if self.preview is not None:
            self._preview_is_possible(self.preview)
        portable_codecs = {"rounding", "lossless"}
        if self.portable is True and self.codecs not in (None, "auto"):
            others = [name for name in self.codecs or () if name not in portable_codecs]
            if others:
                raise refusal(
                    f"portable: true, but other Zarr readers do not know {listed(others)}: "
                    "use [rounding, lossless], or portable: false"
                )
        if self.bound is not None and self.codecs is not None:
            _refuse_codecs_that_cannot_keep(self.bound, self.codecs)
        return self

    def _preview_is_possible(self, preview: PreviewText) -> None:
        if self.variable_class == "lossless" or self.codecs == ("lossless",):
            key = "class" if self.variable_class == "lossless" else "codecs"
            raise refusal(f"{key} is lossless, so the preview ({preview.text}) would do nothing")
        if self.bound is None and self.codecs not in (None, "auto", ("inr",)):
            raise refusal(
                f"a preview is coded by inr alone, so codecs [{', '.join(self.codecs or ())}] "
                "would do nothing: leave them out, or add a bound for values under its own name"
            )
        if self.bound is None and self.portable is True:
            raise refusal(
                "portable: true, but other Zarr readers do not know previews: leave it out"
            )


_ABSOLUTE_ONLY = {"sz3", "delta", "zfp", "sperr", "ncx", "inr"}


def _refuse_codecs_that_cannot_keep(bound: BoundText, codecs: str | tuple[str, ...]) -> None:
    if codecs == ("lossless",):
        raise refusal(f"codecs is [lossless], so the bound {bound.text!r} would do nothing")
    if bound.kind == "pointwise_relative" and set(codecs) <= _ABSOLUTE_ONLY:
        raise refusal(
            f"{listed(codecs, 'and')} cannot keep a bound relative to each value "
            f"({bound.text!r}): add log or rounding, or write an absolute bound or '% of range'"
        )
    if bound.kind != "pointwise_relative" and set(codecs) == {"log"}:
        raise refusal(
            f"log keeps only a bound relative to each value, such as '1 %', not {bound.text!r}: "
            f"use sz3, zfp or rounding"
        )


class ReportSettings(Section):
    """What the report shows beside its numbers."""

    figures: Flag = True  # the archive keeps their data; drawing them needs matplotlib


class Cluster(Section):
    """Who computes: `local` starts worker processes, `inline` computes in this process.

    `gpu` workers, of them all, code blocks of `ncx` and fit networks of `inr` on a device each:
    `auto` takes the devices that there are. `inline` uses one itself.
    """

    kind: Annotated[Literal["local", "inline"], one_of("local", "inline")] = "local"
    workers: run_values.Workers = "auto"
    memory: Annotated[
        Literal["auto"] | int, run_values.size(256 * _MIB, 64 * 1024 * _GIB, "auto")
    ] = "auto"

    gpu: run_values.Gpu = "auto"

    @model_validator(mode="after")
    def _inline_has_no_workers(self) -> Self:
        if self.kind == "inline" and (unused := sorted(self.model_fields_set - {"kind", "gpu"})):
            raise refusal(
                f"kind is inline, without workers: {listed(unused, 'and')} would do nothing"
            )
        return self

    @model_validator(mode="after")
    def _each_gpu_has_a_worker(self) -> Self:
        workers = 1 if self.kind == "inline" else self.workers
        if isinstance(self.gpu, int) and isinstance(workers, int) and self.gpu > workers:
            has = "kind is inline" if self.kind == "inline" else f"workers is {workers}"
            raise refusal(f"{has}, and each process uses one GPU: gpu: {self.gpu} is too many")
        return self


class Recipe(Section):
    """A recipe that can be followed; `load_recipe` and `parse_recipe` make it from YAML."""

    recipe: Literal[1]
    name: str
    input: Input
    output: Output
    quality: run_values.Quality = "climate"
    effort: Annotated[Effort, one_of("fast", "normal", "high")] = "normal"  # of `codecs: auto`
    defaults: Defaults = Field(default_factory=Defaults)
    variables: dict[str, VariableRecipe] = Field(default_factory=dict)
    checks: Checks = Field(default_factory=Checks)
    search: SearchRecipe = Field(default_factory=SearchRecipe)
    neural: NeuralRecipe = Field(default_factory=NeuralRecipe)
    report: ReportSettings = Field(default_factory=ReportSettings)
    cluster: Cluster = Field(default_factory=Cluster)
    cost: Cost = Field(default_factory=Cost)

    _text: str = PrivateAttr(default="")
    _path: Path | None = PrivateAttr(default=None)
    _lines: dict[Location, int] = PrivateAttr(default_factory=dict)
    _own: tuple[OwnEntry, ...] = PrivateAttr(default=())

    @field_validator("recipe", mode="before")
    @classmethod
    def _this_version(cls, version: object) -> object:
        if version != VERSION or isinstance(version, bool):
            raise refusal(
                f"found {shown(version)}, wanted {VERSION}: the version that this climcomp reads"
            )
        return version

    @field_validator("name")
    @classmethod
    def _a_name_is_not_empty(cls, name: str) -> str:
        if not name.strip():
            raise refusal("found an empty name, wanted one to call the archive by")
        return name

    @field_validator("variables", mode="before")
    @classmethod
    def _empty_is_an_empty_mapping(cls, variables: object) -> object:
        return {} if variables is None else variables

    @model_validator(mode="after")
    def _only_climate_searches(self) -> Self:
        if self.quality != "climate" and self.search != SearchRecipe():
            named = self.quality if isinstance(self.quality, str) else "information"
            raise refusal(
                f"search is for quality: climate; with quality: {named} it would do nothing: leave "
                "it out"
            )
        return self

    @model_validator(mode="after")
    def _only_preview_has_previews(self) -> Self:
        if self.quality == "preview":
            return self
        named = self.quality if isinstance(self.quality, str) else "information"
        where = [f"variables.{name}" for name, one in self.variables.items() if one.preview]
        where += ["defaults"] if self.defaults.preview != USUAL else []
        if where:
            raise refusal(
                f"{listed(where, 'and')} names a preview, which has no bound: with quality: "
                f"{named} it would do nothing. Write quality: preview, or leave it out"
            )
        return self

    @property
    def text(self) -> str:
        """The YAML as it was read, comments and all."""
        return self._text

    @property
    def path(self) -> Path | None:
        """The file it was read from; None for a text."""
        return self._path

    @property
    def own_metrics(self) -> tuple[OwnEntry, ...]:
        """What `checks.metrics` names, with the text of its files as they were read."""
        return self._own

    @property
    def on_fail(self) -> Literal["lossless", "refuse"]:
        """What happens to a variable that passes with no lossy setting and says nothing itself."""
        return self.checks.on_fail or self.defaults.on_fail

    def line(self, *location: str | int) -> int:
        """The line of a key, or of the nearest thing around it."""
        return line_of(location, self._lines)
