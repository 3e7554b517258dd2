"""What a recipe says of its checks: limits, suites, and metrics of its own."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from climcomp_metrics.part import FEWEST_SLICES
from climcomp_metrics.plugins.model import OWN_PREFIX, Over
from climcomp_metrics.spectral.harmonics import ASKED
from climcomp_metrics.spectral.statistic import EVERY
from climcomp_metrics.suites.sampling import SAMPLED
from climcomp_workflows.recipe import check_values, variable_values
from climcomp_workflows.recipe.criteria import ALWAYS, known_criteria
from climcomp_workflows.recipe.problems import listed, meant
from climcomp_workflows.recipe.section import Section
from climcomp_workflows.recipe.values import Flag, one_of, refusal

EVERYTHING = "*"
"""Key of `FieldSettings.every` for all statistics that are not named."""


class SuiteRecipe(Section):
    """How a suite is measured; None: as METRICS says."""

    every: check_values.MaybeEvery = None  # one in so many time steps of each level
    basis: Annotated[Literal["harmonics"] | None, one_of("harmonics", said=False)] = (
        None  # of spectra on global grids, instead of Fourier sums along rows
    )


class OwnMetricRecipe(Section):
    """A metric in a file of the recipe's author."""

    file: check_values.FileName  # a relative path starts at the recipe's folder
    name: check_values.MetricName
    unit: str = "1"
    warn: check_values.OwnLimit = None
    fail: check_values.OwnLimit = None
    better: Annotated[Literal["lower", "higher"], one_of("lower", "higher")] = "lower"
    variables: check_values.Patterns = ("*",)
    every: check_values.Every = 1
    over: Annotated[Over, one_of("worst", "mean")] = "worst"

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if self.warn is None or self.fail is None:
            return self
        if self.better == "lower" and self.warn > self.fail:
            raise refusal(
                f"warn {self.warn:g} would come after fail {self.fail:g}: exchange the two "
                "numbers, or write better: higher if large values are good"
            )
        if self.better == "higher" and self.warn < self.fail:
            raise refusal(
                f"warn {self.warn:g} would come after fail {self.fail:g}, for large values are "
                "good (better: higher): exchange the two numbers"
            )
        return self


class Checks(Section):
    """The recipe's own limits; `limits` is keyed "C1.fail" or "C1.warn"."""

    limits: dict[check_values.LimitKey, check_values.Limit] = Field(default_factory=dict)
    require: check_values.Required = ()  # n/a of these is a failure
    off: check_values.Off = ()
    suites: dict[check_values.SuiteName, SuiteRecipe] = Field(default_factory=dict)
    full: Flag = False  # nothing is sampled
    metrics: Annotated[tuple[OwnMetricRecipe, ...], check_values.MetricsList] = ()
    on_fail: variable_values.MaybeOnFail = None  # the same choice as defaults.on_fail

    @field_validator("off")
    @classmethod
    def _the_promise_stays_on(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        if always := [f"{name} ({known_criteria()[name].name})" for name in ids if name in ALWAYS]:
            raise refusal(f"cannot be off: {listed(always, 'and')}, which every archive promises")
        return ids

    @field_validator("suites")
    @classmethod
    def _suites_can_do_it(cls, suites: dict[str, SuiteRecipe]) -> dict[str, SuiteRecipe]:
        for name, suite in suites.items():
            if suite.every is None and suite.basis is None:
                raise refusal(f"{name} says nothing: write {{every: 8}}, or leave it out")
            if suite.every is not None and name not in SAMPLED:
                raise refusal(
                    f"{name} has no time steps to choose, so every would do nothing; that is for "
                    f"{listed(SAMPLED, 'and')}"
                )
            if suite.basis is not None and name != "spectral":
                raise refusal(f"{name} has no basis: that is a key of spectral")
        return suites

    @model_validator(mode="after")
    def _nothing_contradicts(self) -> Self:
        limited = {key.partition(".")[0] for key in self.limits}
        if both := sorted(set(self.off) & set(self.require)):
            raise refusal(f"{listed(both, 'and')} stands under require and under off")
        if unused := sorted(set(self.off) & limited):
            raise refusal(f"{listed(unused, 'and')} is off, so its limit would do nothing")
        for name in sorted(limited):
            warn, fail = (self.limits.get(f"{name}.{word}") for word in ("warn", "fail"))
            if warn is None or fail is None:
                continue
            if warn < fail if known_criteria()[name].least else warn > fail:
                raise refusal(f"{name}.warn would come after {name}.fail; exchange the two numbers")
        self._full_alone()
        self._required_are_there()
        return self

    def _full_alone(self) -> None:
        sampled = [f"suites.{name}.every" for name, suite in self.suites.items() if suite.every]
        sampled += [f"every of {entry.name}" for entry in self.metrics if entry.every > 1]
        if self.full and sampled:
            raise refusal(
                f"full takes every time step, so {listed(sampled, 'and')} would do nothing"
            )

    def _required_are_there(self) -> None:
        own = [OWN_PREFIX + entry.name for entry in self.metrics]
        for name in self.require:
            if name.startswith(OWN_PREFIX) and name not in own:
                hint = meant(name, own) or "; name it under metrics"
                raise refusal(f"require names {name}, which is no metric of this recipe{hint}")

    def every(self, times: int, levels: int) -> dict[str, int]:
        """Which time steps the sampled statistics of a variable take, for `FieldSettings`."""
        found = {EVERYTHING: 1} if self.full else {}
        spectral = self.suites.get("spectral", SuiteRecipe())
        for name, suite in self.suites.items():
            if suite.every is not None and not self.full:
                found |= dict.fromkeys(SAMPLED[name], suite.every)
        if spectral.basis == ASKED:
            usual = found.get(EVERYTHING, min(EVERY, times * levels // FEWEST_SLICES))
            found[ASKED] = max(1, usual if spectral.every is None or self.full else spectral.every)
        return found
