"""Powers of two: near the truth, and the same bits wherever they are computed."""

from __future__ import annotations

import hashlib
from decimal import Decimal, localcontext

import numpy as np
import pytest

from climcomp.codecs.exp2 import LARGEST_EXPONENT, exp2


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_powers_are_right_to_the_promised_part(dtype: str) -> None:
    spread = np.linspace(-LARGEST_EXPONENT, LARGEST_EXPONENT, 301)
    near = np.linspace(-1.5, 1.5, 301)
    exponents = np.concatenate([spread, near]).astype(dtype)
    with localcontext(prec=40):
        expected = [Decimal(2) ** Decimal(float(number)) for number in exponents]
        errors = [
            abs(Decimal(float(power)) / truth - 1)
            for power, truth in zip(exp2(exponents), expected, strict=True)
        ]
    assert max(errors) < Decimal("2e-15")


def test_whole_exponents_are_exact() -> None:
    whole = np.arange(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)
    np.testing.assert_array_equal(exp2(whole), np.ldexp(1.0, whole.astype(int)))


def test_powers_have_the_same_bits_on_every_machine() -> None:
    exponents = np.random.default_rng(8).uniform(-1020, 1020, 20_000)
    digest = hashlib.sha256(exp2(exponents).astype("<f8").tobytes()).hexdigest()
    assert digest == "385929382b58e62a11c70728c07d719e8a350f515cb4f4ad8afb4ba094132b44"


@pytest.mark.parametrize("shape", [(), (0,), (3, 1, 5), (9000,)])
def test_the_shape_is_kept(shape: tuple[int, ...]) -> None:
    found = exp2(np.full(shape, 0.5, np.float32))
    assert (found.shape, found.dtype) == (shape, np.float64)
    np.testing.assert_allclose(found, np.sqrt(2), rtol=1e-15)
