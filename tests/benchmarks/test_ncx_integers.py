"""What it costs that codec `ncx` decodes the same on every machine: integers against floats.

`pytest tests/benchmarks/test_ncx_integers.py --benchmark-enable -s` trains two networks of one size
on samples of a real variable, from one start, in as many steps: one in floats, one with the
rounding of its integers. "floats" is what an ideal coder would take with the first one, whose
probabilities are no tables; "integers" what it would take with the tables and integers of the
second; "stream" what the entropy coder really made of these tables. All are beside floats, in per
cent; at most 1 % is sought. Half of the samples are kept aside to be judged by.

Real files are those of CLIMCOMP_TEST_DATA.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.encode import encode_fields
from climcomp.codecs.neural.models import foundation
from climcomp.codecs.neural.probabilities import TOTAL
from climcomp.codecs.neural.rans import encode_symbols, lanes_for
from climcomp.codecs.neural.task import task_of
from climcomp.fill import fill_missing
from climcomp_workflows.neural import train as training
from climcomp_workflows.neural.model import IN, NcxModel, bits_of
from climcomp_workflows.neural.samples import Samples, samples_of
from tests.benchmarks.real_fields import CASES, values_of

STEPS, POINTS = 800, 300_000
SHARE = 1e-2


def test_integers_against_floats(measuring: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = CASES[::4] if measuring else CASES[9:10]
    print(f"\n{'bits of a value':<32} {'floats':>7} {'integers':>9} {'stream':>8}")
    every = []
    for case in cases:
        values = values_of(case)
        missing = ~np.isfinite(values)
        if missing.any():
            values = fill_missing(values, missing)
        bound = ErrorBound("absolute", SHARE * float(values.std(dtype=np.float64)))
        known, judged = _halves(values, bound, POINTS if measuring else 4000)
        steps = STEPS if measuring else 20
        with monkeypatch.context() as patch:
            patch.setattr(training, "QUANTISED_FROM", 2.0)
            floats = _bits(_trained(known, steps), judged, quantised=False)
        integers = _bits(_trained(known, steps), judged, quantised=True)
        coder = _of_the_coder(values, bound)
        found = 100 * (integers / floats - 1), 100 * (integers / floats * coder - 1)
        every.append(found)
        print(f"{case.label:<32} {floats:7.3f} {found[0]:+8.2f}% {found[1]:+7.2f}%", flush=True)
    means = np.mean(every, axis=0)
    print(f"{'mean':<32} {'':>7} {means[0]:+8.2f}% {means[1]:+7.2f}%")
    if measuring:
        assert means[1] < 1.5


def _halves(values: NDArray[np.floating], bound: ErrorBound, most: int) -> tuple[Samples, Samples]:
    """Samples to train on, and to judge by."""
    every = samples_of(
        values, bound, foundation(), most, np.random.default_rng(0),
        hierarchical=False, wraps=False, alpha=0.97, with_taps=False,
    )  # fmt: skip
    known = np.random.default_rng(1).random(every.target.size) < 0.5
    one, other = (
        Samples(*(getattr(every, field.name)[some] for field in fields(every)))
        for some in (known, ~known)
    )
    return one, other


def _trained(samples: Samples, steps: int) -> NcxModel:
    network = foundation()
    start = NcxModel.of(network)
    return training.train(
        samples, steps, hidden=network.hidden, seed=0, start=start, rate=1e-3
    ).model


def _bits(model: NcxModel, samples: Samples, *, quantised: bool) -> float:
    """Bits of a value, as an ideal coder takes them."""
    model.quantised = quantised
    with torch.no_grad():
        bits = bits_of(
            model(torch.from_numpy(samples.inputs).float() / IN),
            torch.from_numpy(samples.candidates),
            torch.from_numpy(samples.target),
            torch.from_numpy(samples.scale),
            None,
            torch.from_numpy(samples.on_lattice),
            quantised=quantised,
        )
    return float(bits.mean())


def _of_the_coder(values: NDArray[np.floating], bound: ErrorBound) -> float:
    """How many times as long a stream is as its tables say."""
    task = task_of(values, bound.value, foundation(), hierarchical=False, axis=0, alpha=1)
    _, symbols = encode_fields(task, {})
    count = int(symbols.made[0])
    first, size = symbols.first[:count], symbols.size[:count]
    stream = encode_symbols(first, size, lanes_for(count))
    return 8 * len(stream) / -float(np.log2(size / TOTAL).sum())
