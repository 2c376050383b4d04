"""The form in which a tariff is made without knowing OCPI: prices, rows of hours, an example session.

`TariffEntry` holds the three parts together. Rows of hours are added and removed by buttons of the
same form, so that it works with and without script.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain import money
from billing.domain.sessions import metering
from billing.domain.sessions.columns import Sessions
from billing.domain.tariff.kept import VAT_DECIMALS
from billing.domain.tariff.model import WEEKDAYS
from portal.web.finance.tariff_terms import ENTERED_DECIMALS, MINUTES_OF_HOUR, Terms, Window
from portal.words import measures
from tenants.bounds import whole_of

CURRENCIES = ("SEK", "EUR", "NOK", "DKK")
MOST_ROWS = 12
MINUTE, HOUR = "minute", "hour"


class PriceField(forms.DecimalField):
    """An amount of money. Comma and point both mean the decimal sign, whatever the reader's language."""

    def __init__(self, *, decimal_places: int = ENTERED_DECIMALS, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(min_value=0, max_value=Decimal(99999), decimal_places=decimal_places, required=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        """Read `3,20` and `3.20` alike; refuse a text with both, which could be either of two amounts."""
        if isinstance(value, str):
            text = "".join(value.split())
            if "," in text and "." in text:
                raise ValidationError(gettext("Write the amount with one decimal sign, such as 3.20."))
            value = text.replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """Show the amount with the decimal sign of the reader's language, at least two decimals."""
        if not isinstance(value, Decimal):
            return value
        return measures.typed(value, at_least=0 if value == value.to_integral_value() else 2)


class ClockField(forms.TimeField):
    """A time of day as `22:00` in every language: a browser's own picker may say `10 PM`."""

    def __init__(self, **kwargs: Any) -> None:
        look = {"inputmode": "numeric", "autocomplete": "off", "placeholder": "00:00", "maxlength": 5}
        super().__init__(
            input_formats=["%H:%M", "%H.%M", "%H"], widget=forms.TimeInput(attrs=look, format="%H:%M"), **kwargs
        )


class TermsForm(forms.Form):
    """Name, currency and prices that apply at all hours."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What your staff and drivers call it."))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])
    with_vat = forms.TypedChoiceField(
        label=_("Prices below are entered"),
        choices=[("1", _("including VAT")), ("", _("excluding VAT"))],
        coerce=bool,
        required=False,
        initial="1",
    )
    vat = PriceField(label=_("VAT"), decimal_places=VAT_DECIMALS, help_text=_("Empty: no VAT applies."))
    energy = PriceField(label=_("Energy"), help_text=_("At all hours without a price of their own."))
    start_fee = PriceField(label=_("Start fee"))
    charging_price = PriceField(label=_("Charging time"))
    charging_unit = forms.ChoiceField(
        label=_("Charging time, per"), choices=[(MINUTE, _("per minute")), (HOUR, _("per hour"))], initial=MINUTE
    )
    parking_minute = PriceField(
        label=_("Parking after charging"), help_text=_("While the car stays plugged in without charging.")
    )
    parking_free_minutes = forms.IntegerField(
        label=_("No parking price during the first"),
        min_value=0,
        max_value=7 * 24 * 60,
        required=False,
        help_text=_("Counted from plug-in."),
    )
    minimum = PriceField(label=_("A session costs at least"))
    maximum = PriceField(label=_("A session costs at most"))

    def clean_vat(self) -> Decimal | None:
        """Refuse more than 100 %."""
        vat: Decimal | None = self.cleaned_data["vat"]
        if vat is not None and vat > 100:
            raise ValidationError(gettext("VAT is a percentage between 0 and 100."))
        return vat

    def clean(self) -> dict[str, Any]:
        """Refuse bounds that contradict each other."""
        cleaned: dict[str, Any] = super().clean() or {}
        least, most = cleaned.get("minimum"), cleaned.get("maximum")
        if least is not None and most is not None and least > most:
            self.add_error("maximum", gettext("The greatest price is below the least."))
        return cleaned


class WindowForm(forms.Form):
    """Hours with an energy price of their own. An empty row says nothing."""

    start = ClockField(label=_("From"), required=False)
    end = ClockField(label=_("To"), required=False)
    price = PriceField(label=_("Energy"))
    days = forms.MultipleChoiceField(
        label=_("Days (none chosen: every day)"),
        required=False,
        choices=[(name, WEEKDAYS_ABBR[place]) for place, name in enumerate(WEEKDAYS)],
        widget=forms.CheckboxSelectMultiple,
    )

    def clean(self) -> dict[str, Any]:
        """Ask for what a row with something in it still lacks."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("price") is None and "price" not in self.errors:
            self.add_error("price", gettext("Which price applies in these hours?"))
        if not (cleaned.get("start") or cleaned.get("end") or cleaned.get("days")):
            self.add_error("start", gettext("Which hours or days?"))
        return cleaned

    def window(self) -> Window:
        """The row as terms. Midnight to midnight is the whole day."""
        start, end = self.cleaned_data["start"], self.cleaned_data["end"]
        days = tuple(self.cleaned_data["days"])
        if start == end:
            start = end = None
        whole_week = () if len(days) == len(WEEKDAYS) else days
        return Window(self.cleaned_data["price"], start, end, whole_week)


def _digits() -> forms.TextInput:
    """A field for a whole number, without a browser's arrows."""
    return forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})


class ExampleForm(forms.Form):
    """A made-up session whose price is shown while the tariff is being made."""

    day = forms.ChoiceField(
        label=_("Plugged in on"), choices=[(str(place), name) for place, name in WEEKDAYS_ABBR.items()], initial="1"
    )
    start = ClockField(label=_("At"), initial=time(20))
    kwh = forms.IntegerField(label=_("Energy"), min_value=0, max_value=1000, initial=30, widget=_digits())
    charging_hours = forms.IntegerField(label=_("Charges for"), min_value=0, max_value=100, initial=4, widget=_digits())
    parked_hours = forms.IntegerField(label=_("Stays for"), min_value=0, max_value=300, initial=10, widget=_digits())

    def session(self, *, zone: str, today: date) -> Sessions:
        """The example as the kernel reads it: even power, on the next such weekday from today."""
        facts = self.cleaned_data
        day = today + timedelta((int(facts["day"]) - today.weekday()) % 7)
        begin = datetime.combine(day, facts["start"], ZoneInfo(zone)).astimezone(UTC)
        charged = begin + timedelta(hours=facts["charging_hours"])
        end = max(charged, begin + timedelta(hours=facts["parked_hours"]))
        return metering.from_totals(
            start=[int(begin.timestamp())],
            end=[int(end.timestamp())],
            zone=zone,
            energy_wh=[facts["kwh"] * 1000],
            charging_end=[int(charged.timestamp())],
        )


class TariffEntry:
    """The page's form: terms, rows of hours, example. Bound when it is given data."""

    def __init__(self, data: QueryDict | None = None, *, name: str = "", terms: Terms | None = None) -> None:
        rows = _rows_in(data) if data is not None else range(max(1, len(terms.windows) if terms else 1))
        self.form = TermsForm(data, initial=_initial(name, terms) if terms else None)
        self.example = ExampleForm(data, prefix="example")
        self.windows = [
            WindowForm(
                data,
                prefix=f"window{row}",
                initial=_row(terms, row),
                empty_permitted=True,
                use_required_attribute=False,
            )
            for row in rows
        ]

    @classmethod
    def rearranged(cls, data: QueryDict) -> TariffEntry:
        """The form as it was entered, with a row more or less, and without judging it yet."""
        entry = cls.__new__(cls)
        rows = [row for row in _rows_in(data) if str(row) != data.get("remove_window")]
        entered = [_as_entered(WindowForm, data, f"window{row}") for row in rows]
        if "add_window" in data or not entered:
            entered.append({})
        entry.form = TermsForm(initial=_as_entered(TermsForm, data))
        entry.example = ExampleForm(prefix="example", initial=_as_entered(ExampleForm, data, "example"))
        entry.windows = [
            WindowForm(prefix=f"window{row}", initial=facts) for row, facts in enumerate(entered[:MOST_ROWS])
        ]
        return entry

    @property
    def may_grow(self) -> bool:
        """Whether another row of hours fits."""
        return len(self.windows) < MOST_ROWS

    def is_valid(self) -> bool:
        """Judge all parts, so that every error is shown at once; the tariff must price something."""
        valid = all([self.form.is_valid(), *(row.is_valid() for row in self.windows), self.example.is_valid()])
        if valid and not self.terms().tariff("T").elements:
            self.form.add_error(
                None, gettext("A tariff needs at least one price; a free one has an energy price of 0.")
            )
            return False
        return valid

    def terms(self) -> Terms:
        """What was entered. Only after `is_valid`."""
        facts = self.form.cleaned_data
        per_hour = 1 if facts["charging_unit"] == HOUR else MINUTES_OF_HOUR
        return Terms(
            currency=facts["currency"],
            energy=facts["energy"],
            windows=tuple(row.window() for row in self.windows if row.has_changed()),
            start_fee=facts["start_fee"],
            charging_hour=_times(facts["charging_price"], per_hour),
            parking_hour=_times(facts["parking_minute"], MINUTES_OF_HOUR),
            parking_free_minutes=facts["parking_free_minutes"] or 0,
            minimum=facts["minimum"],
            maximum=facts["maximum"],
            vat=facts["vat"],
            with_vat=bool(facts["with_vat"]),
        )


def _rows_in(data: QueryDict) -> range:
    """The numbers of the rows that were sent."""
    sent = whole_of(data.get("rows", ""), most=MOST_ROWS)
    return range(1 if sent is None else sent)


def _as_entered(form_class: type[forms.Form], data: QueryDict, prefix: str = "") -> dict[str, Any]:
    """What was typed into a form, untouched, to be shown again."""
    facts: dict[str, Any] = {}
    for name, field in form_class.base_fields.items():
        key = f"{prefix}-{name}" if prefix else name
        facts[name] = data.getlist(key) if isinstance(field, forms.MultipleChoiceField) else data.get(key, "")
    return facts


def _initial(name: str, terms: Terms) -> dict[str, Any]:
    charging_minute = _per_minute(terms.charging_hour)
    return {
        "name": name,
        "currency": terms.currency,
        "with_vat": "1" if terms.with_vat else "",
        "vat": terms.vat,
        "energy": terms.energy,
        "start_fee": terms.start_fee,
        "charging_price": terms.charging_hour if charging_minute is None else charging_minute,
        "charging_unit": HOUR if terms.charging_hour and charging_minute is None else MINUTE,
        "parking_minute": _per_minute(terms.parking_hour),
        "parking_free_minutes": terms.parking_free_minutes or None,
        "minimum": terms.minimum,
        "maximum": terms.maximum,
    }


def fits_the_form(terms: Terms | None) -> bool:
    """Whether the form can show the terms exactly: parking is entered by the minute."""
    return terms is not None and (terms.parking_hour is None or _per_minute(terms.parking_hour) is not None)


def _per_minute(price_an_hour: Decimal | None) -> Decimal | None:
    """The price of a minute, if it has few enough decimals to be entered so."""
    if price_an_hour is None:
        return None
    minute = price_an_hour / MINUTES_OF_HOUR
    exact = minute * MINUTES_OF_HOUR == price_an_hour and money.decimals_of(minute) <= ENTERED_DECIMALS
    return minute if exact else None


def _times(price: Decimal | None, factor: int) -> Decimal | None:
    return None if price is None else price * factor


def _row(terms: Terms | None, row: int) -> dict[str, Any] | None:
    if terms is None or row >= len(terms.windows):
        return None
    window = terms.windows[row]
    start, end = window.start, window.end
    if start is None and end is not None:
        start = time(0)
    if end is None and start is not None:
        end = time(0)
    return {"start": start, "end": end, "price": window.price, "days": list(window.days)}
