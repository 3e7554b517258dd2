"""Fit networks by descent: many blocks at once, with the code length of their own weights.

Imports torch; all else of `inr` does without. Blocks of one layout are stacked along a first
dimension, K, and every product is a batched one, so that a GPU is as busy with small blocks as with
one large. Seeds come from the blocks' bytes, and starting numbers from the CPU, so that the same
block on the same device gives the same network, whatever is fitted beside it (but for what the
order of a batched sum rounds off). On another device it gives another one.

The cost is a rate and a distortion, in bits to a value. The rate is that of the quantised weights,
2^-N sum of N log2(1 + 2 e m) over arrays of N numbers with the mean magnitude m: within a few
percent of the entropy of a Laplace distribution. The distortion is the mean square error over that
of the tolerance, or, for latent grids beside a residual, what a coder that interpolates from coarse
to fine spends on the residual. First, uniform noise stands for the rounding of weights (Balle et
al. 2017), later, the rounded weights themselves (straight through). A fit ends early where the cost
no longer falls: see `descent`.
"""

from climcomp.codecs.neural.inr.fit.grids import refine_grids
from climcomp.codecs.neural.inr.fit.waves import fit_waves, size_of, width_for

__all__ = ["fit_waves", "refine_grids", "size_of", "width_for"]
