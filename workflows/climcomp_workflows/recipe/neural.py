"""What a recipe says of neural codecs."""

from __future__ import annotations

from typing import Annotated, Literal

from climcomp_workflows.recipe.section import Section
from climcomp_workflows.recipe.values import one_of


class NeuralRecipe(Section):
    """`finetune: auto` gives a variable a network of its own, where that pays for its bytes."""

    finetune: Annotated[Literal["auto", "none"], one_of("auto", "none")] = "auto"
