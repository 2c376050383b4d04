"""The filter of the audit log: what stands in the URL, and the entries it means. The days are the operator's."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.validators import validate_ipv46_address
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.web.periods import PeriodForm
from portal.words.log import events as audit_words
from portal.words.log import lines as audit_lines
from portal.words.log import objects as audit_objects
from tenants.log import reading as audit_log
from tenants.log.reading import Who
from tenants.models import ApiKey, AuditEntry, Operator, User
from tenants.selectors import people

PLATFORM, NOBODY = "platform", "nobody"
Choices = list[tuple[str, Any]]


class AuditFilter(PeriodForm):
    """Who did what to what, when and from where. All conditions hold together."""

    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    act = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("About"), required=False)
    named = forms.CharField(
        label=gettext_lazy("Number, name or identifier"), required=False, max_length=200, widget=forms.SearchInput
    )
    address = forms.CharField(label=gettext_lazy("Address"), required=False, max_length=45)
    request = forms.CharField(label=gettext_lazy("Request"), required=False, max_length=100)
    same = forms.UUIDField(required=False, widget=forms.HiddenInput)

    MAIN = ("who", "act", "kind", "since", "until")
    MORE = ("named", "address", "request")

    def __init__(self, query: QueryDict, *, operator: Operator) -> None:
        super().__init__(query, operator=operator)
        for name, choices in (("who", self._people()), ("act", _acts()), ("kind", _kinds())):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip()
        if address:
            try:
                validate_ipv46_address(address)
            except forms.ValidationError:
                raise forms.ValidationError(
                    _("“%(address)s” is no address such as 192.0.2.7."), params={"address": address}
                ) from None
        return address

    @cached_property
    def rows(self) -> QuerySet[AuditEntry]:
        """The entries that the filter means; none when it cannot be read."""
        return audit_log.entries(**self.criteria()) if self.is_valid() else AuditEntry.objects.none()

    def criteria(self) -> dict[str, Any]:
        """What the selector takes."""
        given = self.cleaned_data
        return {
            "who": self._choices_of_who[given["who"]] if given["who"] else None,
            "act": given["act"],
            "kind": given["kind"],
            "objects": self._objects(),
            "address": given["address"],
            "request": given["request"],
            **self.span(),
        }

    def _objects(self) -> list[audit_objects.Row] | None:
        given = self.cleaned_data
        found = None
        if given["named"]:
            found = audit_objects.named(given["named"].strip(), kind=given["kind"], operator=self.operator)
        if given["same"]:
            entry = audit_log.entry(given["same"])
            model = audit_lines.model_of(entry) if entry else None
            same = [(model, entry.object_id)] if entry and model and entry.object_id else []
            found = same if found is None else [row for row in same if row in found]
        return found

    def _people(self) -> Choices:
        staff = {place.user_id: place.user for place in people.staff(self.operator)}
        seen = people.named(audit_log.seen("actor_id"))
        behalf = people.named(audit_log.seen("on_behalf_of"))
        self._choices_of_who: dict[str, Who] = {}
        former = {pk: user for pk, user in seen.items() if pk not in staff}
        return [
            ("", _("everybody")),
            (_("Members"), self._persons(staff)),
            (_("Others in the log"), self._persons(former)),
            (_("On behalf of"), [self._choice(f"for-{user.public_id}", str(user), Who(on_behalf_of=user.pk))
                                 for user in _sorted(behalf)]),
            (_("Keys"), [self._choice(f"key-{key.public_id}", str(key), Who(key=key.pk)) for key in self._keys()]),
            (_("Machines and others"), [
                *(self._choice(f"task-{name}", str(audit_words.TASKS.get(name, name)), Who(task=name))
                  for name in audit_log.seen("task")),
                self._choice(PLATFORM, _("visitors of the platform"), Who(is_platform=True)),
                self._choice(NOBODY, _("nobody signed in"), Who(is_nobody=True)),
            ]),
        ]  # fmt: skip

    def _persons(self, found: dict[int, User]) -> Choices:
        return [self._choice(str(user.public_id), str(user), Who(person=user.pk)) for user in _sorted(found)]

    def _choice(self, value: str, label: str, who: Who) -> tuple[str, str]:
        self._choices_of_who[value] = who
        return value, label

    def _keys(self) -> list[ApiKey]:
        return list(ApiKey.objects.filter(pk__in=audit_log.seen("api_key_id")).order_by("name", "pk"))

    def main_fields(self) -> list[forms.BoundField]:
        """The fields that are always in sight."""
        return [self[name] for name in self.MAIN]

    def more_fields(self) -> list[forms.BoundField]:
        """The fields behind `More filters`."""
        return [self[name] for name in self.MORE]

    def more_in_use(self) -> int:
        """How many of the fields behind `More filters` narrow the log."""
        return sum(bool(self[name].value()) for name in self.MORE)


def _sorted(found: dict[int, User]) -> list[User]:
    return sorted(found.values(), key=lambda user: str(user).casefold())


def _acts() -> Choices:
    rows = [(act, audit_words.ACTS[act]) for act in audit_log.ROW_CHANGES]
    groups = {code.split(".")[0] for code in audit_words.EVENTS}
    events = [(group, str(audit_words.ACTS.get(group, group))) for group in groups]
    by_word = sorted(events, key=lambda choice: choice[1].casefold())
    return [("", _("everything")), (_("Rows"), rows), (_("Events"), by_word)]


def _kinds() -> Choices:
    found = [(model._meta.label_lower, audit_words.kind(model)) for model in audit_log.kinds()]
    return [("", _("anything")), *sorted(found, key=lambda choice: choice[1].casefold())]
