"""What has been credited of an invoice, what is left of it, and what a credit note of a part would come to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Coalesce

from billing.domain import money
from billing.models import Invoice, InvoiceLine
from billing.sql import credit_notes as sql
from tenants.models import Operator


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are to be credited, by their position, and how much of each; None: all that is left of it.

    Without any: all that is left of the invoice.
    """

    lines: Mapping[int, Decimal | None] = field(default_factory=dict)

    def is_sound(self, currency: str) -> bool:
        """Whether each amount is above zero and of whole coins."""
        coin = money.from_minor(1, currency)
        return all(amount is None or (amount > 0 and amount % coin == 0) for amount in self.lines.values())

    def facts(self) -> list[list[Any]]:
        """In order, for an approval; `of_facts` reads it again."""
        return [[position, None if amount is None else str(amount)] for position, amount in sorted(self.lines.items())]

    @classmethod
    def of_facts(cls, facts: Iterable[Iterable[Any]]) -> "Asked":
        """What `facts` wrote."""
        return cls({position: None if amount is None else Decimal(amount) for position, amount in facts})


EVERYTHING = Asked()


@dataclass(frozen=True, slots=True)
class Comes:
    """What a credit note comes to, amounts positive. `too_much`, `missing`: the first line that was asked wrongly."""

    lines: int
    sessions: int
    amount_excl_vat: Decimal
    vat: Decimal
    amount_due: Decimal
    leaves_rest: bool
    released: int
    energy_wh: int
    too_much: int | None
    missing: int | None

    @property
    def rounding(self) -> Decimal:
        """What is to be paid differs from base and VAT by this (EN 16931: BT-114)."""
        return self.amount_due - self.amount_excl_vat - self.vat


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of an issued invoice."""

    amount_excl_vat: Decimal
    amount_due: Decimal


def given(invoice: Invoice, asked: Asked) -> dict[str, Any]:
    """What the statements of `billing.sql.credit_notes` are given."""
    operator = Operator.objects.get(pk=invoice.operator_id)
    return {
        "operator": operator.pk,
        "whole_crowns": operator.rounds_to_crowns,
        "invoice": invoice.pk,
        "zone": operator.time_zone,
        "all": not asked.lines,
        "positions": list(asked.lines),
        "amounts": list(asked.lines.values()),
    }


def comes_to(invoice: Invoice, asked: Asked) -> Comes:
    """Work out what a note of this would come to now. Nothing is written."""
    with connection.cursor() as cursor:
        cursor.execute(sql.TOTALS, given(invoice, asked))
        return Comes(*cursor.fetchone())


def vat_of(invoice: Invoice, asked: Asked) -> list[tuple[Decimal | None, Decimal, Decimal]]:
    """Rate, base and VAT of such a note, the highest rate first."""
    with connection.cursor() as cursor:
        cursor.execute(sql.RATES, given(invoice, asked))
        return list(cursor.fetchall())


def notes(invoice: Invoice) -> list[Invoice]:
    """The issued credit notes of the invoice, in the order of their numbers."""
    return list(Invoice.objects.filter(credits=invoice, state=Invoice.State.ISSUED).order_by("number"))


def left(invoice: Invoice, *, up_to: Invoice | None = None) -> Left:
    """What is left of the invoice now, or was after the note `up_to`."""
    rows = Invoice.objects.filter(credits=invoice, state=Invoice.State.ISSUED)
    if up_to is not None and up_to.number is not None:
        rows = rows.filter(number__lte=up_to.number)
    taken = rows.aggregate(excl=Sum("amount_excl_vat", default=0), due=Sum("amount_due", default=0))
    return Left(invoice.amount_excl_vat + taken["excl"], invoice.amount_due + taken["due"])


def by_position(invoice: Invoice, lines: Iterable[InvoiceLine]) -> dict[int, Decimal]:
    """What has been credited of these lines, by their position, each in the kind of its price; others are missing."""
    rows = InvoiceLine.objects.filter(
        invoice__credits=invoice,
        invoice__state=Invoice.State.ISSUED,
        position__in=[line.position for line in lines],
    )
    amount = Coalesce("amount_incl_vat", "amount_excl_vat")
    found = rows.values_list("position").annotate(credited=Sum(amount)).order_by()
    return {position: -credited for position, credited in found}


def positions_of(invoice: Invoice, firsts: Iterable[int]) -> list[int]:
    """The lines at these positions, and with each all others of its session."""
    chosen = InvoiceLine.objects.filter(invoice=invoice, position__in=list(firsts))
    sessions = chosen.filter(session__isnull=False).values("session")
    whole = InvoiceLine.objects.filter(invoice=invoice, session__in=sessions)
    return sorted({*chosen.values_list("position", flat=True), *whole.values_list("position", flat=True)})
