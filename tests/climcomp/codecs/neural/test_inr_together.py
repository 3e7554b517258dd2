"""Networks of many blocks fitted at once: each is as if alone, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from climcomp.bounds import ErrorBound
from climcomp.codecs.neural.inr import fit, stacks
from climcomp.codecs.neural.inr.block import encode_outcomes
from climcomp.codecs.neural.inr.codec import Inr
from climcomp.codecs.neural.inr.fit import tensors
from climcomp.codecs.neural.inr.grids import Grids
from climcomp.codecs.neural.inr.models import Model
from climcomp.codecs.neural.inr.payload import ELSEWHERE, parse_payload
from climcomp.codecs.neural.inr.search import choices_for_bound
from climcomp.codecs.neural.inr.task import Task, tasks_of
from climcomp.errors import BoundError, CodecError, FitDiverged, MissingExtraError, UsageError
from climcomp.header import GRID_BODY
from climcomp.prepare import Body

MakeField = Callable[..., NDArray[Any]]
BOUND = ErrorBound("absolute", 0.05)
KINDS = {
    "grids": Inr(effort=32),
    "fourier": Inr(kind="fourier", effort=40),
    "siren": Inr(kind="siren", effort=40),
}
each_kind = pytest.mark.parametrize("codec", KINDS.values(), ids=KINDS)
ON_CUDA = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
]


def several(field: MakeField, count: int = 4) -> list[NDArray[np.float32]]:
    """Blocks of one shape that differ in all but their smoothness."""
    made = [field(2, 24, 36, noise=0.01 * (n + 1)) for n in range(count)]
    return [np.ascontiguousarray(np.roll(v, 5 * n, -1) * (1 + n)) for n, v in enumerate(made)]


def bodies_of(
    blocks: Sequence[NDArray[Any]],
    codec: Inr,
    filled: dict[int, NDArray[np.bool_]] | None = None,
    bound: ErrorBound = BOUND,
) -> list[Body]:
    gaps = filled or {}
    return [Body(codec, GRID_BODY, v, bound, filled=gaps.get(n)) for n, v in enumerate(blocks)]


def together(bodies: Sequence[Body], device: str = "cpu") -> list[Any]:
    (codec,) = {body.codec for body in bodies}
    assert isinstance(codec, Inr)
    said: list[str] = []
    made = codec.encode_together(bodies, device, said.append)
    assert not said
    return made


def largest_error(payload: bytes, values: NDArray[Any]) -> float:
    decoded = Inr().decode(payload, values.shape, values.dtype)
    return float(np.abs(values.astype(np.float64) - decoded).max())


def numbers_of(model: Model) -> list[NDArray[np.int64]]:
    """All whole numbers of a network."""
    if not isinstance(model, Grids):
        return [part for layer in model.layers for part in layer]
    net = model.synthesis
    return [*model.latents, *(() if net is None else (net.first, net.bias, net.second))]


def fitted(tasks: Sequence[Task], codec: Inr) -> list[Model]:
    fitting = codec._fitting()
    if codec.kind != "grids":
        return list(fit.fit_waves(tasks, fitting, 16))
    starts = [choices_for_bound([task], BOUND.value)[-1].grids() for task in tasks]
    return list(fit.refine_grids(tasks, starts, fitting))


@each_kind
def test_the_network_of_a_block_is_the_one_that_it_has_alone(
    field: MakeField, codec: Inr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("climcomp.codecs.neural.inr.descent.WINDOW", 5)
    monkeypatch.setattr("climcomp.codecs.neural.inr.descent.LEAST_FALL", 0.03)
    tasks = [tasks_of(values, BOUND.value, None, 0.02)[0] for values in several(field)]
    alone = [fitted([task], codec)[0] for task in tasks]
    for model, expected in zip(fitted(tasks, codec), alone, strict=True):
        # A sum that is taken in another order may bring a number to the next whole one.
        for actual, other in zip(numbers_of(model), numbers_of(expected), strict=True):
            assert np.abs(actual - other).max() <= 2
            assert np.mean(actual != other) < 0.05
    numbers = [np.concatenate([part.ravel() for part in numbers_of(m)]) for m in alone]
    assert len({part.tobytes() for part in numbers}) == len(tasks)


def test_each_block_ends_by_its_own_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    from climcomp.codecs.neural.inr.descent import descend

    steps: list[list[bool]] = []

    def descent_of(speeds: list[float]) -> NDArray[np.float32]:
        steps.clear()
        at = torch.full((len(speeds), 1), 100.0, requires_grad=True)
        falls = torch.tensor(speeds)

        def cost(rounds: NDArray[np.bool_], share: float) -> torch.Tensor:
            steps.append(rounds.tolist())
            return 50 + falls * at[:, 0]

        descend([{"params": [at], "lr": 0.5}], cost, 200)
        return at.detach().numpy()[:, 0]

    slow, fast = (float(descent_of([speed])[0]) for speed in (1e-5, 1.0))
    assert len(steps) == 200
    both = descent_of([1e-5, 1.0])
    assert both.tolist() == [slow, fast]
    assert slow > 50 > fast  # the slow one ended early, and stayed where it was then
    assert [False, False] in steps
    assert [True, False] in steps
    assert [True, True] in steps


@each_kind
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=ON_CUDA)])
def test_blocks_of_all_kinds_keep_the_bound_on_every_device(
    field: MakeField, codec: Inr, device: str
) -> None:
    blocks: list[NDArray[Any]] = [
        *several(field),
        field(2, 16, 20),
        field(3, 24, 36, noise=0.5),
        np.ones((3, 4), np.float32),
        field(2, 24, 36, dtype=np.float64),
    ]
    gaps = {1: np.zeros(blocks[1].shape, dtype=bool), 3: np.ones(blocks[3].shape, dtype=bool)}
    gaps[1][:, 3:9, 5:20] = True
    gaps[3][0, :2] = False
    made = together(bodies_of(blocks, codec, gaps), device)
    assert [one[:1] == ELSEWHERE for one in made] == [n == 6 for n in range(len(blocks))]
    for number, (values, one) in enumerate(zip(blocks, made, strict=True)):
        # The decoder finds the base that the encoder had, or its checksum would say so.
        decoded = Inr().decode(one, values.shape, values.dtype)
        error = np.abs(values.astype(np.float64) - decoded)
        assert error[~gaps.get(number, np.zeros(values.shape, dtype=bool))].max() <= BOUND.value


def test_a_block_that_is_refused_is_an_outcome_of_its_own(field: MakeField) -> None:
    # The bound is below the spacing of floats as large as these.
    blocks = [field(8, 9), np.float32(3e7) + field(8, 9), field(9, 9)]
    first, refused, last = together(bodies_of(blocks, Inr(effort=4)))
    assert isinstance(refused, BoundError)
    assert largest_error(first, blocks[0]) <= BOUND.value
    assert largest_error(last, blocks[2]) <= BOUND.value
    with pytest.raises(CodecError, match="given no bound"):
        Inr().encode_together([Body(Inr(), GRID_BODY, blocks[0])], "cpu", print)
    with pytest.raises(CodecError, match="float16"):
        together(bodies_of([blocks[0].astype(np.float16)], Inr()))


def test_threads_change_nothing(field: MakeField) -> None:
    blocks = [*several(field), np.float32(3e7) + field(8, 9), np.ones((3, 4), np.float32)]
    gaps: list[Any] = [None] * len(blocks)
    alone, shared = (
        encode_outcomes(blocks, BOUND.value, gaps, Inr(effort=4)._fitting(), threads=threads)
        for threads in (1, 3)
    )
    assert [one for one in shared if isinstance(one, bytes)] == [
        one for one in alone if isinstance(one, bytes)
    ]
    assert [type(one) for one in shared] == [bytes] * 4 + [BoundError, bytes]


@each_kind
def test_one_fit_that_diverges_leaves_the_others_as_they_are(
    field: MakeField, codec: Inr, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = several(field)
    expected = together(bodies_of([blocks[0], *blocks[2:]], codec))
    plain = tensors.stacked

    def stacked(values: Sequence[NDArray[Any]], device: str) -> torch.Tensor:
        # A value that no cost bears, in one block.
        bad = [np.where(v.std() == worst, np.inf, v) for v in values]
        return plain(bad, device)

    targets = [tasks_of(v, _usable(v), None, 0.025)[-1] for v in blocks]
    scale = (
        targets[1].tolerance if codec.kind == "grids" else max(1, round(targets[1].targets.std()))
    )
    worst = (targets[1].targets / scale).std()
    for module in (fit.grids, fit.waves):
        monkeypatch.setattr(module, "stacked", stacked)
    made = together(bodies_of(blocks, codec))
    assert isinstance(made[1], FitDiverged)
    assert "diverges: its cost is" in str(made[1])
    assert [len(one) for n, one in enumerate(made) if n != 1] == pytest.approx(
        [len(one) for one in expected], rel=0.02
    )
    for n in (0, 2, 3):
        assert largest_error(made[n], blocks[n]) <= BOUND.value


def _usable(values: NDArray[Any]) -> float:
    from climcomp.codecs.base import usable_bound

    return usable_bound(BOUND.value, values)


class Memory:
    """A device that holds so many blocks, in place of a GPU; notes how many were tried."""

    def __init__(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tried: list[int] = []
        plain = fit.refine_grids

        def refine(tasks: Sequence[Task], *rest: Any) -> list[Grids]:
            self.tried.append(len(tasks))
            if len(tasks) > most:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return plain(tasks, *rest)

        monkeypatch.setattr(fit, "refine_grids", refine)


def test_where_memory_runs_out_fewer_blocks_are_fitted_at_once(
    field: MakeField, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [field(2, 24, 36) + np.float32(n) for n in range(5)]
    codec = Inr(effort=4)
    monkeypatch.setattr(stacks, "BYTES_OF_VALUE", {"grids": 1})
    monkeypatch.setattr(stacks, "BYTES_ELSEWHERE", 4 * blocks[0].size)
    expected = together(bodies_of(blocks, codec))
    memory, said = Memory(1, monkeypatch), list[str]()
    made = codec.encode_together(bodies_of(blocks, codec), "cpu", said.append)
    assert [len(one) for one in made if isinstance(one, bytes)] == [len(one) for one in expected]
    assert memory.tried == [2, 1, 1, 1, 1, 1]
    assert said == ["cpu has no memory to fit 2 blocks at once: 1"]


def test_a_device_that_holds_no_block_is_an_error_for_the_caller(
    field: MakeField, monkeypatch: pytest.MonkeyPatch
) -> None:
    Memory(0, monkeypatch)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        Inr(effort=4).encode_together(
            bodies_of(several(field), Inr(effort=4)), "cpu", list().append
        )


def test_a_stack_is_no_larger_than_memory_should_hold(
    field: MakeField, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks, codec = several(field, 5), Inr(effort=4)
    memory = Memory(9, monkeypatch)
    monkeypatch.setattr(stacks, "BYTES_ELSEWHERE", 2 * 400 * blocks[0].size)
    together(bodies_of(blocks, codec))
    assert max(memory.tried) == 2
    assert sum(memory.tried) == 5


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "cpu:1"])
def test_a_device_of_no_known_kind_is_refused(field: MakeField, name: str) -> None:
    with pytest.raises(UsageError, match="not known; allowed: cpu, cuda, cuda:NUMBER"):
        together(bodies_of([field(8, 9)], Inr()), name)


def test_without_torch_the_error_names_the_extra(
    field: MakeField, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"codec 'inr' .* pip install 'climcomp\[neural\]'"):
        together(bodies_of([field(8, 9)], Inr()))
    (made,) = together(bodies_of([field(8, 9)], Inr(effort=0)))
    assert isinstance(made, bytes)


@pytest.mark.gpu
@each_kind
def test_what_a_gpu_fits_the_cpu_decodes(field: MakeField, codec: Inr) -> None:
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")
    blocks = several(field, 8)
    on_gpu, on_cpu = (together(bodies_of(blocks, codec), device) for device in ("cuda", "cpu"))
    for values, one, other in zip(blocks, on_gpu, on_cpu, strict=True):
        assert largest_error(one, values) <= BOUND.value
        # Another network, as good as the CPU's; what it says is the same whole numbers here.
        assert len(one) == pytest.approx(len(other), rel=0.1)
        parts = parse_payload(memoryview(one), values.shape, values.dtype)
        parts.integers(values.dtype)
