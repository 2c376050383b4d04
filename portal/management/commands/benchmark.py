"""`bin/benchmark [NAME …]`: measure, print, and with --write keep the figures in docs/benchmarks.md."""

import os
import platform
import re
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

# In the order of the main job: sessions come in, are priced, billed, looked at, exported.
NAMES = (
    "understanding",
    "ingest",
    "rating",
    "run",
    "payments",
    "documents",
    "pages",
    "lighthouse",
    "export",
    "audit",
    "seal",
    "privacy",
    "gateway",
)
FILL, PICTURES = "fill", "pictures"
MODULES = {FILL: "benchmarks.filled"}
#: What has no figures.
WITHOUT_FIGURES = (FILL, PICTURES)


class Command(BaseCommand):
    """Run benchmark modules, each in a process of its own, so that one's memory is not another's."""

    help = (
        "Measure files, import, rating, runs, payments, documents, pages, Lighthouse, exports, seals, sealed texts and"
        " stations."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all when none is given")
        parser.add_argument("--write", action="store_true", help="keep the figures in docs/benchmarks.md")

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["names"] or NAMES
        unknown = set(names) - {*NAMES, *WITHOUT_FIGURES}
        if unknown:
            raise CommandError(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}.")
        results = {name: self._measure(name) for name in names}
        if options["write"]:
            write_page({name: text for name, text in results.items() if text and name not in WITHOUT_FIGURES})
        if failed := [name for name, text in results.items() if text is None]:
            raise CommandError(f"No figures, as these ended with an error: {', '.join(failed)}.")

    def _measure(self, name: str) -> str | None:
        """Return what the benchmark printed; nothing when it failed, which does not keep the next one from running."""
        self.stdout.write(f"\n## {name}\n")
        # Unbuffered, so that a person sees the rows as they are measured.
        process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-u", "-m", MODULES.get(name, f"benchmarks.{name}")],
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = []
        for line in process.stdout or ():
            self.stdout.write(line.rstrip("\n"))
            lines.append(line)
        return None if process.wait() else "".join(lines)


def write_page(results: dict[str, str]) -> None:
    """Put the results into the page: each benchmark as it printed itself, with its day and machine; others stay."""
    page = settings.BASE_DIR / "docs" / "benchmarks.md"
    known = dict(
        re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    )
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    for name, text in results.items():
        known[name] = f"Measured on {timezone.now():%Y-%m-%d}: {machine}.\n\n{text.strip()}\n"
    head = (
        "# Benchmarks\n\nWritten by `bin/benchmark --write [NAME …]`. The program of each is in `benchmarks/`. "
        "Pages are measured\nin a state that is kept: `bin/benchmark fill` fills what is missing in it."
    )
    order = [*NAMES, *(name for name in known if name not in NAMES)]
    parts = [f"## {name}\n\n{known[name].strip()}" for name in order if name in known]
    page.write_text("\n\n".join([head, *parts]) + "\n", encoding="utf-8")
