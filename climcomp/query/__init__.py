"""The field between grid points and steps, from the networks of an archive's blocks alone.

- `evaluate`: the call; `answer`: what it gives; `variables`: names, and which have networks;
- `axes`: by what names and values a place is given along each dimension; `moments`: dates;
  `places`: from there to positions; `corners`: from positions to blocks;
- `block`: what one block says.
"""

from climcomp.query.answer import Answer
from climcomp.query.evaluate import evaluate_at

__all__ = ["Answer", "evaluate_at"]
