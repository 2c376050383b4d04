"""Show in which bucket every session is, and fail when the sums differ."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.domain.calendar import parse_month
from billing.domain.errors import BillingError
from billing.selectors import reconciliation
from portal.words.say import why
from tenants.actor import acting
from tenants.models import Operator
from tenants.scoping import tenant_scope

_ROW = "{:<14} {:<18} {:>12} {:>18} {:>20}"


class Command(BaseCommand):
    """Exit status: 0 the sums agree, 1 they differ or the question cannot be answered."""

    help = "Count every session in its bucket: invoiced, free, under review, not yet. Fails when the sums differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operator", required=True, metavar="SLUG")
        parser.add_argument("--month", metavar="YYYY-MM", help="sessions that ended in this month; all without it")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = Operator.objects.filter(slug=options["operator"]).first()
        if operator is None:
            raise CommandError(f"There is no operator “{options['operator']}”.")
        try:
            month = parse_month(options["month"]) if options["month"] else None
        except BillingError as error:
            raise CommandError(why(error)) from error
        with acting(task="reconcile"), tenant_scope(operator.pk):
            self._reconcile(operator, month)

    def _reconcile(self, operator: Operator, month: date | None) -> None:
        check = reconciliation.check(month)
        self.stdout.write(f"{operator.name}, {f'{month:%Y-%m}' if month else 'all months'}\n")
        self.stdout.write(_ROW.format("bucket", "reason", "sessions", "energy kWh", "price excl. VAT"))
        for row in check.reasons:
            self._row(row.bucket, row.reason, row.sessions, row.energy_wh, row.amount)
        self.stdout.write("")
        for row in check.rows:
            self._row(row.bucket, "", row.sessions, row.energy_wh, row.amount)
        self._row("all sessions", "counted alone", check.sessions, check.energy_wh, check.amount)
        self.stdout.write(
            f"\nInvoices say {check.ledger_excl_vat} on {check.ledger_lines:,} lines; "
            f"{check.rounding} of it is rounding each line to the minor unit."
        )
        self.stdout.write(f"Besides, they charge {check.fees_excl_vat} of fees on {check.fee_lines:,} lines.")
        if not check.adds_up:
            raise CommandError("The sums differ: a session is missing, or stands in two places.")
        self.stdout.write("The sums agree.")

    def _row(self, bucket: str, reason: str, sessions: int, energy_wh: int, amount: Any) -> None:
        kwh = f"{energy_wh // 1000:,}.{energy_wh % 1000:03d}"
        self.stdout.write(_ROW.format(bucket, reason, f"{sessions:,}", kwh, f"{amount:,}"))
