"""Fees and discounts of an account: agreed, ended, and taken back while nothing of them was charged.

Runs charge them (`billing.sql.fees`). What was charged stays: an end lies at or after it, and money is given back by a
credit of its own.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from billing.domain import money
from billing.domain.errors import BillingError, Code
from billing.models import BilledFee, Fee
from billing.selectors.vat_rates import standard_rate
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id

#: So many days back a fee may begin; further back it is a slip of the pen.
LONGEST_BACK = 366


class FeeRefused(BillingError):
    """A fee cannot be agreed like that, or not be ended or taken back any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What an account is to pay from `since` on, in the operator's currency.

    price: above 0, also of a credit. per, until: of what recurs alone. has_standard_rate: VAT is the standard one of
    the operator's country on each day; else it is `vat_rate`, or none.
    """

    kind: str
    text: str
    price: Decimal
    since: date
    until: date | None = None
    per: str = Fee.Per.ACCOUNT
    reason: str = ""
    tax_included: bool = False
    has_standard_rate: bool = True
    vat_rate: Decimal | None = None
    booking_account: str = ""

    @property
    def recurs(self) -> bool:
        """Whether it comes back each month or year."""
        return self.kind in (Fee.Kind.MONTHLY, Fee.Kind.YEARLY)


def add(account: Account, agreed: Agreed, *, today: date) -> Fee:
    """Let the account pay what is agreed. today: by the operator's clock.

    Raises:
        FeeRefused: it ends before it begins, begins too long ago, has more decimals than its currency, lacks a reason
            that it needs, or its country has no standard rate that we know.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    _check(agreed, operator, today)
    return Fee.objects.create(
        account=account,
        kind=agreed.kind,
        per=agreed.per if agreed.recurs else Fee.Per.ACCOUNT,
        text=agreed.text.strip(),
        reason=agreed.reason.strip(),
        price=agreed.price,
        currency=operator.currency,
        tax_included=agreed.tax_included,
        vat_country=operator.country if agreed.has_standard_rate else "",
        vat_rate=None if agreed.has_standard_rate else agreed.vat_rate,
        booking_account=agreed.booking_account.strip(),
        since=agreed.since,
        until=agreed.until if agreed.recurs else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What is taken off what an account pays from `since` on: `percent`, or an `amount` a month; one of the two."""

    text: str
    taken_off: str
    since: date
    percent: Decimal | None = None
    amount: Decimal | None = None
    until: date | None = None
    reason: str = ""
    booking_account: str = ""


def give(account: Account, discount: Discount, *, today: date) -> Fee:
    """Let the account pay less. today: by the operator's clock.

    Raises:
        FeeRefused: it ends before it begins or begins too long ago, or is not one percentage up to 100 or amount.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    _check_days(discount.since, discount.until, today)
    if (discount.percent is None) == (discount.amount is None):
        raise FeeRefused(Code.PERCENT_OR_AMOUNT, field="percent", value=discount.percent)
    if discount.percent is not None and not 0 < discount.percent <= 100:
        raise FeeRefused(Code.DISCOUNT_PERCENT, field="percent", value=discount.percent)
    if discount.amount is not None:
        _check_price(discount.amount, operator)
    return Fee.objects.create(
        account=account,
        kind=Fee.Kind.DISCOUNT,
        text=discount.text.strip(),
        reason=discount.reason.strip(),
        price=discount.amount,
        percent=discount.percent,
        taken_off=discount.taken_off,
        currency=operator.currency,
        booking_account=discount.booking_account.strip(),
        since=discount.since,
        until=discount.until,
    )


@transaction.atomic
def end(fee: Fee, *, until: date | None) -> Fee:
    """Let the fee end with the day `until`, or go on (None); what was charged is not touched.

    Raises:
        FeeRefused: it does not recur, or it is charged, or begins, after that day.
    """
    fee = Fee.objects.select_for_update(of=("self",)).get(pk=fee.pk)
    if not fee.is_recurring:
        raise FeeRefused(Code.FEE_DOES_NOT_RECUR, field="until", value=until)
    charged = charged_until(fee)
    if until is not None and charged is not None and until < charged:
        raise FeeRefused(Code.FEE_CHARGED_UNTIL, field="until", value=until, day=charged)
    if until is not None and until < fee.since:
        raise FeeRefused(Code.FEE_ENDS_FIRST, field="until", value=until)
    fee.until = until
    fee.save(update_fields=["until"])
    return fee


@transaction.atomic
def remove(fee: Fee) -> None:
    """Take back a fee of which nothing was charged.

    Raises:
        FeeRefused: it stands on an invoice or a draft.
    """
    fee = Fee.objects.select_for_update(of=("self",)).get(pk=fee.pk)
    if charged_until(fee) is not None:
        raise FeeRefused(Code.FEE_CHARGED, field="fee", value=fee.text)
    fee.delete()


def charged_until(fee: Fee) -> date | None:
    """The last day that stands on an invoice or a draft; None while none does."""
    last: date | None = BilledFee.objects.filter(fee=fee).aggregate(last=Max("last_day"))["last"]
    return last


def _check(agreed: Agreed, operator: Operator, today: date) -> None:
    _check_days(agreed.since, agreed.until if agreed.recurs else None, today)
    _check_price(agreed.price, operator)
    if not agreed.recurs and not agreed.reason.strip():
        raise FeeRefused(Code.FEE_NEEDS_REASON, field="reason")
    if agreed.has_standard_rate and standard_rate(operator.country, agreed.since) is None:
        raise FeeRefused(Code.NO_STANDARD_RATE, field="vat_rate", value=operator.country, country=operator.country)


def _check_days(since: date, until: date | None, today: date) -> None:
    if until is not None and until < since:
        raise FeeRefused(Code.FEE_ENDS_FIRST, field="until", value=until)
    if (today - since).days > LONGEST_BACK:
        raise FeeRefused(Code.FEE_TOO_LONG_AGO, field="since", value=since, days=LONGEST_BACK)


def _check_price(price: Decimal, operator: Operator) -> None:
    digits = money.minor_digits(operator.currency)
    if price <= 0 or price != round(price, digits):
        raise FeeRefused(Code.FEE_PRICE, field="price", value=price, digits=digits)
