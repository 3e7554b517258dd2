"""Coordinate networks fitted to a block, and what they leave of it, within an absolute bound.

`payload` describes the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.base import (
    absolute_bound,
    check_length,
    check_values,
    empty_block,
    installed_version,
    value_count,
)
from climcomp.codecs.neural.inr.fitting import Fitting, Kind, Precision
from climcomp.errors import BoundError, CodecError

if TYPE_CHECKING:
    from climcomp.prepare import Body

USUAL_STEPS, USUAL_WAVE_STEPS = 60, 400


@dataclass(frozen=True, slots=True)
class Inr:
    """Keep an absolute bound by coding what a network, fitted to the block, leaves of it.

    Parameters
    ----------
    kind
        `grids`: latent grids with a small synthesis network; `fourier`: random Fourier features
        with residual blocks; `siren`: sines throughout.
    effort
        The most steps of descent in a fit, which wants torch; 0, for `grids` alone, takes the
        least squares that a descent begins with, and wants none. None: 60 for `grids`, 400 for
        others. Previews of kind `grids` know no descent.
    precision
        Of the fit.
    latitudes
        Of the first and the last row of each block, in degrees, rows being evenly spaced: networks
        of `fourier` and `siren` then see points of the sphere, where columns wrap.
    """

    name: ClassVar[str] = "inr"
    kinds: ClassVar[frozenset[str]] = frozenset({"absolute"})
    library: ClassVar[str] = "climcomp"
    is_fitted: ClassVar[bool] = True
    # Of fits: no payload needs torch to be read.
    module: ClassVar[str] = "torch"
    extra: ClassVar[str] = "neural"

    kind: Kind = "grids"
    effort: int | None = None
    precision: Precision = "float32"
    latitudes: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for key, allowed in (("kind", get_args(Kind)), ("precision", get_args(Precision))):
            if getattr(self, key) not in allowed:
                raise CodecError(
                    f"inr {key} is {getattr(self, key)!r}; allowed: {', '.join(allowed)}"
                )
        if self.steps < (self.kind != "grids"):
            raise CodecError(
                f"inr effort is {self.effort!r} for {self.kind}; allowed: 0 or more steps for "
                f"grids, 1 or more for others"
            )
        if self.latitudes is not None:
            object.__setattr__(self, "latitudes", tuple(self.latitudes))
            if len(self.latitudes) != 2 or not max(map(abs, self.latitudes)) <= 90:
                raise CodecError(
                    f"inr latitudes are {self.latitudes!r}; wanted: those of the first and the "
                    f"last row, in degrees north"
                )

    @property
    def steps(self) -> int:
        """The most steps of descent."""
        if self.effort is not None:
            return self.effort
        return USUAL_STEPS if self.kind == "grids" else USUAL_WAVE_STEPS

    @property
    def needs_module(self) -> bool:
        """Whether an encoder of these settings wants torch."""
        return self.steps > 0

    def library_version(self) -> str:
        """The version of climcomp."""
        return installed_version(self.library)

    def encode(self, values: NDArray[np.floating], bound: ErrorBound | None) -> bytes:
        """A payload whose values are within the bound, the smallest and the largest exact.

        A block without fields of 8 x 8 points, a constant one, and one that spans too many bounds
        are left to `ncx`.

        Raises
        ------
        CodecError
            If the bound is not absolute, or the fit diverges.
        BoundError
            If the bound is below the spacing of the values' floats.
        MissingExtraError
            If torch is not installed, unless the effort is 0.
        """
        return self._encode(values, bound, None)

    def encode_filled(
        self, values: NDArray[np.floating], bound: ErrorBound | None, filled: NDArray[np.bool_]
    ) -> bytes:
        """The same where some values only fill gaps: what comes back there may be any number.

        Parameters
        ----------
        filled
            Where they are, of the block's shape; False somewhere.
        """
        return self._encode(values, bound, filled)

    def encode_together(
        self, bodies: Sequence[Body], device: str, say: Callable[[str], None]
    ) -> list[bytes | BoundError | CodecError]:
        """The payload of each block, or why it has none; those of one shape are fitted together.

        A device of torch comes to networks of its own, so the bytes are not those of the CPU. What
        they decode to is within the bound all the same, and alike on every machine.

        Parameters
        ----------
        bodies
            Of one bound.
        device
            `cuda`, `cuda:` and a number, or `cpu`.
        say
            Is told where the memory of the device held fewer blocks than it seemed to.

        Raises
        ------
        CodecError
            If the bound is not absolute, or a block is not of floats.
        MissingExtraError
            If torch is not installed, unless the effort is 0.
        UsageError
            If there is no such device.
        torch.OutOfMemoryError
            If the device does not hold a single block.
        """
        from climcomp.codecs.neural.inr.block import encode_outcomes
        from climcomp.codecs.neural.torch_device import device_named, processors

        blocks = [body.values for body in bodies if body.values is not None]
        for values in blocks:
            check_values(values, self.name)
        threads = 1
        if self.needs_module and device_named(device, self.name).type != "cpu":
            threads = processors()
        return encode_outcomes(
            blocks,
            absolute_bound(bodies[0].bound, self),
            [body.filled for body in bodies],
            self._fitting(device),
            threads=threads,
            say=say,
        )

    def _fitting(self, device: str = "cpu") -> Fitting:
        return Fitting(self.kind, self.steps, self.precision, self.latitudes, device)

    def _encode(
        self,
        values: NDArray[np.floating],
        bound: ErrorBound | None,
        filled: NDArray[np.bool_] | None,
    ) -> bytes:
        check_values(values, self.name)
        asked = absolute_bound(bound, self)
        if values.size == 0:
            return b""
        from climcomp.codecs.neural.inr.block import encode_values

        return encode_values([values], asked, [filled], self._fitting())[0]

    def decode(
        self, payload: bytes | memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> NDArray[Any]:
        """The values, by NumPy alone.

        Raises
        ------
        PayloadError
            If the bytes are not a payload of this shape and type.
        """
        if value_count(shape) == 0:
            return empty_block(payload, shape, dtype, "inr")
        check_length(payload, 1, self.name)
        from climcomp.codecs.neural.inr.block import decode_values

        return decode_values(payload, shape, dtype)
