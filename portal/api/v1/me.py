"""`me`: who calls, and what they may do at the operator."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.access import MEMBERS, OperatorResource


class OperatorFacts(serializers.Serializer[Any]):
    """The operator of this address."""

    slug = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="IANA name; the operator's days begin there.")


class PersonFacts(serializers.Serializer[Any]):
    """A person who calls."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField()


class KeyFacts(serializers.Serializer[Any]):
    """A key that calls."""

    id = serializers.UUIDField()
    key_id = serializers.CharField(help_text="The part of the key that is no secret.")
    name = serializers.CharField()
    expires_at = serializers.DateTimeField()


class Caller(serializers.Serializer[Any]):
    """Who calls: a key or a person, never both."""

    operator = OperatorFacts()
    key = KeyFacts(allow_null=True)
    person = PersonFacts(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField(), help_text="Of a key: its scopes.")


class Me(OperatorResource):
    """Who calls, and what they may do at this operator. Good for trying a key."""

    access_for = MEMBERS
    operation = "me"
    description = _("Who calls, and what they may do at this operator. Good for trying a key.")
    answer_class = Caller

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Return the caller's place at the operator."""
        operator, person, key = self.access.operator, self.person, self.key
        return Response(
            {
                "operator": {"slug": operator.slug, "name": operator.name, "time_zone": operator.time_zone},
                "key": key
                and {
                    "id": str(key.public_id),
                    "key_id": key.key_id,
                    "name": key.name,
                    "expires_at": key.expires_at.isoformat(),
                },
                "person": person and {"id": str(person.public_id), "name": person.name, "email": person.email},
                "roles": sorted(self.access.roles),
                "permissions": sorted(self.access.permissions),
            }
        )
