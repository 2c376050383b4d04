"""One style sheet and one script for every page, put together and made small when static files are collected.

In the sources a sheet has one subject and a module one behaviour (docs/face.md), which a browser would fetch in
twenty requests. `BundledStorage` joins them by the list below, takes comments and spaces out, and leaves the rest
to WhiteNoise: names that hold a hash of the content, kept by browsers for good, and compressed files beside the
plain ones. Without collecting (in tests) the parts are served one by one: `addresses` knows which is the case.

A module of the script is wrapped in a block, so that its names stay its own; it may import nothing.
"""

import posixpath
import re
from typing import Any

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

#: The parts of each bundle, in their order. Parts that npm brings may be missing.
BUNDLES: dict[str, tuple[str, ...]] = {
    "css/portal.css": (
        "font/index.css",
        *(
            f"css/{name}.css"
            for name in (
                "tokens", "base", "layouts", "buttons", "forms", "tables", "data", "components", "charts", "finance",
                "driver", "guide", "print",
            )
        ),
    ),
    "js/portal.js": tuple(
        f"js/{name}.js"
        for name in (
            "theme", "menu", "dialog", "filters", "messages", "partial", "relative-time", "copy", "file-drop",
            "choose-all", "search", "kept", "errors", "price-rows", "week-paint",
            "offline", "lists", "tabs",
        )
    ),
}  # fmt: skip
#: `.field :where(…)`: anything inside. Taking out its space, as the minifier does in a nested rule, would make it
#: `.field:where(…)`, the thing itself; an asterisk says the same and keeps the space.
_INSIDE = re.compile(r"(?<=[\w\])]) :(?=[a-z:])")
_ADDRESS = re.compile(r"""url\(\s*(["']?)(?![a-z]+:|/|#)([^"')]+)\1\s*\)""")


class BundledStorage(CompressedManifestStaticFilesStorage):
    """Adds the bundles to the collected files and makes every sheet and script small, before names get their hash."""

    def post_process(self, paths: dict[str, Any], *, dry_run: bool = False, **options: Any) -> Any:
        """Yield what was done, as Django's own does."""
        if dry_run:
            return
        for bundle, parts in BUNDLES.items():
            there = {part: _read(*paths.pop(part)) for part in parts if part in paths}
            self._write(bundle, _joined(bundle, there))
            paths[bundle] = (self, bundle)
        for path in list(paths):
            if path.endswith((".css", ".js")) and ".min." not in path and path not in BUNDLES:
                self._write(path, _small(path, _read(*paths[path])))
                paths[path] = (self, path)
        yield from super().post_process(paths, dry_run=dry_run, **options)

    def _write(self, path: str, text: str) -> None:
        self.delete(path)
        self._save(path, ContentFile(text.encode()))


def addresses(bundle: str) -> list[str]:
    """Return where a page finds the bundle: one file, or its parts where nothing has been collected."""
    if hasattr(staticfiles_storage, "manifest_name"):  # the storage is behind a lazy object
        return [staticfiles_storage.url(bundle)]
    return [staticfiles_storage.url(part) for part in BUNDLES[bundle] if finders.find(part)]


def _read(storage: Any, path: str) -> str:
    with storage.open(path) as file:
        return str(file.read().decode())


def _joined(bundle: str, parts: dict[str, str]) -> str:
    if bundle.endswith(".css"):
        return _small(bundle, "\n".join(_moved(text, part, bundle) for part, text in parts.items()))
    return _small(bundle, "\n".join(f"{{\n{text}\n}}" for text in parts.values()))


def _moved(sheet: str, path: str, to: str) -> str:
    """Write relative addresses in a sheet anew, as seen from the bundle's folder."""

    def seen_from_there(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[2]))
        return f'url("{posixpath.relpath(target, posixpath.dirname(to))}")'

    return _ADDRESS.sub(seen_from_there, sheet)


def _small(path: str, text: str) -> str:
    return str(cssmin(_INSIDE.sub(" *:", text)) if path.endswith(".css") else jsmin(text))
