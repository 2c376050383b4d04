"""A pytest plugin that says, before the settings are read, that this is a test, and spares the collector of garbage.

Tests build their database as the owner of the tables and then act as the app role: see the root conftest.
"""

import gc
import os

os.environ.setdefault("WATTLEDGER_ENV", "test")
os.environ.setdefault("DATABASE_ROLE", "owner")

#: So many new objects before the collector looks at them: the collector's own 700 are for programs that hold little.
OBJECTS = 50_000


def pytest_collection_finish() -> None:
    """Leave what stands for the whole run out of every collection: the code, and ten thousand tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
