"""What somebody sent and may not do just now: kept until they have signed in again, or proved who they are.

One form a browser, in its own session, encrypted, for half an hour, and only for the person who sent it: whoever
else signs in at that browser never sees it. Forms of operators and of the platform are kept; those about the
person's own account hold passwords and codes, and are not. Files are not kept either.
"""

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from portal.gate.next_page import came_from
from tenants import crypto
from tenants.permissions import Permission

_KEY = "kept"
_ABOUT = "kept form"
LASTS_S = 30 * 60
#: More than the longest form: a tariff with all its rules. What is longer is not kept.
MOST_LETTERS, MOST_FIELDS = 100_000, 2_000

#: Public ids and marks of choices: nothing a person would know again.
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|on|[a-z_]+|\d{1,2}")

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was sent.

    path: where to. page: where the form stands, a path of ours; empty when the browser did not say. for_proof: it
    waited for a fresh proof alone. fields: names and values, as they were sent.
    """

    path: str
    page: str
    for_proof: bool
    fields: Fields

    def typed(self) -> list[str]:
        """The values that a person can have typed or chosen and would know again; never a password."""
        told = [(name, value) for name, value in self.fields if not name.startswith("_") and "password" not in name]
        values = [value.strip() for _name, value in told]
        return [value for value in values if value and not _IDENTIFIER.fullmatch(value)]


def keep(request: HttpRequest, *, person: int, for_proof: bool = False) -> bool:
    """Keep the form that the request sends; tell whether it could be kept."""
    fields = fields_of(request)
    if fields is None:
        return False
    kept = {
        "person": person,
        "until": time.time() + LASTS_S,
        "path": request.get_full_path(),
        "page": came_from(request),
        "for_proof": for_proof,
        "fields": fields,
    }
    sealed = crypto.encrypt(json.dumps(kept).encode(), about=_ABOUT)
    request.session[_KEY] = base64.b64encode(sealed).decode()
    return True


def seen(request: HttpRequest, *, person: int) -> Kept | None:
    """Return what is kept for the person in this browser; None when there is nothing, or its time is over."""
    sealed = request.session.get(_KEY)
    if not sealed:
        return None
    try:
        kept: dict[str, Any] = json.loads(crypto.decrypt(base64.b64decode(sealed), about=_ABOUT))
    except crypto.Unreadable:
        return None
    if kept["person"] != person or kept["until"] < time.time():
        return None
    fields = [(name, value) for name, value in kept["fields"]]
    return Kept(kept["path"], kept["page"], kept["for_proof"], fields)


def let_go(request: HttpRequest) -> None:
    """Keep it no longer."""
    request.session.pop(_KEY, None)


@contextmanager
def across(request: HttpRequest) -> Iterator[None]:
    """Carry what is kept over to the session that begins inside."""
    sealed = request.session.get(_KEY)
    yield
    if sealed:
        request.session[_KEY] = sealed


def fields_of(request: HttpRequest) -> Fields | None:
    """Return what the form says; None where nothing of it may be kept."""
    match = request.resolver_match
    access = getattr(match.func, "access", "") if match else ""
    is_of_staff = isinstance(access, Permission) or access == "platform"
    # Where a part of a page asks by script, the form still stands there.
    if request.method != "POST" or not is_of_staff or "HX-Request" in request.headers or request.FILES:
        return None
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    fields = [(name, str(value)) for name, value in fields if name != "csrfmiddlewaretoken"]
    is_short = len(fields) <= MOST_FIELDS and sum(len(name) + len(value) for name, value in fields) <= MOST_LETTERS
    return fields if is_short else None
