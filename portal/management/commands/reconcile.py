"""Show in which compartment every session is, and fail when the sums differ."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.domain.calendar import parse_month
from billing.domain.errors import BillingError
from billing.selectors import host_shares, reconciliation
from billing.selectors.reconciliation import Check
from portal.words.say import why
from tenants.actor import acting
from tenants.models import Operator
from tenants.scoping import tenant_scope

_FAULTS = {
    "strangers": "a session is not one of its contract, or of another month",
    "sessions": "its months are not the sums of their sessions",
    "months": "it is not the sum of its months",
    "amount": "a month is not what the contract makes of its sessions",
}
_ROW = "{:<14} {:<18} {:>12} {:>18} {:>20}"


class Command(BaseCommand):
    """Exit status: 0 the sums agree, 1 they differ or the question cannot be answered."""

    help = "Count every session in its compartment, and what documents say of them. Fails when anything differs."

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
        self.stdout.write(_ROW.format("compartment", "reason", "sessions", "energy kWh", "price excl. VAT"))
        for row in check.reasons:
            self._row(row.compartment, row.reason, row.sessions, row.energy_wh, row.amount)
        self.stdout.write("")
        for row in check.rows:
            self._row(row.compartment, "", row.sessions, row.energy_wh, row.amount)
        self._row("all sessions", "counted alone", check.sessions, check.energy_wh, check.amount)
        self.stdout.write(
            f"\nInvoices say {check.ledger_excl_vat} on {check.ledger_lines:,} lines; "
            f"{check.rounding} of it is rounding each line to the minor unit."
        )
        self.stdout.write(f"Besides, they charge {check.fees_excl_vat} of fees on {check.fee_lines:,} lines.")
        self.stdout.write(f"Credit notes took back {check.credited_in_part} of what still stands on invoices.")
        self.stdout.write(f"{reconciliation.given_up(month)} is given up of the price of what is lost in part.")
        differences = [*_differences(check), *self._sums_by_day(), *self._hosts(month)]
        if differences or not check.adds_up:
            raise CommandError(f"The sums differ: {'; '.join(differences)}.")
        self.stdout.write("The sums agree.")

    def _sums_by_day(self) -> Iterator[str]:
        """Hold what pages show against the sessions, month by month and site by site."""
        uneven = reconciliation.uneven()
        for cell in uneven:
            self.stdout.write(
                f"{cell.month:%Y-%m} {cell.site}, {cell.status}: sums by day say {cell.kept[0]:,} sessions and"
                f" {cell.kept[1]:,} Wh, the sessions {cell.counted[0]:,} and {cell.counted[1]:,} Wh."
            )
        if uneven:
            yield f"{len(uneven)} of the sums by day say something else than the sessions"

    def _hosts(self, month: date | None) -> Iterator[str]:
        """Hold closed statements to hosts against their sessions, and say what is settled of these."""
        for row in host_shares.shared(month):
            self._row(row.compartment, "", row.sessions, row.energy_wh, row.amount)
        for currency, amount in host_shares.earned(month):
            self.stdout.write(f"Hosts earned {amount} {currency} of it by closed statements.")
        faults = list(host_shares.faults(month))
        for fault in faults:
            statement = f"{fault.statement.log_name} of {fault.statement.month:%Y-%m}, {fault.statement.contract.name}"
            self.stdout.write(f"Statement {statement}: {_FAULTS[fault.code]}.")
        if faults:
            yield f"{len(faults)} statements to hosts say something else than their sessions"

    def _row(self, bucket: str, reason: str, sessions: int, energy_wh: int, amount: Any) -> None:
        kwh = f"{energy_wh // 1000:,}.{energy_wh % 1000:03d}"
        self.stdout.write(_ROW.format(bucket, reason, f"{sessions:,}", kwh, f"{amount:,}"))


def _differences(check: Check) -> Iterator[str]:
    """What differs, in a few words each."""
    counted = sum(row.sessions for row in check.rows), sum(row.energy_wh for row in check.rows)
    if counted != (check.sessions, check.energy_wh) or sum(row.amount for row in check.rows) != check.amount:
        yield "a session is missing, or stands in two compartments"
    if not check.is_shown:
        yield "the page shows something else than was counted"
    if abs(check.rounding) > check.tolerance:
        yield f"invoices say {check.rounding} more than their sessions' prices"
    if check.fee_lines != check.fees_charged:
        yield f"{check.fees_charged} charges of fees stand on {check.fee_lines} lines"
    if check.left_of_released:
        yield f"{check.left_of_released} is left of sessions that were credited wholly"
