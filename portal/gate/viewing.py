"""Looking at the portal as a role would: what an owner does to see what they have given.

The session remembers the operator and the role. Until it ends every page there answers as it would answer
somebody with that role, except that nothing can be changed and nothing is handed out as a file: every page that
answers with a file refuses who only looks (`operator_view(…, takes_out=True)`).
Pages of other operators, and the person's own, are as always.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest

from portal.gate.events import Event
from tenants import roles
from tenants.log import audit
from tenants.permissions import Access, Permission
from tenants.scoping import tenant_scope

_KEY = "viewing_as"
# The roles an owner can look through: those of the staff that see less.
ROLES = [role for role in roles.Role if role in roles.STAFF and role != roles.Role.OWNER]


@dataclass(frozen=True, slots=True)
class Viewing:
    """What the banner says."""

    role: str
    operator_slug: str
    operator_name: str

    @property
    def role_name(self) -> str:
        """The role in the reader's language."""
        return str(roles.Role(self.role).label)


def begin(request: HttpRequest, access: Access, *, role: str) -> None:
    """See this operator as the role would, from the next page on. Call it in the operator's scope."""
    operator = access.operator
    request.session[_KEY] = {"operator": operator.pk, "slug": operator.slug, "name": operator.name, "role": role}
    audit.record(Event.VIEW_AS_BEGAN, role=role)


def end(request: HttpRequest) -> Viewing | None:
    """See it as oneself again; return what was looked at, None when nothing was."""
    found = request.session.pop(_KEY, None)
    if found is None:
        return None
    with tenant_scope(found["operator"]):
        audit.record(Event.VIEW_AS_ENDED, role=found["role"])
    return _viewing(found)


def present(request: HttpRequest) -> Viewing | None:
    """Return what the person looks through, for a page that may belong to no operator or to one that refused."""
    access = getattr(request, "access", None)
    found = request.session.get(_KEY) if hasattr(request, "session") else None
    if not found or (access is not None and not access.viewing_as):
        return None
    return _viewing(found)


def through(request: HttpRequest, access: Access) -> Access:
    """Return the access of the role looked through; the person's own when there is none, or no longer a right to it."""
    found = request.session.get(_KEY)
    if not found or found["operator"] != access.operator.pk or not access.may(Permission.MANAGE_PEOPLE):
        return access
    role = roles.Role(found["role"])
    # Narrowed by what the person holds, which is all of it while owners hold every permission of the staff.
    seen = {permission.value for permission in roles.PERMISSIONS[role]} & access.permissions
    return replace(
        access,
        roles=frozenset({role.value}),
        limited_roles=frozenset(),
        permissions=frozenset(seen),
        is_read_only=True,
        viewing_as=role.value,
    )


def _viewing(found: dict[str, Any]) -> Viewing:
    return Viewing(found["role"], found["slug"], found["name"])
