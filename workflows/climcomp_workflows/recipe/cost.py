"""What a recipe says of costs: watts, prices, copies. Only words and sums of it depend on that."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from climcomp_workflows.recipe import cost_values
from climcomp_workflows.recipe.problems import listed
from climcomp_workflows.recipe.section import Section
from climcomp_workflows.recipe.values import refusal


class Cost(Section):
    """Figures of one's own for the estimates of energy and money; None: not said.

    Energy is estimated without them, from assumptions (`climcomp_workflows.cost`); money never is.
    """

    watts_per_core: cost_values.MaybeWatts = None  # of a busy core with its memory
    pue: cost_values.MaybePue = None
    storage_price: cost_values.StoragePrice = None
    energy_price: cost_values.EnergyPrice = None
    core_hour_price: cost_values.CoreHourPrice = None
    copies: cost_values.Copies = 1  # kept of the source, and of the archive
    years: cost_values.MaybeYears = None  # over which savings are added up

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        prices = (self.storage_price, self.energy_price, self.core_hour_price)
        found = dict.fromkeys(price.currency for price in prices if price is not None)
        if len(found) > 1:
            raise refusal(
                f"prices are in {listed(found, 'and')}: write all of them in one currency, for "
                "they are added and compared"
            )
        if self.years is not None and self.storage_price is None:
            raise refusal("years adds up what storage saves, so without storage_price it would do "
                          "nothing")  # fmt: skip
        return self

    @property
    def currency(self) -> str:
        """Of all prices; empty where none is stated."""
        prices = (self.storage_price, self.energy_price, self.core_hour_price)
        return next((price.currency for price in prices if price is not None), "")
