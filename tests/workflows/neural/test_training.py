"""Training of the network of ncx: data, samples, and integers that say what torch said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural import models
from climcomp.codecs.neural.features import INPUTS
from climcomp.codecs.neural.models import foundation
from climcomp.codecs.neural.ncx import Ncx
from climcomp.codecs.neural.network import OUTPUTS, parse_network
from climcomp.codecs.neural.reference_decode import _outputs
from climcomp.errors import CodecError
from climcomp_workflows.neural import __main__ as command
from climcomp_workflows.neural.collect import collect
from climcomp_workflows.neural.corpus import lesson_of
from climcomp_workflows.neural.generated import layers, random_fields, turbulence
from climcomp_workflows.neural.model import IN, NcxModel, bits_of
from climcomp_workflows.neural.samples import Samples, samples_of
from climcomp_workflows.neural.train import train


@pytest.fixture(scope="module")
def block() -> np.ndarray:
    return random_fields(np.random.default_rng(4))[:4, :48, :64].copy()


@pytest.fixture(scope="module")
def samples(block: np.ndarray) -> Samples:
    bound = ErrorBound("absolute", 0.02 * float(block.std()))
    return samples_of(
        block, bound, foundation(), block.size, np.random.default_rng(0),
        hierarchical=False, wraps=False, alpha=0.97, with_taps=False,
    )  # fmt: skip


@pytest.mark.parametrize("make", [random_fields, layers, turbulence])
def test_generated_fields_are_finite_and_the_same_for_the_same_seed(make: object) -> None:
    for seed in range(3):
        one, other = (make(np.random.default_rng(seed)) for _ in range(2))  # type: ignore[operator]
        assert one.dtype == np.float32
        assert one.ndim == (4 if make is layers else 3)
        assert np.isfinite(one).all()
        assert one.std() > 0
        np.testing.assert_array_equal(one, other)


def test_lessons_are_the_same_for_the_same_seed() -> None:
    for number in range(4):
        one, other = lesson_of(number, 3), lesson_of(number, 3)
        np.testing.assert_array_equal(one.block, other.block)
        assert one.bound == other.bound


def test_processes_collect_the_same_samples() -> None:
    alone, together = (collect(foundation(), 3, 500, 8, workers) for workers in (1, 2))
    np.testing.assert_array_equal(alone.inputs, together.inputs)
    np.testing.assert_array_equal(alone.target, together.target)


def test_the_integers_say_what_torch_said() -> None:
    torch.manual_seed(2)
    model = NcxModel(32)
    with torch.no_grad():
        for layer in (model.first, model.second, model.third, model.skip):
            layer.weight.normal_(0, 0.2)
            layer.bias.normal_(0, 0.5)
    model.quantised = True
    rng = np.random.default_rng(0)
    inputs = rng.integers(-96, 400, (500, INPUTS + 9)).astype(np.int16)
    inputs[:, INPUTS:] = 16
    expected = model(torch.from_numpy(inputs).double().float() / IN) * 64
    found = _outputs(
        model.network(), inputs[:, :INPUTS].T.astype(np.int64), np.full(9, 16, dtype=np.int64)
    )
    np.testing.assert_array_equal(expected.detach().numpy().T, found)


def cost(samples: Samples) -> torch.Tensor:
    """Bits of each sample, as the integers of the shipped network say."""
    network = foundation()
    outputs = np.empty((OUTPUTS, samples.target.size), dtype=np.int64)
    # The constant inputs differ from stage to stage.
    for constants in np.unique(samples.inputs[:, INPUTS:], axis=0):
        same = (samples.inputs[:, INPUTS:] == constants).all(1)
        outputs[:, same] = _outputs(
            network, samples.inputs[same, :INPUTS].T.astype(np.int64), constants.astype(np.int64)
        )
    return bits_of(
        torch.from_numpy(outputs.T / 64).float(),
        torch.from_numpy(samples.candidates),
        torch.from_numpy(samples.target),
        torch.from_numpy(samples.scale),
        None,
        torch.from_numpy(samples.on_lattice),
        quantised=True,
    )


def test_the_code_length_that_training_sees_is_that_of_the_stream(
    block: np.ndarray, samples: Samples
) -> None:
    bits = cost(samples)
    bound = ErrorBound("absolute", 0.02 * float(block.std()))
    payload = Ncx().encode(block, bound)
    # Taps, which the payload may have, and its head make a difference of a few per cent.
    assert float(bits.sum()) / 8 == pytest.approx(len(payload), rel=0.06)


def test_training_makes_streams_smaller(samples: Samples) -> None:
    torch.manual_seed(0)
    untrained = train(samples, 2, hidden=16, seed=0).bits
    trained = train(samples, 60, hidden=16, seed=0)
    assert trained.bits < 0.9 * untrained
    assert np.float32(1e-45) / 2 + np.float32(1e-44) > 0  # subnormal numbers are there afterwards
    parse_network(trained.model.network().file)


def test_a_model_of_integers_gives_the_same_integers() -> None:
    assert NcxModel.of(foundation()).network().hash == foundation().hash


def test_no_sample_is_of_a_value_that_only_fills_a_gap(block: np.ndarray) -> None:
    filled = np.zeros(block.shape, dtype=bool)
    filled[:, 10:30] = True
    bound = ErrorBound("absolute", 0.02 * float(block.std()))
    found = samples_of(
        block, bound, foundation(), block.size, np.random.default_rng(0),
        hierarchical=False, wraps=False, alpha=0.97, with_taps=False, filled=filled,
    )  # fmt: skip
    assert np.isfinite(found.target).all()
    assert 0.5 * block.size < found.target.size < np.count_nonzero(~filled)


def test_samples_of_packed_values_cost_what_the_codec_pays(block: np.ndarray) -> None:
    values = np.round(block / (0.0371 * block.std())) * np.float32(0.0371)
    bound = ErrorBound("absolute", 0.01)
    found = samples_of(
        values, bound, foundation(), values.size, np.random.default_rng(0),
        hierarchical=False, wraps=False, alpha=0.97, with_taps=False,
    )  # fmt: skip
    assert found.on_lattice.all()
    size = len(Ncx().encode(values, bound))
    assert float(cost(found).sum()) / 8 == pytest.approx(size, rel=0.06)


def test_training_that_diverges_says_so(samples: Samples) -> None:
    broken = Samples(
        samples.inputs, samples.candidates, np.full_like(samples.target, np.nan), samples.scale,
        samples.weight, samples.on_lattice,
    )  # fmt: skip
    with pytest.raises(FloatingPointError, match="diverged in step 0 of 5"):
        train(broken, 5, hidden=16, seed=0)


def test_the_command_writes_a_network_that_codes(tmp_path: Path, block: np.ndarray) -> None:
    file = tmp_path / "small.ncx"
    command.main(
        [
            "--out",
            str(file),
            "--blocks",
            "3",
            "--points",
            "2000",
            "--rounds",
            "2",
            "--steps",
            "20",
            "--workers",
            "1",
        ]
    )
    network = parse_network(file.read_bytes())
    bound = ErrorBound("absolute", 0.05 * float(block.std()))
    with pytest.raises(CodecError, match=f"{network.hash.hex()} .* is not there"):
        Ncx(network=network.hash.hex()).encode(block, bound)
    models.learn(network)
    payload = Ncx(network=network.hash.hex()).encode(block, bound)
    assert payload[2:10] == network.hash
    decoded = Ncx().decode(payload, block.shape, block.dtype)
    assert np.abs(decoded - block).max() <= bound.value


def test_without_torch_the_command_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "climcomp_workflows.neural.model", None)
    with pytest.raises(SystemExit, match=r"climcomp\[neural\]"):
        command.main(["--out", "x.ncx"])
