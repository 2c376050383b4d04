"""`me`: who calls, and what they may do at the operator."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.access import MEMBERS, OperatorResource


class Me(OperatorResource):
    """The caller's place at the operator."""

    access_for = MEMBERS

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Return the operator, the caller's roles and their permissions there."""
        operator, person = self.access.operator, self.person
        return Response(
            {
                "operator": {"slug": operator.slug, "name": operator.name, "time_zone": operator.time_zone},
                "person": {"id": str(person.public_id), "name": person.name, "email": person.email},
                "roles": sorted(self.access.roles),
                "permissions": sorted(self.access.permissions),
            }
        )
