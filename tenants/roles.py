"""What each role may do: one table, read from left to right.

A role is a set of permissions on one operator. `tenants.services.people.memberships` keeps the grants
stored by django-guardian equal to this table; the membership is the truth.
"""

from tenants.models import Membership
from tenants.permissions import Access, Permission

Role = Membership.Role

_READS = {
    Permission.VIEW_OVERVIEW,
    Permission.VIEW_NETWORK,
    Permission.VIEW_SESSIONS,
    Permission.VIEW_DRIVERS,
    Permission.VIEW_TARIFFS,
    Permission.VIEW_INVOICES,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(set(Permission) - {Permission.USE_DRIVER_PAGES, Permission.USE_PAYER_PAGES}),
    Role.OPERATIONS: frozenset(
        {
            Permission.VIEW_OVERVIEW,
            Permission.VIEW_NETWORK,
            Permission.MANAGE_NETWORK,
            Permission.VIEW_SESSIONS,
            Permission.REVIEW_SESSIONS,
            Permission.IMPORT_SESSIONS,
            Permission.VIEW_DRIVERS,
            Permission.MANAGE_DRIVERS,
            Permission.VIEW_TARIFFS,
        }
    ),
    Role.FINANCE: frozenset(
        {
            *_READS,
            Permission.REVIEW_SESSIONS,
            Permission.MANAGE_ACCOUNTS,
            Permission.MANAGE_TARIFFS,
            Permission.RUN_BILLING,
            Permission.ISSUE_INVOICES,
            Permission.MANAGE_PAYMENTS,
            Permission.EXPORT_FINANCE,
            Permission.VIEW_APPROVALS,
        }
    ),
    Role.SUPPORT: frozenset(
        {
            Permission.VIEW_OVERVIEW,
            Permission.VIEW_NETWORK,
            Permission.VIEW_SESSIONS,
            Permission.VIEW_DRIVERS,
            Permission.MANAGE_DRIVERS,
            Permission.VIEW_INVOICES,
            Permission.VIEW_CONSENTS,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            *_READS,
            Permission.VIEW_AUDIT,
            Permission.VIEW_CONSENTS,
            Permission.VIEW_PEOPLE,
            Permission.EXPORT_FINANCE,
            Permission.VIEW_APPROVALS,
            Permission.VIEW_PRIVACY,
        }
    ),
    Role.PRIVACY: frozenset(
        {
            Permission.VIEW_OVERVIEW,
            Permission.VIEW_DRIVERS,
            Permission.VIEW_CONSENTS,
            Permission.VIEW_AUDIT,
            Permission.VIEW_PRIVACY,
            Permission.MANAGE_PRIVACY,
        }
    ),
    Role.DRIVER: frozenset({Permission.USE_DRIVER_PAGES}),
    Role.PAYER: frozenset({Permission.USE_PAYER_PAGES}),
}

STAFF = frozenset(Role).difference(Membership.CUSTOMERS)

# What a role may still do when it holds at some sites only. The rest concerns the whole operator.
AT_SITES = frozenset(
    {
        Permission.VIEW_OVERVIEW,
        Permission.VIEW_NETWORK,
        Permission.MANAGE_NETWORK,
        Permission.VIEW_SESSIONS,
        Permission.REVIEW_SESSIONS,
    }
)
# The roles that may be limited to some sites.
LIMITABLE = frozenset({Role.OPERATIONS, Role.SUPPORT})

# What an API key can be given: the permissions that a resource of the API asks for, and no other.
API_SCOPES = frozenset({Permission.VIEW_AUDIT, Permission.VIEW_DRIVERS})

# What changes nothing: all that is left to a visitor of the platform.
READS = frozenset(
    {
        *_READS,
        Permission.VIEW_CONSENTS,
        Permission.VIEW_AUDIT,
        Permission.VIEW_PEOPLE,
        Permission.VIEW_APPROVALS,
        Permission.VIEW_PRIVACY,
        Permission.USE_DRIVER_PAGES,
        Permission.USE_PAYER_PAGES,
    }
)
PLATFORM = "platform"
# What a visitor of the platform may see, and do where an owner has allowed changes. Never people, keys or security.
PLATFORM_SEES = READS - {Permission.USE_DRIVER_PAGES, Permission.USE_PAYER_PAGES, Permission.VIEW_PEOPLE}
PLATFORM_DOES = PLATFORM_SEES | {
    Permission.MANAGE_NETWORK,
    Permission.REVIEW_SESSIONS,
    Permission.IMPORT_SESSIONS,
    Permission.MANAGE_DRIVERS,
    Permission.MANAGE_ACCOUNTS,
    Permission.MANAGE_TARIFFS,
    Permission.RUN_BILLING,
}


def holds_everywhere(access: Access, permission: Permission | None) -> bool:
    """Whether the person holds the permission at every site; None: whether any staff role of theirs does.

    Each permission is asked for by itself: who may look everywhere by one role, and change something at some
    sites by another, changes nothing elsewhere.
    """
    if not access.limited_roles or permission is None:
        return not access.is_limited
    return any(permission in PERMISSIONS[Role(role)] for role in access.roles - access.limited_roles)
