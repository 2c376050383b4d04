"""The second person's leave, as this floor's services ask for it before they act."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.domain.errors import BillingError, Code
from tenants.services import four_eyes

PUBLISH, ISSUE, CREDIT, RERATE = "publish_tariff", "issue_run", "credit_invoice", "rerate"
SETTLE, REMIND, WRITE_OFF = "settle_hosts", "send_reminders", "write_off"


class NotApproved(BillingError):
    """The operator wants a second person for this, and none has approved it."""

    usual = Code.NOT_APPROVED


def claim(action: str, *, subject: UUID, facts: Callable[[], dict[str, Any]], at: datetime) -> None:
    """Use up the approval of exactly these facts, where the operator wants one. Otherwise nothing is worked out.

    Raises:
        NotApproved: there is no approval.
        Outdated: something else was approved.
    """
    try:
        four_eyes.claim(action, subject=subject, facts=facts, at=at)
    except four_eyes.SecondPersonNeeded as refusal:
        raise NotApproved from refusal
