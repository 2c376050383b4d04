"""What the signed records of charges prove, by the keys that are registered now."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from zoneinfo import ZoneInfo

from charging.domain.ocpp import SOURCE
from charging.domain.signed import proof
from charging.domain.signed.proof import Key, Proof, Verdict
from charging.models import ChargingSession, MeterKey, MeterRule, SignedRecord, Site, StationCharge

_ABSENT, _KEPT = Proof(Verdict.ABSENT), Proof(Verdict.KEPT)


def demand() -> MeterRule.Demand:
    """Return what the operator demands before a charge is billed."""
    rule = MeterRule.objects.first()
    return MeterRule.Demand(rule.demand) if rule else MeterRule.Demand.NOTHING


def records(session: ChargingSession) -> list[SignedRecord]:
    """Return what the meter signed about a session, in the order in which it came."""
    found = _number(session)
    return list(SignedRecord.objects.filter(number=found).order_by("pk")) if found is not None else []


def is_kept(records: Iterable[SignedRecord]) -> bool:
    """Whether one of them is of somebody erased, and not read for bookkeeping now."""
    return any(not row.raw for row in records)


def proofs(sessions: Collection[ChargingSession]) -> dict[int, Proof]:
    """Return what is proven of each session that a station told of, by the number of its charge."""
    told = {number: session for session in sessions if (number := _number(session)) is not None}
    rows = _by_charge(told)
    if not rows:
        return dict.fromkeys(told, _ABSENT)
    cards = {row.number: row.id_tag for row in StationCharge.objects.filter(number__in=rows).only("number", "id_tag")}
    known, repeated = _keys(told[number] for number in rows), _repeated(rows)
    return {
        number: _KEPT
        if is_kept(rows.get(number, ()))
        else proof.judge(
            [row.raw for row in rows[number]],
            known[number],
            energy_wh=session.energy_wh,
            card=cards.get(number, ""),
            is_repeated=number in repeated,
        )
        if number in rows
        else _ABSENT
        for number, session in told.items()
    }


def has_key(sessions: Iterable[ChargingSession]) -> set[int]:
    """Return the numbers of the charges at whose outlet a meter's key held as they began."""
    return {number for number, keys in _keys(sessions).items() if keys}


def _number(session: ChargingSession) -> int | None:
    """The charge behind a session; None for a session that no station told of."""
    is_told = session.source == SOURCE and session.external_id.isdecimal()
    return int(session.external_id) if is_told else None


def _keys(sessions: Iterable[ChargingSession]) -> dict[int, list[Key]]:
    """The keys that held at each charge's outlet on the day on which it began."""
    every = [(number, row) for row in sessions if (number := _number(row)) is not None]
    of_connector: dict[int, list[MeterKey]] = defaultdict(list)
    for key in MeterKey.objects.filter(connector__in={row.connector_id for _, row in every}).order_by("pk"):
        of_connector[key.connector_id].append(key)
    zones = dict(Site.objects.filter(pk__in={row.site_id for _, row in every}).values_list("pk", "time_zone"))
    found: dict[int, list[Key]] = {}
    for number, row in every:
        day = row.started_at.astimezone(ZoneInfo(zones[row.site_id])).date()
        held = [key for key in of_connector[row.connector_id] if key.holds_on(day)]
        found[number] = [Key(key.pk, key.serial, key.public_key) for key in held]
    return found


def _by_charge(numbers: Iterable[int]) -> dict[int, list[SignedRecord]]:
    found: dict[int, list[SignedRecord]] = defaultdict(list)
    for row in SignedRecord.objects.filter(number__in=list(numbers)).order_by("pk"):
        found[row.number].append(row)
    return found


def _repeated(rows: dict[int, list[SignedRecord]]) -> set[int]:
    """The charges of which a record had come as another charge's already: somebody may have played it again."""
    every = [row for some in rows.values() for row in some]
    again = SignedRecord.objects.filter(
        station__in={row.station_id for row in every}, digest__in={row.digest for row in every}
    )
    first: dict[tuple[int, str], int] = {}
    for station, digest, number in again.order_by("-pk").values_list("station", "digest", "number"):
        first[station, digest] = number
    return {row.number for row in every if first[row.station_id, row.digest] != row.number}
