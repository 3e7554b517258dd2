"""What is summed over time at every wavenumber, whatever the basis."""

from __future__ import annotations

SUMS = ("x", "e", "xe", "chance", "modes")
"""Energy of x and of e = y - x, their cross-spectrum, the sum of the squares of its terms (how much
chance there is in it), and how many real coefficients there are. The energy of y is x + 2 xe + e:
a difference of two transforms would lose an error that is small against its field."""
