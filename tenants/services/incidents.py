"""Incidents: opened, noted, judged, reported, closed. Each step is only added, and stands in the audit log.

The controller documents every breach of personal data, its effects and what was done (GDPR art. 33(5)).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from tenants import breach
from tenants.breach import Clock
from tenants.conflicts import refused_as
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Incident, IncidentNote, IncidentReport, Operator, User
from tenants.selectors import incidents as selector


@transaction.atomic
def open_one(facts: Mapping[str, Any], *, text: str, by: User, at: datetime) -> Incident:
    """Open an incident, with what is known of it. facts: fields of `Incident`.

    Raises:
        Refused: it would be known, or have happened, in the future, or end before it began.
    """
    incident = Incident(**facts, opened_at=at, opened_by_id=by.pk)
    if any(moment and moment > at for moment in (incident.known_at, incident.began_at, incident.ended_at)):
        raise Refused(Code.INCIDENT_AHEAD)
    if incident.began_at and incident.ended_at and incident.ended_at < incident.began_at:
        raise Refused(Code.INCIDENT_BACKWARDS)
    incident.save()
    audit.record(
        Event.INCIDENT_OPENED,
        about=incident,
        known_at=incident.known_at.isoformat(),
        kinds=incident.kinds,
        risk=incident.risk,
        is_significant=incident.is_significant,
    )
    _note(incident, text, happened_at=incident.known_at, by=by, at=at)
    return incident


@transaction.atomic
def note(incident: Incident, *, text: str, happened_at: datetime, by: User, at: datetime) -> IncidentNote:
    """Add what became known, or was done. Also of a closed incident: what is learnt later belongs to it.

    Raises:
        Refused: it lies ahead.
    """
    if happened_at > at:
        raise Refused(Code.INCIDENT_AHEAD)
    return _note(incident, text, happened_at=happened_at, by=by, at=at)


def _note(incident: Incident, text: str, *, happened_at: datetime, by: User, at: datetime) -> IncidentNote:
    row = IncidentNote.objects.create(
        incident=incident, text=text, happened_at=happened_at, recorded_at=at, recorded_by_id=by.pk
    )
    audit.record(Event.INCIDENT_NOTED, about=incident, note=row.pk)
    return row


@transaction.atomic
def judge(incident: Incident, *, risk: str, is_significant: bool, reason: str, by: User, at: datetime) -> Incident:
    """Say anew how great the risk to people is, and whether NIS2's clocks run. The reason becomes a note.

    Raises:
        Refused: the incident is closed.
    """
    row = _open(incident)
    row.risk, row.is_significant = Incident.Risk(risk), is_significant
    row.save(update_fields=["risk", "is_significant"])
    audit.record(Event.INCIDENT_JUDGED, about=row, risk=row.risk, is_significant=is_significant)
    _note(row, reason, happened_at=at, by=by, at=at)
    return row


@transaction.atomic
def report(
    incident: Incident,
    clock: Clock,
    *,
    told_at: datetime,
    reference: str = "",
    late_reason: str = "",
    by: User,
    at: datetime,
) -> IncidentReport:
    """Enter that an authority, or the people, were told.

    Raises:
        Refused: it lies ahead or before the incident was known, it was entered before, or it is late and nobody says
            why (GDPR art. 33(1): "it shall be accompanied by reasons for the delay").
    """
    row = _open(incident)
    if told_at > at:
        raise Refused(Code.INCIDENT_AHEAD)
    if told_at < row.known_at:
        raise Refused(Code.INCIDENT_BEFORE_KNOWN)
    due = breach.due_at(clock, row.known_at, Operator.objects.get(pk=row.operator_id).zone)
    is_late = due is not None and told_at > due
    if is_late and not late_reason.strip():
        raise Refused(Code.INCIDENT_LATE)
    with refused_as(Refused(Code.INCIDENT_TOLD), constraint="incident_report_once"):
        made = IncidentReport.objects.create(
            incident=row,
            clock=clock.value,
            told_at=told_at,
            reference=reference,
            late_reason=late_reason if is_late else "",
            recorded_at=at,
            recorded_by_id=by.pk,
        )
    audit.record(
        Event.INCIDENT_REPORTED,
        about=row,
        clock=clock.value,
        told_at=told_at.isoformat(),
        reference=reference,
        late=is_late,
    )
    return made


@transaction.atomic
def close(incident: Incident, *, text: str, by: User, at: datetime) -> Incident:
    """Close it, with what was learnt.

    Raises:
        Refused: it is closed, or somebody still has to be told.
    """
    row = _open(incident)
    if any(hand.is_waiting for hand in selector.clocks(row, Operator.objects.get(pk=row.operator_id))):
        raise Refused(Code.INCIDENT_OPEN_CLOCKS)
    row.closed_at, row.closed_by_id = at, by.pk
    row.save(update_fields=["closed_at", "closed_by_id"])
    _note(row, text, happened_at=at, by=by, at=at)
    audit.record(Event.INCIDENT_CLOSED, about=row)
    return row


def _open(incident: Incident) -> Incident:
    row = Incident.objects.select_for_update().get(pk=incident.pk)
    if row.closed_at is not None:
        raise Refused(Code.INCIDENT_OVER)
    return row
