"""The two tables an export holds: the documents dated in a month, and their lines.

Names of columns in CSV are part of the interface: programs map them once. A workbook is for people: its headings and
words are in the reader's language. Times are local to the zone that the document was issued in and stands beside them,
amounts in the document's currency, credit notes with the opposite sign.

A table is read in stretches of documents (`stretches`): each stretch is one short query, so neither a
snapshot nor memory has to last for the whole file. Issued documents never change, so the stretches fit
together: what they say of customers, places, tariffs and clocks was copied when they were issued.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.sql.documents import DATED_IN, bounds
from tenants.models import DriverIdentity, Operator
from tenants.scoping import current_operator_id
from tenants.sealed_fields import Sealed
from tenants.spreadsheets import harmless_sql

STRETCH_LINES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in CSV, its heading in words, and what it is in SQL.

    is_text: somebody typed it. is_moment: it is a local time. has_words: it holds codes that documents have words for.
    sealed: of a sealed text, the model and the field: the database gives it as it holds it.
    """

    name: str
    heading: str | Promise
    sql: str
    is_text: bool = False
    is_moment: bool = False
    has_words: bool = False
    sealed: tuple[type[Model], str] | None = None

    def opened(self, held: bytes) -> Sealed | str:
        """Return a sealed text that the database gave, to be opened when it is asked for."""
        model, name = self.sealed or (Model, "")
        text: Sealed | str = model._meta.get_field(name).from_db_value(held, None, connection)  # type: ignore[union-attr]
        return text


@dataclass(frozen=True, slots=True)
class Table:
    """Columns over a source; the source's rows belong to documents `i`."""

    columns: tuple[Column, ...]
    source: str
    order: str

    @property
    def names(self) -> list[str]:
        """The header."""
        return [column.name for column in self.columns]

    def select(self, *, as_text: bool) -> str:
        """The query of one stretch. as_text: for CSV, where times are written and no spreadsheet may run a text."""
        listed = ", ".join(_as_text(column) if as_text else column.sql for column in self.columns)
        return f"SELECT {listed} FROM {self.source} WHERE {_WHERE} ORDER BY {self.order}"  # noqa: S608  # constants


def _as_text(column: Column) -> str:
    if column.sealed:
        return f"%(mark)s || encode({column.sql}, 'hex')"
    if column.is_moment:
        return f"to_char({column.sql}, 'YYYY-MM-DD HH24:MI:SS')"
    return harmless_sql(column.sql) if column.is_text else column.sql


_WHERE = f"i.operator_id = %(operator)s AND {DATED_IN} AND i.id BETWEEN %(first)s AND %(last)s"
_DOCUMENT = "i.series || i.number"
_ZONE = "(i.seller ->> 'time_zone')"
# Whether a line's price includes VAT, and such a price without it.
_GROSS = "l.amount_incl_vat IS NOT NULL"
_NET_PRICE = "round(l.unit_price / (1 + coalesce(l.vat_rate, 0) * 0.01), 6)"
_INVOICES_FROM = """
billing_invoice i
JOIN tenants_driveridentity b ON b.operator_id = i.operator_id AND b.id = i.buyer_id
LEFT JOIN billing_invoice o ON o.operator_id = i.operator_id AND o.id = i.credits_id
"""
_LINES_FROM = """
billing_invoice i
JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id
LEFT JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id
LEFT JOIN billing_billedfee c ON c.operator_id = l.operator_id AND c.id = l.fee_id
LEFT JOIN billing_tariffversion v ON v.operator_id = l.operator_id AND v.id = l.tariff_version_id
LEFT JOIN billing_invoice o ON o.operator_id = i.operator_id AND o.id = i.credits_id
LEFT JOIN billing_issuedplace w ON w.operator_id = i.operator_id AND w.run_id = coalesce(o.run_id, i.run_id)
    AND w.site_id = s.site_id AND w.station_id = s.station_id
LEFT JOIN billing_issuedtariff f ON f.operator_id = i.operator_id AND f.run_id = coalesce(o.run_id, i.run_id)
    AND f.tariff_version_id = l.tariff_version_id
"""

INVOICES: Final = Table(
    columns=(
        Column("number", _("Number"), _DOCUMENT),
        Column("kind", _("Kind"), "i.kind", has_words=True),
        Column("credits", _("Credits invoice"), "o.series || o.number"),
        Column("issued_on", _("Dated"), f"(i.issued_at AT TIME ZONE {_ZONE})::date"),
        Column("due_on", _("Due"), "i.due_on"),
        Column("month", _("Month"), "to_char(i.month, 'YYYY-MM')"),
        Column("customer_number", _("Customer number"), "i.customer_number", is_text=True),
        Column("customer_name", _("Customer"), "b.name", sealed=(DriverIdentity, "name")),
        Column("currency", _("Currency"), "i.currency"),
        Column("amount_excl_vat", _("Amount excl. VAT"), "i.amount_excl_vat"),
        Column("vat", _("VAT"), "i.vat"),
        Column("rounding", _("Rounding"), "i.rounding"),
        Column("amount_due", _("Amount due"), "i.amount_due"),
        Column("sessions", _("Sessions"), "i.session_count"),
        Column("energy_kwh", _("Energy (kWh)"), "round(i.energy_wh / 1000.0, 3)"),
    ),
    source=_INVOICES_FROM,
    order="i.id",
)
LINES: Final = Table(
    columns=(
        Column("number", _("Number"), _DOCUMENT),
        Column("position", _("Line"), "l.position"),
        Column("customer_number", _("Customer number"), "i.customer_number", is_text=True),
        Column("session_id", _("Session id"), "s.external_id", is_text=True),
        Column("site", _("Site"), "w.site_name", is_text=True),
        Column("station", _("Station"), "w.station_identifier", is_text=True),
        Column("started", _("Start time"), f"s.started_at AT TIME ZONE {_ZONE}", is_moment=True),
        Column("ended", _("End time"), f"s.ended_at AT TIME ZONE {_ZONE}", is_moment=True),
        Column("tariff", _("Tariff"), "f.name", is_text=True),
        Column("tariff_version", _("Version of the tariff"), "v.number"),
        Column("component", _("What"), "l.component", has_words=True),
        Column("quantity", _("Quantity"), "l.quantity"),
        Column("unit", _("Unit"), "l.unit", has_words=True),
        Column(
            "unit_price_excl_vat",
            _("Unit price excl. VAT"),
            f"CASE WHEN {_GROSS} THEN {_NET_PRICE} ELSE l.unit_price END",
        ),
        Column("vat_rate", _("VAT, %"), "l.vat_rate"),
        Column("amount_excl_vat", _("Amount excl. VAT"), "l.amount_excl_vat"),
        Column("currency", _("Currency"), "i.currency"),
        Column("unit_price_incl_vat", _("Unit price incl. VAT"), f"CASE WHEN {_GROSS} THEN l.unit_price END"),
        Column("amount_incl_vat", _("Amount incl. VAT"), "l.amount_incl_vat"),
        Column("time_zone", _("Time zone"), _ZONE),
        # Of a fee: its text, its days, and where it is booked. Lines of sessions have none.
        Column("text", _("Text on the invoice"), "c.text", is_text=True),
        Column("first_day", _("From"), "c.first_day"),
        Column("last_day", _("To"), "c.last_day"),
        Column("booking_account", _("Booking account"), "nullif(c.booking_account, '')"),
    ),
    source=_LINES_FROM,
    order="i.id, l.position",
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Documents with ids from `first` to `last`: how many they are and how many lines they have."""

    first: int
    last: int
    documents: int
    lines: int


_STRETCHES = f"""
SELECT min(id), max(id), count(*), sum(lines)::bigint FROM (
    SELECT i.id, l.lines, (sum(l.lines) OVER (ORDER BY i.id) - 1) / %(size)s AS part
    FROM billing_invoice i CROSS JOIN LATERAL (
        SELECT greatest(count(*), 1) AS lines FROM billing_invoiceline l
        WHERE l.operator_id = i.operator_id AND l.invoice_id = i.id) l
    WHERE i.operator_id = %(operator)s AND {DATED_IN}
) parts GROUP BY part::bigint ORDER BY 1
"""  # noqa: S608  # constants


def stretches(days: tuple[date, date], *, size: int = STRETCH_LINES) -> list[Stretch]:
    """Cut the documents dated from the first to the last of the days into stretches of about `size` lines."""
    with connection.cursor() as cursor:
        cursor.execute(_STRETCHES, {"operator": current_operator_id(), **bounds(*days), "size": size})
        return [Stretch(*row) for row in cursor.fetchall()]


def values(operator: Operator, days: tuple[date, date], stretch: Stretch) -> dict[str, Any]:
    """What the query of a stretch is given."""
    return {
        "operator": operator.pk,
        **bounds(*days),
        "first": stretch.first,
        "last": stretch.last,
    }


def rows(table: Table, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one stretch as Python values, for formats with types."""
    with connection.cursor() as cursor:
        cursor.execute(table.select(as_text=False), given)
        read = cursor.fetchall()
    sealed = [place for place, column in enumerate(table.columns) if column.sealed]
    for place in sealed:
        read = [(*row[:place], table.columns[place].opened(row[place]), *row[place + 1 :]) for row in read]
    for row in read:
        yield {
            name: str(cell) if isinstance(cell, Sealed) else cell for name, cell in zip(table.names, row, strict=True)
        }
