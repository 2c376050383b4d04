"""A browser for the journeys: one that CHROMIUM names, one that is installed, or one that a package brings.

The package (`portal/tests/e2e/browser`) holds the program itself with its libraries and a font; npm lays it into
that folder, checked against the lock, and nothing is installed into the system. Only where no package serves, as on
another processor or without npm, and only as root on Debian, apt-get installs Chromium; that is said before.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from launcher.errors import Refusal
from launcher.paths import CHECKOUT
from launcher.terminal import tell

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "/usr/bin/chromium")
FOLDER = CHECKOUT / "portal" / "tests" / "e2e" / "browser"
BROUGHT = FOLDER / "node_modules" / ".chromium" / "run"
# Without a font every page is empty boxes, and the package only recommends some.
APT_PACKAGES = ("chromium", "fonts-liberation")
INTO_THE_FOLDER = (
    f"There is no browser here. npm lays one into {FOLDER.relative_to(CHECKOUT)}/node_modules (300 MB, once), for the "
    "journeys; nothing is installed into the system."
)
INTO_THE_SYSTEM = (
    f"There is no browser here, and no package brings one for this machine. apt-get now installs "
    f"{' and '.join(APT_PACKAGES)} INTO THE SYSTEM, for the journeys. To prevent it, name a browser in CHROMIUM."
)


def find(environment: Mapping[str, str]) -> str | None:
    """Return the browser that CHROMIUM names, or one that is installed, or the one that was brought."""
    if named := environment.get("CHROMIUM"):
        if not shutil.which(named):
            raise Refusal(f"CHROMIUM is {named}, which is no program.")
        return named
    installed = next((found for name in NAMES if (found := shutil.which(name))), None)
    return installed or (str(BROUGHT) if BROUGHT.exists() else None)


def can_bring() -> bool:
    """Whether a package holds a browser for this machine, and npm is here to lay it down."""
    has_tools = all(shutil.which(tool) for tool in ("node", "npm", "tar"))
    return has_tools and sys.platform == "linux" and platform.machine() == "x86_64"


def can_install() -> bool:
    """Whether we may install packages on this machine."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def way() -> Sequence[str]:
    """Return the command that gets a browser, having said what it will do; nothing where there is no way."""
    if can_bring():
        tell(INTO_THE_FOLDER)
        return [sys.executable, "-m", "launcher.browser"]
    if can_install():
        tell(INTO_THE_SYSTEM)
        return _apt()
    return []


def _apt() -> list[str]:
    install = f"apt-get install --yes --quiet --no-install-recommends {' '.join(APT_PACKAGES)}"
    # Two runs at once wait for each other's package manager.
    wait = "-o DPkg::Lock::Timeout=300"
    return ["sh", "-c", f"export DEBIAN_FRONTEND=noninteractive; apt-get update --quiet && {install} {wait}"]


def bring() -> None:
    """Lay the package down and unpack it. Raises CalledProcessError."""
    lay = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(lay, cwd=FOLDER, check=True)  # our own command
    subprocess.run(["node", "unpack.mjs"], cwd=FOLDER, check=True)  # our own command


if __name__ == "__main__":
    bring()
