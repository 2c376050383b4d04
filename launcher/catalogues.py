"""Translations: the catalogues people write (.po) compiled into what gettext reads (.mo), by Babel.

Django's own command needs GNU gettext on the machine; this needs nothing. A catalogue is compiled when
it is newer than its result, so asking each time costs a look at two files a language.
"""

import os
import tempfile
from io import BytesIO
from pathlib import Path


class Malformed(ValueError):
    """A catalogue that cannot be read. The message names the file and the line."""


def compile_all(folder: Path) -> list[Path]:
    """Compile every catalogue below `locale/` that changed. Returns the results that were written."""
    catalogues = sorted(folder.glob("*/LC_MESSAGES/*.po"))
    return [path.with_suffix(".mo") for path in catalogues if compile_one(path)]


def compile_one(path: Path) -> bool:
    """Compile one catalogue if it is newer than its result. Two at once do not disturb each other."""
    result = path.with_suffix(".mo")
    changed_at = path.stat().st_mtime_ns
    try:
        if result.stat().st_mtime_ns == changed_at:
            return False
    except FileNotFoundError:
        pass
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(compiled(path))
        # The result carries the moment of its source, so a restored older catalogue counts as changed too.
        os.utime(fresh, ns=(changed_at, changed_at))
        Path(fresh).chmod(0o644)
        Path(fresh).replace(result)
    except BaseException:
        Path(fresh).unlink()
        raise
    return True


def compiled(path: Path) -> bytes:
    """Return the .mo file of a catalogue. Untranslated, fuzzy and obsolete entries are left out.

    Raises:
        Malformed: it is no catalogue.
    """
    # A tenth of a second that a start with nothing to compile need not pay.
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except PoFileError as error:
        raise Malformed(f"{path}, line {error.lineno + 1}: {error}") from error
    result = BytesIO()
    write_mo(result, catalogue)
    return result.getvalue()
