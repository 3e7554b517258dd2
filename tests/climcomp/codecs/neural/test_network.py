"""The integer network: exact in any order of its sums, and refused where it could not be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp.codecs.neural.features import INPUTS, LARGEST_LG, LARGEST_OVER
from climcomp.codecs.neural.models import foundation
from climcomp.codecs.neural.network import (
    CONSTANTS,
    OUTPUTS,
    Layer,
    Network,
    forward,
    parse_network,
)
from climcomp.codecs.neural.reference_decode import _outputs
from climcomp.codecs.neural.state import BATCH, make_room
from climcomp.errors import PayloadError

N = BATCH


def random_inputs(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.integers(-LARGEST_OVER, LARGEST_LG + 1, (INPUTS, N)).astype(np.float32)


def outputs_of(
    network: Network, inputs: NDArray[np.float32], constants: NDArray[np.int64]
) -> NDArray[np.float32]:
    room = make_room(network.hidden)
    biases = network.biases(constants)
    forward(N, network.compiled(), biases, inputs, room.hidden, room.outputs, room.skipped)
    return room.outputs[:, :N].copy()


CONSTANT = np.array([16, 0, 0, 16, 16, 0, 32, 48, 0], dtype=np.int64)


def test_compiled_sums_are_those_of_integers() -> None:
    for seed in range(5):
        inputs = random_inputs(seed)
        expected = _outputs(foundation(), inputs.astype(np.int64), CONSTANT)
        np.testing.assert_array_equal(expected, outputs_of(foundation(), inputs, CONSTANT))


def test_the_order_of_sums_changes_nothing() -> None:
    network, inputs = foundation(), random_inputs(9)
    expected = outputs_of(network, inputs, CONSTANT)
    rng = np.random.default_rng(4)
    for _ in range(5):
        shuffled = rng.permutation(INPUTS)
        first, skip = (
            dataclasses.replace(
                layer,
                weights=np.concatenate(
                    [layer.weights[:, shuffled], layer.weights[:, INPUTS:]], axis=1
                ),
            )
            for layer in (network.first, network.skip)
        )
        units = rng.permutation(network.hidden)
        first = Layer(first.weights[units], first.biases[units], first.shifts[units])
        second = dataclasses.replace(network.second, weights=network.second.weights[:, units])
        other = Network(first, second, network.third, skip)
        found = outputs_of(other, np.ascontiguousarray(inputs[shuffled]), CONSTANT)
        np.testing.assert_array_equal(expected, found)


def test_a_file_comes_back() -> None:
    network = foundation()
    again = parse_network(network.file)
    assert again.hash == network.hash
    assert len(network.hash) == 8
    np.testing.assert_array_equal(again.skip.weights, network.skip.weights)
    assert len(network.file) < 100_000


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:3], "cut short"),
        (lambda data: data[:-1], "bytes, not"),
        (lambda data: data + b"0", "bytes, not"),
        (lambda data: b"ncx9" + data[4:], "another version"),
        (lambda data: data[:6] + b"\x03" + data[7:], "another version"),
    ],
    ids=["head", "short", "long", "magic", "hidden"],
)
def test_a_damaged_file_is_refused(damage: object, says: str) -> None:
    with pytest.raises(PayloadError, match=says):
        parse_network(damage(foundation().file))  # type: ignore[operator]


def test_sums_that_could_be_inexact_are_refused() -> None:
    network = foundation()
    large = np.full((OUTPUTS, INPUTS + CONSTANTS), 127, dtype=np.int8)
    biases = np.full(OUTPUTS, 2**31 - 1, dtype=np.int32)
    with pytest.raises(PayloadError, match=r"skip layer .* sums of up to \d+; 41 and less than"):
        dataclasses.replace(network, skip=Layer(large, biases, np.zeros(OUTPUTS, dtype=np.uint8)))
