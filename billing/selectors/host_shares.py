"""What of a month's sessions is shared with hosts, beside the reconciliation's compartments: settled, or to be settled.

A session at a host's site is settled where closed statements say just what is billed of it now; where they do not, the
difference waits for the next settlement. `faults` holds closed statements against their sessions: a statement is the
sum of its sessions and months, each session is at a site of its contract, and a month's amount is what the contract
makes of its sessions.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.db.models import QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from billing.domain import hosting
from billing.domain.calendar import month_bounds
from billing.models import HostContract, HostMonth, HostStatement
from billing.selectors.settlements import terms_of
from billing.sql.hosting import COMPARED, FAULTS, HOST_COMPARTMENT
from charging.models import ChargingSession, Site
from tenants.models import Operator
from tenants.scoping import current_operator_id


class HostCompartment(models.TextChoices):
    """Where a session stands with the host of its site."""

    SETTLED = "host_settled", _("settled with the host")
    WAITS = "host_waits", _("to be settled with the host")


@dataclass(frozen=True, slots=True)
class Shared:
    """Sessions in such a compartment: how many, their energy, and what is billed of them without VAT.

    Of what waits, the difference to what was said before.
    """

    compartment: HostCompartment
    sessions: int
    energy_wh: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Fault:
    """A closed statement that is not what its sessions say, and what is wrong: a stable code."""

    statement: HostStatement
    code: str


_SUMS = f"""
SELECT compartment, count(*), sum(CASE compartment WHEN 'host_settled' THEN said_wh ELSE billed_wh - said_wh END),
    sum(CASE compartment WHEN 'host_settled' THEN said ELSE billed - said END)
FROM (SELECT *, {HOST_COMPARTMENT} AS compartment FROM ({{compared}}) c) placed WHERE compartment IS NOT NULL GROUP BY 1
"""  # noqa: S608  # constants only
#: A value by its name; Django's own statements have them by their order.
_NAMED = re.compile(r"%\((\w+)\)s")
_IDS = f"SELECT id FROM ({{compared}}) c WHERE {HOST_COMPARTMENT} = %(compartment)s"  # noqa: S608  # constants only


def shared(month: date | None = None, site: Site | None = None) -> list[Shared]:
    """What is settled and what waits, of the sessions that ended in a month at a site; both rows always, if any is."""
    where, values = _within(month, site)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(compared=COMPARED.format(where=where)), values)
        found = {compartment: sums for compartment, *sums in cursor.fetchall()}
    nothing = [0, 0, Decimal(0)]
    rows = [(compartment, *found.get(compartment.value, nothing)) for compartment in HostCompartment]
    return (
        [Shared(compartment, count, int(energy), amount) for compartment, count, energy, amount in rows]
        if found
        else []
    )


def earned(month: date | None = None, site: Site | None = None) -> list[tuple[str, Decimal]]:
    """What hosts earned of a month by closed statements, in each currency. site: of the contracts that are about it."""
    rows = HostMonth.objects.filter(statement__state=HostStatement.State.CLOSED)
    rows = rows.filter(month=month.replace(day=1)) if month else rows
    rows = rows.filter(statement__contract__sites__site=site) if site else rows
    summed: Any = rows.values_list("statement__currency").annotate(Sum("amount")).order_by("statement__currency")
    return list(summed)


@dataclass(frozen=True, slots=True)
class Among:
    """Of which sessions something is asked: those that ended in a month, began between two instants, are at a site."""

    month: date | None = None
    since: datetime | None = None
    until: datetime | None = None
    site: Site | None = None


def having(rows: QuerySet[ChargingSession], compartment: str, among: Among) -> QuerySet[ChargingSession]:
    """Keep the sessions that stand so with their host.

    among: what the rows are narrowed to already. What is billed of a session and what was said is compared one by one,
    so only these are looked at.
    """
    where, values = _within(among.month, among.site)
    for name, condition in (("since", "s.started_at >= %(since)s"), ("until", "s.started_at < %(until)s")):
        if instant := getattr(among, name):
            where, values[name] = f"{where} AND {condition}", instant
    statement, values = _IDS.format(compared=COMPARED.format(where=where)), {**values, "compartment": compartment}
    given = [values[name] for name in _NAMED.findall(statement)]
    return rows.filter(pk__in=RawSQL(_NAMED.sub("%s", statement), given))  # noqa: S611  # nosec  # constants


def faults(month: date | None = None) -> Iterator[Fault]:
    """Closed statements that are not what their sessions say. month: those that say something of it."""
    operator = Operator.objects.get(pk=current_operator_id())
    values: dict[str, Any] = {"operator": operator.pk, "zone": operator.time_zone}
    values["month"] = month and month.replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(FAULTS, values)
        found = dict(cursor.fetchall())
    rows = HostStatement.objects.select_related("account__identity", "contract").order_by("pk")
    yield from (Fault(row, found[row.pk]) for row in rows.filter(pk__in=found))
    yield from (Fault(row, "amount") for row in _earned_otherwise(month) if row.pk not in found)


def _earned_otherwise(month: date | None) -> Iterator[HostStatement]:
    """The newest statements of contracts whose months are not what the contract makes of them.

    A contract whose end was changed since makes something else of its last month: the next statement says the rest.
    """
    months = HostMonth.objects.filter(statement__state=HostStatement.State.CLOSED)
    months = months.filter(month=month.replace(day=1)) if month else months
    sums = months.values("statement__contract", "month").order_by("statement__contract", "month")
    told = sums.annotate(net=Sum("net"), energy_wh=Sum("energy_wh"), amount=Sum("amount"), last=models.Max("statement"))
    by_contract: dict[int, list[Any]] = defaultdict(list)
    for row in told:
        by_contract[row["statement__contract"]].append(row)
    contracts = HostContract.objects.in_bulk(list(by_contract))
    wrong: set[int] = set()
    drafted = dict(HostStatement.objects.filter(pk__in={row["last"] for row in told}).values_list("pk", "drafted_at"))
    for key, rows in by_contract.items():
        contract = contracts[key]
        wrong |= {row["last"] for row in rows if _is_otherwise(contract, row, drafted[row["last"]])}
    yield from HostStatement.objects.select_related("account__identity", "contract").filter(pk__in=wrong).order_by("pk")


def _is_otherwise(contract: HostContract, row: dict[str, Any], drafted_at: datetime) -> bool:
    if contract.changed_at > drafted_at:
        return False
    comes = hosting.earned(terms_of(contract), row["month"], net=row["net"], energy_wh=row["energy_wh"])
    return bool(comes != row["amount"])


def _within(month: date | None, site: Site | None) -> tuple[str, dict[str, Any]]:
    operator = Operator.objects.get(pk=current_operator_id())
    values: dict[str, Any] = {"operator": operator.pk, "zone": operator.time_zone}
    where = ""
    if month is not None:
        values["begin"], values["end"] = month_bounds(month.replace(day=1), operator.time_zone)
        where += " AND s.ended_at >= %(begin)s AND s.ended_at < %(end)s"
    if site is not None:
        values["site"] = site.pk
        where += " AND s.site_id = %(site)s"
    return where, values
