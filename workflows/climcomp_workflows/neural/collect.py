"""Samples of many blocks, made by several processes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from climcomp.codecs.neural.network import Network
from climcomp.errors import BoundError, CodecError
from climcomp_workflows.neural.corpus import lesson_of
from climcomp_workflows.neural.samples import Samples, samples_of


def collect(
    network: Network,
    blocks: int,
    points: int,
    seed: int,
    workers: int,
    folder: Path | None = None,
) -> Samples:
    """About `points` points of each of the blocks of a seed; those that the codec refuses are left
    out.
    """
    if workers == 1:
        parts = [_samples_of_one(network, points, seed, number, folder) for number in range(blocks)]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            every = (
                pool.submit(_samples_of_one, network, points, seed, number, folder)
                for number in range(blocks)
            )
            parts = [one.result() for one in list(every)]
    return Samples.joined([part for part in parts if part is not None])


def _samples_of_one(
    network: Network, points: int, seed: int, number: int, folder: Path | None
) -> Samples | None:
    lesson = lesson_of(number, seed, folder)
    try:
        return samples_of(
            lesson.block,
            lesson.bound,
            network,
            points,
            np.random.default_rng([seed, number, 1]),
            hierarchical=lesson.hierarchical,
            wraps=lesson.wraps,
            alpha=lesson.alpha,
            with_taps=lesson.with_taps,
            axis=lesson.axis,
            filled=lesson.filled,
        )
    except (BoundError, CodecError):
        return None
