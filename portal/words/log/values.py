"""What the values of fields and facts are called in the audit log.

The log holds codes: names of acts, roles, kinds of work. A fact's name says which codes it holds; what has no words
here is shown as it is.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import get_resolver
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Dispute, Export, Rerating, WriteOff
from charging.models import CardNotice, StationCommand, StationLink, Token
from portal.words import approvals, imports, incidents, measures, permissions, work
from portal.words.bookkeeping import WHY
from portal.words.lists import LISTS
from portal.words.log.fields import name_of
from portal.words.privacy import KINDS as PRIVACY_KINDS
from portal.words.privacy import PEOPLE
from portal.words.say import SENTENCES, say
from tenants.log import refused_access
from tenants.log.events import Event
from tenants.models import ConsentEvent, Membership, PersonRequest, ProcessingPurpose

#: Why an API key or a person's request was refused.
REASONS: dict[str, str | Promise] = {
    "unknown": gettext_lazy("there is no such key"),
    "revoked": gettext_lazy("the key was revoked"),
    "wrong secret": gettext_lazy("the secret is wrong"),
    "expired": gettext_lazy("the key has expired"),
    "read only": gettext_lazy("nothing may be changed on a visit or while viewing as a role"),
}
KINDS: dict[str, str | Promise] = {
    **work.KINDS,
    **dict(Export.Kind.choices),
    **dict(CardNotice.Kind.choices),
    **dict(StationCommand.Kind.choices),
    **dict(StationLink.Boot.choices),
    "invoice-lines": gettext_lazy("invoice lines, CSV"),
}
_FACTS: dict[str, str | Promise] = {str(field): words for field, words in imports.FACTS}
#: An instant as the log holds it.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?")
#: A part of an address that says what it is about.
_PARAMETER = re.compile(r"\(\?P<\w+>[^)]*\)")
#: Facts that are sums of money; the log holds them as the database does.
_AMOUNTS = {"amount_due", "amount_excl_vat", "rounding", "vat"}
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,6})?", re.ASCII)
_REFUSALS = {Event.KEY_REFUSED, refused_access.REFUSED}


def written(name: str, value: Any, event: str = "") -> str:
    """Return the value of a field or fact for its reader.

    event: the event whose fact it is; empty for the field of a row.
    """
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        if name == "mapping":  # how a file is read: which column is what, of all that a layout says
            value = value.get("columns", {})
        return ", ".join(f"{_key(key)}: {written(key, part, event)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(written(name, part, event) for part in value)
    if name == "query":
        return _narrowing(str(value))
    return _word(name, str(value), event)


def _narrowing(text: str) -> str:
    """What a list was narrowed to, which the log holds as its address does: `since=2026-11-01&state=`."""
    if "=" not in text:
        return text
    return ", ".join(f'"{value}"' if name == "q" else f"{_key(name)} {value}" for name, value in parse_qsl(text))


def moment(text: str, zone: ZoneInfo) -> str:
    """Return an instant as the operator's clock showed it, and which clock that is; other texts as they are.

    The log holds instants in UTC, with or without saying so.
    """
    if not _INSTANT.fullmatch(text):
        return text
    at = datetime.fromisoformat(text)
    local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{strip_tags(measures.local_date(local, zone))} {clock} {local.tzname()}"


def _word(name: str, code: str, event: str) -> str:
    if name in {"error", "code"} and code in SENTENCES:
        return say(code)
    if name == "reason" and event in _REFUSALS:
        return str(REASONS.get(code, code))
    if name in WORDS:
        return str(WORDS[name].get(code, code))
    if name in _AMOUNTS and _NUMBER.fullmatch(code):
        return measures.number(Decimal(code), 2)
    return _page(code) if name == "page" else code


def _key(name: str) -> str:
    return str(_FACTS.get(name) or name_of(name))


def _page(name: str) -> str:
    """The address of a page by its name, with dots for what it is about."""
    space, _colon, bare = name.rpartition(":")
    found = get_resolver().namespace_dict.get(space)
    if found is None:
        return name
    prefix, resolver = found
    routes: list[Any] = resolver.reverse_dict.getlist(bare)
    if not routes:
        return name
    (route, parameters), *_more = routes[0][0]
    return f"/{_PARAMETER.sub('…', prefix)}{route % dict.fromkeys(parameters, '…')}"


def _by_text(words: Mapping[Any, str | Promise]) -> dict[str, str | Promise]:
    return {str(code): text for code, text in words.items()}


#: By the name of the fact, the words of its codes.
WORDS: dict[str, dict[str, str | Promise]] = {
    "act": approvals.ACTS,
    "acts": approvals.ACTS,
    "four_eyes": approvals.ACTS,
    "dated_by": _by_text(dict(Export.DatedBy.choices)),
    "kind": KINDS,
    "list": LISTS,
    "why": _by_text(dict([*WriteOff.Why.choices, *Rerating.Why.choices])),
    "books_reason": _by_text(WHY),
    "right": _by_text(dict(PersonRequest.Kind.choices)),
    "disputed": _by_text(dict(Dispute.About.choices)),
    "role": _by_text(dict(Membership.Role.choices)),
    "factor_required_of": _by_text(dict(Membership.Role.choices)),
    "permission": _by_text(permissions.WORDS),
    "whitelist": _by_text(dict(Token.Whitelist.choices)),
    "scopes": _by_text(permissions.WORDS),
    "second_factor": {
        "code": gettext_lazy("code from the app"),
        "recovery code": gettext_lazy("recovery code"),
        "passkey": gettext_lazy("passkey"),
        "none": gettext_lazy("none"),
    },
    "channel": _by_text({**dict(ConsentEvent.Channel.choices), **dict(PersonRequest.Channel.choices)}),
    "basis": _by_text(dict(ProcessingPurpose.Basis.choices)),
    "people": _by_text(PEOPLE),
    "kinds": _by_text({**PRIVACY_KINDS, **incidents.KINDS}),
    "language": _by_text(dict(settings.LANGUAGES)),
    "languages": _by_text(dict(settings.LANGUAGES)),
}
