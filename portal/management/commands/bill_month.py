"""Rate and draft a month in this process, without workers; with --issue also issue it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.domain.calendar import parse_month
from billing.domain.errors import BillingError
from billing.models import InvoiceRun
from billing.selectors import runs as selector
from billing.services import run_steps, runs
from portal.words.say import say, why
from tenants.actor import acting
from tenants.models import Operator
from tenants.scoping import tenant_scope


class Command(BaseCommand):
    """Safe to repeat, and beside workers: what is done is found done."""

    help = "Rate what waits, draft the invoices of a month, and with --issue number and freeze them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", metavar="YYYY-MM")
        parser.add_argument("--operator", required=True, metavar="SLUG")
        parser.add_argument("--issue", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = Operator.objects.filter(slug=options["operator"]).first()
        if operator is None:
            raise CommandError(f"There is no operator “{options['operator']}”.")
        try:
            with acting(task="bill_month"):
                run = run_steps.draft_month(operator.pk, parse_month(options["month"]), by=None, clock=timezone.now)
                if options["issue"]:
                    with tenant_scope(operator.pk):
                        run = runs.issue(run, by=None, at=timezone.now())
                self._report(operator, run)
        except BillingError as error:
            raise CommandError(why(error)) from error

    def _report(self, operator: Operator, run: InvoiceRun) -> None:
        with tenant_scope(operator.pk):
            self.stdout.write(f"{operator.name}, {run}: {run.get_state_display()}")
            for row in selector.sums(run):
                self.stdout.write(
                    f"  {row.invoices:,} invoices, {row.sessions:,} sessions, {row.amount_due:,} {row.currency}"
                )
            for problem in selector.problems(run):
                self.stdout.write(
                    f"  not billed: {problem.account} ({problem.code}) {say(problem.code, problem.facts)}"
                )
