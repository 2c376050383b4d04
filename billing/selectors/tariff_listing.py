"""Tariffs as finance sees them: each with the version in force, the next one, the draft, and where it is used."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.models import Tariff, TariffAssignment, TariffVersion

Row = TypeVar("Row", TariffVersion, TariffAssignment)


@dataclass(frozen=True, slots=True)
class TariffSummary:
    """A tariff with its versions, newest first, and its assignments that have not ended."""

    tariff: Tariff
    versions: Sequence[TariffVersion]
    assignments: Sequence[TariffAssignment] = field(default_factory=list)
    current: TariffVersion | None = None
    upcoming: TariffVersion | None = None
    draft: TariffVersion | None = None

    @property
    def shown(self) -> TariffVersion | None:
        """The version a list shows: the one in force, else the next one, else the draft."""
        return self.current or self.upcoming or self.draft


def listing(search: str = "", *, archived: bool | None = None) -> QuerySet[Tariff]:
    """The tariffs by name, archived ones last; those whose name holds the text, archived or not, or both (None)."""
    rows = Tariff.objects.order_by("is_archived", "name", "pk")
    rows = rows if archived is None else rows.filter(is_archived=archived)
    return rows.filter(name__icontains=search) if search else rows


def told(tariffs: Sequence[Tariff], *, at: datetime) -> list[TariffSummary]:
    """These tariffs with their versions and where they are used. Two queries."""
    keys = [tariff.pk for tariff in tariffs]
    versions = _grouped(TariffVersion.objects.filter(tariff__in=keys).order_by("-number"))
    assignments = _grouped(in_use(at=at).filter(tariff__in=keys))
    return [shelved(tariff, versions.get(tariff.pk, []), assignments.get(tariff.pk, []), at=at) for tariff in tariffs]


def one(public_id: UUID, *, at: datetime) -> TariffSummary | None:
    """A single tariff, with who published its versions; None when there is no such tariff."""
    tariff = Tariff.objects.filter(public_id=public_id).first()
    if tariff is None:
        return None
    versions = TariffVersion.objects.filter(tariff=tariff).select_related("published_by").order_by("-number")
    return shelved(tariff, list(versions), list(in_use(at=at).filter(tariff=tariff)), at=at)


def shelved(
    tariff: Tariff, versions: Sequence[TariffVersion], assignments: Sequence[TariffAssignment], *, at: datetime
) -> TariffSummary:
    """Tell the versions apart: in force is the published one with the latest start that has come."""
    published = [version for version in versions if version.published_at is not None and version.valid_from]
    begun = [version for version in published if version.valid_from and version.valid_from <= at]
    coming = [version for version in published if version.valid_from and version.valid_from > at]
    return TariffSummary(
        tariff,
        versions,
        assignments,
        current=max(begun, key=lambda version: (version.valid_from or at, version.number), default=None),
        upcoming=min(coming, key=lambda version: (version.valid_from or at, version.number), default=None),
        draft=next((version for version in versions if version.published_at is None), None),
    )


def in_use(*, at: datetime) -> QuerySet[TariffAssignment]:
    """Assignments in force or still to come, the most particular first, with what they name."""
    return (
        TariffAssignment.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at))
        .select_related("driver", "account__identity", "group", "station", "site", "tariff")
        .order_by("driver_id", "account_id", "group_id", "station_id", "site_id", "valid_from")
    )


def _grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.tariff_id, []).append(row)
    return groups
