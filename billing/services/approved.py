"""The second person's leave, as this floor's services ask for it before they act."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.domain.errors import BillingError, Code
from tenants.services import four_eyes

PUBLISH, ISSUE, CREDIT, RERATE = "publish_tariff", "issue_run", "credit_invoice", "rerate"
SETTLE, REMIND, WRITE_OFF = "settle_hosts", "send_reminders", "write_off"
# A credit note takes back what an invoice asks for, a re-rating issues both, closing a settlement writes invoices that
# the operator pays, reminders issue what being late costs, and a write-off gives up what is owed: who wants two people
# for issuing wants them here.
_CHOSEN_WITH = dict.fromkeys((CREDIT, RERATE, SETTLE, REMIND, WRITE_OFF), ISSUE)


class NotApproved(BillingError):
    """The operator wants a second person for this, and none has approved it."""

    usual = Code.NOT_APPROVED


def is_needed(action: str) -> bool:
    """Tell whether the operator wants a second person for it."""
    return four_eyes.is_needed(_CHOSEN_WITH.get(action, action))


def claim(action: str, *, subject: UUID, facts: Callable[[], dict[str, Any]], at: datetime) -> None:
    """Use up the approval of exactly these facts, where the operator wants one. Otherwise nothing is worked out.

    Raises:
        NotApproved: there is no approval.
        Outdated: something else was approved.
    """
    if not is_needed(action):
        return
    try:
        four_eyes.claim(action, subject=subject, facts=facts(), at=at)
    except four_eyes.SecondPersonNeeded as refusal:
        raise NotApproved from refusal
