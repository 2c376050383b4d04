"""Invented figures that fill every component of the catalogue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.http import HttpRequest

from portal.gate.kept import Kept
from portal.web.charts import Chart, Series
from portal.web.session_course import SessionCourse, Stretch
from portal.web.tables import Column, Heading, Shown, Table
from portal.words import measures
from tenants.models import SavedView
from tenants.permissions import Permission

NOW = datetime(2026, 3, 17, 13, 5, tzinfo=UTC)
ZONE = "Europe/Stockholm"
SITES = ("Kungsgatan 12", "Hamnparkeringen", "Stora Torget", "Bergvik köpcentrum plan 2", "Lasarettet Norra")


class Filters(forms.Form):
    """The filters of a list of sessions."""

    q = forms.CharField(label="Search", required=False)
    site = forms.ChoiceField(label="Site", required=False, choices=[("", "All sites"), *((s, s) for s in SITES)])
    state = forms.ChoiceField(label="State", required=False, choices=[("", "All"), ("billed", "Billed")])
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    q.widget.input_type = "search"


LIST = Table(
    "sessions",
    (
        Column("started", "Started", by="started_at", is_fixed=True),
        Column("site", "Site"),
        Column("driver", "Driver"),
        Column("state", "State"),
        Column("duration", "Duration", css="num"),
        Column("energy", "Energy", css="num"),
        Column("amount", "Amount", css="num"),
    ),
    order="-started",
)


class Tariff(forms.Form):
    """A form with every kind of control."""

    name = forms.CharField(label="Name", help_text="Drivers read it on their invoice.", initial="City, day and night")
    price = forms.DecimalField(label="Energy price", initial=Decimal("3.4900"))
    zone = forms.ChoiceField(label="Where it applies", choices=[("all", "Every site"), ("one", "One site")])
    days = forms.MultipleChoiceField(
        label="Weekdays", widget=forms.CheckboxSelectMultiple, choices=[("1", "Monday"), ("2", "Tuesday")]
    )
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    file = forms.FileField(label="File", required=False)
    agreed = forms.BooleanField(label="Publish at once", required=False)


class Small(forms.Form):
    """A form that is wrong as a whole."""

    seconds = forms.IntegerField(label="Shorter than, in seconds", required=False)

    def clean(self) -> None:
        raise forms.ValidationError("Nothing is shorter than nothing.")


def listed() -> Shown:
    """A list as somebody wants it, with two saved views, one of them in use."""
    mine, shared = (
        SavedView(name=name, query=query, is_shared=query == "", user_id=7)
        for name, query in (("Night", "period=last_month"), ("All for finance", ""))
    )
    headings = [
        Heading(column, "sort=started" if column.by else "", "descending" if column.by else "")
        for column in LIST.columns
    ]
    return Shown(LIST, LIST.keys(), order=LIST.order, views=[mine, shared], headings=headings)


def context(request: HttpRequest, *, theme: str = "") -> dict[str, Any]:
    """Everything the catalogue shows."""
    return {
        "operator": SimpleNamespace(name="Norrström Laddning", slug="north"),
        "may": frozenset(permission.value for permission in Permission),
        "nav": "history" if request.GET.get("frame") == "driver" else "sessions",
        "theme": theme,
        "languages": settings.LANGUAGES,
        "now": NOW,
        "messages": [
            Message(constants.SUCCESS, "Invoice 2026-00418 was issued.", extra_tags=""),
        ],
        "filters": Filters({"site": "Kungsgatan 12"}),
        "periods": SimpleNamespace(
            periods=[("30 days", "period=30d", True), ("Last month", "period=last_month", False)], is_narrowed=True
        ),
        "form": Tariff(),
        "kept": Kept("?", "?", for_proof=False, fields=[("name", "Kungsgatan 12")]),
        "wrong": Tariff({"name": "", "price": "abc", "zone": "all", "days": ["1"]}),
        "small": Small({"seconds": "-1"}),
        "smaller": Small(prefix="saved"),
        "numbered": Paginator(range(95), 10).page(2),
        "sessions": sessions(),
        "shown": listed(),
        "tabs": [
            {"label": "All", "url": "?", "current": True, "count": "1,204"},
            {"label": "Under review", "url": "?state=review", "current": False, "count": "7"},
            {"label": "Not billed", "url": "?state=open", "current": False, "count": None},
        ],
        "crumbs": [("Sessions", "?"), ("Stora Torget", "?")],
        "page": SimpleNamespace(newer="", older="after=1"),
        "spark": [3, 4, 6, 5, 8, 7, 9, 12, 10, 13, 12, 15],
        "energy": energy(),
        "power": power(),
        "course": course(),
        "revenue": revenue(),
        "facts": [
            ("Station", "STO-04, connector 2 (CCS, 150 kW)"),
            ("Driver", "Dana Holm"),
            ("Started", measures.local_time_exact(NOW, ZONE)),
            ("Energy", measures.kwh(23418, 3)),
            ("Stop reason", "Driver stopped"),
        ],
        "week": [[1] * 6 + [4] * 12 + [5] * 3 + [1] * 3] * 5 + [[1] * 8 + [3] * 14 + [1] * 2] * 2,
        "week_legend": [
            (1, "Night 2.19 kr"),
            (3, "Weekend 2.79 kr"),
            (4, "Day 3.49 kr"),
            (5, "Peak 4.29 kr"),
        ],
        "shares": [
            ("Invoiced", 8210, "8,210 kWh"),
            ("Free", 320, "320 kWh"),
            ("Under review", 142, "142 kWh"),
        ],
        "slices": slices(),
        "totals": [("Excluding VAT", "SEK 63.79"), ("VAT 25%", "SEK 15.95"), ("To pay", "SEK 79.74")],
        "events": events(),
        "steps": ["Choose a file", "Check the columns", "Import"],
    }


def sessions() -> list[dict[str, Any]]:
    """Twelve rows of a list."""
    states = [
        ("Billed", "good"),
        ("Under review", "warn"),
        ("Charging", "info"),
        ("Faulted", "bad"),
        ("Free", ""),
    ]
    return [
        {
            "started_at": NOW - timedelta(hours=3 * row),
            "site": SITES[row % 5],
            "station": f"STO-{row % 7 + 1:02d}",
            "driver": ("Dana Holm", "Åke Öberg", "Maximiliana Oxenstierna-Wachtmeister")[row % 3],
            "energy_wh": 4120 + row * 3777,
            "duration_s": 1900 + row * 1733,
            "amount": Decimal("18.40") + row * Decimal("23.17"),
            "state": states[row % 5],
        }
        for row in range(12)
    ]


def energy() -> Chart:
    """Bars by day, in two stacked parts."""
    days = [date(2026, 2, 16) + timedelta(days=day) for day in range(30)]
    day_part = [
        420 + (day * 53) % 260 - (140 if (date(2026, 2, 16) + timedelta(days=day)).weekday() > 4 else 0)
        for day in range(30)
    ]
    night_part = [210 + (day * 31) % 120 for day in range(30)]
    return Chart(
        "Energy by day", "Day", days,
        [Series("Day", day_part, "kWh", 0, tone=2), Series("Night", night_part, "kWh", 0, tone=3)],
        shape="stacked", summary="Last 30 days",
    )  # fmt: skip


def course() -> SessionCourse:
    """An evening: charged for five hours at two prices, and parked."""
    ends = [Decimal(place) / 26 for place in range(1, 11)]
    return SessionCourse(
        events=[("18:00", "plugged in"), ("23:00", "charging ended"), ("Tue 07:00", "unplugged")],
        phases=[
            Stretch("phase-charging", "charges 5 h 00 min", "18:00–23:00", Decimal(0), ends[9]),
            Stretch("phase-parked", "parked 8 h 00 min", "23:00–Tue 07:00", ends[9], Decimal(1)),
        ],
        prices=[
            Stretch("band-4", "Energy SEK 2.60/kWh", "18:00–22:00", Decimal(0), ends[7]),
            Stretch("band-1", "Energy SEK 1.70/kWh", "22:00–23:00", ends[7], ends[9]),
        ],
        power=[(end - ends[0], end, Decimal(1)) for end in ends],
        peak="11.0 kW",
        table=power("Power of the session"),
    )


def power(title: str = "Power") -> Chart:
    """A session in quarter hours."""
    start = datetime(2026, 3, 17, 9, 15, tzinfo=UTC)
    moments = [start + timedelta(minutes=15 * slot) for slot in range(18)]
    watts = [Decimal(min(108, 40 + slot * 22) if slot < 9 else max(4, 108 - (slot - 8) * 11)) for slot in range(18)]
    return Chart(title, "Time", moments, [Series("Power", watts, "kW")], shape="steps", zone=ZONE, clock_only=True)


def revenue() -> Chart:
    """A line by month."""
    months = ["Oct", "Nov", "Dec", "Jan", "Feb", "Mar"]
    values = [Decimal(184200 + step * 17350) for step in range(6)]
    return Chart("Revenue by month", "Month", months, [Series("Revenue", values, "SEK", 0)], shape="bars", size="short")


def slices() -> list[dict[str, str]]:
    """Why a session costs what it costs."""
    rows = [
        ("09:15 to 18:00", "Energy, day", "14.220 kWh", "SEK 3.49", "SEK 49.63"),
        ("18:00 to 19:10", "Energy, night", "3.210 kWh", "SEK 2.19", "SEK 7.03"),
        ("18:52 to 19:10", "Parking after charging", "18 min", "SEK 0.396", "SEK 7.13"),
    ]
    keys = ("at", "what", "quantity", "unit_price", "amount")
    return [dict(zip(keys, row, strict=True)) for row in rows]


def events() -> list[dict[str, Any]]:
    """A short history with changes."""
    return [
        {
            "title": "Tariff changed",
            "at": "17 Mar 2026 14:05",
            "by": "Fina Lund",
            "changes": [("Energy price", "3.29", "3.49"), ("Note", "", "Peak hours from April")],
        },
        {"title": "Tariff published", "at": "2 Jan 2026 08:00", "by": "Olga Berg", "changes": []},
    ]
