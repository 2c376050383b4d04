"""What holds for cards about which nobody can be asked in time, and how much of it has been used this month."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from charging.domain.ocpp import unasked
from charging.domain.ocpp.unasked import Kind, Rule
from charging.models import CardRule, StationCharge


@dataclass(frozen=True, slots=True)
class Used:
    """A rule, and how many charges it has let in this month."""

    kind: Kind
    rule: Rule
    charges: int

    @property
    def label(self) -> str:
        """The kind in words."""
        return str(CardRule.Kind(self.kind).label)

    @property
    def money(self) -> int:
        """What those are reckoned as, in whole units of the operator's currency."""
        return self.charges * self.rule.reckoned


def of_operator(*, at: datetime) -> list[Used]:
    """Return the rule of each kind of card."""
    stored = {Kind(row.kind): Rule(row.is_open, row.most, row.reckoned) for row in CardRule.objects.all()}
    month = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = StationCharge.objects.exclude(unasked="").filter(received_at__gte=month)
    counted = Counter(rows.values_list("unasked", flat=True))
    return [Used(kind, stored.get(kind, unasked.USUAL[kind]), counted[kind]) for kind in Kind]
