"""A pytest plugin that says, before the settings are read, that this is a test.

Tests build their database as the owner of the tables and then act as the app role: see the root conftest.
"""

import os

os.environ.setdefault("WATTLEDGER_ENV", "test")
os.environ.setdefault("DATABASE_ROLE", "owner")
