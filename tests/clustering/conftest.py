"""What the tests of music share: large tables."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def big_tables():
    """The folder of large tables that EMOTIFY_TRACKS names."""
    folder = os.environ.get("EMOTIFY_TRACKS")
    if not folder:
        pytest.skip("EMOTIFY_TRACKS names no folder of big tables")
    return Path(folder)
