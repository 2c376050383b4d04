"""How customers of the demonstration pay: most in time, some late, some a part, some twice, and a few not at all.

Who has not paid is reminded after ten days and after thirty, by a person who looks at the list; nobody has looked yet.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.core.files.base import ContentFile

from billing.models import Invoice, PaymentFile, ReminderStep
from billing.services import payment_files, reminders
from portal.demo.bank import Paid, camt054
from tenants import work
from tenants.models import Operator
from tenants.scoping import tenant_scope


def _steps() -> list[ReminderStep]:
    return [
        ReminderStep(days=10, asks_costs=True),
        ReminderStep(days=30, asks_costs=True, asks_interest=True),
        ReminderStep(days=60, what=ReminderStep.What.COLLECTION),
    ]


def tell(operator: Operator, *, at: datetime) -> None:
    """Bring in a file of the bank for each month in which invoices were due."""
    with tenant_scope(operator.pk):
        issued = Invoice.objects.filter(state="issued", kind="invoice", amount_due__gt=0)
        months = list(issued.order_by("month").values_list("month", flat=True).distinct())
        reminders.keep_steps(_steps())
        reminders.keep_terms(None, fee_since=at.date() - timedelta(days=730), due_day_agreed=True, least=Decimal(20))
    random = Random(11)  # noqa: S311  # plausible, not secret
    for month in months:
        _pay_month(operator, month, random, at=at)


def _pay_month(operator: Operator, month: date, random: Random, *, at: datetime) -> None:
    with tenant_scope(operator.pk):
        rows = Invoice.objects.filter(state="issued", kind="invoice", month=month, amount_due__gt=0)
        invoices = list(rows.select_related("buyer").order_by("number"))
        day = min(max(row.due_on for row in invoices if row.due_on), at.date() - timedelta(days=1))
        content = b"".join(
            camt054(_paid(invoices, random), booking=f"{operator.slug}{month:%y%m}", day=day, iban=operator.iban)
        )
        payment_files.take_in(ContentFile(content), name=f"camt054-{day}.xml", by=None, at=at)
    work.do_next(work.kind_named(PaymentFile.work_kind), operator.pk, clock=lambda: at)


def _paid(invoices: list[Invoice], random: Random) -> Iterator[Paid]:
    """What is paid of a month's invoices."""
    for invoice in invoices:
        chance, due, reference = random.random(), invoice.amount_due, invoice.payment_reference
        who = {"name": invoice.buyer.name, "account": f"SE{invoice.buyer_id:022}"}
        if chance < 0.03:
            continue
        if chance < 0.06:
            yield Paid((due / 2).quantize(Decimal("0.01")), reference, **who)
        elif chance < 0.08:
            yield Paid(due, text=f"Faktura {invoice}", **who)
        elif chance < 0.09:
            yield Paid(due, **who)
        else:
            yield Paid(due + (20 if chance > 0.995 else 0), reference, **who)
