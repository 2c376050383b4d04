"""Example rows of any operator-owned model, made from its fields, so that a new model is walled by the old tests.

What a field's type cannot know (check constraints) stands in `FACTS`.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from billing.models import (
    BilledFee,
    BookingAccount,
    ClosedMonth,
    Dispute,
    DocumentLetter,
    EInvoice,
    Fee,
    HostAnswer,
    HostContract,
    HostMonth,
    HostPayout,
    HostStatement,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    LedgerRow,
    Letterhead,
    PastHour,
    Payment,
    PaymentMatch,
    PriceEffect,
    Receivable,
    ReminderStep,
    Sending,
    SessionPrice,
    Settlement,
    TariffAssignment,
    TariffVersion,
    WriteOff,
)
from billing.tests import factories
from charging.models import AccountMember, CardRule, ChargingSession, Site, SiteLimit, Token
from tenants.log import audit
from tenants.models import (
    Account,
    AuditEntry,
    BooksKey,
    DriverIdentity,
    FactorReset,
    Invitation,
    KeptKey,
    Membership,
    OperatorKey,
    PersonKey,
    PlatformVisit,
    Turn,
)
from tenants.scoping import OwnedForeignKey, current_operator_id
from tenants.services import operator_keys

# Asked before a scope can be opened: who works where, who may come, who visits, whose work is next.
GLOBAL = {Membership, Invitation, PlatformVisit, FactorReset, Turn}
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
# The numbers run through all tests of a process; a column of two bytes ends at 32,767.
SMALL = 32_767
_numbers = count(1)

FACTS: dict[type[models.Model], dict[str, Any]] = {
    ChargingSession: {"state": "COMPLETED", "ended_at": NOW, "energy_wh": 1000},
    SessionPrice: {"state": "problem"},
    TariffVersion: {"document": {"elements": []}},
    Account: {"kind": "company"},
    BookingAccount: {"number": "1510"},
    Letterhead: {"colour": "#0b6b53"},
    Fee: {"price": 1, "percent": None, "taken_off": ""},
    HostContract: {"share": 1},
    Settlement: {"stage": "closed"},
    ReminderStep: {"days": 10},
    PastHour: {"status": "written_off"},
    Payment: {"amount": 1, "rest": 1, "currency": "SEK"},
    PaymentMatch: {"purpose": "refund", "amount": 1},
    SiteLimit: {"limit": 63},
    CardRule: {"is_open": True, "most": 2000, "reckoned": 200},
    BooksKey: {"wrapped": b"x"},
    WriteOff: {"amount": 1, "parts": [{"rate": None, "net": 1, "vat": 0}], "happened_on": NOW.date()},
    HostPayout: {"amount": 1, "paid_on": NOW.date()},
    Receivable: {"due": 0, "rest": 0},
    ClosedMonth: {"month": date(1999, 1, 1)},
    LedgerEntry: {"event_on": NOW.date(), "booked_on": NOW.date()},
    LedgerRow: {"position": 1, "amount": 0, "booked_on": NOW.date()},
    BilledFee: {"first_day": NOW.date(), "last_day": NOW.date()},
}
# References of which one is filled in, though each may be empty.
ONE_OF: dict[type[models.Model], str] = {
    AccountMember: "token",
    Dispute: "invoice",
    DriverIdentity: "account",
    PersonKey: "account",
    KeptKey: "operator_key",
    InvoiceLine: "fee",
    EInvoice: "invoice",
    Sending: "invoice",
    DocumentLetter: "invoice",
}
# What else must hold when this reference is filled in.
WITH_REFERENCE: dict[tuple[type[models.Model], str], dict[str, Any]] = {
    (Token, "issuer"): {"whitelist": "ALWAYS"},
    (Account, "driver"): {"kind": "private"},
    (Invoice, "credits"): {"kind": "credit_note"},
    (TariffAssignment, "station"): {"site": Site},
    (PriceEffect, "site"): {"reach": "site"},
    (PriceEffect, "group"): {"reach": "group"},
    (PaymentMatch, "invoice"): {"purpose": "invoice", "account": Account},
    (Dispute, "driver"): {"invoice": Invoice},
    (WriteOff, "undoes"): {"amount": -1, "parts": [{"rate": None, "net": -1, "vat": 0}]},
    (HostPayout, "undoes"): {"amount": -1},
    # A text would be sealed for whom the row refers to, which a stranger's reference has not.
    (DocumentLetter, "account"): {"address": ""},
    (DocumentLetter, "reminder"): {"invoice": Invoice},
    (HostAnswer, "statement"): {"text": ""},
    (InvoiceLine, "session"): {"tariff_version": TariffVersion},
    (InvoiceLine, "tariff_version"): {"session": ChargingSession},
}
#: Rows that the database makes together with the row they refer to: there is no second one.
MADE_WITH = {(Account, "driver")}


def owned_models() -> list[Any]:
    """Every model whose rows belong to one operator."""
    return [model for model in apps.get_models() if _has_operator(model) and model not in GLOBAL]


def references(model: Any) -> list[Any]:
    """The model's references to owned rows."""
    return [field for field in model._meta.concrete_fields if isinstance(field, OwnedForeignKey)]


def example(model: Any, **given: Any) -> Any:
    """Add a row to the current operator, with rows for everything it needs."""
    if model is AuditEntry:
        return audit.record("example.made")
    if model is OperatorKey:  # one that opens: what is written next is sealed with it
        operator_keys.renew(current_operator_id())
        return OperatorKey.objects.latest("number")
    if model in OF_CLOSED:
        made = OF_CLOSED[model]()
        given = {name: row for name, row in made.items() if f"{name}_id" not in given} | given
    return model.objects.create(**{**_values(model, given), **FACTS.get(model, {}), **given})


def with_reference(model: Any, name: str) -> dict[str, Any]:
    """What else must hold when this reference is filled in, with rows of the current operator."""
    facts = WITH_REFERENCE.get((model, name), {})
    return {name: example(value) if isinstance(value, type) else value for name, value in facts.items()}


def fitting(model: Any, name: str) -> tuple[Any, dict[str, Any]]:
    """A row of the current operator that this reference may lead to, and what else must hold then."""
    if model in OF_CLOSED and name != "undoes":
        made = OF_CLOSED[model]()
        return made.pop(name), made
    if (model, name) == (PaymentMatch, "invoice"):
        invoice = _issued()
        payment = example(Payment, currency=invoice.currency)
        return invoice, {"purpose": "invoice", "account": invoice.account, "payment": payment}
    row = example(model._meta.get_field(name).related_model)
    if name == "undoes":
        return row, _undone(row)
    return row, with_reference(model, name)


def _of_issued() -> dict[str, Any]:
    issued = Invoice.objects.filter(state=Invoice.State.ISSUED, kind=Invoice.Kind.INVOICE)
    invoice = issued.last() or _issued()
    return {"invoice": invoice, "account": invoice.account}


def _of_closed() -> dict[str, Any]:
    """A statement that owes just what `FACTS` has paid."""
    statement = example(HostStatement, payout=Decimal("0.01"), total=Decimal("0.01"), amount=Decimal("0.01"))
    HostMonth.objects.create(statement=statement, month=NOW.date(), amount=Decimal("0.01"))
    statement.state, statement.closed_at = HostStatement.State.CLOSED, NOW
    statement.save()
    return {"statement": statement}


#: Rows that are of something issued or closed alone: what it is.
OF_CLOSED: dict[type[models.Model], Callable[[], dict[str, Any]]] = {WriteOff: _of_issued, HostPayout: _of_closed}


def _undone(row: Any) -> dict[str, Any]:
    """What takes the row back: of the same things, with its amounts negated."""
    same = {name: getattr(row, name) for name in ("payment", "invoice", "account", "statement") if hasattr(row, name)}
    parts = {"parts": [{**part, "net": -part["net"]} for part in row.parts]} if isinstance(row, WriteOff) else {}
    return {**same, **parts, "amount": -row.amount}


def _issued() -> Invoice:
    factories.tariff()
    factories.session(factories.connector(), factories.driver())
    factories.issued()
    return Invoice.objects.latest("pk")


def _has_operator(model: Any) -> bool:
    return any(field.name == "operator" for field in model._meta.concrete_fields)


def _values(model: Any, given: dict[str, Any]) -> dict[str, Any]:
    values = {}
    one = ONE_OF.get(model)
    others = {name for field in references(model) if field.null for name in (field.name, field.attname)}
    if one and not others & set(given):
        values[one] = example(model._meta.get_field(one).related_model)
    for field in model._meta.concrete_fields:
        named = field.name in given or field.attname in given
        if not (named or field.primary_key or field.name == "operator" or field.null or field.has_default()):
            values[field.name] = _value(field)
    return values


def _value(field: Any) -> Any:
    number = next(_numbers)
    if isinstance(field, models.ForeignKey):
        return example(field.related_model)
    if field.choices:
        return next(value for value, _ in field.flatchoices if value)
    for kind, value in (
        (models.EmailField, f"x{number}@example.com"),
        (models.FileField, f"x{number}.csv"),
        (models.CharField, f"x{number}"[: field.max_length]),
        (models.TextField, f"x{number}"),
        (models.DateTimeField, NOW),
        (models.DateField, date(2000 + number // 12 % 1000, number % 12 + 1, 1)),
        (models.DecimalField, Decimal(0)),
        (models.SmallIntegerField, number % SMALL),
        (models.IntegerField, number),
        (models.BooleanField, False),
        (models.UUIDField, UUID(int=number)),
        (models.JSONField, {}),
        (models.BinaryField, b"x"),
        (ArrayField, []),
    ):
        if isinstance(field, kind):
            return value
    raise NotImplementedError(f"No example of {field}: name one in FACTS.")
