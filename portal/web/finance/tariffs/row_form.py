"""One price of the tariff form: its fields, what they say as a `Row`, and a row as it stands in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import orjson
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain import money
from billing.domain.errors import BillingError
from billing.domain.tariff.kept import VAT_DECIMALS
from billing.domain.tariff.model import WEEKDAYS, Dimension, Element, ReservationKind, Restrictions
from portal.web.finance.tariffs.fields import (
    ENERGY_UNITS,
    TIME_UNITS,
    ClockField,
    DayField,
    EndField,
    NumberField,
    PriceField,
    SpanField,
    measured,
    span,
)
from portal.web.finance.tariffs.rows import EASY_DECIMALS, MINUTES_OF_HOUR, Kept, PriceSheet, Row, whole_day
from portal.web.number_fields import digits
from portal.words import measures
from portal.words import tariffs as tariff_words
from tenants.bounds import OutOfBounds, json_of

#: So many rows of a tariff are fields; further ones stay as they are.
MOST_OPEN_ROWS: Final = 40
#: What a part of the document that stays as it is may take in the form.
LONGEST_KEPT: Final = 20_000
TIMED: Final = (Dimension.TIME, Dimension.PARKING_TIME)
_PER_HOUR: Final = {f"{one.value}_HOUR": one for one in TIMED}
_PER_MINUTE: Final = tuple(one.value for one in TIMED)
_AMOUNTS: Final = ("min_kwh", "max_kwh", "min_power", "max_power", "min_current", "max_current")


class RowForm(forms.Form):
    """One price and when it counts. An empty row says nothing."""

    what = forms.ChoiceField(
        label=_("Price for"),
        required=False,
        choices=[
            ("ENERGY", _("Energy, per kWh")),
            ("FLAT", _("Start fee, per session")),
            ("TIME", _("Charging time, per minute")),
            ("TIME_HOUR", _("Charging time, per hour")),
            ("PARKING_TIME", _("Parking after charging, per minute")),
            ("PARKING_TIME_HOUR", _("Parking after charging, per hour")),
        ],
    )
    price = PriceField(label=_("Price"))
    start = ClockField(label=_("From"))
    end = EndField(label=_("To"))
    days = forms.MultipleChoiceField(
        label=_("Days (none chosen: every day)"),
        required=False,
        choices=[(name, WEEKDAYS_ABBR[index]) for index, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
    )
    after = SpanField(label=_("From minute"), help_text=_("After plug-in."))
    until = SpanField(label=_("Until minute"), help_text=_("After plug-in."))
    min_kwh = NumberField(label=_("From kWh"))
    max_kwh = NumberField(label=_("Until kWh"))
    first_day = DayField(label=_("From day"))
    end_day = DayField(label=_("Until day"), help_text=_("Not including it."))
    min_power = NumberField(label=_("From kW"))
    max_power = NumberField(label=_("Below kW"))
    min_current = NumberField(label=_("From ampere"))
    max_current = NumberField(label=_("Below ampere"))
    reserved = forms.ChoiceField(
        label=_("Reservation"),
        required=False,
        choices=[
            ("", _("not for reservations")),
            (ReservationKind.RESERVATION.value, _("while reserved")),
            (ReservationKind.RESERVATION_EXPIRES.value, _("reserved and never used")),
        ],
    )
    step = forms.CharField(
        label=_("Sold in steps of"),
        max_length=20,
        required=False,
        help_text=_("kWh, or minutes of time. Empty: what was used."),
        widget=digits(),
    )
    vat = PriceField(label=_("VAT, %"), decimal_places=VAT_DECIMALS, help_text=_("Empty: the tariff's."))
    kept = forms.CharField(max_length=LONGEST_KEPT, required=False, widget=forms.HiddenInput)

    #: What a price may depend on besides hours and days.
    CONDITIONS = (
        "after", "until", "min_kwh", "max_kwh", "first_day", "end_day", "min_power", "max_power", "min_current",
        "max_current", "reserved",
    )  # fmt: skip
    MORE = (*CONDITIONS, "step", "vat")

    @property
    def says_nothing(self) -> bool:
        """Whether nothing was entered but what the price would be for."""
        return all(not self[name].value() for name in self.fields if name != "what")

    @property
    def has_more(self) -> bool:
        """Whether anything of the further conditions is entered or wrong."""
        return any(self[name].value() or self[name].errors for name in self.MORE)

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """The further conditions."""
        return [self[name] for name in self.MORE]

    @property
    def told(self) -> str:
        """The prices of an element that stays as it is, in words."""
        try:
            element = Element.parse(kept_part(self["kept"].value()), "element")
        except (BillingError, ValidationError):
            return gettext("a price that only its OCPI document can show")
        return "; ".join(tariff_words.told(element))

    def clean_kept(self) -> dict[str, Any] | None:
        """An element that stays as it is."""
        return kept_part(self.cleaned_data["kept"]) if self.cleaned_data["kept"] else None

    def clean(self) -> dict[str, Any]:
        """Ask for what a row with something in it still lacks."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.says_nothing or cleaned.get("kept"):
            return cleaned
        if cleaned.get("price") is None and "price" not in self.errors:
            self.add_error("price", gettext("Which price?"))
        if cleaned.get("vat") is not None and cleaned["vat"] > 100:
            self.add_error("vat", gettext("VAT is a percentage between 0 and 100."))
        if cleaned.get("reserved") and self.dimension not in (Dimension.TIME, Dimension.FLAT):
            self.add_error("reserved", gettext("A reservation has a start fee or a price of its time."))
        try:
            cleaned["step"] = self._step(cleaned.get("step", ""))
        except ValidationError as refusal:
            self.add_error("step", refusal)
        return cleaned

    @property
    def dimension(self) -> Dimension:
        """What the price is for."""
        what = self.cleaned_data.get("what", "")
        return _PER_HOUR.get(what) or Dimension[what or "ENERGY"]

    @property
    def is_per_minute(self) -> bool:
        """Whether the price is entered for a minute; OCPI has it for an hour."""
        return self.cleaned_data.get("what") in _PER_MINUTE

    def row(self, sheet_vat: Decimal | None) -> Row | Kept:
        """The row as it was entered. Only after `is_valid`, and of a row that says something."""
        facts = self.cleaned_data
        if facts["kept"]:
            return Kept(facts["kept"])
        dimension = self.dimension
        per_hour = MINUTES_OF_HOUR if self.is_per_minute else 1
        vat = sheet_vat if facts["vat"] is None else facts["vat"]
        return Row(dimension, facts["price"] * per_hour, vat, self._restrictions(), facts["step"])

    def _restrictions(self) -> Restrictions:
        facts = self.cleaned_data
        return whole_day(
            Restrictions(
                start_time=facts["start"],
                end_time=facts["end"],
                start_date=facts["first_day"],
                end_date=facts["end_day"],
                min_duration=facts["after"],
                max_duration=facts["until"],
                day_of_week=tuple(name for name in WEEKDAYS if name in facts["days"]),
                reservation=ReservationKind(facts["reserved"]) if facts["reserved"] else None,
                **{name: facts[name] for name in _AMOUNTS},
            )
        )

    def _step(self, text: str) -> int:
        """The step in Wh or s; 1 where nothing is said."""
        if self.dimension in TIMED:
            found = measured(text, TIME_UNITS, gettext("Write the step in minutes, such as 15."))
        else:
            found = measured(text, ENERGY_UNITS, gettext("Write the step in kWh, such as 1 or 0.5."))
        return 1 if found is None or self.dimension is Dimension.FLAT else found


def kept_part(written: str) -> dict[str, Any]:
    """A part of a document that the form carries along."""
    try:
        part = json_of(written)
    except OutOfBounds:
        part = None
    if not isinstance(part, dict):
        raise ValidationError(gettext("This part of the tariff was altered on its way here. Reload the page."))
    return part


def entered(row: Row | Kept, sheet: PriceSheet) -> dict[str, Any]:
    """What stands in the fields of a row."""
    if isinstance(row, Kept):
        return {"kept": carried(row.element)}
    limits, minute = row.restrictions, _per_minute(row)
    what = row.dimension.value
    return {
        "what": f"{what}_HOUR" if row.dimension in TIMED and minute is None else what,
        "price": row.price if minute is None else minute,
        "start": limits.start_time,
        "end": limits.end_time,
        "days": list(limits.day_of_week),
        "first_day": limits.start_date,
        "end_day": limits.end_date,
        "after": limits.min_duration,
        "until": limits.max_duration,
        "reserved": limits.reservation.value if limits.reservation else "",
        "step": _step_written(row),
        "vat": None if row.vat == sheet.vat else row.vat,
        **{name: getattr(limits, name) for name in _AMOUNTS},
    }


def _per_minute(row: Row) -> Decimal | None:
    """The price of a minute, if it has few enough decimals to be entered so."""
    if row.dimension not in TIMED:
        return None
    minute = row.price / MINUTES_OF_HOUR
    exact = minute * MINUTES_OF_HOUR == row.price and money.decimals_of(minute) <= EASY_DECIMALS
    return minute if exact else None


def _step_written(row: Row) -> str:
    if row.step == 1 or row.dimension is Dimension.FLAT:
        return ""
    return span(row.step) if row.dimension in TIMED else measures.typed(Decimal(row.step) / 1000)


def carried(part: Mapping[str, Any]) -> str:
    """A part of a document as the form carries it along."""
    return orjson.dumps(part, default=str).decode()


def openable(sheet: PriceSheet) -> PriceSheet:
    """The sheet with every row that the form's fields cannot give back as it is kept whole, as its element."""
    kept: set[int] = set()
    positions = sheet.positions()
    for at, (row, (element, _dimension)) in enumerate(zip(sheet.rows, positions, strict=True)):
        if isinstance(row, Row) and (at >= MOST_OPEN_ROWS or not _comes_back(row, sheet)):
            kept.add(element)
    if not kept:
        return sheet
    elements = sheet.document()["elements"]
    rows: list[Row | Kept] = []
    for at, (row, (element, _dimension)) in enumerate(zip(sheet.rows, positions, strict=True)):
        if element not in kept:
            rows.append(row)
        elif at == 0 or positions[at - 1][0] != element:
            rows.append(Kept(json.loads(carried(elements[element]))))
    return replace(sheet, rows=tuple(rows))


def _comes_back(row: Row, sheet: PriceSheet) -> bool:
    """Whether the fields of a row, sent as they are shown, say the same row."""
    again = RowForm(sent(RowForm(initial=entered(row, sheet))))
    return again.is_valid() and again.row(sheet.vat) == row


def sent(form: forms.Form) -> QueryDict:
    """What a browser would send of a form as it is shown."""
    data = QueryDict(mutable=True)
    for field in form:
        value = field.value()
        shown = value if isinstance(value, list) else field.field.widget.format_value(value)
        listed = shown if isinstance(shown, list) else [shown]
        data.setlist(field.html_name, ["" if each is None else str(each) for each in listed])
    return data
