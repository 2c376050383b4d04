"""Runs a piece of Python in a process of its own with the settings of production, and returns what it found."""

import base64
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

HOST = "portal.example"
_PRELUDE = """
import json
import django
django.setup()
from django.conf import settings
found = {}
"""
_END = "\nprint('\\n' + json.dumps(found))"


def environment(state: Path, **more: str) -> dict[str, str]:
    """A production's variables; its servers need not exist as long as nothing asks them."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONWARNINGS": "error",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "WATTLEDGER_ENV": "production",
        "WATTLEDGER_STATE": str(state),
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ENCRYPTION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ALLOWED_HOSTS": HOST,
        "PORTAL_DOMAIN": HOST,
        "DATABASE_URL": "postgresql://wattledger_app@localhost/nowhere",
        "REDIS_URL": "redis://localhost:1/0",
        **more,
    }


def run(state: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Python's in production."""
    return subprocess.run(
        [sys.executable, *command],
        env=environment(state, **more),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def found(state: Path, code: str, **more: str) -> dict[str, Any]:
    """Run the code, which fills `found`, and return it."""
    ended = run(state, "-c", _PRELUDE + code + _END, **more)
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer
