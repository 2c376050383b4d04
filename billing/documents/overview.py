"""What an invoice comes to at a glance: beside the month before, by site, and by driver or card."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from billing.documents.writer import Writer
from billing.models import Invoice, InvoiceLine

#: So many sites and drivers stand on the first page; the rest are added up.
MOST: Final = 7


@dataclass(frozen=True, slots=True)
class Month:
    """What the same payer was invoiced for another month."""

    month: date
    sessions: int
    energy_wh: int
    amount_due: Decimal


@dataclass(slots=True)
class Part:
    """What belongs together: its sessions, and what they come to without VAT."""

    name: str
    sessions: dict[int, int] = field(default_factory=dict)
    amount: Decimal = Decimal(0)

    def add(self, line: InvoiceLine) -> None:
        """Count a line of a session."""
        self.sessions[line.session_id or 0] = line.session.energy_wh or 0
        self.amount += line.amount_excl_vat


def compared(invoice: Invoice, before: Month | None, writer: Writer) -> list[list[str]]:
    """This month and the one before, if there was one: sessions, energy and what is to be paid."""
    if before is None:
        return []
    now = Month(invoice.month, invoice.session_count, invoice.energy_wh, invoice.amount_due)
    return [_month(each, invoice.currency, writer) for each in (now, before)]


def parts(lines: Iterable[InvoiceLine], called: Callable[[InvoiceLine], str]) -> list[Part]:
    """Lines of sessions by what they are called, the largest first."""
    found: dict[str, Part] = {}
    for line in lines:
        name = called(line)
        found.setdefault(name, Part(name)).add(line)
    return sorted(found.values(), key=lambda part: (-part.amount, part.name))


def largest(found: Sequence[Part], writer: Writer) -> list[list[str]]:
    """Those that stand on the first page, by energy and amount, the rest as one; none where there is one alone."""
    if len(found) < 2:
        return []
    shown, rest = (found, []) if len(found) <= MOST + 1 else (found[:MOST], found[MOST:])
    shown = [*shown]
    if rest:
        others = Part(writer.words["others"].format(count=writer.figures.number(Decimal(len(rest)), 0)))
        for part in rest:
            others.sessions |= part.sessions
            others.amount += part.amount
        shown.append(others)
    return [[name, energy, amount] for name, _sessions, energy, amount in (row(part, writer) for part in shown)]


def row(part: Part, writer: Writer) -> list[str]:
    """A part as the table shows it."""
    count, energy_wh = len(part.sessions), sum(part.sessions.values())
    return [part.name, writer.figures.number(Decimal(count), 0), _energy(energy_wh, writer), writer.amount(part.amount)]


def _month(each: Month, currency: str, writer: Writer) -> list[str]:
    return [
        writer.figures.month(each.month),
        writer.sessions(each.sessions),
        _energy(each.energy_wh, writer),
        writer.money(each.amount_due, currency),
    ]


def _energy(energy_wh: int, writer: Writer) -> str:
    return writer.figures.quantity(Decimal(energy_wh) / 1000, writer.words["kWh"], 1)
