"""What holds for cards about which nobody can be asked in time, and how much of it has been used this month."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from charging.domain.ocpp import unasked
from charging.domain.ocpp.unasked import Kind, Rule
from charging.models import CardRule, StationCharge


@dataclass(frozen=True, slots=True)
class Used:
    """A rule, and how many charges it has let in this month. uncounted: of how many nobody knows yet what they cost."""

    kind: Kind
    rule: Rule
    charges: int
    uncounted: int
    cost: int

    @property
    def label(self) -> str:
        """The kind in words."""
        return str(CardRule.Kind(self.kind).label)

    @property
    def money(self) -> int:
        """What those come to, in whole units of the operator's currency."""
        return self.rule.money(self.uncounted, self.cost)


def of_operator(*, at: datetime) -> list[Used]:
    """Return the rule of each kind of card."""
    stored = {Kind(row.kind): Rule(row.is_open, row.most, row.reckoned) for row in CardRule.objects.all()}
    rows = let_in(at=at).order_by().values("unasked")
    sums = rows.annotate(
        all=Count("pk"), uncounted=Count("pk", filter=Q(unasked_cost=None)), cost=Coalesce(Sum("unasked_cost"), 0)
    )
    used = {Kind(row["unasked"]): (row["all"], row["uncounted"], row["cost"]) for row in sums}
    return [Used(kind, stored.get(kind, unasked.USUAL[kind]), *used.get(kind, (0, 0, 0))) for kind in Kind]


def let_in(*, at: datetime) -> QuerySet[StationCharge]:
    """Return the charges that were let in unasked this month."""
    month = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return StationCharge.objects.exclude(unasked="").filter(received_at__gte=month)
