"""Claims about asking networks at places: right on the grid, between it, and at every edge."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive import Archive, ArchiveStore
from climcomp.codecs.neural.inr.payload import ELSEWHERE, network_error, parse_payload
from climcomp.codecs.sz3 import Sz3
from climcomp.errors import ArchiveDamagedError, PayloadError, UsageError
from climcomp.frame import unpack_chunk
from climcomp.query import block as query_block
from climcomp.query import evaluate_at

from .conftest import (
    BOUND,
    COLUMNS,
    DAYS,
    LATS,
    LONS,
    ROWS,
    STEPS,
    Content,
    coordinates,
    encoder,
    grid_of_waves,
    in_turn,
    preview_encoder,
    wave,
)

SHARDED = {"chunk": (4, ROWS, COLUMNS), "shard": (8, ROWS, COLUMNS)}
LAYOUTS = {
    "whole fields": {},
    "in shards": SHARDED,
    "split fields": {"chunk": (5, 12, 18)},
    "padded": {"chunk": (7, 16, 40)},
}
each_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def base_of(archive: Archive, name: str = "tas") -> NDArray[np.float64]:
    """The bases of all blocks, within their ranges, put together."""
    spec = archive.specs[name]
    found = np.full(spec.shape, np.nan)
    for index in blocks.chunk_indices(spec.shape, spec.chunk):
        data = archive.stored_chunk(name, index).data
        header, _, body = unpack_chunk(data, spec.chunk, spec.numpy_dtype)
        parts = parse_payload(body, header.extent, spec.numpy_dtype)
        base = parts.base.values(parts.integers(spec.numpy_dtype)).reshape(header.extent)
        if header.value_range is not None:
            base = np.clip(base, *header.value_range)
        region = blocks.chunk_region(index, spec.shape, spec.chunk)
        found[region] = base[tuple(slice(n) for n in blocks.region_shape(region))]
    return found


def date(day: float) -> str:
    """A day of the tests' calendar, which has months of 30."""
    return f"2000-01-{1 + int(day):02d}T{round(day % 1 * 24):02d}:00"


@each_layout
def test_at_grid_points_it_is_the_base_of_the_decoder(make_waves: Any, layout: Any) -> None:
    archive = make_waves(**layout)
    expected = base_of(archive)
    rng = np.random.default_rng(0)
    t, y, x = (rng.integers(n, size=40) for n in expected.shape)
    places = {"time": [date(DAYS[i]) for i in t], "lat": LATS[y], "lon": LONS[x]}
    found = evaluate_at(archive, "tas", places)
    np.testing.assert_array_equal(np.stack([t, y, x], 1), found.indices)
    assert set(found.ways) == {"network"}
    assert np.abs(found.values - expected[t, y, x]).max() <= BOUND / 8
    assert (found.unit, found.dims) == ("K", ("time", "lat", "lon"))


def test_it_says_how_far_networks_are_off(make_waves: Any) -> None:
    archive = make_waves()
    off = base_of(archive) - grid_of_waves()
    chunk = archive.specs["tas"].chunk
    near = evaluate_at(archive, "tas", {"lat": 20, "lon": 30, "time": "2000-01-02"})
    (block,) = near.blocks[0]
    region = blocks.chunk_region(block, archive.specs["tas"].shape, chunk)
    assert near.errors[0] == pytest.approx(np.sqrt(np.mean(off[region] ** 2)), rel=0.05)
    assert near.notes[-1] == (
        f"at the grid points of their blocks the networks are off by {near.errors[0]:.3g} K, root "
        "mean square"
    )


@each_layout
def test_between_grid_points_it_is_the_smooth_field(make_waves: Any, layout: Any) -> None:
    archive = make_waves(encode=preview_encoder(), **layout)
    rng = np.random.default_rng(1)
    days, lats = rng.uniform(DAYS[0], DAYS[-1], 60), rng.uniform(LATS[-1], LATS[0], 60)
    lons = rng.uniform(-180, 360, 60)
    # Positions in time, since dates have no such fractions.
    found = evaluate_at(archive, "tas", {"lat": lats, "lon": lons}, {"time": days - 0.5})
    # An rmse of 0.02 at the points; straight lines between steps and blocks leave up to 0.1 more.
    assert np.abs(found.values - wave(days, lats, lons)).max() <= 0.25
    assert np.mean(np.abs(found.values - wave(days, lats, lons))) <= 0.03


def test_between_grid_points_a_base_is_as_near_as_at_them(make_waves: Any) -> None:
    archive = make_waves()
    lat, lon = (part.reshape(-1) for part in np.meshgrid(np.linspace(-80, 80, 81), np.arange(360)))
    found = evaluate_at(archive, "tas", {"lat": lat, "lon": lon, "time": "2000-01-03"})
    between = found.values - wave(2.0, lat, lon)
    at_points = base_of(archive)[:4] - grid_of_waves()[:4]
    assert np.abs(between).max() <= 1.2 * np.abs(at_points).max()
    assert between.std() <= 1.2 * at_points.std()


def test_a_place_between_steps_of_two_blocks_is_between_their_edges(make_waves: Any) -> None:
    archive = make_waves()
    at = {"latitude": 48.2, "longitude": 16.4}
    found = evaluate_at(archive, "tas", {**at, "time": ["2000-01-04T12", "2000-01-05T12"]})
    middle = evaluate_at(archive, "tas", {**at, "time": ["2000-01-04T18"]})
    assert [used for one in found.blocks for used in one] == [(0, 0, 0), (1, 0, 0)]
    assert middle.blocks == (((0, 0, 0), (1, 0, 0)),)
    expected = 0.75 * found.values[0] + 0.25 * found.values[1]
    assert middle.values[0] == pytest.approx(expected, abs=1e-6)
    assert "between blocks" in middle.notes[0]
    inside = evaluate_at(archive, "tas", {**at, "time": "2000-01-03T18"})
    assert inside.blocks == (((0, 0, 0),),)
    assert not any("between blocks" in note for note in inside.notes)


@each_layout
def test_longitude_wraps(make_waves: Any, layout: Any) -> None:
    archive = make_waves(encode=preview_encoder(), **layout)
    at = {"time": "2000-01-03T12:00", "lat": 11.25}
    same = evaluate_at(archive, "tas", {**at, "lon": [-10, 350, 710, -370]})
    assert np.ptp(same.values) == 0
    east = np.array([350, 352.5, 355, 357.5, 359.999, 360, 0])
    found = evaluate_at(archive, "tas", {**at, "lon": east})
    assert np.abs(found.values - wave(2.5, 11.25, east)).max() <= 0.15
    assert found.values[-1] == found.values[-2]
    ends = sorted(found.values[[0, -1]])
    assert ((found.values > ends[0] - 0.05) & (found.values < ends[1] + 0.05)).all()


def test_a_network_whose_columns_do_not_join_is_linear_across_the_seam(make_waves: Any) -> None:
    values = grid_of_waves() + np.linspace(0, 40, COLUMNS, dtype=np.float32)
    archive = make_waves(values)
    at = {"time": "2000-01-03T12:00", "lat": 11.25}
    ends = evaluate_at(archive, "tas", {**at, "lon": [350, 0]}).values
    found = evaluate_at(archive, "tas", {**at, "lon": [352.5, 357.5]}).values
    expected = ends[0] + (ends[1] - ends[0]) * np.array([0.25, 0.75])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_part_of_the_globe_does_not_wrap(make_waves: Any) -> None:
    lon = ("lon",), np.array([340.0, 350, 0, 10, 20, 30, 40, 50, 60, 70]), {"units": "degrees_east"}
    values = wave(DAYS[:, None, None], LATS[:, None], lon[1]).astype(np.float32)
    archive = make_waves(values, chunk=(4, ROWS, 10), lon=lon)
    found = evaluate_at(archive, "tas", {"lat": 30, "lon": [-5, 355, 15, 339.99999]}, {"time": 0})
    np.testing.assert_allclose(found.indices[:, 2], [1.5, 1.5, 3.5, 0])
    for outside in (75, 335, 180):
        with pytest.raises(UsageError, match=rf"tas: {outside} is outside of lon \(340 degrees"):
            evaluate_at(archive, "tas", {"lat": 30, "lon": outside}, {"time": 0})


def test_rising_and_falling_latitudes_say_the_same(make_archive: Any) -> None:
    content = coordinates()
    content["time"] = ("time",), DAYS[:8], content["time"][2]
    content["tas"] = ("time", "lat", "lon"), grid_of_waves()[:8], {"units": "K"}
    _, lats, attributes = content["lat"]
    turned = content | {
        "lat": (("lat",), lats[::-1].astype("f4"), attributes),
        "tas": (("time", "lat", "lon"), grid_of_waves()[:8, ::-1], {"units": "K"}),
    }
    coded = {"tas": ((4, ROWS, COLUMNS), None, preview_encoder())}
    at = {"lat": [80.0, 3.0, -55.5, 86.25], "lon": 25, "time": "2000-01-02"}
    found = [
        evaluate_at(make_archive(one, coded, name=f"{number}.zarr"), "tas", at).values
        for number, one in enumerate((content, turned))
    ]
    for values in found:
        np.testing.assert_allclose(values, wave(1.0, np.array(at["lat"]), 25), rtol=0, atol=0.1)


MISSING = {"nan": (np.nan, {}), "fill": (1e20, {"_FillValue": np.float32(1e20)})}


@pytest.mark.parametrize("kind", MISSING)
def test_a_place_beside_a_missing_cell_is_missing(make_waves: Any, kind: str) -> None:
    mark, attributes = MISSING[kind]
    values = grid_of_waves()
    values[:, 6:12, 5:9] = mark
    encode = encoder(exact=(1e20,), fill=float(mark))
    archive = make_waves(values, encode=encode, attributes=attributes)
    at = {"time": 3, "lat": [8, 8, 8, 8, 12, 4, 4.9], "lon": [5, 4, 4.5, 8.5, 5.5, 5, 5]}
    found = evaluate_at(archive, "tas", {}, at)
    assert found.ways == ("missing", "network", "missing", "missing", "network", "network",
                          "network")  # fmt: skip
    is_missing = [way == "missing" for way in found.ways]
    np.testing.assert_array_equal(np.isnan(found.values), is_missing)
    np.testing.assert_array_equal(np.isnan(found.errors), is_missing)
    assert found.notes[0].startswith("3 of 7 values are missing")
    near = evaluate_at(archive, "tas", {}, {"time": 3, "lat": [5.01, 5], "lon": 5})
    assert near.ways == ("missing", "network")


@pytest.mark.parametrize("kind", MISSING)
def test_missing_edges_and_blocks_are_missing(make_waves: Any, kind: str) -> None:
    mark, attributes = MISSING[kind]
    values = grid_of_waves()
    values[:, 20:], values[:, :, 30:], values[4:8] = mark, mark, mark
    encode = encoder(exact=(1e20,), fill=float(mark))
    archive = make_waves(values, encode=encode, attributes=attributes)
    steps, rows, columns = [0, 0, 0, 5, 3.5, 3], [19, 19.5, 22, 3, 3, 3], [3, 3, 3, 3, 3, 35.5]
    found = evaluate_at(archive, "tas", {}, {"time": steps, "lat": rows, "lon": columns})
    assert found.ways == ("network", *["missing"] * 5)
    everything = evaluate_at(archive, "tas", {}, {"time": 5, "lat": 3, "lon": 3})
    assert everything.statement.startswith("Preview values without a bound")


def test_cells_that_are_stored_exactly_are_said_exactly(make_waves: Any) -> None:
    values = grid_of_waves() - 270
    values[:, 8:14, 5:12] = 0
    archive = make_waves(values, encode=encoder(exact=(0.0,)))
    at = {"time": 1, "lat": [10, 8, 8, 8], "lon": [7.3, 4, 4.25, 4.75]}
    found = evaluate_at(archive, "tas", {}, at)
    assert found.ways == ("decoded", "network", "network, decoded", "network, decoded")
    assert found.values[0] == 0
    np.testing.assert_allclose(found.values[2:], found.values[1] * np.array([0.75, 0.25]))


def test_an_infinity_stays_one(make_waves: Any) -> None:
    values = grid_of_waves()
    values[1, 10, 7] = np.inf
    at = {"time": 1, "lat": [10, 10, 3.5], "lon": [7, 7.5, 3.5]}
    found = evaluate_at(make_waves(values), "tas", {}, at)
    np.testing.assert_array_equal(np.isposinf(found.values), [True, True, False])
    assert found.ways == ("decoded", "network, decoded", "network")


def test_values_stay_within_the_range_of_their_block(make_waves: Any) -> None:
    values = np.maximum(grid_of_waves() - 285, 0)
    archive = make_waves(values, encode=encoder(bound=1.0))
    rng = np.random.default_rng(2)
    at = {"time": 1, "lat": rng.uniform(0, ROWS - 1, 400), "lon": rng.uniform(0, COLUMNS, 400)}
    found = evaluate_at(archive, "tas", {}, at)
    assert found.values.min() == 0
    assert found.values.max() <= values.max()


def test_blocks_without_a_network_are_interpolated_between_decoded_values(make_waves: Any) -> None:
    values = grid_of_waves()
    values[8:] = 7.5
    archive = make_waves(values, encode=in_turn(encoder(), encoder(Sz3()), encoder()))
    decoded = archive.read("tas").astype(np.float64)
    at = {"time": [1, 5, 5.5, 9, 3.5], "lat": [3.5, 3, 3.5, 3, 3], "lon": [4, 4, 35.5, 4, 4]}
    found = evaluate_at(archive, "tas", {}, at)
    assert found.ways == ("network", "decoded", "decoded", "decoded", "network, decoded")
    assert found.values[1] == decoded[5, 3, 4]
    corners = decoded[5:7, 3:5][:, :, [35, 0]]
    assert found.values[2] == pytest.approx(corners.mean(), rel=1e-12)
    assert found.values[3] == 7.5
    assert any("4 of 5 values are interpolated linearly between decoded" in n for n in found.notes)


def test_a_block_that_was_left_to_ncx_is_decoded(make_waves: Any) -> None:
    values = (1e5 * np.random.default_rng(0).normal(size=(STEPS, 6, 7))).astype(np.float32)
    lat, lon = (("lat",), LATS[:6], {"units": "degrees_north"}), coordinates()["lon"]
    archive = make_waves(values, chunk=(4, 6, 7), lat=lat, lon=(("lon",), LONS[:7], lon[2]))
    spec = archive.specs["tas"]
    data = archive.stored_chunk("tas", (0, 0, 0)).data
    assert bytes(unpack_chunk(data, spec.chunk, spec.numpy_dtype)[2][:1]) == ELSEWHERE
    found = evaluate_at(archive, "tas", {}, {"time": 1, "lat": 2.5, "lon": 3})
    assert found.ways == ("decoded",)
    decoded = archive.read("tas").astype(np.float64)
    assert found.values[0] == pytest.approx(decoded[1, 2:4, 3].mean(), rel=1e-12)


def with_members() -> Content:
    """Two members, three steps, two levels on the grid, which need two dimensions read as one."""
    content = coordinates()
    shifts = np.array([0.0, 10.0])[:, None, None, None, None]
    heights = np.array([0.0, -50.0])[:, None, None]
    content["time"] = ("time",), DAYS[:3], content["time"][2]
    content["ta"] = (
        ("member", "time", "lev", "lat", "lon"),
        (grid_of_waves()[None, :3, None] + heights + shifts).astype(np.float32),
        {"units": "K"},
    )
    content["member"] = ("member",), np.array([3, 7], "i4"), {}
    content["lev"] = ("lev",), np.array([850.0, 500.0]), {"units": "hPa", "positive": "down"}
    return content


def test_members_are_taken_exactly_and_times_of_five_dimensions_between(make_archive: Any) -> None:
    coded = {"ta": ((2, 3, 2, ROWS, COLUMNS), None, preview_encoder())}
    archive = make_archive(with_members(), coded)
    at = {"latitude": 20, "longitude": 30, "time": "2000-01-02", "level": 675}
    found = evaluate_at(archive, "ta", {**at, "member": [3, 7]})
    expected = wave(1.0, 20, 30) - 25
    np.testing.assert_allclose(found.values, [expected, expected + 10], rtol=0, atol=0.5)
    for wrong, says in (({"member": 5}, "no member 5; there are 3, 7"), ({}, "not given: member")):
        with pytest.raises(UsageError, match=says):
            evaluate_at(archive, "ta", {**at, **wrong})
    with pytest.raises(UsageError, match="nothing between the positions of member"):
        evaluate_at(archive, "ta", at, {"member": 0.5})
    by_position = evaluate_at(archive, "ta", at, {"member": 1})
    assert by_position.values[0] == found.values[1]


def with_preview(make_archive: Any, codec: Any) -> Archive:
    content = coordinates()
    of_waves = ("time", "lat", "lon"), grid_of_waves()[:8], {"units": "K"}
    content |= {"tas": of_waves, "preview/tas": of_waves}
    content["time"] = ("time",), DAYS[:8], content["time"][2]
    chunk = (4, ROWS, COLUMNS)
    coded = {"tas": (chunk, None, encoder(codec)), "preview/tas": (chunk, None, preview_encoder())}
    archive: Archive = make_archive(content, coded)
    return archive


def test_a_preview_is_asked_by_its_own_name_and_says_what_it_is(make_archive: Any) -> None:
    archive = with_preview(make_archive, Sz3())
    at = {"lat": 20, "lon": [30, 35], "time": "2000-01-02"}
    found = evaluate_at(archive, "preview/tas", at)
    assert found.ways == ("preview", "preview")
    assert found.statement.startswith("Preview values without a bound: preview/tas keeps networks")
    np.testing.assert_allclose(found.values, wave(1.0, 20, np.array([30, 35])), rtol=0, atol=0.1)
    with pytest.raises(UsageError, match=r"tas has no coordinate networks.*Ask for its preview, "
                       r"preview/tas; or take its decoded values"):  # fmt: skip
        evaluate_at(archive, "tas", at)


def test_missing_values_of_a_preview_are_said_to_be_of_one(make_archive: Any) -> None:
    content = coordinates()
    fields = np.full_like(grid_of_waves(), np.nan)
    content["preview/tas"] = ("time", "lat", "lon"), fields, {"units": "K"}
    coded = {"preview/tas": ((4, ROWS, COLUMNS), None, preview_encoder())}
    at = {"lat": 20, "lon": 30, "time": "2000-01-02"}
    found = evaluate_at(make_archive(content, coded), "preview/tas", at)
    assert found.ways == ("missing",)
    assert "preview/tas keeps networks alone" in found.statement


def test_a_variable_without_networks_names_those_that_have_them(make_archive: Any) -> None:
    content = coordinates()
    for name in ("tas", "ts", "plain"):
        content[name] = ("time", "lat", "lon"), grid_of_waves(), {"units": "K"}
    chunk = (4, ROWS, COLUMNS)
    coded = {"tas": (chunk, None, encoder()), "ts": (chunk, None, encoder(Sz3()))}
    report = b'{"variables": [{"name": "tas", "codecs": {"inr": 3}}, {"name": "ts"}]}'
    archive = make_archive(content, coded, {"report.json": report})
    at = {"lat": 20, "lon": 30, "time": "2000-01-02"}
    assert evaluate_at(archive, "tas", at).ways == ("network",)
    for name in ("ts", "plain"):
        with pytest.raises(UsageError, match=rf"{name} has no coordinate networks.*have: tas"):
            evaluate_at(archive, name, at)
    with pytest.raises(UsageError, match=r"no variable 'taz'\. Did you mean .*with networks: tas"):
        evaluate_at(archive, "taz", at)


def test_a_block_elsewhere_than_its_variables_networks_is_no_error(make_archive: Any) -> None:
    content = coordinates()
    content["tas"] = ("time", "lat", "lon"), grid_of_waves(), {"units": "K"}
    coded = {"tas": ((4, ROWS, COLUMNS), None, encoder(Sz3()))}
    report = b'{"variables": [{"name": "tas", "codecs": {"inr": 3, "sz3": 1}}]}'
    archive = make_archive(content, coded, {"report.json": report})
    found = evaluate_at(archive, "tas", {"lat": 20, "lon": 30, "time": "2000-01-02"})
    assert found.ways == ("decoded",)
    assert found.statement.startswith("Values without a bound between grid points: interpolated")


def test_only_the_bytes_of_the_blocks_around_are_read_and_nothing_is_decoded(
    make_waves: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make_waves(**SHARDED)
    asked: list[tuple[str, int]] = []
    get_range, get = ArchiveStore.get_range, ArchiveStore.get

    def watched(self: Any, key: str, start: int, length: int) -> bytes:
        asked.append((key, length))
        return get_range(self, key, start, length)

    def refused(self: Any, key: str) -> bytes:
        assert not key.startswith("tas/")
        return get(self, key)

    def never(*_: Any) -> None:
        raise AssertionError("a block was decoded")

    monkeypatch.setattr(ArchiveStore, "get_range", watched)
    monkeypatch.setattr(ArchiveStore, "get", refused)
    monkeypatch.setattr(query_block, "decode_block", never)
    evaluate_at(archive, "tas", {"lat": [20, 30], "lon": 30, "time": "2000-01-06"})
    chunk = archive.stored_chunk("tas", (1, 0, 0))
    assert asked[:2] == [("tas/c.0.0.0", 2 * 16 + 4), ("tas/c.0.0.0", len(chunk.data))]
    assert len(asked) == 4


@pytest.mark.parametrize("layout", [{}, SHARDED], ids=["plain", "sharded"])
def test_a_damaged_block_is_named_and_others_are_asked(make_waves: Any, layout: Any) -> None:
    archive = make_waves(**layout)
    chunk = archive.stored_chunk("tas", (1, 0, 0))
    data = bytearray(archive.store.get(chunk.key))
    data[chunk.offset + len(chunk.data) // 2] ^= 1
    archive.store.put(chunk.key, bytes(data))
    at = {"lat": 20, "lon": 30}
    with pytest.raises(PayloadError, match=rf"{chunk.key}: inner chunk \(1, 0, 0\) of tas: CRC"):
        evaluate_at(archive, "tas", {**at, "time": "2000-01-06"})
    assert evaluate_at(archive, "tas", {**at, "time": "2000-01-02"}).ways == ("network",)
    archive.store.delete(chunk.key)
    with pytest.raises(ArchiveDamagedError, match=f"{chunk.key} is missing"):
        evaluate_at(archive, "tas", {**at, "time": "2000-01-06"})


def test_values_of_packed_floats_are_unpacked(make_waves: Any) -> None:
    attributes = {"scale_factor": np.float32(2), "add_offset": np.float32(-100)}
    archive = make_waves(attributes=attributes)
    at = {"lat": LATS[9], "lon": 30, "time": date(DAYS[2])}
    found = evaluate_at(archive, "tas", at)
    assert found.values[0] == pytest.approx(2 * base_of(archive)[2, 9, 3] - 100, abs=BOUND / 4)
    chunk = archive.stored_chunk("tas", found.blocks[0][0])
    _, _, body = unpack_chunk(chunk.data, archive.specs["tas"].chunk, np.dtype("f4"))
    assert found.errors[0] == pytest.approx(2 * network_error(body), rel=1e-6)


READ = """
import sys
sys.modules.update(dict.fromkeys(("torch", "dask", "xarray", "pydantic")))
from climcomp.archive import open_archive
from climcomp.query import evaluate_at
at = {"lat": 20, "lon": 30, "time": "2000-01-02"}
print(repr(float(evaluate_at(open_archive(sys.argv[1]), "tas", at).values[0])))
"""


def test_nothing_but_numpy_is_needed(make_waves: Any) -> None:
    archive = make_waves()
    command = [sys.executable, "-c", READ, str(archive.store.root)]
    said = subprocess.run(command, check=True, timeout=120, capture_output=True, text=True).stdout
    expected = evaluate_at(archive, "tas", {"lat": 20, "lon": 30, "time": "2000-01-02"}).values[0]
    assert float(said) == expected
