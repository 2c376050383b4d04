"""The columns of the list of sessions: on the page, and in a file that our own import reads again."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import DecimalField, DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import SessionPrice
from billing.selectors.session_ledger import Row
from charging.domain import card_numbers
from charging.models import ChargingSession
from portal.files.tables import FileColumn
from portal.web.tables import Column, Table
from portal.words.sessions import flag_word, stop_reason

_PRICE = ("prices", ~Q(prices__state=SessionPrice.State.PROBLEM))
_AMOUNT = Coalesce("sort_through__amount_incl_vat", Value(Decimal(-1)), output_field=DecimalField(decimal_places=6))
_TIME = Coalesce(ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField()), Value(timedelta(0)))

SESSIONS = Table(
    "sessions",
    (
        Column("started", gettext_lazy("Started"), by="started_at", is_indexed=True, is_fixed=True),
        Column("ended", gettext_lazy("Ended"), is_optional=True),
        Column("station", gettext_lazy("Station"), by="station__identifier"),
        Column("driver", gettext_lazy("Driver")),
        Column("card", gettext_lazy("Card"), is_optional=True),
        Column("duration", gettext_lazy("Duration"), by=_TIME, css="num rest", most=80_000),
        Column("energy", gettext_lazy("Energy"), by=Coalesce("energy_wh", Value(-1)), css="num", most=200_000),
        Column("amount", gettext_lazy("Amount"), by=_AMOUNT, through=_PRICE, css="num"),
        Column("billing", gettext_lazy("Billing")),
    ),
    order="-started",
)


def file_columns(*, sees_people: bool) -> list[FileColumn]:
    """Return the columns of the file. Headings are words that an import knows; times are the site's."""
    people = [
        FileColumn(_("Name of the driver"), lambda row: row.driver_name),
        FileColumn(_("Customer number"), lambda row: row.customer_number),
        FileColumn(_("Card"), _card),
    ]
    return [
        FileColumn(_("Session id"), lambda row: row.external_id),
        FileColumn(_("Site"), lambda row: row.site),
        FileColumn(_("Station"), lambda row: row.station),
        FileColumn(_("What the station is called"), lambda row: row.station_name),
        FileColumn(_("Connector"), lambda row: row.connector),
        *(people if sees_people else people[1:]),
        FileColumn(_("Start time"), lambda row: _local(row, row.started_at)),
        FileColumn(_("End time"), lambda row: _local(row, row.ended_at)),
        FileColumn(_("Time zone"), lambda row: row.time_zone),
        FileColumn(_("Duration, s"), _seconds),
        FileColumn(_("Energy (kWh)"), lambda row: None if row.energy_wh is None else Decimal(row.energy_wh).scaleb(-3)),
        FileColumn(_("Why it ended"), lambda row: stop_reason(row.stop_reason)),
        FileColumn(_("Stop reason"), lambda row: row.stop_reason),  # the code: our own import reads it again
        FileColumn(_("Progress"), lambda row: str(ChargingSession.State(row.state).label)),
        FileColumn(_("Review"), lambda row: str(ChargingSession.Review(row.review).label)),
        FileColumn(_("Remarks"), lambda row: ", ".join(flag_word(flag) for flag in row.flags)),
        FileColumn(_("Billing"), lambda row: str(row.status.label)),
        FileColumn(_("Currency"), lambda row: row.currency if row.is_priced else None),
        FileColumn(_("Amount excl. VAT"), lambda row: row.amount_excl_vat if row.is_priced else None, is_amount=True),
        FileColumn(_("Amount incl. VAT"), lambda row: row.amount_incl_vat if row.is_priced else None, is_amount=True),
        FileColumn(_("Invoice"), _invoice),
    ]


def _card(row: Row) -> str:
    return row.card_number or card_numbers.masked(row.card_uid or "")


def _invoice(row: Row) -> str | None:
    return f"{row.invoice_series}{row.invoice_number}" if row.invoice_number else None


def _local(row: Row, moment: datetime | None) -> datetime | None:
    return moment.astimezone(ZoneInfo(row.time_zone)).replace(tzinfo=None, microsecond=0) if moment else None


def _seconds(row: Row) -> int | None:
    return int((row.ended_at - row.started_at).total_seconds()) if row.ended_at else None
