"""Looking at the portal as a role would: what an owner does to see what they have given.

The session remembers the operator and the role. All that is left then is what the role may read, and
nothing can be changed.
"""

from dataclasses import replace

from django.http import HttpRequest

from tenants import roles
from tenants.permissions import Access, Permission

_KEY = "viewing_as"


def begin(request: HttpRequest, access: Access, *, role: str) -> None:
    """Look through the role's eyes at this operator from the next page on."""
    request.session[_KEY] = {"operator": access.operator.pk, "role": role}


def end(request: HttpRequest) -> None:
    """See with one's own eyes again."""
    request.session.pop(_KEY, None)


def through(request: HttpRequest, access: Access) -> Access:
    """Return the access of the role looked through; the person's own when there is none, or no longer a right to it."""
    found = request.session.get(_KEY)
    if not found or found["operator"] != access.operator.pk or not access.may(Permission.MANAGE_PEOPLE):
        return access
    role = roles.Role(found["role"])
    seen = roles.PERMISSIONS[role] & roles.READS
    return replace(
        access,
        roles=frozenset({role.value}),
        permissions=frozenset(permission.value for permission in seen),
        is_read_only=True,
        viewing_as=role.value,
    )
