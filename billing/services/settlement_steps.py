"""Working out the statements of a month in the background: one contract, then the next, each in its own transaction.

Stepped: what one step did is kept whatever becomes of the next. Whoever takes over begins anew, as a statement that is
worked out again replaces itself.
"""

from collections.abc import Callable
from datetime import datetime

from billing.domain.errors import Code
from billing.models import Settlement
from billing.services import settlements
from charging.site_scope import limited_to
from tenants import work
from tenants.scoping import tenant_scope

#: After so many contracts it is noted how far it is.
KEPT_EVERY = 20


@limited_to(None)  # a host gets its share of every session at its sites, whoever asked
def work_out(operator_id: int, row: Settlement, *, clock: Callable[[], datetime]) -> None:
    """Work out the statement of every contract, and say that the month is ready to close."""
    with tenant_scope(operator_id):
        found = settlements.contracts(row.month)
        work.keep(row, at=clock(), done=0, total=len(found))
    for number, contract in enumerate(found, start=1):
        _one(operator_id, row, contract, clock=clock)
        if number % KEPT_EVERY == 0:
            with tenant_scope(operator_id):
                work.keep(row, at=clock(), done=number)
    with tenant_scope(operator_id):
        settlements.finish(row)


def _one(operator_id: int, row: Settlement, contract: int, *, clock: Callable[[], datetime]) -> None:
    """Work out one statement. What cannot be, for a reason nobody foresaw, is left out and stops no other."""
    try:
        with tenant_scope(operator_id):
            settlements.draft(row.pk, contract, at=clock())
    except Exception as error:
        if work.is_of_the_machine(error):
            raise
        work.report(f"Contract {contract} of a settlement cannot be worked out", error)
        with tenant_scope(operator_id):
            settlements.leave_out(row.pk, contract, code=Code.SETTLEMENT_FAILED, facts={}, at=clock())
