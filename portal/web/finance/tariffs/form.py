"""The form in which a tariff is made without knowing OCPI: a row a price, and example sessions.

`TariffEntry` holds the parts together. Rows are added, removed and moved by buttons of the same form, so that it works
with and without script.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain.sessions import metering
from billing.domain.sessions.columns import Sessions
from billing.domain.tariff.kept import VAT_DECIMALS
from billing.domain.tariff.model import ReservationKind
from billing.domain.tariff.windows import WeekTable
from portal.web.finance.tariffs.fields import ClockField, PriceField
from portal.web.finance.tariffs.row_form import LONGEST_KEPT, RowForm, carried, entered, kept_part, openable, sent
from portal.web.finance.tariffs.rows import PriceSheet
from portal.web.finance.tariffs.week import paint, rectangle
from portal.web.number_fields import digits
from portal.words import tariffs as tariff_words
from tenants.bounds import whole_of
from tenants.currencies import BILLED

MOST_ROWS: Final = 200
#: What the buttons that add a row put into it.
NEW_ROWS: Final[dict[str, dict[str, Any]]] = {
    "energy": {"what": "ENERGY"},
    "night": {"what": "ENERGY", "start": time(22), "end": time(6)},
    "weekend": {"what": "ENERGY", "days": ["SATURDAY", "SUNDAY"]},
    "fee": {"what": "FLAT"},
    "charging": {"what": "TIME"},
    "parking": {"what": "PARKING_TIME", "after": 4 * 3600},
    "reservation": {"what": "TIME", "reserved": ReservationKind.RESERVATION.value},
}
#: The buttons that arrange rows: their names, and what their values say.
ADD, REMOVE, MOVE, PAINT = "add", "remove", "move", "paint"
ARRANGING: Final = (ADD, REMOVE, MOVE, PAINT)
#: The field that says with which row the week is painted.
BRUSH: Final = "brush"


class TermsForm(forms.Form):
    """Name, currency, VAT and limits: what a tariff has once."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What your staff and drivers call it."))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in BILLED])
    with_vat = forms.TypedChoiceField(
        label=_("Prices are published"),
        choices=[("1", _("including VAT")), ("", _("excluding VAT"))],
        coerce=bool,
        required=False,
        initial="1",
        help_text=_("Including VAT: what a driver sees for a session is what the invoice asks for it, to the öre."),
    )
    vat = PriceField(label=_("VAT"), decimal_places=VAT_DECIMALS, help_text=_("Empty: no VAT applies."))
    minimum = PriceField(label=_("A session costs at least"))
    maximum = PriceField(label=_("A session costs at most"))
    rest = forms.CharField(max_length=LONGEST_KEPT, required=False, widget=forms.HiddenInput)

    def clean_vat(self) -> Decimal | None:
        """Refuse more than 100 %."""
        vat: Decimal | None = self.cleaned_data["vat"]
        if vat is not None and vat > 100:
            raise ValidationError(gettext("VAT is a percentage between 0 and 100."))
        return vat

    def clean_rest(self) -> dict[str, Any]:
        """What the tariff says besides."""
        return kept_part(self.cleaned_data["rest"] or "{}")

    def clean(self) -> dict[str, Any]:
        """Refuse limits that contradict each other."""
        cleaned: dict[str, Any] = super().clean() or {}
        least, most = cleaned.get("minimum"), cleaned.get("maximum")
        if least is not None and most is not None and least > most:
            self.add_error("maximum", gettext("The greatest price is below the least."))
        return cleaned


class ExampleForm(forms.Form):
    """A made-up session whose price is shown while the tariff is being made."""

    day = forms.ChoiceField(
        label=_("Plugged in on"),
        choices=[(str(index), name) for index, name in WEEKDAYS_ABBR.items()],
        initial="1",
        required=False,
    )
    start = ClockField(label=_("At"), initial=time(20))
    kwh = forms.IntegerField(
        label=_("Energy"), min_value=0, max_value=1000, initial=30, widget=digits(), required=False
    )
    charging_hours = forms.IntegerField(
        label=_("Charges for"), min_value=0, max_value=100, initial=4, widget=digits(), required=False
    )
    parked_hours = forms.IntegerField(
        label=_("Stays for"), min_value=0, max_value=300, initial=10, widget=digits(), required=False
    )

    def session(self, *, zone: str, today: date) -> Sessions:
        """The example as the kernel reads it: even power, on the next such weekday from today."""
        facts = self.cleaned_data
        day = today + timedelta((int(facts["day"] or 0) - today.weekday()) % 7)
        begin = datetime.combine(day, facts["start"] or time(0), ZoneInfo(zone)).astimezone(UTC)
        charged = begin + timedelta(hours=facts["charging_hours"] or 0)
        end = max(charged, begin + timedelta(hours=facts["parked_hours"] or 0))
        return metering.from_totals(
            start=[int(begin.timestamp())],
            end=[int(end.timestamp())],
            zone=zone,
            energy_wh=[(facts["kwh"] or 0) * 1000],
            charging_end=[int(charged.timestamp())],
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that cannot be read: of which field, why, and the id of the field."""

    where: str
    what: str
    target: str


class TariffEntry:
    """The page's form: terms, a form for each row, example. Bound when it is given data.

    `at`: the place of the row that was just added or moved, and `pressed` the button that did it. `brush`: what the
    week is painted with, and `painted` the minutes that just were.
    """

    def __init__(self, data: QueryDict | None = None, *, name: str = "", sheet: PriceSheet | None = None) -> None:
        self.data = data
        self.at: int | None = None
        self.pressed = ""
        self.brush = "" if data is None else data.get(BRUSH, "")
        self.painted: WeekTable | None = None
        self.example = ExampleForm(data, prefix="example")
        if data is not None:
            self.terms = TermsForm(data)
            self.rows = [RowForm(data, prefix=f"row{row}") for row in _rows_in(data)]
            return
        sheet = openable(sheet or PriceSheet("SEK"))
        self.terms = TermsForm(initial=_terms_of(sheet, name))
        self.rows = _unbound([entered(row, sheet) for row in sheet.rows] or [dict(NEW_ROWS["energy"])])

    @classmethod
    def rearranged(cls, data: QueryDict) -> TariffEntry:
        """The form as it was entered, with a row more or less or elsewhere in the order, and without judging it yet."""
        entry = cls()
        rows = [_as_entered(RowForm, data, f"row{row}") for row in _rows_in(data)]
        brush = _index(data.get(BRUSH, ""), rows)
        if brush is not None:
            rows[brush][BRUSH] = True
        entry.painted = rectangle(data.get(PAINT, ""))
        if entry.painted is not None:
            rows = _painted(rows, data, entry.painted)
        entry.at = _arrange(rows, data)
        entry.brush = next((str(at) for at, row in enumerate(rows) if row.get(BRUSH)), data.get(BRUSH, ""))
        entry.terms = TermsForm(initial=_as_entered(TermsForm, data))
        entry.example = ExampleForm(prefix="example", initial=_as_entered(ExampleForm, data, "example"))
        entry.rows = _unbound(rows[:MOST_ROWS])
        entry.pressed = next((name for name in ARRANGING if name in data), "")
        if entry.pressed == ADD and entry.at is not None:
            entry.rows[entry.at].fields["price"].widget.attrs["autofocus"] = True
            entry.brush = str(entry.at)
        return entry

    def as_sent(self) -> TariffEntry:
        """The same as it would be sent, to be priced; a name is not asked for."""
        data = self.data.copy() if self.data is not None else QueryDict(mutable=True)
        if self.data is None:
            for form in (self.terms, *self.rows, self.example):
                for name, values in sent(form).lists():
                    data.setlist(name, values)
            data["rows"] = str(len(self.rows))
            data[BRUSH] = self.brush
        data["name"] = data.get("name") or "–"
        return TariffEntry(data)

    @property
    def besides(self) -> list[tuple[str, str]]:
        """What the tariff says besides, and goes on saying."""
        rest = self.terms["rest"].value()
        try:
            return tariff_words.besides(kept_part(rest or "{}"))
        except ValidationError:
            return []

    @property
    def may_grow(self) -> bool:
        """Whether another row fits."""
        return len(self.rows) < MOST_ROWS

    @cached_property
    def is_valid(self) -> bool:
        """Judge all parts, so that every error is shown at once; the tariff must price something."""
        valid = all([self.terms.is_valid(), *(row.is_valid() for row in self.rows), self.example.is_valid()])
        if not valid:
            return False
        if all(row.says_nothing for row in self.rows):
            self.terms.add_error(
                None, gettext("A tariff needs at least one price; a free one has an energy price of 0.")
            )
        return self.terms.is_valid()

    def sheet(self) -> PriceSheet:
        """What was entered. Only after `is_valid`."""
        facts = self.terms.cleaned_data
        return PriceSheet(
            currency=facts["currency"],
            rows=tuple(row.row(facts["vat"]) for row in self.said),
            minimum=facts["minimum"],
            maximum=facts["maximum"],
            vat=facts["vat"],
            with_vat=bool(facts["with_vat"]),
            rest={key: value for key, value in facts["rest"].items() if facts.get(_LIMITS.get(key, "")) is None},
        )

    @property
    def said(self) -> list[RowForm]:
        """The rows that say something."""
        return [row for row in self.rows if not row.says_nothing]

    def problems(self) -> Iterator[Problem]:
        """What cannot be read, in the order of the page."""
        yield from _problems(self.terms, "")
        for number, row in enumerate(self.rows, start=1):
            yield from _problems(row, gettext("Price %(number)s") % {"number": number})
        yield from _problems(self.example, gettext("Your own example"))


_LIMITS: Final = {"min_price": "minimum", "max_price": "maximum"}


def _problems(form: forms.Form, where: str) -> Iterator[Problem]:
    for name, errors in form.errors.items():
        for error in errors:
            if name == "__all__":
                yield Problem(where, str(error), "")
                continue
            label = str(form[name].label)
            yield Problem(f"{where}, {label}" if where else label, str(error), str(form[name].id_for_label))


def _unbound(rows: list[dict[str, Any]]) -> list[RowForm]:
    return [RowForm(prefix=f"row{index}", initial=facts) for index, facts in enumerate(rows)]


def _terms_of(sheet: PriceSheet, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "currency": sheet.currency,
        "with_vat": "1" if sheet.with_vat else "",
        "vat": sheet.vat,
        "minimum": sheet.minimum,
        "maximum": sheet.maximum,
        "rest": carried(sheet.rest),
    }


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


def _painted(rows: list[dict[str, Any]], data: QueryDict, minutes: WeekTable) -> list[dict[str, Any]]:
    """The rows with the chosen hours painted; as they were, if they would become too many."""
    forms = [RowForm(data, prefix=f"row{row}") for row in _rows_in(data)]
    found = paint(rows, forms, data.get(BRUSH, ""), minutes)
    return found if len(found) <= MOST_ROWS else rows


def _arrange(rows: list[dict[str, Any]], data: QueryDict) -> int | None:
    """Do to the rows what the pressed button says; return the index of the row it was about."""
    if ADD in data and len(rows) >= MOST_ROWS:
        return None
    if ADD in data:
        new = dict(NEW_ROWS.get(str(data[ADD]), NEW_ROWS["energy"]))
        at = _index_of_new(rows, new)
        rows.insert(at, new)
        return at
    first, _colon, last = data.get(MOVE, data.get(REMOVE, "")).partition(":")
    index, to = _index(first, rows), _index(last, rows)
    if index is None or (MOVE in data and to is None):
        return None
    row = rows.pop(index)
    if MOVE in data and to is not None:
        rows.insert(to, row)
        return to
    return None


def _index(text: str, rows: list[dict[str, Any]]) -> int | None:
    """The index of a row that a button names; None if there is no such row."""
    index = whole_of(text, most=len(rows))
    return None if index is None or index == len(rows) else index


def _index_of_new(rows: list[dict[str, Any]], new: dict[str, Any]) -> int:
    """Before the first price for the same that counts at all hours, as it would never count behind it."""
    narrow = ("start", "end", "days", *RowForm.MORE)
    if any(new.get(name) for name in narrow):
        for index, row in enumerate(rows):
            if row.get("what") == new["what"] and not any(row.get(name) for name in narrow):
                return index
    return len(rows)
