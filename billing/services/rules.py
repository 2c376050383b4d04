"""Whether documents meet the rules of EN 16931: asked of each where it is made."""

from collections.abc import Sequence

from django.db import connection

from billing.domain.errors import BillingError, Code
from billing.sql.rules import BROKEN
from tenants.scoping import current_operator_id


class DocumentRefused(BillingError):
    """A document says what no invoice may say; it is not made."""


def check(invoice_ids: Sequence[int]) -> None:
    """Refuse documents that break a rule.

    Raises:
        DocumentRefused: one does; the error names the first and its rules.
    """
    with connection.cursor() as cursor:
        cursor.execute(BROKEN, {"operator": current_operator_id(), "ids": list(invoice_ids)})
        broken = cursor.fetchall()
    if broken:
        first = broken[0][0]
        rules = ", ".join(rule for document, rule in broken if document == first)
        raise DocumentRefused(Code.BREAKS_RULES, field="invoice", value=first, rules=rules)
