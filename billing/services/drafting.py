"""Draft invoices of a range of accounts, in a handful of statements however many sessions there are.

The lines were computed when the sessions were rated; the statements of `billing.sql.invoices` put them together and
take VAT once per rate on the sum of its lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from billing.domain.calendar import month_after
from billing.domain.errors import Code
from billing.models import Invoice, InvoiceRun
from billing.selectors import payers, vat_rates
from billing.services import rules
from billing.sql import discounts, fees, invoices
from tenants.identifiers import new_public_id
from tenants.models import Operator
from tenants.scoping import current_operator_id

_PROBLEM_ROWS = """
INSERT INTO billing_runproblem (operator_id, run_id, account_id, code, facts)
SELECT %(operator)s, %(run)s, u.account_id, u.code, '{}'
FROM unnest(%(accounts)s::bigint[], %(codes)s::text[]) AS u(account_id, code)
ON CONFLICT (operator_id, run_id, account_id) DO UPDATE SET code = excluded.code, facts = excluded.facts
"""
SERIES = "F"
#: The reach of accounts whose fees are asked for, where none are.
_NOBODY = (1, 0)


@dataclass(frozen=True, slots=True)
class Drafted:
    """What was drafted: how many sessions it bills, the documents, and whose names these say (`RunChunk`)."""

    sessions: int
    documents: list[int]
    sites: list[int]
    stations: list[int]
    versions: list[int]


def draft(run: InvoiceRun, *, first: int, last: int, at: datetime) -> Drafted:
    """Draft the run's invoices of the accounts with ids from `first` to `last`.

    An invoice has the account's sessions and what is due of its fees; either may be none. What charges the VAT of
    several countries becomes an invoice for each.

    Must run in one transaction. An account that is not billed gets a `RunProblem` and stops nobody else.

    Raises:
        DocumentRefused: a draft would break a rule of EN 16931.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    values: dict[str, Any] = {
        "operator": operator.pk,
        "home": operator.country,
        "whole_crowns": operator.rounds_to_crowns,
        "run": run.pk,
        "replaces": None,
        **payers.reach(first, last),
        "since": run.since,
        "until": run.until,
        "month": run.month,
        "next_month": month_after(run.month),
        "zone": operator.time_zone,
        **vat_rates.columns(),
        "series": SERIES,
        "at": at,
    }
    drafted = _drafted(invoices.BILLABLE, values)
    rules.check(drafted.documents)
    return drafted


def draft_anew(original: Invoice, *, sessions: Sequence[int], at: datetime) -> list[int]:
    """Draft what these sessions of a credited invoice come to now, for whoever pays for them; return the invoices.

    Must run in one transaction. Fees are not among it: they stand on invoices by their days; discounts by percentage
    are. A correction does not wait for an account's smallest invoice.

    Raises:
        DocumentRefused: an account cannot be billed, or a draft would break a rule of EN 16931.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    values: dict[str, Any] = {
        "operator": operator.pk,
        "home": operator.country,
        "whole_crowns": operator.rounds_to_crowns,
        "run": original.run_id,
        "replaces": original.pk,
        "sessions": list(sessions),
        **payers.reach(*_NOBODY),
        "month": original.month,
        "next_month": month_after(original.month),
        "zone": operator.time_zone,
        **vat_rates.columns(),
        "series": SERIES,
        "at": at,
    }
    drafted = _drafted(invoices.BILLABLE_ANEW, values)
    rules.check(drafted.documents)
    return drafted.documents


def _drafted(billable: str, values: dict[str, Any]) -> Drafted:
    with connection.cursor() as cursor:
        cursor.execute(invoices.DROP)
        cursor.execute(billable, values)
        cursor.execute(invoices.LINES)
        cursor.execute(fees.DUE, values)
        cursor.execute(invoices.FEE_LINES)
        cursor.execute(discounts.DUE, values)
        for statement in (discounts.HEADS, discounts.LINES, invoices.VAT, invoices.SHARES):
            cursor.execute(statement)
        lines = invoices.INVOICE_LINES if cursor.rowcount else invoices.NET_INVOICE_LINES
        cursor.execute(invoices.ANALYZE)
        billed = _billable_accounts(cursor, values)
        accounts, charged_in = [account for account, _ in billed], [country for _, country in billed]
        values |= {"accounts": accounts, "charged_in": charged_in, "public_ids": [new_public_id() for _ in billed]}
        cursor.execute(invoices.DRAFTED, values)
        cursor.execute(invoices.ANALYZE_DRAFTED)
        ledgers = (fees.LEDGER, invoices.LEDGER)
        for statement in (invoices.INVOICES, *ledgers, lines, invoices.INVOICE_VAT):
            cursor.execute(statement, values)
        cursor.execute(invoices.DRAFTS)
        sessions, documents, *named = cursor.fetchone()
    return Drafted(int(sessions), documents or [], *named)


def _billable_accounts(cursor: Any, values: dict[str, Any]) -> list[tuple[int, str]]:
    """Write a problem for each account that is not billed, or not in one of its countries; return the others.

    A replacement is billed, or refused.
    """
    cursor.execute(invoices.PROBLEMS, values)
    found = cursor.fetchall()
    if values["replaces"]:
        for code in {code for _account, _country, code in found} - {None, Code.CARRIED_OVER}:
            raise rules.DocumentRefused(Code(code), field="account")
        return [(account, country) for account, country, _code in found]
    refused = {account: code for account, _country, code in found if code is not None}
    if refused:
        rows = {"accounts": list(refused), "codes": list(refused.values())}
        cursor.execute(_PROBLEM_ROWS, {**values, **rows})
    return [(account, country) for account, country, code in found if code is None]
