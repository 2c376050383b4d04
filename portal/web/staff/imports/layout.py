"""The form in which a person says how a file is to be read: which column holds what, and what the file leaves open.

It starts from what was guessed, proved, or kept in a profile, and gives back a layout. What the file did not
prove stands apart as questions; everything else can be looked at and changed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from charging.domain.energy import EnergyUnit
from charging.domain.local_time import Fold
from charging.ingest.evidence import Open, Question
from charging.ingest.layout import TIMES, Field, Layout
from charging.ingest.network import Thing
from charging.ingest.previewing import Preview
from charging.services.imports import Options
from portal.web.staff import zones
from portal.words.imports import FACTS, NEWS, ORDERS
from portal.words.say import say

#: A choice of several columns at once; no header of a real file contains the separator.
SEPARATOR = "\x1f"
#: Every column is a choice of every fact, so that a long heading would stand on the page eighteen times.
LONGEST_SHOWN = 60
#: Facts of files with meter readings; out of the way while none of them is in use.
RARE = (
    Field.METER_START, Field.METER_STOP, Field.READINGS, Field.SERIES_START, Field.SERIES_INTERVAL, Field.SERIES_WH,
    Field.POWER, Field.STOP_REASON, Field.DURATION, Field.CHARGING_ENDED, Field.CHARGING_TIME, Field.IDLE_TIME,
)  # fmt: skip
DATE_ORDERS = [
    ("", _("the file decides")),
    *ORDERS.items(),
]
FOLDS = [
    (Fold.REJECT, _("reject them")),
    (Fold.FIRST, _("the first time, before the clock was put back")),
    (Fold.SECOND, _("the second time, after the clock was put back")),
]
SIGNS = [("", _("the file decides")), (".", _("point: 12.5")), (",", _("comma: 12,5"))]
UNITS = [("", _("the file decides")), *((unit.value, unit.value) for unit in EnergyUnit)]
#: What is concluded from the columns anew at each look, unless somebody says it.
CONCLUDED = ("date_order", "time_zone", "decimal_sign", "energy_unit", "duration_unit")
#: Which field of the form answers which question about the file; columns answer for themselves.
ANSWERS = {
    Open.DATE_ORDER: "date_order",
    Open.TIME_ZONE: "time_zone",
    Open.DECIMAL_SIGN: "decimal_sign",
    Open.ENERGY_UNIT: "energy_unit",
}


class LayoutForm(forms.Form):
    """How one uploaded file is read, and what the import may create."""

    date_order = forms.ChoiceField(label=_("Order of dates"), required=False, choices=DATE_ORDERS)
    time_zone = forms.ChoiceField(label=_("Time zone of the times"), required=False)
    fold = forms.ChoiceField(label=_("Times that happened twice"), choices=FOLDS, initial=Fold.REJECT)
    decimal_sign = forms.ChoiceField(label=_("Decimal sign"), required=False, choices=SIGNS)
    energy_unit = forms.ChoiceField(label=_("Unit of energy"), required=False, choices=UNITS)
    source = forms.SlugField(
        label=_("Name of the source"),
        max_length=40,
        help_text=_("Session ids are unique within a source. Always use the same name for the same system."),
    )
    default_station = forms.CharField(label=_("Station, when the file names none"), required=False, max_length=64)
    default_site = forms.CharField(label=_("Site, when the file names none"), required=False, max_length=150)
    creates = forms.MultipleChoiceField(
        label=_("New in this file"),
        required=False,
        choices=[(thing.value, thing.value) for thing in Thing],
        widget=forms.CheckboxSelectMultiple,
    )
    news_shown = forms.BooleanField(required=False, widget=forms.HiddenInput)
    create_drivers = forms.BooleanField(
        label=_("Add a driver for each new card, so that its sessions can be billed"), required=False
    )
    save_as = forms.CharField(
        label=_("Keep this as a profile named"),
        required=False,
        max_length=80,
        help_text=_("The next file of this kind then needs no answers."),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        layout: Layout,
        said: Layout | None,
        header: list[str],
        options: Mapping[str, Any],
    ) -> None:
        """Start from a layout as it was understood, of which `said` is what a person or a profile said."""
        settings: dict[str, Any] = {name: getattr(said, name, None) for name in CONCLUDED}
        as_said = replace(layout, **settings)
        super().__init__(data, initial=_initial(as_said) | dict(options))
        self.layout = as_said
        for fact, label in FACTS:
            self.fields[_name(fact)] = _column_field(label, layout.names(fact), header)
        for fact in TIMES:
            self.fields[_name(fact, 2)] = _column_field(
                _("Time of day, if in a column of its own"), layout.names(fact)[1:2], header
            )
        zone: Any = self.fields["time_zone"]
        zone.choices = [("", gettext("please choose")), *zones.choices()]
        for name in ANSWERS.values():
            self._tell(name, getattr(layout, name))

    def said(self) -> Layout:
        """The layout as the person says it. The form is valid."""
        data = self.cleaned_data
        columns = {fact: names for fact, _label in FACTS if (names := self._columns(fact))}
        answers = {name: data[name] or None for name in ("date_order", "time_zone", "decimal_sign", "energy_unit")}
        document = self.layout.to_json() | answers
        document |= {name: data[name] for name in ("fold", "source", "default_site", "default_station")}
        document["columns"] = columns
        return Layout.from_json(document)

    def options(self) -> Options:
        """What the import may create."""
        data = self.cleaned_data
        creates = frozenset(map(Thing, data["creates"])) if data["news_shown"] else None
        return Options(creates, create_drivers=data["create_drivers"])

    def news(self, preview: Preview) -> list[dict[str, Any]]:
        """What the file would add to the network, a line for each kind of thing, to be ticked.

        What is not met in the rows that were read can be ticked beforehand where there are more of them.
        """
        told = {entry["thing"]: entry for entry in preview.news}
        ticked = set(self["creates"].value() or [])
        shown = [thing for thing in Thing if thing in told or not preview.whole]
        return [
            {
                "thing": thing.value,
                "label": NEWS[thing] % {"count": told.get(thing, {}).get("count", 0)},
                "ticked": thing.value in ticked,
                **told.get(thing, {"count": 0, "names": [], "rows": 0}),
            }
            for thing in shown
        ]

    def columns(self, preview: Preview | None) -> list[list[forms.BoundField]]:
        """The fields that choose columns: one row for each usual fact, and for the rare ones in use.

        A fact that is asked for stands among the questions and nowhere else.
        """
        asked = {question.fact for question in preview.questions} if preview else set()
        shown = [fact for fact, _label in FACTS if fact not in RARE or self[_name(fact)].value()]
        return [self._row(fact) for fact in shown if fact not in asked]

    def rare_columns(self) -> list[list[forms.BoundField]]:
        """The fields for facts that few files carry and this one does not use."""
        return [self._row(fact) for fact in RARE if not self[_name(fact)].value()]

    def settings(self, preview: Preview | None) -> list[forms.BoundField]:
        """The settings that are no open question, to be looked at and changed."""
        asked = {ANSWERS.get(question.about) for question in preview.questions} if preview else set()
        if preview and any(question.fact is Field.STATION for question in preview.questions):
            asked.add("default_station")
        if preview and preview.site_open:
            asked.add("default_site")
        names = ["date_order", "time_zone", "fold", "decimal_sign", "energy_unit", "default_site", "default_station"]
        return [self[name] for name in [*names, "source"] if name not in asked]

    def questions(self, preview: Preview | None) -> list[tuple[Question, str, list[forms.BoundField]]]:
        """What the file leaves open: the question, its sentence, and the fields that answer it."""
        return [
            (question, say(question.asks), self._answering(question))
            for question in (preview.questions if preview else [])
        ]

    def _answering(self, question: Question) -> list[forms.BoundField]:
        if question.about == Open.TIME_ZONE and question.suggestion:
            self._propose_zone(question.suggestion)
        if question.fact is None:
            return [self[ANSWERS[question.about]]]
        fields = self._row(question.fact)
        return [*fields, self["default_station"]] if question.fact is Field.STATION else fields

    def _tell(self, name: str, concluded: Any) -> None:
        """Say beside the empty choice what the file itself says, where it does."""
        field: Any = self.fields[name]
        if concluded:
            label = dict(field.choices).get(concluded, concluded)
            field.choices = [("", gettext("the file says: %(value)s") % {"value": label}), *field.choices[1:]]

    def _propose_zone(self, zone: str) -> None:
        """Have the operator's own zone chosen, which the person confirms, and the likely ones on top."""
        field: Any = self.fields["time_zone"]
        field.choices = [("", gettext("please choose")), *zones.choices(zone, "UTC")]
        self.initial["time_zone"] = self.initial["time_zone"] or zone

    def _row(self, fact: Field) -> list[forms.BoundField]:
        return [self[_name(fact)], self[_name(fact, 2)]] if fact in TIMES else [self[_name(fact)]]

    def _columns(self, fact: Field) -> list[str]:
        chosen = str(self.cleaned_data[_name(fact)]).split(SEPARATOR)
        if fact in TIMES:
            chosen.append(self.cleaned_data[_name(fact, 2)])
        return [name for name in chosen if name]


def _name(fact: Field, number: int = 1) -> str:
    return f"column_{fact.value}" if number == 1 else f"column_{fact.value}_{number}"


def _column_field(label: Any, present: tuple[str, ...], header: list[str]) -> forms.ChoiceField:
    choices: list[tuple[str, Any]] = [("", _("not in the file")), *((name, _cut(name)) for name in header)]
    if len(present) > 1:
        choices.append((SEPARATOR.join(present), " / ".join(map(_cut, present))))
    return forms.ChoiceField(label=label, required=False, choices=choices)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}…"


def _initial(layout: Layout) -> dict[str, Any]:
    said = {name: getattr(layout, name) or "" for name in ANSWERS.values()}
    for fact, _label in FACTS:
        names = layout.names(fact)
        said[_name(fact)] = names[:1][0] if names and fact in TIMES else SEPARATOR.join(names)
    for fact in TIMES:
        said[_name(fact, 2)] = "".join(layout.names(fact)[1:2])
    others = ("fold", "source", "default_site", "default_station")
    return said | {name: getattr(layout, name) for name in others}
