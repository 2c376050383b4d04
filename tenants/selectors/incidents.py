"""Reads of incidents: their clocks, and whom they concern."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from tenants import breach
from tenants.breach import Clock
from tenants.models import (
    Driver,
    Incident,
    IncidentAffected,
    IncidentBundle,
    IncidentLetter,
    IncidentList,
    IncidentReport,
    Operator,
)
from tenants.models.work import Work


@dataclass(frozen=True, slots=True)
class Hand:
    """A clock as it stands. due_at: None for "without undue delay". report: that it was done."""

    clock: Clock
    runs: bool
    due_at: datetime | None
    report: IncidentReport | None

    @property
    def law(self) -> str:
        """The paragraph."""
        return breach.LAW[self.clock]

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to be told."""
        return self.runs and self.report is None

    @property
    def was_late(self) -> bool:
        """Whether it was done, and after its time."""
        return self.report is not None and self.due_at is not None and self.report.told_at > self.due_at

    def is_late(self, at: datetime) -> bool:
        """Whether it waits, and its time is over."""
        return self.is_waiting and self.due_at is not None and at > self.due_at


def clocks(incident: Incident, operator: Operator) -> list[Hand]:
    """All clocks of the incident, the first due first. One query."""
    told = {report.clock: report for report in IncidentReport.objects.filter(incident=incident)}
    return [_hand(clock, incident, operator, told.get(clock.value)) for clock in Clock]


def _hand(clock: Clock, incident: Incident, operator: Operator, report: IncidentReport | None) -> Hand:
    runs = breach.runs(clock, is_significant=incident.is_significant, risk=incident.risk)
    return Hand(clock, runs, breach.due_at(clock, incident.known_at, operator.zone), report)


def listing(
    *, is_closed: bool | None = None, search: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Incident]:
    """Incidents that meet all criteria, in no order. search: part of the title; since, until: when they were known."""
    rows = Incident.objects.all() if is_closed is None else Incident.objects.filter(closed_at__isnull=not is_closed)
    rows = rows.filter(title__icontains=search) if search else rows
    rows = rows.filter(known_at__gte=since) if since else rows
    return rows.filter(known_at__lt=until) if until else rows


def waiting(operator: Operator) -> list[tuple[Incident, Hand]]:
    """What still has to be told, of every open incident. Two queries."""
    open_ones = list(Incident.objects.filter(closed_at=None).order_by("known_at", "pk"))
    told = IncidentReport.objects.filter(incident__in=open_ones)
    reports = {(report.incident_id, report.clock): report for report in told}
    hands = [
        (incident, _hand(clock, incident, operator, reports.get((incident.pk, clock.value))))
        for incident in open_ones
        for clock in Clock
    ]
    return [(incident, hand) for incident, hand in hands if hand.is_waiting]


def affected(incident: Incident) -> QuerySet[IncidentAffected]:
    """Everybody on a frozen list of the incident, with their driver; who stands on two lists stands here twice."""
    return IncidentAffected.objects.filter(list__incident=incident).select_related("driver")


def to_be_written(incident: Incident) -> QuerySet[Driver]:
    """The affected who have not been written to about it."""
    on_a_list = IncidentAffected.objects.filter(list__incident=incident, driver=OuterRef("pk"))
    written = IncidentLetter.objects.filter(incident=incident, driver=OuterRef("pk"))
    return Driver.objects.filter(Exists(on_a_list), ~Exists(written)).order_by("pk")


def count_affected(incident: Incident) -> int:
    """How many drivers it concerns, each counted once."""
    return affected(incident).values("driver").distinct().count()


def lists_of(incident: Incident) -> list[IncidentList]:
    """The questions that were put to the log, newest first."""
    return list(IncidentList.objects.filter(incident=incident).order_by("-pk"))


def bundles_of(incident: Incident) -> list[IncidentBundle]:
    """The files of evidence that are being made or can be fetched, newest first."""
    rows = IncidentBundle.objects.filter(incident=incident).order_by("-pk")
    return [row for row in rows if row.file or row.is_open or row.state == Work.State.SET_ASIDE]
