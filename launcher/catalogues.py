"""Translations: the catalogues people write (.po) compiled into what gettext reads (.mo).

Django's own command needs GNU gettext on the machine; this needs nothing. A catalogue is compiled when
it is newer than its result, so asking each time costs a look at two files a language.

The formats: https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html and MO-Files.html there.
"""

import ast
import os
import re
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

MAGIC = 0x950412DE
HEADER = struct.Struct("<7I")
KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d+)\])?)\s+(\".*\")\s*")


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
            file.write(pack(read(path)))
        # The result carries the moment of its source, so a restored older catalogue counts as changed too.
        os.utime(fresh, ns=(changed_at, changed_at))
        Path(fresh).chmod(0o644)
        Path(fresh).replace(result)
    except BaseException:
        Path(fresh).unlink()
        raise
    return True


def read(path: Path) -> dict[str, str]:
    """Return the translations of a catalogue: gettext's key (context, singular, plural) -> its forms.

    Untranslated, fuzzy and obsolete entries are left out; the header has the key ''.
    """
    translations: dict[str, str] = {}
    for entry in _entries(path):
        forms = [entry.get(f"msgstr[{number}]", "") for number in range(8)] if "msgid_plural" in entry else []
        text = "\0".join(form for form in forms if form) if forms else entry.get("msgstr", "")
        if not text:
            continue
        key = entry["msgid"]
        if "msgid_plural" in entry:
            key = f"{key}\0{entry['msgid_plural']}"
        if "msgctxt" in entry:
            key = f"{entry['msgctxt']}\x04{key}"
        translations[key] = text
    return translations


def _entries(path: Path) -> Iterator[dict[str, str]]:
    """Yield each entry as keyword -> text, skipping those marked fuzzy (the header may carry that mark)."""
    entry: dict[str, str] = {}
    keyword, is_fuzzy = "", False
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate([*lines, ""], 1):
        text = line.strip()
        is_over = text == "" or text.startswith(("#", "msgctxt", "msgid "))
        if is_over and "msgid" in entry and keyword.startswith("msgstr"):
            if not is_fuzzy or entry["msgid"] == "":
                yield entry
            entry, keyword, is_fuzzy = {}, "", False
        if text.startswith("#,"):
            is_fuzzy = is_fuzzy or "fuzzy" in text
        elif text and not text.startswith("#"):
            keyword = _read_line(text, entry, keyword, f"{path}, line {number}")


def _read_line(text: str, entry: dict[str, str], keyword: str, place: str) -> str:
    """Add a line to the entry. Returns the keyword that a following bare string continues."""
    quoted = text
    if match := KEYWORD.fullmatch(text):
        keyword, quoted = match[1], match[3]
        entry[keyword] = ""
    elif not keyword:
        raise Malformed(f"{place}: a string belongs to no keyword.")
    try:
        part = ast.literal_eval(quoted)
    except (ValueError, SyntaxError):
        part = None
    if not isinstance(part, str) or not quoted.startswith('"'):
        raise Malformed(f"{place}: {text!r} is no keyword and no quoted string.")
    entry[keyword] += part
    return keyword


def pack(translations: dict[str, str]) -> bytes:
    """Return the .mo file: two tables of (length, offset) sorted by key, then the texts with a zero each."""
    pairs = sorted((key.encode(), text.encode()) for key, text in translations.items())
    count = len(pairs)
    keys_at, texts_at = HEADER.size, HEADER.size + 8 * count
    offset = HEADER.size + 16 * count
    tables, blob = [], b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<2I", len(pair[column]), offset + len(blob)))
            blob += pair[column] + b"\0"
    return HEADER.pack(MAGIC, 0, count, keys_at, texts_at, 0, offset) + b"".join(tables) + blob
