"""The things whose history can be read: where each has its page, what it is called by, and what belongs to it.

One table for the history pages, for the links from an entry to the thing it is about, and for finding a
thing by the number a person types.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.urls import reverse

from billing.models import (
    Export,
    Fee,
    HostContract,
    Invoice,
    InvoiceRun,
    Payment,
    PaymentMatch,
    Tariff,
    TariffAssignment,
    TariffVersion,
    WriteOff,
)
from charging.models import ChargingSession, Connector, FileImport, ImportProfile, Site, Station, Token
from charging.selectors import drivers, numbers
from tenants.models import (
    Account,
    ApiKey,
    ConsentPurpose,
    Driver,
    DriverGroup,
    DriverIdentity,
    Membership,
    Operator,
    User,
)
from tenants.permissions import Permission
from tenants.scoping import current_operator_id
from tenants.selectors import accounts
from tenants.selectors.people import is_called

Row = tuple[type[models.Model], int]
#: So many things of a kind are meant by what a person types, at most.
FEW = 20
#: The number of a document, with or without the letters of its series.
_NUMBER = re.compile(r"[A-Za-z]*(\d{1,18})")


def _nothing(rows: Sequence[Any]) -> Iterable[Row]:
    return ()


@dataclass(frozen=True, slots=True)
class Thing:
    """One kind of thing.

    word: its part of the address of its history. page: the URL name of its own page, called with the operator
    and its public id. permission: who may open that page. called: the fields by which people name it, whole;
    known_by: those of which a part is enough, as there are few rows of the kind. by_name: who is found by a name
    that stands elsewhere.
    related: the rows that belong to some of the kind, whose entries are part of their history.
    """

    word: str
    model: type[models.Model]
    page: str
    permission: Permission
    called: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()
    by_name: Callable[[str], Q] | None = None
    related: Callable[[Sequence[Any]], Iterable[Row]] = field(default=_nothing)


def _of_drivers(rows: Sequence[Any]) -> Iterable[Row]:
    return _pointing(DriverIdentity, "driver", rows)


def _of_tariffs(rows: Sequence[Any]) -> Iterable[Row]:
    yield from _pointing(TariffVersion, "tariff", rows)
    yield from _pointing(TariffAssignment, "tariff", rows)


def _of_stations(rows: Sequence[Any]) -> Iterable[Row]:
    return _pointing(Connector, "station", rows)


def _of_sessions(rows: Sequence[Any]) -> Iterable[Row]:
    return ((FileImport, row.file_import_id) for row in rows if row.file_import_id)


def _of_invoices(rows: Sequence[Any]) -> Iterable[Row]:
    yield from ((InvoiceRun, row.run_id) for row in rows if row.run_id)
    yield from _pointing(Invoice, "credits", rows)
    yield from _pointing(PaymentMatch, "invoice", rows)
    yield from _pointing(WriteOff, "invoice", rows)


def _of_payments(rows: Sequence[Any]) -> Iterable[Row]:
    return _pointing(PaymentMatch, "payment", rows)


def _of_members(rows: Sequence[Any]) -> Iterable[Row]:
    for operator_id in {row.operator_id for row in rows}:
        people = {row.user_id for row in rows if row.operator_id == operator_id}
        places = Membership.objects.filter(user_id__in=people, operator_id=operator_id)
        yield from ((Membership, pk) for pk in places.values_list("pk", flat=True))
    yield from ((User, row.user_id) for row in rows)


def _pointing(model: type[models.Model], name: str, rows: Sequence[Any]) -> Iterable[Row]:
    """The rows that belong to these by the field of this name. One query."""
    if not rows:
        return []
    found = model._default_manager.filter(**{f"{name}__in": [row.pk for row in rows]})
    return [(model, pk) for pk in found.values_list("pk", flat=True)]


def _of_accounts(rows: Sequence[Any]) -> Iterable[Row]:
    yield from _pointing(DriverIdentity, "account", rows)
    yield from _pointing(Fee, "account", rows)
    yield from _pointing(HostContract, "account", rows)


def _accounts_named(text: str) -> Q:
    return Q(pk__in=list(accounts.listing(text, closed=True).order_by("pk").values_list("pk", flat=True)[:FEW]))


def _drivers_named(text: str) -> Q:
    return Q(pk__in=list(drivers.listing(text).order_by("pk").values_list("pk", flat=True)[:FEW]))


def _members_named(text: str) -> Q:
    places = Membership.objects.filter(operator=current_operator_id()).select_related("user")
    return Q(pk__in=[place.pk for place in places.iterator() if is_called(place.user, text)][:FEW])


THINGS = (
    Thing("sites", Site, "staff:site_detail", Permission.VIEW_NETWORK, known_by=("name",)),
    Thing(
        "stations",
        Station,
        "staff:station_detail",
        Permission.VIEW_NETWORK,
        known_by=("identifier", "name"),
        related=_of_stations,
    ),
    Thing(
        "sessions",
        ChargingSession,
        "staff:session_detail",
        Permission.VIEW_SESSIONS,
        ("external_id",),
        related=_of_sessions,
    ),
    Thing(
        "drivers",
        Driver,
        "staff:driver_detail",
        Permission.VIEW_DRIVERS,
        ("customer_number",),
        by_name=_drivers_named,
        related=_of_drivers,
    ),
    Thing(
        "accounts",
        Account,
        "staff:account_detail",
        Permission.VIEW_DRIVERS,
        ("customer_number",),
        by_name=_accounts_named,
        related=_of_accounts,
    ),
    Thing("groups", DriverGroup, "", Permission.VIEW_DRIVERS, known_by=("name",)),
    Thing("cards", Token, "staff:token_detail", Permission.VIEW_DRIVERS, by_name=numbers.of_whole_card),
    Thing("imports", FileImport, "staff:import_detail", Permission.IMPORT_SESSIONS),
    Thing("profiles", ImportProfile, "", Permission.IMPORT_SESSIONS, known_by=("name",)),
    Thing("tariffs", Tariff, "finance:tariff_detail", Permission.VIEW_TARIFFS, known_by=("name",), related=_of_tariffs),
    Thing("runs", InvoiceRun, "finance:run_detail", Permission.VIEW_INVOICES),
    Thing("invoices", Invoice, "finance:invoice_detail", Permission.VIEW_INVOICES, ("number",), related=_of_invoices),
    Thing("payments", Payment, "finance:payment_detail", Permission.VIEW_INVOICES, related=_of_payments),
    Thing("exports", Export, "", Permission.EXPORT_FINANCE),
    Thing(
        "people",
        Membership,
        "staff:member_edit",
        Permission.MANAGE_PEOPLE,
        by_name=_members_named,
        related=_of_members,
    ),
    Thing("consents", ConsentPurpose, "staff:consent_purpose", Permission.VIEW_CONSENTS, known_by=("code",)),
    Thing("keys", ApiKey, "", Permission.MANAGE_KEYS, known_by=("name", "key_id")),
)
BY_MODEL = {thing.model: thing for thing in THINGS}


def of_row(row: models.Model) -> Thing | None:
    """The kind of thing the row is; None for what has no history page."""
    return BY_MODEL.get(type(row))


def find(thing: Thing, public_id: UUID, *, operator: Operator) -> Any:
    """The operator's thing with this identifier; None if there is none."""
    return _rows(thing, operator).filter(public_id=public_id).first()


def named(text: str, *, kind: str, operator: Operator) -> list[Row]:
    """The rows a person means by a number, an identifier or part of a name: of this kind (`app.model`), or of any.

    What belongs to a thing is found with it. Empty if nothing is called so.
    """
    found: dict[Row, None] = {}
    for thing in THINGS:
        if kind in {"", thing.model._meta.label_lower}:
            rows = list(_rows(thing, operator).filter(_is_called(thing, text))[:FEW])
            found |= dict.fromkeys([*((thing.model, row.pk) for row in rows), *thing.related(rows)])
    return list(found)


def url(model: type[models.Model] | None, number: int | None, *, operator: Operator, may: Iterable[str]) -> str:
    """The page of the row an entry is about; empty if it is gone, has none, or may not be opened."""
    thing = BY_MODEL.get(model) if model else None
    if model is Operator:
        return reverse("staff:settings", args=[operator.slug]) if Permission.MANAGE_OPERATOR in may else ""
    if thing is None or not thing.page or number is None or thing.permission.value not in may:
        return ""
    row = _rows(thing, operator).filter(pk=number).first()
    return reverse(thing.page, args=[operator.slug, row.public_id]) if row is not None else ""


def history_url(row: models.Model, operator: Operator) -> str:
    """The history of the row; empty for what has none."""
    if isinstance(row, Operator):
        return reverse("staff:history_settings", args=[operator.slug])
    thing = of_row(row)
    public_id = getattr(row, "public_id", None)
    return reverse(f"staff:history_{thing.word}", args=[operator.slug, public_id]) if thing else ""


def _rows(thing: Thing, operator: Operator) -> models.QuerySet[Any]:
    rows = thing.model._default_manager.all()
    # People's places are global rows: narrowed here.
    return rows.filter(operator_id=operator.pk) if thing.model is Membership else rows


def _is_called(thing: Thing, text: str) -> Q:
    condition = Q(pk__in=[])
    number = _NUMBER.fullmatch(text)
    for name in thing.called:
        if isinstance(thing.model._meta.get_field(name), models.CharField):
            condition |= Q(**{name: text})
        elif number:
            condition |= Q(**{name: int(number[1])})
    for name in thing.known_by:
        condition |= Q(**{f"{name}__icontains": text})
    if thing.by_name is not None:
        condition |= thing.by_name(text)
    try:
        return condition | Q(public_id=UUID(text))
    except ValueError:
        return condition
