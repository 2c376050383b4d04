"""The second wall: PostgreSQL itself shows a connection one operator's rows, or none.

- `constraints`: row security and references, part of each model;
- `rights`: what each database role may do with each table, entered by each floor's registers;
- `at_start`: no process runs with a role that could look past the walls.

Roles: the owner migrates (and bypasses row security, as validating a foreign key under it accepts
orphans); the app role owns nothing and bypasses nothing; the reader reads; the platform role serves
the platform's own process, the gateway role the process that stations connect to; the role of backups reads everything,
also past row security, and writes nothing (`launcher/roles.sql`).
"""

from tenants.rls.constraints import (
    CONDITION,
    RowSecurity,
    SameOperator,
    SameOperatorInBulk,
    WriteSecurity,
    owned,
)

APP, READER, PLATFORM = "wattledger_app", "wattledger_reader", "wattledger_platform"
GATEWAY = "wattledger_gateway"

__all__ = [
    "APP",
    "CONDITION",
    "GATEWAY",
    "PLATFORM",
    "READER",
    "RowSecurity",
    "SameOperator",
    "SameOperatorInBulk",
    "WriteSecurity",
    "owned",
]
