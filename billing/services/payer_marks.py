"""The marks by which payers' accounts are found, made anew when the instance has a new key."""

from billing.models import Payment
from tenants.scoping import tenant_scope

BATCH = 1_000


def mark_again(operator_id: int) -> tuple[int, int]:
    """Mark the accounts with the newest key, in batches; return how many again, and how many were.

    May be stopped and run again. Until then accounts are found by older marks.

    Raises:
        Unreadable: an account does not open.
    """
    again, current, last = 0, 0, 0
    while True:
        with tenant_scope(operator_id):
            marked = Payment.objects.filter(pk__gt=last).exclude(payer_account_mark="").order_by("pk")
            rows = list(marked.only("public_id", "payer_account", "payer_account_mark", "operator")[:BATCH])
            stale = []
            for row in rows:
                mark = Payment.marks(row.payer_account, operator_id)[0]
                if row.payer_account_mark != mark:
                    row.payer_account_mark = mark
                    stale.append(row)
            Payment.objects.bulk_update(stale, ["payer_account_mark"])
            again, current = again + len(stale), current + len(rows) - len(stale)
        if not rows:
            return again, current
        last = rows[-1].pk
