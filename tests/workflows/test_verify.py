"""Verification finds everything that was done to an archive or to its source, and names it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from climcomp.archive import open_archive, open_store, rehash
from climcomp.errors import ArchiveDamagedError, ClimcompError, SourceError
from climcomp_workflows.recipe import parse_recipe
from climcomp_workflows.run import run_recipe
from climcomp_workflows.verify import verify_archive
from tests.workflows.conftest import smooth_field

STEPS, ROWS, COLUMNS = 24, 12, 18


def write_source(path: Path, steps: int = STEPS) -> None:
    """Two variables that are compressed, one that is carried, on a grid with bounds."""
    with netCDF4.Dataset(path, "w") as file:
        file.title = "a small model"
        for dim, size in (("time", None), ("lat", ROWS), ("lon", COLUMNS)):
            file.createDimension(dim, size)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2001-01-01", "noleap"
        time[:] = np.arange(steps) + 0.5
        lat = file.createVariable("lat", "f8", ("lat",))
        lat.units = "degrees_north"
        lat[:] = -90 + (np.arange(ROWS) + 0.5) * 180 / ROWS
        lon = file.createVariable("lon", "f8", ("lon",))
        lon.units = "degrees_east"
        lon[:] = np.arange(COLUMNS) * 360 / COLUMNS
        for name, seed in (("tas", 3), ("tos", 4)):
            data = file.createVariable(name, "f4", ("time", "lat", "lon"))
            data.units, data.standard_name = "K", "air_temperature"
            data[:] = smooth_field(steps, ROWS, COLUMNS, seed)
        count = file.createVariable("count", "i4", ("time", "lat", "lon"))
        count.long_name = "number of stations"
        count[:] = np.arange(steps * ROWS * COLUMNS).reshape(steps, ROWS, COLUMNS) % 7


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `source.nc` and the archive `out.zarr` of it; never changed."""
    folder = tmp_path_factory.mktemp("published")
    write_source(folder / "source.nc")
    recipe = parse_recipe(
        f"recipe: 1\nname: test\ninput: {{files: '{folder}/source.nc'}}\n"
        f"output: {{store: '{folder}/out.zarr', shard_size: {6 * ROWS * COLUMNS * 4} B}}\n"
        "cluster: {kind: inline}\nquality: bounds\n"
        "variables: {tas: {bound: 0.05 K}, tos: {bound: 0.05 K}}\n"
    )
    run_recipe(recipe)
    return folder


@pytest.fixture
def archive(published: Path, tmp_path: Path) -> Path:
    """A copy of the archive to do harm to; its source is still that of `published`."""
    return Path(shutil.copytree(published / "out.zarr", tmp_path / "out.zarr"))


def flip(path: Path, at: int | None = None, bit: int = 1) -> None:
    """Change one bit of a file, in the middle unless told."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= bit
    path.write_bytes(data)


def copied_source(published: Path, tmp_path: Path) -> Path:
    """The source in another folder, with the times that it had."""
    return Path(shutil.copy2(published / "source.nc", tmp_path / "moved.nc"))


def test_an_untouched_archive_is_verified_with_and_without_its_source(archive: Path) -> None:
    alone = verify_archive(str(archive))
    assert alone.ok
    assert alone.variables == ()
    compared = verify_archive(str(archive), source=True)
    assert compared.ok
    assert {v.name: v.how for v in compared.variables} == {
        "tas": "within its bound",
        "tos": "within its bound",
        **dict.fromkeys(("count", "lat", "lon", "time"), "exact"),
    }


def test_workers_find_what_one_process_finds(archive: Path, published: Path) -> None:
    flip(archive / "tas" / "c.1.0.0")
    inline = verify_archive(str(archive), source=True, workers=0)
    spread = verify_archive(str(archive), source=True, workers=2)
    assert not spread.ok
    assert spread.damaged == inline.damaged
    for mine, theirs in zip(spread.variables, inline.variables, strict=True):
        assert (mine.name, mine.ok, mine.how) == (theirs.name, theirs.ok, theirs.how)
        assert mine.problems == theirs.problems
        for a, b in zip(mine.verdicts, theirs.verdicts, strict=True):
            assert (a.criterion, a.outcome) == (b.criterion, b.outcome)
            # Sums of float64 in another order.
            assert (a.value or 0.0) == pytest.approx(b.value or 0.0, rel=1e-9)


def test_a_flipped_bit_in_a_shard_is_named(archive: Path) -> None:
    flip(archive / "tos" / "c.2.0.0")
    receipt = verify_archive(str(archive), source=True)
    assert not receipt.ok
    assert [text.partition(":")[0] for text in receipt.damaged] == ["tos/c.2.0.0"]
    failed = [v for v in receipt.variables if not v.ok]
    assert [v.name for v in failed] == ["tos"]
    assert "tos/c.2.0.0" in failed[0].problems[0]


def test_a_deleted_shard_is_named(archive: Path) -> None:
    (archive / "tas" / "c.0.0.0").unlink()
    receipt = verify_archive(str(archive), source=True)
    assert not receipt.ok
    assert "tas/c.0.0.0: missing" in receipt.damaged[0]
    assert [v.name for v in receipt.variables if not v.ok] == ["tas"]


def test_two_exchanged_shards_are_named(archive: Path) -> None:
    a, b = archive / "tas" / "c.0.0.0", archive / "tas" / "c.1.0.0"
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)
    receipt = verify_archive(str(archive), source=True)
    assert not receipt.ok
    assert [t.partition(":")[0] for t in receipt.damaged] == ["tas/c.0.0.0", "tas/c.1.0.0"]
    assert [v.name for v in receipt.variables if not v.ok] == ["tas"]


def test_a_flipped_bit_in_the_metadata_of_an_array_is_named(archive: Path) -> None:
    flip(archive / "tas" / "zarr.json")
    receipt = verify_archive(str(archive))
    assert not receipt.ok
    assert any("tas/zarr.json" in text for text in receipt.damaged)


def test_a_flipped_bit_in_the_manifest_is_a_clear_error(archive: Path) -> None:
    for name in ("index.json", "000000.jsonl"):
        folder = archive / "climcomp" / "manifest"
        kept = (folder / name).read_bytes()
        flip(folder / name)
        with pytest.raises(ArchiveDamagedError, match=name):
            verify_archive(str(archive))
        (folder / name).write_bytes(kept)
    assert verify_archive(str(archive)).ok


def test_a_flipped_bit_in_the_plan_gives_a_receipt_that_says_what_is_not_known(
    archive: Path,
) -> None:
    flip(archive / "climcomp" / "plan.json")
    receipt = verify_archive(str(archive), source=True)
    assert not receipt.ok
    assert "climcomp/plan.json" in receipt.damaged[0]
    assert "plan.json" in receipt.uncompared
    assert not receipt.with_source
    assert "NOT VERIFIED" in receipt.text()


def test_a_flipped_bit_in_any_document_is_named(archive: Path) -> None:
    for path in sorted((archive / "climcomp").glob("*.*")):
        kept = path.read_bytes()
        flip(path)
        try:
            receipt = verify_archive(str(archive), source=True)
        except ArchiveDamagedError as error:
            assert path.name in str(error)  # noqa: PT017
        else:
            assert not receipt.ok, path
            assert any(path.name in text or "'climcomp'" in text for text in receipt.damaged), path
        path.write_bytes(kept)


def test_every_flipped_byte_of_the_root_metadata_is_found(archive: Path) -> None:
    root = archive / "zarr.json"
    kept = root.read_bytes()
    positions = np.random.default_rng(8).choice(len(kept), 120, replace=False)
    for at in sorted(int(position) for position in positions):
        flip(root, at, bit=1)
        try:
            receipt = verify_archive(str(archive))
        except ClimcompError:
            pass
        else:
            assert not receipt.ok, kept[max(0, at - 30) : at + 30]
        root.write_bytes(kept)


def test_a_variable_taken_out_of_the_root_metadata_is_found(archive: Path) -> None:
    root = json.loads((archive / "zarr.json").read_text())
    del root["consolidated_metadata"]["metadata"]["tas"]
    (archive / "zarr.json").write_text(json.dumps(root))
    receipt = verify_archive(str(archive))
    assert not receipt.ok
    assert any("'tas' is missing" in text for text in receipt.damaged)


def test_a_foreign_object_is_reported_by_name(archive: Path) -> None:
    (archive / "tas" / "c.9.0.0").write_bytes(b"who wrote this?")
    receipt = verify_archive(str(archive))
    assert receipt.foreign == ("tas/c.9.0.0",)
    assert not receipt.ok
    assert "not published with it: tas/c.9.0.0" in receipt.text()


def test_what_a_run_leaves_when_it_is_killed_at_its_very_end_is_not_foreign(archive: Path) -> None:
    (archive / "climcomp" / "journal.jsonl").write_bytes(b"")
    (archive / "climcomp" / "lease.00000001.json").write_bytes(b"{}")
    assert verify_archive(str(archive)).ok


def test_one_bit_of_one_source_value_is_found_and_its_shard_named(
    archive: Path, published: Path, tmp_path: Path
) -> None:
    moved = copied_source(published, tmp_path)
    with netCDF4.Dataset(moved, "a") as file:
        value = np.array(file["tos"][13, 4, 5]).reshape(1)
        value.view("u4")[0] ^= 1
        file["tos"][13, 4, 5] = value[0]
    receipt = verify_archive(str(archive), source=True, sources={"": [str(moved)]})
    assert not receipt.ok
    (failed,) = (v for v in receipt.variables if not v.ok)
    assert failed.name == "tos"
    assert "tos/c.2.0.0" in failed.problems[0]
    assert "not those that the archive was made from" in failed.problems[0]


def test_one_other_integer_is_named_with_its_place_and_both_values(
    archive: Path, published: Path, tmp_path: Path
) -> None:
    moved = copied_source(published, tmp_path)
    with netCDF4.Dataset(moved, "a") as file:
        file["count"][13, 4, 5] = 99
    receipt = verify_archive(str(archive), source=True, sources={"": [str(moved)]})
    (failed,) = (v for v in receipt.variables if not v.ok)
    assert failed.name == "count"
    assert "(13, 4, 5)" in failed.problems[0]
    assert "99" in failed.problems[0]


def test_a_source_in_another_folder_is_found_there(
    archive: Path, published: Path, tmp_path: Path
) -> None:
    moved = copied_source(published, tmp_path)
    receipt = verify_archive(str(archive), source=True, sources={"": [str(moved)]})
    assert receipt.ok
    assert receipt.source_files == ((str(moved), moved.stat().st_size),)


def test_a_group_without_files_and_a_group_that_is_none_are_refused(
    archive: Path, published: Path
) -> None:
    with pytest.raises(SourceError, match="say where the files"):
        verify_archive(str(archive), source=True, sources={})
    files = [str(published / "source.nc")]
    with pytest.raises(SourceError, match="'ocean'"):
        verify_archive(str(archive), source=True, sources={"": files, "ocean": files})


def test_a_source_that_lacks_a_variable_fails_it_and_compares_the_others(
    archive: Path, published: Path, tmp_path: Path
) -> None:
    moved = copied_source(published, tmp_path)
    with netCDF4.Dataset(moved, "a") as file:
        file.renameVariable("tos", "sst")
    receipt = verify_archive(str(archive), source=True, sources={"": [str(moved)]})
    assert [v.name for v in receipt.variables if not v.ok] == ["tos"]
    assert "'tos'" in next(v for v in receipt.variables if not v.ok).problems[0]
    # And what the archive does not have is said before somebody deletes it.
    assert [name for name, _ in receipt.absent] == ["sst"]


def test_a_longer_source_is_not_taken_for_the_archived_one(archive: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer.nc"
    write_source(longer, STEPS + 6)
    receipt = verify_archive(str(archive), source=True, sources={"": [str(longer)]})
    assert not receipt.ok
    failed = {v.name: v for v in receipt.variables if not v.ok}
    assert "time 30" in failed["tas"].problems[0]
    assert "time 24" in failed["tas"].problems[0]


def test_a_source_that_is_gone_is_named(archive: Path, published: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        verify_archive(str(archive), source=True, sources={"": [str(tmp_path / "nowhere.nc")]})


def test_a_truncated_source_fails_what_cannot_be_read(
    archive: Path, published: Path, tmp_path: Path
) -> None:
    moved = copied_source(published, tmp_path)
    os.truncate(moved, moved.stat().st_size // 2)
    with pytest.raises(SourceError, match=r"moved\.nc"):
        verify_archive(str(archive), source=True, sources={"": [str(moved)]})


def test_a_refused_variable_is_named_and_its_originals_are_to_be_kept(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = parse_recipe(
        f"recipe: 1\nname: test\ninput: {{files: '{published}/source.nc'}}\n"
        f"output: {{store: '{tmp_path}/refused.zarr'}}\ncluster: {{kind: inline}}\n"
        "variables: {tas: {bound: 0.05 K, on_fail: refuse}, tos: {bound: 0.05 K}}\n"
        "checks: {limits: {P2.fail: 1e-12}}\n"
    )
    outcome = run_recipe(recipe)
    assert outcome.refused == ("tas",)
    receipt = verify_archive(outcome.store, source=True)
    assert not receipt.ok
    (failed,) = (v for v in receipt.variables if not v.ok)
    assert (failed.name, failed.how) == ("tas", "not in the archive")
    assert "Keep its originals" in failed.problems[0]


def test_damage_that_no_checksum_shows_is_found_in_the_values(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the manifest vouched for other values, comparing with the source would still tell."""
    monkeypatch.setattr("climcomp_workflows.verify.objects.rehash", lambda store, entries: [])
    a, b = archive / "tas" / "c.0.0.0", archive / "tas" / "c.1.0.0"
    first, second = a.read_bytes(), b.read_bytes()
    entries = {e.key: e for e in open_archive(archive).manifest()}
    assert rehash(open_store(archive), entries.values()) == []
    a.write_bytes(second)
    b.write_bytes(first)
    receipt = verify_archive(str(archive), source=True)
    assert receipt.damaged == ()
    (failed,) = (v for v in receipt.variables if not v.ok)
    assert failed.name == "tas"


def test_progress_is_told_and_not_too_often(archive: Path) -> None:
    said: list[str] = []
    verify_archive(str(archive), source=True, say=said.append)
    assert any("re-hashing" in text for text in said)
    assert any("comparing with the source: tas" in text for text in said)
    assert len(said) < 250
