"""What a customer of the demonstration says is wrong with a session that was invoiced; the answer is still to come."""

from datetime import datetime, timedelta

from billing.models import BilledSession, Dispute, Invoice
from billing.models.invoice import IN_FORCE
from billing.services import disputes
from tenants.models import Driver, Operator
from tenants.scoping import tenant_scope

WORDS = "Bilen visade 12 kWh när jag kom tillbaka, men på fakturan är det mer. Kan ni titta på mätaren?"


def tell(operator: Operator, *, at: datetime) -> None:
    """Let the driver who signs in dispute the newest session on their invoices."""
    with tenant_scope(operator.pk):
        driver = Driver.objects.select_related("user").filter(user__isnull=False).first()
        if driver is None or driver.user is None:
            return
        rows = BilledSession.objects.filter(IN_FORCE, session__driver=driver, invoice__state=Invoice.State.ISSUED)
        newest = rows.select_related("session", "invoice__account").order_by("-session__started_at").first()
        if newest is None:
            return
        disputes.raise_(
            newest.invoice.account,
            newest.session,
            about=Dispute.About.ENERGY,
            text=WORDS,
            by=driver.user,
            at=at - timedelta(days=3),
            driver=driver,
        )
