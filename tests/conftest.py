"""Fixtures that hand out real data where it is, and say so where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A machine with other work to do, or a first call that loads a registry of units, is no failure.
settings.register_profile("climcomp", deadline=None)
settings.load_profile("climcomp")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of 34 real files beside the project; CLIMCOMP_TEST_DATA names another place."""
    folder = Path(os.environ.get("CLIMCOMP_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "MANIFEST.md").exists():
        pytest.skip(f"the shared test data are absent: no {folder}/MANIFEST.md")
    return folder


@pytest.fixture(scope="session")
def iris_data() -> Path:
    """The NetCDF files of the package iris-sample-data."""
    package = pytest.importorskip("iris_sample_data", reason="iris-sample-data is not installed")
    return Path(package.path)
