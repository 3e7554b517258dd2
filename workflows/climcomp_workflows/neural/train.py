"""Train the network of codec `ncx` on samples."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from climcomp_workflows.neural.model import IN, NcxModel, bits_of
from climcomp_workflows.neural.samples import Samples

BATCH = 8192
LEARNING_RATE = 4e-3
QUANTISED_FROM = 0.7  # of the steps
NOISE_UNTIL = 0.25
CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, and the mean code length of the last steps."""

    model: NcxModel
    bits: float


def train(
    samples: Samples,
    steps: int,
    *,
    hidden: int,
    seed: int,
    start: NcxModel | None = None,
    rate: float = LEARNING_RATE,
    say: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train a network, or go on with one; the last steps with the rounding of its integers."""
    torch.manual_seed(seed)
    # Layers so small gain nothing by threads, and lose much where other work has the cores; and
    # sums of one thread are always the same.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # denormals cost a factor of 10
    try:
        return _train(samples, steps, hidden, seed, start, rate, say)
    finally:
        torch.set_flush_denormal(False)  # or nothing in this process has subnormal numbers any more
        torch.set_num_threads(threads)


def _train(
    samples: Samples,
    steps: int,
    hidden: int,
    seed: int,
    start: NcxModel | None,
    rate: float,
    say: Callable[[str], None],
) -> Trained:
    model = NcxModel(hidden) if start is None else copy.deepcopy(start)
    inputs = torch.from_numpy(samples.inputs)
    candidates = torch.from_numpy(samples.candidates)
    target, scale = torch.from_numpy(samples.target), torch.from_numpy(samples.scale)
    on_lattice = torch.from_numpy(samples.on_lattice)
    weight = torch.from_numpy(samples.weight / samples.weight.mean())
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps,
                                                   pct_start=0.1)  # fmt: skip
    rng = np.random.default_rng(seed)
    mean = 0.0
    for step in range(steps):
        model.quantised = step >= QUANTISED_FROM * steps
        noisy = start is None and step < NOISE_UNTIL * steps
        chosen = torch.from_numpy(rng.integers(0, len(target), BATCH))
        bits = bits_of(
            model(inputs[chosen].float() / IN),
            candidates[chosen],
            target[chosen],
            scale[chosen],
            torch.rand(BATCH) * 2 - 1 if noisy else None,
            on_lattice[chosen],
            quantised=model.quantised,
        )
        loss = (bits * weight[chosen]).mean()
        now = float(loss.detach())
        if not math.isfinite(now):
            raise FloatingPointError(f"training diverged in step {step} of {steps}")
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        schedule.step()
        mean = now if step == 0 else 0.99 * mean + 0.01 * now
        if step % max(1, steps // 8) == 0:
            say(f"step {step} of {steps}: {mean:.3f} bits")
    model.quantised = True
    return Trained(model, mean)
