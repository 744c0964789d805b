"""What the tests of music share: the catalogue that comes with the project, and large tables."""

import os
from pathlib import Path

import pytest

from clustering.catalogue import open_catalogue


@pytest.fixture(scope="session")
def catalogue():
    """The project's own tracks and moods; nothing may change them."""
    return open_catalogue()


@pytest.fixture(scope="session")
def big_tables():
    """The folder of large tables that EMOTIFY_TRACKS names."""
    folder = os.environ.get("EMOTIFY_TRACKS")
    if not folder:
        pytest.skip("EMOTIFY_TRACKS names no folder of big tables")
    return Path(folder)
