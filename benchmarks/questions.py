"""The pages that are measured, with the addresses under which they are asked for.

Doors come from the URLconf. A list is asked for as it opens, then with each choice of each of its filters over all
time, with the values in `TYPED`, and far down its pages. Addresses are built by the URL's name and the filter's own
fields, so that a filter which is renamed ends the program instead of measuring another page.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmarks.visitors import Visitors
from billing.models import Invoice, InvoiceRun, Tariff, TariffAssignment
from charging.models import ChargingSession, FileImport, Site, Station, Token
from portal.tests import house
from portal.tests.doors import PLATFORM, PORTAL, Door, doors
from portal.web.finance.invoices import InvoiceFilter
from portal.web.finance.tariffs.pages import TariffFilter
from portal.web.periods import PeriodForm
from portal.web.platform.operators import OperatorFilter
from portal.web.staff.audit.filter import AuditFilter
from portal.web.staff.consents import AnswerFilter
from portal.web.staff.differences import DifferenceFilter
from portal.web.staff.drivers import DriverFilter
from portal.web.staff.imports.columns import ImportFilter
from portal.web.staff.people.pages import MemberFilter
from portal.web.staff.review import ReviewFilter
from portal.web.staff.search import SearchForm
from portal.web.staff.sessions.filter import SessionFilter
from portal.web.staff.sites import SiteFilter
from portal.web.staff.stations import StationFilter
from portal.web.staff.tokens import TokenFilter
from tenants.models import (
    ApiKey,
    Driver,
    DriverGroup,
    Membership,
    Operator,
    PlatformVisit,
)
from tenants.scoping import tenant_scope

SAMPLES = 12
#: The word before an identifier in a route, and what it identifies; pages of a thing's history say it in the singular.
OBJECTS: dict[str, Any] = house.OBJECTS | {
    "session": ChargingSession,
    "site": Site,
    "station": Station,
    "driver": Driver,
    "group": DriverGroup,
    "card": Token,
    "import": FileImport,
    "tariff": Tariff,
    "run": InvoiceRun,
    "invoice": Invoice,
    "key": ApiKey,
}
FILTERS: dict[str, Any] = {
    "staff:session_list": SessionFilter,
    "staff:audit_log": AuditFilter,
    "staff:consent_purpose": AnswerFilter,
    "staff:driver_list": DriverFilter,
    "staff:difference_list": DifferenceFilter,
    "staff:review_list": ReviewFilter,
    "staff:search": SearchForm,
    "staff:site_list": SiteFilter,
    "staff:station_list": StationFilter,
    "staff:token_list": TokenFilter,
    "staff:import_list": ImportFilter,
    "staff:people": MemberFilter,
    "finance:invoice_list": InvoiceFilter,
    "finance:tariff_list": TariffFilter,
    "platform:operator_list": OperatorFilter,
}
#: Lists that must show a row where an operator was filled.
FULL = {
    "staff:session_list", "staff:import_list", "staff:site_list", "staff:driver_list", "staff:token_list",
    "staff:review_list", "staff:group_list", "staff:audit_log", "finance:invoice_list", "finance:run_list",
}  # fmt: skip
#: Parameters that are no field of a filter.
PLACES = {"after", "before", "page", "totals", "month", "days"}
#: What people look for: a whole id, a part that many have, names, a card, an amount, one letter.
SEARCHED = ["B0100000", "0000", "79", "Driver 1001", "driver", "F485", "100 kr", "a", "nobody"]
_ROW = re.compile(rb"<tbody[^>]*>\s*<tr")
_UUID = re.compile(r"([a-z-]*)/?<(\w+):(\w+)>")


@dataclass(frozen=True, slots=True)
class Question:
    """One page under one or more addresses, asked by one person."""

    name: str
    client: Client
    addresses: list[str]
    operator_id: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    has_rows: bool = False

    def ask(self, address: str, *, compressed: bool = False) -> Any:
        """Ask for the page."""
        encoding = {"HTTP_ACCEPT_ENCODING": "gzip"} if compressed else {}
        return self.client.get(address, **encoding, **self.headers)  # type: ignore[arg-type]

    def check(self, answer: Any, address: str) -> None:
        """End the program when this is not the page that was meant.

        Raises:
            SystemExit: an error, another page, or a list without a row.
        """
        if answer.status_code not in (200, 302):
            raise SystemExit(f"{self.name}: {address} answers {answer.status_code}.")
        if self.has_rows and not _ROW.search(answer.content):
            raise SystemExit(f"{self.name}: {address} shows no row.")


def questions(who: Visitors) -> Iterator[Question]:
    """Every page there is for these visitors."""
    for door in doors(PORTAL if who.operator else PLATFORM):
        if door.is_of_operator == (who.operator is not None):
            yield from _of(door, who)
    if who.operator is not None:
        yield from _lists(who)


def _of(door: Door, who: Visitors) -> Iterator[Question]:
    client, headers = _asker(door, who)
    paths = _paths(door, who)
    if not paths:
        return
    answer = client.get(paths[0], **headers)  # type: ignore[arg-type]
    if answer.status_code not in (200, 302):  # an act, or one that nothing here is ready for
        who.no_pages[door.name] = answer.status_code
        return
    if answer.streaming or answer.has_header("Content-Disposition"):  # of any length: `export` and `audit` measure them
        answer.close()
        who.files.append(door.name)
        return
    operator_id = who.operator.pk if who.operator else None
    yield Question(door.name, client, paths, operator_id, headers, has_rows=door.name in FULL)
    if door.name in FILTERS and door.name != "staff:session_list":
        for name, query in _choices(door, FILTERS[door.name], who):
            yield Question(f"{door.name}, {name}", client, [f"{paths[0]}?{urlencode(query)}"], operator_id, headers)


def _asker(door: Door, who: Visitors) -> tuple[Client, dict[str, str]]:
    if door.is_api:
        return who.stranger, who.machine
    if door.name.startswith("driver:"):
        return who.driver or who.owner, {}
    return who.owner, {}


def _paths(door: Door, who: Visitors) -> list[str]:
    """Addresses of the door with different objects in them; none when an operator has no such object."""
    values: dict[str, list[Any]] = {}
    for before, kind, name in _UUID.findall(door.route):
        if name == "operator_slug":
            values[name] = [who.operator.slug if who.operator else ""]
        elif name == "slug":
            values[name] = list(Operator.objects.order_by("pk").values_list("slug", flat=True)[:SAMPLES])
        elif kind == "uuid":
            values[name] = _identifiers(door, before, who)
        else:
            values[name] = [_value(name, who)]
    if any(not found for found in values.values()):
        return []
    count = max((len(found) for found in values.values()), default=1)
    turns = [{name: found[turn % len(found)] for name, found in values.items()} for turn in range(count)]
    return [reverse(door.name, urlconf=door.urlconf, kwargs=arguments) for arguments in turns]


def _identifiers(door: Door, before: str, who: Visitors) -> list[Any]:
    if who.operator is None:
        return list(PlatformVisit.objects.values_list("public_id", flat=True)[:SAMPLES]) if before == "visits" else []
    model = OBJECTS[before]
    with tenant_scope(who.operator.pk):
        rows = model.objects.all()
        if model is Membership:
            rows = rows.filter(operator=who.operator)
        if door.name.startswith("driver:"):
            mine = f"driver@{who.operator.slug}.example.com"
            if model in (ChargingSession, Token):
                rows = rows.filter(driver__user__email=mine)
            if model is Invoice:
                rows = rows.filter(account__driver__user__email=mine, state="issued")
        return spread(rows)


def spread(rows: Any) -> list[Any]:
    """Identifiers from all over a table, by jumps in its key: the newest, the oldest and some between."""
    first, last = rows.order_by("pk").first(), rows.order_by("-pk").first()
    if first is None or last is None:
        return []
    step = max(1, (last.pk - first.pk) // SAMPLES)
    found = [rows.filter(pk__gte=key).order_by("pk").first() for key in range(first.pk, last.pk + 1, step)][:SAMPLES]
    return [row.public_id for row in dict.fromkeys([*found, last]) if row is not None]


def _value(name: str, who: Visitors) -> Any:
    today = timezone.now().date()
    last_month = date(today.year, today.month - 1, 1) if today.month > 1 else date(today.year - 1, 12, 1)
    values = house.VALUES | {"month": f"{last_month:%Y-%m}", "uidb64": "x", "token": "x"}
    if name == "assignment_id" and who.operator:
        with tenant_scope(who.operator.pk):
            return TariffAssignment.objects.latest("pk").pk
    if name not in values:
        raise SystemExit(f"Name an example of <{name}> in benchmarks.questions.")
    return values[name]


def _choices(door: Door, kind: Any, who: Visitors) -> Iterator[tuple[str, dict[str, str]]]:
    """Each choice of each field that offers some, and the typed values of the others."""
    fields: dict[str, Any] = _form(kind, who).fields
    for name, part in fields.items():
        if isinstance(part, forms.ModelChoiceField):
            values = [str(value) for value, _ in _pairs(part)[1:2]]
        elif isinstance(part, forms.ChoiceField):
            values = [str(value) for value, _ in _flat(part.choices) if value != ""]
        elif isinstance(part, forms.BooleanField):
            values = ["on"]
        else:
            values = _typed(door.name, name, who)
        for value in values[:10]:
            yield f"{name}={value[:24]}", {name: value}


def _form(kind: Any, who: Visitors) -> Any:
    if who.operator is None:
        return kind(QueryDict())
    with tenant_scope(who.operator.pk):
        form: Any
        if kind is SessionFilter:
            form = kind(QueryDict(), operator=who.operator, may_see_drivers=True)
        else:
            form = kind(QueryDict(), operator=who.operator) if issubclass(kind, PeriodForm) else kind(QueryDict())
        for part in form.fields.values():
            if isinstance(part, forms.ModelChoiceField):
                part.choices = [(f"{value}", label) for value, label in _pairs(part)]
        return form


def _pairs(part: Any) -> list[tuple[Any, Any]]:
    return list(part.choices)


def _flat(choices: Any) -> Iterator[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, (list, tuple)):
            yield from label
        else:
            yield value, label


def _typed(page: str, name: str, who: Visitors) -> list[str]:
    """What people write into a field of this page."""
    written = {
        "finance:invoice_list": {"search": ["1000", "F1234", "Driver 1"], "month": [_value("month", who)]},
        "staff:driver_list": {"q": ["1000", "Driver 1001", "nobody"]},
        "staff:search": {"q": SEARCHED},
        "staff:token_list": {"q": ["0000", "C1000", "nothing"]},
        "staff:site_list": {"q": ["Site 1", "nowhere"]},
        "staff:audit_log": {"since": ["2000-01-01"], "until": ["2026-01-01"], "named": ["7"], "address": ["10.0.0.1"]},
        "platform:operator_list": {"search": ["small"]},
    }
    return written.get(page, {}).get(name, [])


def _lists(who: Visitors) -> Iterator[Question]:
    """The list of sessions and what stands beside it, in all the ways in which people narrow it."""
    assert who.operator is not None
    operator = who.operator
    path = reverse("staff:session_list", args=[operator.slug])
    ever = {"period": "all"}
    with tenant_scope(operator.pk):
        middle = ChargingSession.objects.order_by("-pk")[5_000]
        far = f"{middle.started_at.isoformat()}~{middle.pk}"
        names = {
            "station": middle.station.identifier,
            "driver": Driver.objects.get(user__email=f"driver@{operator.slug}.example.com").customer_number,
            "site": f"{middle.site.public_id}",
            "q": middle.external_id[:8],
        }
    narrowed: dict[str, dict[str, str]] = {"all time": ever, "far down": {**ever, "after": far}}
    narrowed |= {f"{name}, all time": {**ever, name: value} for name, value in names.items()}
    form = _form(SessionFilter, who)
    for name in ("billing", "review", "flag"):
        for value, _ in _flat(form.fields[name].choices):
            if value:
                narrowed[f"{name}={value}, all time"] = {**ever, name: value}
    for client, person in ((who.owner, ""), (who.limited, " (some sites)")):
        if client is None:
            continue
        for what, query in narrowed.items():
            yield _question(f"sessions, {what}{person}", client, path, query, form, operator)
            if "after" not in query:
                yield _totals(f"its totals, {what}{person}", client, path, query, form, operator)
        days = reverse("staff:overview_days", args=[operator.slug])
        yield _question(f"charts of 90 days{person}", client, days, {"days": "90"}, form, operator)


def _question(name: str, client: Client, path: str, query: dict[str, str], form: Any, operator: Operator) -> Question:
    unknown = set(query) - set(form.fields) - PLACES
    if unknown:
        raise SystemExit(f"{name}: the filter has no field {', '.join(sorted(unknown))}.")
    has_rows = path.endswith("/sessions/") and not {"review", "flag", "billing"} & set(query)
    return Question(name, client, [f"{path}?{urlencode(query)}"], operator.pk, has_rows=has_rows)


def _totals(name: str, client: Client, path: str, query: dict[str, str], form: Any, operator: Operator) -> Question:
    asked = _question(name, client, path, {**query, "totals": "now"}, form, operator)
    return Question(name, client, asked.addresses, operator.pk, {"HTTP_HX_REQUEST": "true"})
