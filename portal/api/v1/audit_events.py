"""`audit-events`: the operator's audit log for machines, newest first.

No names and no e-mails: people, keys and rows stand by their public ids, and numbers of rows do not leave the house.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api import paging
from portal.api.access import OperatorResource
from portal.api.public_ids import PublicIds, number_of
from portal.api.queries import BadParameters, problem
from tenants.log import reading as audit_log
from tenants.log.reading import Who
from tenants.models import ApiKey, AuditEntry, User
from tenants.permissions import Permission

Model = type[models.Model]
WHO = {"platform": Who(is_platform=True), "nobody": Who(is_nobody=True)}
TASK = "task:"
ROW_EVENTS: dict[int, str] = {
    AuditEntry.Action.CREATE: "row.created",
    AuditEntry.Action.UPDATE: "row.changed",
    AuditEntry.Action.DELETE: "row.deleted",
}
# Numbers of the operator's own rows that say nothing outside.
UNSAID = {"id", "public_id", "operator", "operator_id"}
_BY = ("_by", "_by_id")


@extend_schema_field({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]})
class AddressField(serializers.IPAddressField):
    """An address of either version."""


class AuditQuery(paging.PageQuery):
    """What to list."""

    who = serializers.CharField(
        required=False,
        max_length=len(TASK) + 120,
        help_text=_(
            "Public id of a person or key; `task:` and its name; `platform`, the people who run the portal;"
            " `nobody`, who was not signed in."
        ),
    )
    what = serializers.RegexField(
        r"^[a-z_]+$",
        required=False,
        max_length=60,
        help_text=_("`created`, `changed`, `deleted`, or the first word of an event's code, such as `sign_in`."),
    )
    kind = serializers.ChoiceField(choices=[], required=False, help_text=_("Kind of object."))
    object = serializers.CharField(required=False, max_length=50, help_text=_("Public id of an object; needs `kind`."))
    since = serializers.DateTimeField(required=False, help_text=_("From this instant on."))
    until = serializers.DateTimeField(required=False, help_text=_("Up to this instant, but without it."))
    address = AddressField(required=False, help_text=_("IP address of the caller."))
    request_id = serializers.CharField(required=False, max_length=64, help_text=_("Number of a request."))

    def get_fields(self) -> dict[str, Any]:
        """Offer the kinds that are known now: other floors register theirs after this module is read."""
        fields = super().get_fields()
        fields["kind"].choices = sorted(model._meta.label_lower for model in audit_log.kinds())  # type: ignore[attr-defined]
        return dict(fields)

    def validate_who(self, who: str) -> Who | None:
        """Return who is meant; None for an id nobody here has."""
        if who in WHO:
            return WHO[who]
        if who.startswith(TASK):
            return Who(task=who.removeprefix(TASK))
        public_id = str(serializers.UUIDField().run_validation(who))
        if (person := number_of(User, public_id)) is not None:
            return Who(person=person)
        key = number_of(ApiKey, public_id)
        return None if key is None else Who(key=key)


class Actor(serializers.Serializer[Any]):
    """Who acted."""

    kind = serializers.ChoiceField(choices=["person", "key", "task", "platform", "nobody"])
    id = serializers.UUIDField(allow_null=True, help_text="Public id of the person or key.")
    on_behalf_of = serializers.UUIDField(allow_null=True, help_text="Person who is answerable, if that is another.")
    task = serializers.CharField(allow_null=True)
    viewing_as = serializers.CharField(allow_null=True, help_text="Role an owner looked through.")


class Subject(serializers.Serializer[Any]):
    """What was acted upon."""

    kind = serializers.CharField()
    id = serializers.CharField(allow_null=True, help_text="Public id; null when the object is gone or has none.")


class AuditEvent(serializers.Serializer[Any]):
    """One entry of the log."""

    id = serializers.UUIDField()
    time = serializers.DateTimeField()
    event = serializers.CharField(help_text="Code of an act, or `row.created`, `row.changed`, `row.deleted`.")
    actor = Actor()
    object = Subject()
    before = serializers.DictField(child=serializers.JSONField(), help_text="Fields as they stood.")
    after = serializers.DictField(child=serializers.JSONField(), help_text="Fields as they stand since.")
    facts = serializers.DictField(child=serializers.JSONField(), help_text="What an act says of itself.")
    address = serializers.CharField(allow_null=True)
    request_id = serializers.CharField(allow_null=True)


class AuditPage(serializers.Serializer[Any]):
    """A page of the log."""

    results = AuditEvent(many=True)
    next = serializers.CharField(allow_null=True, help_text="Address of the next page; null at the end.")


class AuditEvents(OperatorResource):
    """What happened at the operator, newest first."""

    access_for = Permission.VIEW_AUDIT
    operation = "audit_events"
    description = _("What happened at the operator, newest first.")
    query_class = AuditQuery
    answer_class = AuditPage

    def get(self, request: Request, **kwargs: Any) -> Response:
        """List the entries that meet all conditions."""
        found = paging.page(_entries(self.query), request, by="timestamp", query=self.query)
        return Response({"results": list(_told(found.rows)), "next": found.next})


def _entries(query: dict[str, Any]) -> models.QuerySet[AuditEntry]:
    if "who" in query and query["who"] is None:
        return AuditEntry.objects.none()
    return audit_log.entries(
        who=query.get("who"),
        act=query.get("what", ""),
        kind=query.get("kind", ""),
        objects=_objects(query),
        address=query.get("address", ""),
        request=query.get("request_id", ""),
        since=query.get("since"),
        until=query.get("until"),
    )


def _objects(query: dict[str, Any]) -> list[tuple[Model, int]] | None:
    if "object" not in query:
        return None
    if "kind" not in query:
        raise BadParameters([problem("object", query["object"], gettext("Say of which kind the object is."))])
    model = next(model for model in audit_log.kinds() if model._meta.label_lower == query["kind"])
    try:
        number = number_of(model, query["object"])
    except ValueError as error:
        raise BadParameters([problem("object", query["object"], gettext("Not a public id."))]) from error
    return [] if number is None else [(model, number)]


class _Entry:
    """An entry and the references in it."""

    def __init__(self, row: AuditEntry) -> None:
        self.row = row
        # Types of content are few and remembered by Django.
        self.model: Model | None = ContentType.objects.get_for_id(row.content_type_id).model_class()

    @cached_property
    def pairs(self) -> dict[str, list[Any]]:
        changes = self.row.changes if isinstance(self.row.changes, dict) and not self.row.event else {}
        return {name: pair for name, pair in changes.items() if name not in UNSAID and _is_pair(pair)}

    @cached_property
    def facts(self) -> dict[str, Any]:
        return {name: value for name, value in (self.row.additional_data or {}).items() if name not in UNSAID}

    def target(self, name: str) -> Model | None:
        """The kind of row a field or fact names by its number."""
        if name.endswith(_BY):
            return User
        fields: Any = self.model._meta.concrete_fields if self.model else ()
        field = next((field for field in fields if name in {field.name, field.attname}), None)
        return field.related_model if field is not None else None

    def references(self) -> Iterator[tuple[Model, int]]:
        row = self.row
        people = (row.actor_id, row.on_behalf_of)
        yield from ((User, number) for number in people if number is not None)
        if row.api_key_id is not None:
            yield ApiKey, row.api_key_id
        if self.model is not None and row.object_id is not None:
            yield self.model, row.object_id
        named = [*self.facts.items(), *((name, value) for name, pair in self.pairs.items() for value in pair)]
        for name, value in named:
            target = self.target(name)
            if target is not None and (number := _number(value)) is not None:
                yield target, number


def _told(rows: Sequence[AuditEntry]) -> Iterator[dict[str, Any]]:
    entries = [_Entry(row) for row in rows]
    ids = PublicIds(reference for entry in entries for reference in entry.references())
    return (_event(entry, ids) for entry in entries)


def _event(entry: _Entry, ids: PublicIds) -> dict[str, Any]:
    row, model = entry.row, entry.model
    return {
        "id": str(row.public_id),
        "time": row.timestamp.isoformat(),
        "event": row.event or ROW_EVENTS.get(row.action, "row.seen"),
        "actor": _actor(row, ids),
        "object": _object(row, model, ids),
        "before": {name: _value(entry, name, pair[0], ids) for name, pair in entry.pairs.items()},
        "after": {name: _value(entry, name, pair[1], ids) for name, pair in entry.pairs.items()},
        "facts": {name: _value(entry, name, value, ids) for name, value in entry.facts.items()},
        "address": row.remote_addr,
        "request_id": row.cid,
    }


def _actor(row: AuditEntry, ids: PublicIds) -> dict[str, Any]:
    return {
        "kind": _kind_of_actor(row),
        "id": ids.get(ApiKey, row.api_key_id) if row.api_key_id else ids.get(User, row.actor_id),
        "on_behalf_of": ids.get(User, row.on_behalf_of),
        "task": row.task or None,
        "viewing_as": row.viewing_as or None,
    }


def _object(row: AuditEntry, model: Model | None, ids: PublicIds) -> dict[str, Any]:
    if model is None:
        return {"kind": "", "id": None}
    return {"kind": model._meta.label_lower, "id": ids.get(model, row.object_id)}


def _kind_of_actor(row: AuditEntry) -> str:
    if row.api_key_id:
        return "key"
    if row.is_platform:
        return "platform"
    if row.actor_id:
        return "person"
    return "task" if row.task else "nobody"


def _value(entry: _Entry, name: str, value: Any, ids: PublicIds) -> Any:
    target = entry.target(name)
    return value if target is None else ids.get(target, _number(value))


def _number(value: Any) -> int | None:
    """A reference as the log has it: a number, or one written as text."""
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2
