"""Where a session stands for billing: one table of rules, and everything that asks reads it.

The table is data and no view of the database, because it is read in three ways: a session in hand is judged in Python
(`status_of`), a report sorts all sessions by a CASE (`billing.sql.status`), and a list is narrowed by conditions that
an index can answer (`billing.selectors.session_ledger`), which no condition on a CASE can.

What it costs: a CASE makes three look-ups in an index a session. A condition reads the index of its last rule and
looks up what the earlier ones ask; see `session_ledger.condition`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.invoice import Invoice
from billing.models.session_price import SessionPrice
from charging.models import ChargingSession

Review = ChargingSession.Review


class Bucket(models.TextChoices):
    """The four places a session can be in. Exactly one."""

    INVOICED = "invoiced", _("invoiced")
    FREE = "free", _("free")
    UNDER_REVIEW = "under_review", _("under review")
    NOT_YET = "not_yet", _("not yet")


class BillingStatus(models.TextChoices):
    """Where a session stands on its way to an invoice: the four buckets, told apart further."""

    INVOICED = "invoiced", _("invoiced")
    ZERO_PRICE = "zero_price", _("free")
    WRITTEN_OFF = "written_off", _("written off")
    PENDING = "pending", _("under review")
    PROBLEM = "problem", _("cannot be priced")
    WAITING = "waiting_for_run", _("to be invoiced")
    DRAFTED = "drafted", _("on a draft")
    UNRATED = "unrated", _("not priced yet")
    ACTIVE = "active", _("in progress")


BUCKETS: Final[dict[Bucket, tuple[BillingStatus, ...]]] = {
    Bucket.INVOICED: (BillingStatus.INVOICED,),
    Bucket.FREE: (BillingStatus.ZERO_PRICE, BillingStatus.WRITTEN_OFF),
    Bucket.UNDER_REVIEW: (BillingStatus.PENDING, BillingStatus.PROBLEM),
    Bucket.NOT_YET: (BillingStatus.WAITING, BillingStatus.DRAFTED, BillingStatus.UNRATED, BillingStatus.ACTIVE),
}
BUCKET_OF: Final = {status: bucket for bucket, parts in BUCKETS.items() for status in parts}


class Fact(Enum):
    """What a rule looks at: a state of the session, of its price, or of the invoice it stands on now."""

    INVOICE = "invoice"
    REVIEW = "review"
    STATE = "state"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Rule:
    """A session has this status if the fact has this value and no rule before it holds."""

    status: BillingStatus
    fact: Fact
    value: str


#: In order: the first rule that holds decides.
RULES: Final = (
    Rule(BillingStatus.INVOICED, Fact.INVOICE, Invoice.State.ISSUED.value),
    Rule(BillingStatus.WRITTEN_OFF, Fact.REVIEW, Review.WRITTEN_OFF.value),
    Rule(BillingStatus.PENDING, Fact.REVIEW, Review.PENDING.value),
    Rule(BillingStatus.ACTIVE, Fact.STATE, ChargingSession.State.ACTIVE.value),
    Rule(BillingStatus.DRAFTED, Fact.INVOICE, Invoice.State.DRAFT.value),
    Rule(BillingStatus.PROBLEM, Fact.PRICE, SessionPrice.State.PROBLEM.value),
    Rule(BillingStatus.ZERO_PRICE, Fact.PRICE, SessionPrice.State.FREE.value),
    Rule(BillingStatus.WAITING, Fact.PRICE, SessionPrice.State.PRICED.value),
)
#: When no rule holds.
OTHERWISE: Final = BillingStatus.UNRATED

#: The reviews of sessions that may get a price and be billed: nobody has to decide, and nobody has written them off.
OPEN_REVIEWS: Final = tuple(
    review.value for review in Review if not any(rule.fact is Fact.REVIEW and rule.value == review for rule in RULES)
)


#: What may become of a session that a credit note released: a person decides later, it is billed anew, or nobody pays.
#: Only the second makes it billable again.
AFTER_CREDIT: Final = (Review.PENDING.value, Review.APPROVED.value, Review.WRITTEN_OFF.value)
BILLED_ANEW: Final = Review.APPROVED.value
#: The flag of a session that stood on an invoice and was credited.
CREDITED: Final = "credited"


def status_of(*, review: str, state: str, invoice: str | None, price: str | None) -> BillingStatus:
    """Tell where a session stands by its own states and those of its invoice and price, None when there is none."""
    facts = {Fact.REVIEW: review, Fact.STATE: state, Fact.INVOICE: invoice, Fact.PRICE: price}
    return next((rule.status for rule in RULES if facts[rule.fact] == rule.value), OTHERWISE)
