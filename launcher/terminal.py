"""What a person at the terminal is told. He may have closed it, which is no reason to fall over."""

import contextlib
import sys


def say(text: str) -> None:
    """Tell how things go (standard error)."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def tell(text: str) -> None:
    """Give the result that was asked for (standard output)."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
