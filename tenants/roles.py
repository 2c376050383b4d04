"""What each role may do: one table, read from left to right.

A role is a set of permissions on one operator. `tenants.services.memberships` keeps the grants
stored by django-guardian equal to this table; the membership is the truth.
"""

from tenants.models import Membership
from tenants.permissions import Permission as P

Role = Membership.Role

_READS = {
    P.VIEW_OVERVIEW,
    P.VIEW_NETWORK,
    P.VIEW_SESSIONS,
    P.VIEW_DRIVERS,
    P.VIEW_TARIFFS,
    P.VIEW_INVOICES,
}

PERMISSIONS: dict[Role, frozenset[P]] = {
    Role.OWNER: frozenset(set(P) - {P.USE_DRIVER_PAGES}),
    Role.OPERATIONS: frozenset(
        {
            P.VIEW_OVERVIEW,
            P.VIEW_NETWORK,
            P.MANAGE_NETWORK,
            P.VIEW_SESSIONS,
            P.REVIEW_SESSIONS,
            P.IMPORT_SESSIONS,
            P.VIEW_DRIVERS,
            P.MANAGE_DRIVERS,
            P.VIEW_TARIFFS,
        }
    ),
    Role.FINANCE: frozenset(
        {*_READS, P.REVIEW_SESSIONS, P.MANAGE_TARIFFS, P.RUN_BILLING, P.ISSUE_INVOICES, P.EXPORT_FINANCE}
    ),
    Role.SUPPORT: frozenset(
        {
            P.VIEW_OVERVIEW,
            P.VIEW_NETWORK,
            P.VIEW_SESSIONS,
            P.VIEW_DRIVERS,
            P.MANAGE_DRIVERS,
            P.VIEW_INVOICES,
            P.VIEW_CONSENTS,
        }
    ),
    Role.AUDITOR: frozenset({*_READS, P.VIEW_AUDIT, P.VIEW_CONSENTS, P.VIEW_PEOPLE, P.EXPORT_FINANCE}),
    Role.DRIVER: frozenset({P.USE_DRIVER_PAGES}),
}

STAFF = frozenset(Role) - {Role.DRIVER}
