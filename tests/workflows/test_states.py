"""Statistics in the store: a shard counts once, as the bytes stored, or is measured again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from climcomp.archive import ArchiveStore, Journal, open_store
from climcomp.errors import ArchiveDamagedError, StorageError
from climcomp_metrics.base import Verdict
from climcomp_workflows import shard, states
from climcomp_workflows.recipe import Recipe
from climcomp_workflows.run import RunOutcome, run_recipe
from climcomp_workflows.states import Accumulator, Column, merged_state
from climcomp_workflows.verify import verify_archive

MakeRecipe = Callable[..., Recipe]
COLUMN = Column("tas", 0, (2,))
Index = tuple[int, ...]


def sha(index: Index) -> str:
    return f"{index[0]:064x}"


def state_of(*indices: Index) -> dict[str, np.ndarray]:
    """A state that shows which shards are in it: bin n counts shard n."""
    counts = np.zeros((3, 64))
    for (number,) in indices:
        counts[:, number] += 1
    return {"counts/0": counts}


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    return open_store(tmp_path / "store")


def write(store: ArchiveStore, *indices: Index, column: Column = COLUMN) -> str:
    """Have a worker write the state of these shards, and give its key."""
    before = set(store.list(column.prefix))
    worker = Accumulator(store)
    for index in indices:
        worker.add(column, index, sha(index), state_of(index))
    worker.flush()
    (key,) = set(store.list(column.prefix)) - before
    return key


def merged(store: ArchiveStore, *indices: Index) -> tuple[list[int], list[Index]]:
    """How often each wanted shard is in the merged state, and the missing ones."""
    state, missing = merged_state(store, COLUMN, {index: sha(index) for index in indices})
    if state is None:
        return [], missing
    counts = state["counts/0"][0].astype(int)
    assert counts.sum() == len(indices) - len(missing), "a shard counts that was not asked for"
    return [int(counts[number]) for (number,) in indices], missing


SHARDS: list[Index] = [(n,) for n in range(8)]


def test_states_of_several_workers_add_up(store: ArchiveStore) -> None:
    write(store, *SHARDS[:3])
    write(store, *SHARDS[3:])
    assert merged(store, *SHARDS) == ([1] * 8, [])


def test_a_state_written_twice_counts_once(store: ArchiveStore) -> None:
    key = write(store, *SHARDS)
    store.put(key.replace(".state", "copy.state"), store.get(key))
    assert merged(store, *SHARDS) == ([1] * 8, [])


def test_of_overlapping_states_one_counts_and_the_rest_is_measured_again(
    store: ArchiveStore,
) -> None:
    write(store, *SHARDS[:5])
    write(store, *SHARDS[4:])
    assert merged(store, *SHARDS) == ([1] * 5 + [0] * 3, SHARDS[5:])
    write(store, *SHARDS[5:])
    assert merged(store, *SHARDS) == ([1] * 8, [])


def test_what_is_measured_again_completes_any_set_of_states(store: ArchiveStore) -> None:
    random = np.random.default_rng(4)
    for _ in range(12):
        chosen = sorted(int(n) for n in random.choice(8, random.integers(1, 6), replace=False))
        write(store, *((n,) for n in chosen))
    _, missing = merged(store, *SHARDS)
    if missing:
        write(store, *missing)
    assert merged(store, *SHARDS) == ([1] * 8, [])


def test_a_state_of_other_bytes_does_not_count(store: ArchiveStore) -> None:
    write(store, *SHARDS)
    wanted = {index: sha(index) for index in SHARDS} | {(3,): "another checksum"}
    state, missing = merged_state(store, COLUMN, wanted)
    assert state is None
    assert missing == SHARDS


def test_states_of_another_attempt_level_or_variable_do_not_count(store: ArchiveStore) -> None:
    for other in (Column("tas", 1, (2,)), Column("tas", 0, (3,)), Column("tas2", 0, (2,))):
        write(store, *SHARDS, column=other)
    assert merged(store, *SHARDS) == ([], SHARDS)


def test_any_flipped_bit_or_cut_makes_a_state_count_for_nothing(store: ArchiveStore) -> None:
    key = write(store, *SHARDS)
    whole = store.get(key)
    positions = np.linspace(0, len(whole) - 1, 60).astype(int)
    for at in (*range(40), *positions):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        store.put(key, bytes(damaged))
        assert merged(store, *SHARDS) == ([], SHARDS), at
    for length in (0, 1, 10, 24, 60, len(whole) - 1):
        store.put(key, whole[:length])
        assert merged(store, *SHARDS) == ([], SHARDS), length
    store.put(key, whole)
    assert merged(store, *SHARDS) == ([1] * 8, [])


def test_a_worker_that_gets_a_shard_twice_does_not_count_it_twice(store: ArchiveStore) -> None:
    worker = Accumulator(store)
    for index in (*SHARDS, SHARDS[2]):
        worker.add(COLUMN, index, sha(index), state_of(index))
    worker.flush()
    assert merged(store, *SHARDS) == ([1] * 8, [])


def test_a_full_disk_keeps_what_a_worker_has_added_up(
    store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Accumulator(store)
    for index in SHARDS:
        worker.add(COLUMN, index, sha(index), state_of(index))

    def full(store: ArchiveStore, key: str, data: bytes) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(ArchiveStore, "put", full)
        with pytest.raises(StorageError):
            worker.flush()
    worker.flush()
    assert merged(store, *SHARDS) == ([1] * 8, [])


# Whole runs, in this process, on statistics that somebody spoilt.


def verdicts(outcome: RunOutcome) -> list[tuple[str, str, float | None]]:
    """Every verdict of the run's report."""
    assert outcome.report is not None
    found: list[Verdict] = [v for one in outcome.report.variables for v in one.verdicts]
    return [(v.criterion, v.outcome, v.value) for v in found]


def same_verdicts(a: RunOutcome, b: RunOutcome) -> bool:
    """Whether two runs judged alike; sums in another order differ by rounding."""
    pairs = list(itertools.zip_longest(verdicts(a), verdicts(b)))
    return len(pairs) > 8 and all(
        x[:2] == y[:2] and (x[2] or 0.0) == pytest.approx(y[2] or 0.0, rel=1e-9, abs=1e-15)
        for x, y in pairs
    )


@pytest.fixture
def undisturbed(source: Path, make_recipe: MakeRecipe, tmp_path: Path) -> RunOutcome:
    """What a run of the recipe comes to when nothing happens; the store is free again."""
    outcome = run_recipe(make_recipe(source, EXTRA))
    (tmp_path / "out.zarr").rename(tmp_path / "undisturbed.zarr")
    return outcome


EXTRA = "variables: {tas: {bound: 0.02 K}}\nquality: bounds\n"


class Spoiler:
    """Does something to each state as it is written; lives for one run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, harm: Callable[[bytes], bytes | None]):
        self.harmed = 0
        self.measured: list[Index] = []
        put = ArchiveStore.put
        measure = shard.measure_again

        def spoilt(store: ArchiveStore, key: str, data: bytes) -> None:
            if key.endswith(".state") and self.harmed < 1:
                self.harmed += 1
                changed = harm(data)
                if changed is not None:
                    put(store, key, changed)
                if changed == data:
                    put(store, key.replace(".state", "again.state"), data)
                return
            put(store, key, data)

        def counted(task: shard.ShardTask) -> Index:
            self.measured.append(task.index)
            return measure(task)

        monkeypatch.setattr(ArchiveStore, "put", spoilt)
        monkeypatch.setattr("climcomp_workflows.run.variable.measure_again", counted)


@pytest.mark.parametrize(
    ("harm", "again"),
    [
        (lambda data: None, 2),
        (lambda data: data[: len(data) // 2], 2),
        (lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:], 2),
        (lambda data: data, 0),
    ],
    ids=["lost", "truncated", "damaged", "duplicated"],
)
def test_spoilt_statistics_are_measured_again_and_the_verdicts_are_the_same(
    undisturbed: RunOutcome,
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[bytes], bytes | None],
    again: int,
) -> None:
    monkeypatch.setattr(states, "FLUSH_AFTER_SHARDS", 2)
    spoiler = Spoiler(monkeypatch, harm)
    outcome = run_recipe(make_recipe(source, EXTRA))
    assert spoiler.harmed == 1
    assert len(spoiler.measured) == again
    assert same_verdicts(outcome, undisturbed)
    assert verify_archive(outcome.store, source=True).ok


class Crash(BaseException):
    """Ends this process, as far as a run can tell."""


def crash_after(monkeypatch: pytest.MonkeyPatch, records: int) -> None:
    """Let the run end, without any care, once so many shards are journalled."""
    append = Journal.append

    def counted(journal: Journal, record: dict[str, Any]) -> None:
        nonlocal records
        append(journal, record)
        records -= record.get("kind") == "shard"
        if records <= 0:
            raise Crash

    monkeypatch.setattr(Journal, "append", counted)


@pytest.mark.parametrize("records", [1, 3, 5, 6])
def test_a_crash_between_two_flushes_of_the_statistics_changes_nothing(
    undisturbed: RunOutcome,
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    records: int,
) -> None:
    monkeypatch.setattr(states, "FLUSH_AFTER_SHARDS", 2)
    with monkeypatch.context() as patch:
        crash_after(patch, records)
        with pytest.raises(Crash):
            run_recipe(make_recipe(source, EXTRA))
    outcome = run_recipe(make_recipe(source, EXTRA))
    assert outcome.resumed
    assert same_verdicts(outcome, undisturbed)


def test_a_shard_recompressed_to_other_bytes_is_measured_as_those(
    undisturbed: RunOutcome,
    source: Path,
    make_recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Statistics of bytes that are no longer stored would vouch for what nobody measured."""
    monkeypatch.setattr(states, "FLUSH_AFTER_SHARDS", 2)
    recipe = make_recipe(source, EXTRA)
    with monkeypatch.context() as patch:
        crash_after(patch, 5)
        with pytest.raises(Crash):
            run_recipe(recipe)
    (tmp_path / "out.zarr" / "tas" / "c.1.0.0").unlink()
    encode = shard.encode_shard

    def tighter(variable: Any, rung: Any, place: Any, index: Any, *others: Any) -> Any:
        """Another version of a codec: the same plan gives other bytes."""
        if index == (1, 0, 0):
            rung = variable.ladder[1]
        return encode(variable, rung, place, index, *others)

    measured: list[Index] = []
    measure = shard.measure_again

    def counted(task: shard.ShardTask) -> Index:
        measured.append(task.index)
        return measure(task)

    monkeypatch.setattr("climcomp_workflows.shard.compress.encode_shard", tighter)
    monkeypatch.setattr("climcomp_workflows.run.variable.measure_again", counted)
    outcome = run_recipe(recipe)
    # Its neighbour was in the same written state.
    assert (0, 0, 0) in measured
    receipt = verify_archive(outcome.store, source=True)
    assert receipt.ok
    assert outcome.report is not None
    reported = {v.criterion: v.value for one in outcome.report.variables for v in one.verdicts}
    found = {v.criterion: v.value for one in receipt.variables for v in one.verdicts}
    assert reported["P2"] == pytest.approx(found["P2"], rel=1e-9)


def test_a_store_that_loses_statistics_for_ever_ends_the_run_with_an_error(
    source: Path, make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = ArchiveStore.put

    def losing(store: ArchiveStore, key: str, data: bytes) -> None:
        if not key.endswith(".state"):
            put(store, key, data)

    with monkeypatch.context() as patch:
        patch.setattr(ArchiveStore, "put", losing)
        with pytest.raises(ArchiveDamagedError, match=r"tas: 6 shards .* measured 3 times"):
            run_recipe(make_recipe(source, EXTRA))
    outcome = run_recipe(make_recipe(source, EXTRA))
    assert outcome.resumed
    assert verify_archive(outcome.store, source=True).ok
