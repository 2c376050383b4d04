"""The tables that accounting takes out: documents of some days, their lines, sessions, payments, VAT, EC sales.

Names of columns in CSV and JSON lines are part of the interface: programs map them once. A workbook is for people: its
headings and words are in the reader's language. Times are local to the zone that stands beside them, amounts in the
document's currency, credit notes with the opposite sign.

A table is read in stretches (`stretches`): each is one short query, so neither a snapshot nor memory has to last for
the whole file. Issued documents never change, so the stretches fit together: what they say of customers, places,
tariffs and clocks was copied when they were issued. A table that adds up (`Table.worked`) has few rows and is read at
once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson
import polars as pl
from django.db import connection
from django.db.models import Model, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.documents import categories
from billing.domain import money
from billing.domain.calendar import month_bounds
from billing.models import Export, Payment
from billing.models.billing_status import BillingStatus
from billing.sql import status
from billing.sql.documents import BOOKED_IN, CHARGED_IN, DATED_IN, bounds
from billing.sql.ledger import COINS
from charging.models import ChargingSession
from tenants.company_numbers import compact
from tenants.models import DriverIdentity, Operator
from tenants.sealed_fields import Person, Sealed
from tenants.spreadsheets import harmless_sql

STRETCH_LINES: Final = 20_000
By = Export.DatedBy
#: Every row, whatever its id.
_ALL: Final = (0, 2**62)


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows: by which of their days, from which to which, and what had happened by when."""

    operator: Operator
    by: str
    days: tuple[date, date]
    as_of: datetime

    def given(self, first: int = _ALL[0], last: int = _ALL[1]) -> dict[str, Any]:
        """What a query is given, for the rows with these ids. begin, end: of the months, by the operator's clock."""
        first_day, last_day = self.days
        zone = self.operator.time_zone
        return {
            "operator": self.operator.pk,
            "as_of": self.as_of,
            "first": first,
            "last": last,
            **bounds(first_day, last_day),
            "begin": month_bounds(first_day, zone)[0],
            "end": month_bounds(last_day, zone)[1],
        }


@dataclass(frozen=True, slots=True)
class Base:
    """What the rows of a table are of: its key, how many lines each has, and how it belongs to days (`DatedBy`)."""

    source: str
    operator: str
    key: str
    within: Mapping[str, str]
    known: str
    lines: str = "SELECT 1"

    def where(self, by: str) -> str:
        """The condition of one stretch."""
        return (
            f"{self.operator} = %(operator)s AND {self.within[by]} AND {self.known} <= %(as_of)s"
            f" AND {self.key} BETWEEN %(first)s AND %(last)s"
        )


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in CSV, its heading in words, and what it is in SQL.

    is_text: somebody typed it. is_moment: it is a local time. is_summed: the export keeps its sum.
    has_words: it holds codes that documents have words for; choices: or whose words these are.
    sealed: of a sealed text, the model and the field: the database gives it as it holds it. about: for one that the
    operator's key seals, of what kind it is, and in SQL the identifier that it is bound to. said: what is written of
    it.
    """

    name: str
    heading: str | Promise
    sql: str = ""
    is_text: bool = False
    is_moment: bool = False
    is_summed: bool = False
    has_words: bool = False
    choices: type[TextChoices] | None = None
    sealed: tuple[type[Model], str] | None = None
    about: tuple[str, str] | None = None
    said: Callable[[str], str] = str

    @property
    def held(self) -> str:
        """A sealed text in SQL, as it is held: in hex, and behind it what it is bound to."""
        return f"encode({self.sql}, 'hex')" + (f" || '@' || {self.about[1]}" if self.about else "")

    def opened(self, held: str | None) -> Sealed | str:
        """Return a sealed text that the database gave, to be opened when it is asked for (`told`)."""
        box, _at, bound = (held or "").partition("@")
        if not box:
            return ""
        model, name = self.sealed or (Model, "")
        text: Sealed = model._meta.get_field(name).from_db_value(bytes.fromhex(box), None, connection)  # type: ignore[union-attr]
        if self.about:
            text.of = Person(self.about[0], UUID(bound).int)
        return text

    def told(self, opened: Sealed | str) -> str:
        """Return what is written of it."""
        text = str(opened)
        return self.said(text) if text else ""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns over a source, whose rows belong to those of `base`; or rows that are worked out of them."""

    base: Base
    columns: tuple[Column, ...]
    source: str = ""
    order: str = ""
    worked: Callable[[Span], Iterator[tuple[Any, ...]]] | None = None
    is_long: bool = False

    @property
    def is_copied(self) -> bool:
        """Whether the database writes it as CSV: not where there is something to be added up, or much to be opened.

        A long table is written so all the same. What was taken out once is repeated to the same bytes, so none changes.
        """
        sealed = sum(column.sealed is not None for column in self.columns)
        return self.worked is None and (self.is_long or sealed <= 1)

    @property
    def names(self) -> list[str]:
        """The header."""
        return [column.name for column in self.columns]

    @property
    def summed(self) -> list[str]:
        """The columns whose sums are kept."""
        return [column.name for column in self.columns if column.is_summed]

    def select(self, by: str, *, as_text: bool) -> str:
        """The query of one stretch. as_text: for CSV, where times are written and no spreadsheet may run a text."""
        if as_text:
            return self._select(by, [_as_text(place, column) for place, column in enumerate(self.columns)])
        return self._select(by, [column.held if column.sealed else column.sql for column in self.columns])

    def select_plain(self, by: str) -> str:
        """The same as COPY writes it for ourselves: nothing is guarded, and what is sealed is written in hex."""
        return self._select(by, [column.held if column.sealed else column.sql for column in self.columns])

    def _select(self, by: str, listed: list[str]) -> str:
        asked = ", ".join(listed)
        return f"SELECT {asked} FROM {self.source} WHERE {self.base.where(by)} ORDER BY {self.order}"  # noqa: S608


def _as_text(place: int, column: Column) -> str:
    if column.sealed:
        return f"%(mark)s || '{place}:' || {column.held}"
    if column.is_moment:
        return f"to_char({column.sql}, 'YYYY-MM-DD HH24:MI:SS')"
    return harmless_sql(column.sql) if column.is_text else column.sql


DOCUMENTS: Final = Base(
    source="billing_invoice i",
    operator="i.operator_id",
    key="i.id",
    within={By.ISSUED: DATED_IN, By.BOOKED: BOOKED_IN, By.CHARGED: CHARGED_IN},
    known="i.issued_at",
    lines="""SELECT greatest(count(*), 1) FROM billing_invoiceline l
        WHERE l.operator_id = i.operator_id AND l.invoice_id = i.id""",
)
#: Who these documents are for.
_OF_PAYERS: Final = Base(
    source="tenants_account a",
    operator="a.operator_id",
    key="a.id",
    within={
        by: "a.id IN (SELECT i.account_id FROM billing_invoice i"  # noqa: S608  # constants
        f" WHERE i.operator_id = %(operator)s AND {condition} AND i.issued_at <= %(as_of)s)"
        for by, condition in (
            (By.ISSUED, DATED_IN),
            (By.BOOKED, BOOKED_IN.replace("%(first)s", "0").replace("%(last)s", str(2**62))),
            (By.CHARGED, CHARGED_IN),
        )
    },
    known="a.created_at",
)
_OF_SESSIONS: Final = Base(
    source="charging_chargingsession s",
    operator="s.operator_id",
    key="s.id",
    within={
        By.CHARGED: "(s.ended_at >= %(begin)s AND s.ended_at < %(end)s"
        " OR s.ended_at IS NULL AND s.started_at >= %(begin)s AND s.started_at < %(end)s)"
    },
    known="s.created_at",
)
_OF_PAYMENTS: Final = Base(
    source="billing_payment p",
    operator="p.operator_id",
    key="p.id",
    within={
        By.ISSUED: "p.paid_on BETWEEN %(first_day)s AND %(last_day)s",
        By.BOOKED: "p.id IN (SELECT e.source FROM billing_ledgerentry e WHERE e.operator_id = %(operator)s"
        " AND e.kind = 'payment' AND e.source BETWEEN %(first)s AND %(last)s"
        " AND e.booked_on BETWEEN %(first_day)s AND %(last_day)s)",
    },
    known="p.created_at",
)

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
LEFT JOIN billing_issuedstation w ON w.operator_id = i.operator_id AND w.run_id = coalesce(o.run_id, i.run_id)
    AND w.site_id = s.site_id AND w.station_id = s.station_id
LEFT JOIN billing_issuedtariff f ON f.operator_id = i.operator_id AND f.run_id = coalesce(o.run_id, i.run_id)
    AND f.tariff_version_id = l.tariff_version_id
"""
_SESSIONS_FROM = f"""
charging_chargingsession s
JOIN charging_site w ON w.operator_id = s.operator_id AND w.id = s.site_id
JOIN charging_station t ON t.operator_id = s.operator_id AND t.id = s.station_id
JOIN charging_connector c ON c.operator_id = s.operator_id AND c.id = s.connector_id
LEFT JOIN tenants_driver d ON d.operator_id = s.operator_id AND d.id = s.driver_id
{status.JOINED}
"""
# A price that could not be found is none; whole coins as an amount, with the decimals that the currency has.
_PRICE = "CASE WHEN p.state <> 'problem' THEN {} END"
_DIGITS = "CASE {} ELSE {} END".format(
    " ".join(f"WHEN p.currency = '{code}' THEN {digits}" for code, digits in sorted(money.UNUSUAL_DIGITS.items())),
    money.USUAL_DIGITS,
)
_AMOUNT = f"round({{}}::numeric / {COINS.replace('currency', 'p.currency')}, {_DIGITS})"
_MATCHES = "billing_paymentmatch m WHERE m.operator_id = p.operator_id AND m.payment_id = p.id"
_MATCHED = f"(SELECT coalesce(sum(m.amount), 0) FROM {_MATCHES} AND m.created_at <= %(as_of)s)"  # noqa: S608  # constants
_PAID_DOCUMENTS = f"""(SELECT string_agg(n.series || n.number, ' ' ORDER BY n.id) FROM (
    SELECT m.invoice_id FROM {_MATCHES} AND m.invoice_id IS NOT NULL AND m.created_at <= %(as_of)s
    GROUP BY m.invoice_id HAVING sum(m.amount) <> 0) x
JOIN billing_invoice n ON n.operator_id = p.operator_id AND n.id = x.invoice_id)"""  # noqa: S608  # constants

INVOICES: Final = Table(
    base=DOCUMENTS,
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
        Column("amount_excl_vat", _("Amount excl. VAT"), "i.amount_excl_vat", is_summed=True),
        Column("vat", _("VAT"), "i.vat", is_summed=True),
        Column("rounding", _("Rounding"), "i.rounding", is_summed=True),
        Column("amount_due", _("Amount due"), "i.amount_due", is_summed=True),
        Column("sessions", _("Sessions"), "i.session_count"),
        Column("energy_kwh", _("Energy (kWh)"), "round(i.energy_wh / 1000.0, 3)"),
    ),
    source=_INVOICES_FROM,
    order="i.id",
)
LINES: Final = Table(
    base=DOCUMENTS,
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
        Column("amount_excl_vat", _("Amount excl. VAT"), "l.amount_excl_vat", is_summed=True),
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
SESSIONS: Final = Table(
    base=_OF_SESSIONS,
    columns=(
        Column("session_id", _("Session id"), "s.external_id", is_text=True),
        Column("site", _("Site"), "w.name", is_text=True),
        Column("station", _("Station"), "t.identifier", is_text=True),
        Column("connector", _("Connector"), "c.number", is_text=True),
        Column("customer_number", _("Customer number"), "d.customer_number", is_text=True),
        Column("started", _("Start time"), "s.started_at AT TIME ZONE w.time_zone", is_moment=True),
        Column("ended", _("End time"), "s.ended_at AT TIME ZONE w.time_zone", is_moment=True),
        Column("time_zone", _("Time zone"), "w.time_zone"),
        Column("energy_kwh", _("Energy (kWh)"), "round(s.energy_wh / 1000.0, 3)", is_summed=True),
        Column("state", _("Progress"), "s.state", choices=ChargingSession.State),
        Column("review", _("Review"), "s.review", choices=ChargingSession.Review),
        Column("billing", _("Billing"), status.STATUS, choices=BillingStatus),
        Column("currency", _("Currency"), f"nullif({_PRICE.format('p.currency')}, '')"),
        Column("amount_excl_vat", _("Amount excl. VAT"), _PRICE.format("p.amount_excl_vat"), is_summed=True),
        Column("amount_incl_vat", _("Amount incl. VAT"), _PRICE.format("p.amount_incl_vat"), is_summed=True),
        Column("invoice", _("Invoice"), _DOCUMENT),
    ),
    source=_SESSIONS_FROM,
    order="s.id",
)


def _of_payer(name: str, heading: str | Promise, field_name: str, said: Callable[[str], str] = str) -> Column:
    """What a bank told of who paid."""
    about = (Payment.OF, "p.public_id")
    return Column(name, heading, f"p.{field_name}", is_text=True, sealed=(Payment, field_name), about=about, said=said)


def _listed(text: str) -> str:
    return " ".join(orjson.loads(text))


PAYMENTS: Final = Table(
    base=_OF_PAYMENTS,
    columns=(
        Column("paid_on", _("Paid"), "p.paid_on"),
        Column(
            "booked_on",
            _("Booked"),
            "(SELECT e.booked_on FROM billing_ledgerentry e"
            " WHERE e.operator_id = p.operator_id AND e.kind = 'payment' AND e.source = p.id)",
        ),
        Column("currency", _("Currency"), "p.currency"),
        Column("amount", _("Amount"), _AMOUNT.format("p.amount"), is_summed=True),
        Column("not_matched", _("Not matched"), _AMOUNT.format(f"(p.amount - {_MATCHED})"), is_summed=True),
        Column("invoices", _("Invoices"), _PAID_DOCUMENTS),
        _of_payer("reference", _("Reference"), "given", said=_listed),
        _of_payer("message", _("Message"), "text"),
        _of_payer("payer", _("Payer"), "payer_name"),
        _of_payer("payer_account", _("Payer's account"), "payer_account"),
        Column("to_account", _("To account"), "p.to_account", is_text=True),
        Column("payment_id", _("Payment id"), "p.public_id::text"),
    ),
    source="billing_payment p",
    order="p.id",
    is_long=True,
)

_IDENTITY: Final = {
    "name": _("Name"),
    "organisation_number": _("Organisation number"),
    "vat_number": _("VAT number"),
    "street": _("Address"),
    "postal_code": _("Postal code"),
    "city": _("City"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "buyer_reference": _("Your reference"),
}
CUSTOMERS: Final = Table(
    base=_OF_PAYERS,
    columns=(
        Column("customer_number", _("Customer number"), "a.customer_number", is_text=True),
        # As Bokio reads it.
        Column("type", _("Type"), "CASE WHEN a.kind = 'private' THEN 'Private' ELSE 'Company' END"),
        *(
            Column(name, heading, f"b.{name}", is_text=True, sealed=(DriverIdentity, name))
            for name, heading in _IDENTITY.items()
        ),
        Column("country", _("Country"), "b.country"),
        Column("language", _("Language"), "a.language"),
        Column("payment_terms_days", _("Payment terms, days"), "a.payment_terms_days"),
    ),
    source="""
    tenants_account a
    LEFT JOIN tenants_driveridentity b ON b.operator_id = a.operator_id AND b.id = a.identity_id
    """,
    order="a.id",
)

#: With the country of whose VAT all is, where it is not the seller's own.
_VAT: Final = """
SELECT i.currency, v.vat_rate, i.seller ->> 'vat_number', CASE WHEN v.vat_rate = 0 THEN i.buyer_id END,
    (SELECT n.key FROM jsonb_each_text(i.seller -> 'vat_numbers') n WHERE n.value = i.seller ->> 'vat_number'),
    count(*), sum(v.taxable), sum(v.vat)
FROM billing_invoice i JOIN billing_invoicevat v ON v.operator_id = i.operator_id AND v.invoice_id = i.id
WHERE {} GROUP BY 1, 2, 3, 4, 5
"""
# A discount is goods, as what it is taken off; other fees are services.
_WITHOUT_VAT: Final = """
SELECT i.currency, i.seller ->> 'vat_number', i.buyer_id, count(DISTINCT i.id),
    coalesce(sum(l.amount_excl_vat) FILTER (WHERE l.fee_id IS NULL OR f.kind = 'discount'), 0),
    coalesce(sum(l.amount_excl_vat) FILTER (WHERE l.fee_id IS NOT NULL AND f.kind <> 'discount'), 0)
FROM billing_invoice i JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id
LEFT JOIN billing_billedfee c ON c.operator_id = l.operator_id AND c.id = l.fee_id
LEFT JOIN billing_fee f ON f.operator_id = c.operator_id AND f.id = c.fee_id
WHERE {} AND l.vat_rate = 0 GROUP BY 1, 2, 3
"""


def _asked(statement: str, span: Span) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(DOCUMENTS.where(span.by)), span.given())
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _vat_numbers(buyers: set[int]) -> dict[int, str]:
    """The VAT numbers of some buyers, as registers write them."""
    return {key: compact(identity.vat_number) for key, identity in DriverIdentity.objects.in_bulk(list(buyers)).items()}


def _vat(span: Span) -> Iterator[tuple[Any, ...]]:
    """Sales and VAT by currency, rate, and the law's reason; the highest rate first."""
    yield from _summed(span, lambda currency, rate, why, _country: (currency, rate, why))


def _vat_by_country(span: Span) -> Iterator[tuple[Any, ...]]:
    """The same, and by country where all VAT of a document is another one's."""
    yield from _summed(span, lambda currency, rate, why, country: (currency, rate, why, country))


def _vat_with_country(span: Span) -> Iterator[tuple[Any, ...]]:
    """The same by country, said of the operator's own too, after what every such file has."""
    for currency, rate, why, country, *sums in _vat_by_country(span):
        yield (currency, rate, why, *sums, country or span.operator.country)


def _summed(span: Span, key: Callable[..., tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    rows = _asked(_VAT, span)
    numbers = _vat_numbers({buyer for _currency, _rate, _seller, buyer, *_sums in rows if buyer})
    found: dict[tuple[Any, ...], list[Any]] = {}
    for currency, rate, seller, buyer, country, *sums in rows:
        why = categories.category(rate, seller=compact(seller or ""), buyer=numbers.get(buyer, ""))
        kept = found.setdefault(key(currency, rate, why, country or ""), [0, Decimal(0), Decimal(0)])
        kept[:] = [before + more for before, more in zip(kept, sums, strict=True)]
    order = sorted(found, key=lambda key: (key[0], key[1] is None, -(key[1] or 0), *key[2:]))
    yield from ((*key, *found[key]) for key in order)


def _ec_sales(span: Span) -> Iterator[tuple[Any, ...]]:
    """Sales to buyers of other member states who account for the VAT themselves, by their VAT number."""
    rows = _asked(_WITHOUT_VAT, span)
    numbers = _vat_numbers({buyer for _currency, _seller, buyer, *_sums in rows})
    found: dict[tuple[str, str], list[Any]] = {}
    for currency, seller, buyer, *sums in rows:
        number = numbers.get(buyer, "")
        if categories.category(Decimal(0), seller=compact(seller or ""), buyer=number) != categories.REVERSE:
            continue
        kept = found.setdefault((number, currency), [0, Decimal(0), Decimal(0)])
        kept[:] = [before + more for before, more in zip(kept, sums, strict=True)]
    yield from ((number, number[:2], currency, *found[number, currency]) for number, currency in sorted(found))


#: As files have it that were first asked for before they told countries, so that they are made again as they were.
VAT_OF_BEFORE: Final = Table(
    base=DOCUMENTS,
    columns=(
        Column("currency", _("Currency")),
        Column("vat_rate", _("VAT, %")),
        Column("category", _("Category of VAT")),
        Column("documents", _("Documents")),
        Column("amount_excl_vat", _("Amount excl. VAT"), is_summed=True),
        Column("vat", _("VAT"), is_summed=True),
    ),
    worked=_vat,
)
_COUNTRY_OF_VAT: Final = Column("country", _("Country of VAT"))
VAT: Final = replace(VAT_OF_BEFORE, columns=(*VAT_OF_BEFORE.columns, _COUNTRY_OF_VAT), worked=_vat_with_country)
#: What returns are made of: a country is said of VAT abroad alone. No file has it.
VAT_BY_COUNTRY: Final = replace(
    VAT,
    columns=(*VAT_OF_BEFORE.columns[:3], _COUNTRY_OF_VAT, *VAT_OF_BEFORE.columns[3:]),
    worked=_vat_by_country,
)
EC_SALES: Final = Table(
    base=DOCUMENTS,
    columns=(
        Column("vat_number", _("VAT number")),
        Column("country", _("Country")),
        Column("currency", _("Currency")),
        Column("documents", _("Documents")),
        Column("goods", _("Goods"), is_summed=True),
        Column("services", _("Services"), is_summed=True),
    ),
    worked=_ec_sales,
)
#: The tables by the kind of export.
TABLES: Final[dict[str, Table]] = {
    Export.Kind.INVOICES: INVOICES,
    Export.Kind.LINES: LINES,
    Export.Kind.SESSIONS: SESSIONS,
    Export.Kind.PAYMENTS: PAYMENTS,
    Export.Kind.CUSTOMERS: CUSTOMERS,
    Export.Kind.VAT: VAT,
    Export.Kind.EC_SALES: EC_SALES,
}


def read_csv(table: Table, piece: bytes) -> pl.DataFrame:
    """Rows as the database writes them, without a header; every cell is a text."""
    return pl.read_csv(piece, has_header=False, infer_schema=False, new_columns=table.names)


@dataclass(slots=True)
class Tally:
    """How many rows were written, and what they come to: by currency, by column."""

    rows: int = 0
    sums: dict[str, dict[str, Decimal]] = field(default_factory=dict)

    def add(self, currency: str, amounts: Mapping[str, Decimal | None], *, rows: int = 1) -> None:
        """Count some rows of one currency."""
        self.rows += rows
        kept = self.sums.setdefault(currency, {})
        for name, amount in amounts.items():
            kept[name] = kept.get(name, Decimal(0)) + (amount or 0)

    def row(self, table: Table, row: Mapping[str, Any]) -> None:
        """Count a row of a table."""
        self.add(row.get("currency") or "", {name: row[name] for name in table.summed})

    def csv(self, table: Table, piece: bytes) -> None:
        """Count rows as they were written, without a header."""
        if piece:
            self.texts(table, read_csv(table, piece))

    def texts(self, table: Table, frame: pl.DataFrame) -> None:
        """Count rows whose cells are texts, as the database writes them."""
        sums = [pl.col(name).cast(pl.Decimal(38, 6)).sum() for name in table.summed]
        wanted = frame.select("currency", *table.summed)
        for row in wanted.group_by("currency").agg(pl.len().alias("rows"), *sums).iter_rows(named=True):
            self.add(row["currency"] or "", {name: row[name] for name in table.summed}, rows=row["rows"])

    def told(self) -> dict[str, dict[str, str]]:
        """The sums as a row keeps them."""
        return {
            currency: {name: _plain(amount) for name, amount in sorted(amounts.items())}
            for currency, amounts in sorted(self.sums.items())
        }


def _plain(amount: Decimal) -> str:
    """An amount with at least two decimals, and no zeros beyond those."""
    whole, _point, places = f"{amount:f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a base with ids from `first` to `last`: how many they are and how many lines they have."""

    first: int
    last: int
    documents: int
    lines: int


_STRETCHES = """
SELECT min(id), max(id), count(*), sum(lines)::bigint FROM (
    SELECT {key} AS id, x.lines, (sum(x.lines) OVER (ORDER BY {key}) - 1) / %(size)s AS part
    FROM {source} CROSS JOIN LATERAL ({lines}) x(lines)
    WHERE {where}
) parts GROUP BY part::bigint ORDER BY 1
"""


def stretches(base: Base, span: Span, *, size: int = STRETCH_LINES) -> list[Stretch]:
    """Cut the rows of the base that belong to the span into stretches of about `size` lines."""
    statement = _STRETCHES.format(key=base.key, source=base.source, lines=base.lines, where=base.where(span.by))
    with connection.cursor() as cursor:
        cursor.execute(statement, {**span.given(), "size": size})
        return [Stretch(*row) for row in cursor.fetchall()]


def ids(base: Base, span: Span, stretch: Stretch, *, order: str) -> list[int]:
    """The ids of a stretch."""
    statement = f"SELECT {base.key} FROM {base.source} WHERE {base.where(span.by)} ORDER BY {order}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, span.given(stretch.first, stretch.last))
        return [key for (key,) in cursor.fetchall()]


def rows(table: Table, span: Span, stretch: Stretch) -> Iterator[dict[str, Any]]:
    """The rows of one stretch as Python values, for formats with types."""
    with connection.cursor() as cursor:
        cursor.execute(table.select(span.by, as_text=False), span.given(stretch.first, stretch.last))
        read = cursor.fetchall()
    sealed = [index for index, column in enumerate(table.columns) if column.sealed]
    for index in sealed:
        column = table.columns[index]
        read = [(*row[:index], column.opened(row[index]), *row[index + 1 :]) for row in read]
    for row in read:
        yield {
            column.name: column.told(cell) if column.sealed else cell
            for column, cell in zip(table.columns, row, strict=True)
        }
