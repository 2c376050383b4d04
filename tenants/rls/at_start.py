"""At the start of a process: its database role can look past no wall."""

from django.db import connection

from tenants.rls import APP, PLATFORM


class PrivilegedRole(RuntimeError):
    """The process would run with a database role that can look past the walls."""


def assert_app_role() -> None:
    """Refuse to serve operators with a role that could look past the walls, or do the platform's acts.

    Raises:
        PrivilegedRole: the role is a superuser, bypasses row security, owns the tables, may act as one that
            does, or may let people into the platform.
    """
    role = _assert_unprivileged("DATABASE_URL", APP)
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('tenants_platformmember', 'INSERT')")
        (is_platforms,) = cursor.fetchone()
    connection.close()
    if is_platforms:
        raise PrivilegedRole(
            f"The database role {role!r} may do what only the platform may. Let DATABASE_URL name the app role ({APP})."
        )


def assert_platform_role() -> None:
    """Refuse to serve the platform's pages with a role that could look past row security.

    Raises:
        PrivilegedRole: as for the app role, but for what the platform may.
    """
    _assert_unprivileged("DATABASE_PLATFORM_URL", PLATFORM)
    connection.close()


def _assert_unprivileged(variable: str, wanted: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, EXISTS (SELECT 1 FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER')"
            " AND (r.rolsuper OR r.rolbypassrls)), EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
            " AND pg_has_role(current_user, tableowner, 'MEMBER'))"
        )
        role, bypasses, owns = cursor.fetchone()
    if bypasses or owns:
        connection.close()
        raise PrivilegedRole(
            f"The database role {role!r} can look past row security. Let {variable} name another ({wanted})."
        )
    return str(role)
