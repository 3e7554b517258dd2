"""`python -m climcomp_workflows.neural --data FOLDER --out foundation.ncx`: train the network anew.

Without other options it is how the shipped network was made, in a quarter of an hour of two cores.
`downloaded` says what is in the folder and how to get it; without a folder, blocks are cut from the
installed package alone, and from generated fields. The same command gives the same network on the
same machine and version of torch; elsewhere sums are taken in another order, and the network is a
little different.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from climcomp_workflows.neural.collect import collect

HIDDEN = 32


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m climcomp_workflows.neural",
                                     description="Train the network of codec ncx.")  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="the file of the network")
    parser.add_argument("--data", type=Path, help="the folder of unpacked source archives")
    parser.add_argument("--blocks", type=int, default=350, help="blocks of each round")
    parser.add_argument("--points", type=int, default=8000, help="points of each block")
    rounds = "each codes its blocks with the network of the one before"
    parser.add_argument("--rounds", type=int, default=3, help=rounds)
    parser.add_argument("--steps", type=int, default=5500, help="of training in each round")
    parser.add_argument("--seed", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2, help="processes that make samples")
    given = parser.parse_args(arguments)
    try:
        from climcomp_workflows.neural.model import NcxModel
        from climcomp_workflows.neural.samples import Samples
        from climcomp_workflows.neural.train import LEARNING_RATE, train
    except ImportError as error:
        raise SystemExit(
            f"training wants torch ({error}): pip install 'climcomp[neural]'"
        ) from error
    model = NcxModel(HIDDEN)
    kept: list[Samples] = []
    for number in range(given.rounds):
        found = collect(
            model.network(),
            given.blocks,
            given.points,
            given.seed + number,
            given.workers,
            given.data,
        )
        # Samples of an untrained network are unlike those of a trained one.
        kept = [found] if number < 2 else [*kept, found]
        samples = Samples.joined(kept)
        _say(f"round {number + 1} of {given.rounds}: {samples.target.size} points")
        trained = train(
            samples,
            given.steps,
            hidden=HIDDEN,
            seed=given.seed + number,
            start=None if number == 0 else model,
            rate=LEARNING_RATE if number == 0 else LEARNING_RATE / 2,
            say=_say,
        )
        model = trained.model
    given.out.write_bytes(model.network().file)
    _say(f"{given.out}: {model.network().hash.hex()}, {len(model.network().file)} bytes")


if __name__ == "__main__":
    main()
