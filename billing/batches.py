"""Rows to columns for the kernel, and the kernel's answer to rows, with amounts as they are stored and invoiced.

Reading. PostgreSQL packs each column of a batch into one byte string (`string_agg` over the binary
form of every value), which NumPy takes over as it is: a million sessions with their series in about
two seconds, against ten times that for rows turned into Python objects.

Writing. COPY is the quickest way in, but PostgreSQL refuses it on tables with row security: rows are
copied into a temporary table and go on from there with `INSERT … SELECT` (`billing.services`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
import psycopg
from django.db import connection

from billing.domain import money
from billing.domain.arrays import Bools, Exact, Ints, offsets_of, within
from billing.domain.cdr.text_pieces import Sheet, fixed, table, whole
from billing.domain.invoice.lines import Lines, price_lines
from billing.domain.kernel.plan import Component, Lane, Plan
from billing.domain.kernel.rated import Rated
from billing.domain.sessions import metering
from billing.domain.sessions.columns import ABSENT, TICKS_PER_MICROHOUR, Flag, Sessions
from billing.domain.tariff.kept import SESSION_LIMIT
from billing.models import SessionPrice
from billing.sql import payers
from charging.models import ChargingSession, Station, Token
from tenants.models import Driver, EarlierGroup
from tenants.scoping import current_operator_id

#: Decimals of stored session amounts and of quantities on lines.
DIGITS: Final = 6
_NOBODY: Final = 0

_INSTANTS: Final = {
    "start": "s.started_at",
    "end": "s.ended_at",
    "charging_end": "s.charging_ended_at",
    "slots_from": "s.series_start",
}
#: The group of the driver `d` of the session `s` when it began. Few have changed it, and only theirs is looked up.
GROUP: Final = (
    "CASE WHEN s.started_at < d.group_since THEN (SELECT e.group_id FROM tenants_earliergroup e"
    " WHERE e.operator_id = d.operator_id AND e.driver_id = d.id AND e.until > s.started_at"
    " ORDER BY e.until LIMIT 1) ELSE d.group_id END"
)
_COLUMNS: Final = {
    "id": "s.id",
    "energy": f"coalesce(s.energy_wh, {ABSENT})",
    "meter_start": f"coalesce(s.meter_start_wh, {ABSENT})",
    "interval": "coalesce(s.series_interval_s, 0)::bigint",
    "slots": "coalesce(cardinality(s.series_wh), 0)::bigint",
    "site": "s.site_id",
    "station": "s.station_id",
    "driver": f"coalesce(s.driver_id, {_NOBODY})",
    "account": f"coalesce({payers.ACCOUNT}, {_NOBODY})",
    "payer": f"coalesce({payers.PAYER}, {_NOBODY})",
    "group": f"coalesce({GROUP}, {_NOBODY})",
    "energy_only": f"(s.review = '{ChargingSession.Review.ENERGY_ONLY}')::int::bigint",
}
#: The columns of a session that all of these are made of: what a source of `packed` must have.
NEEDED: Final = (
    "s.id, s.operator_id, s.started_at, s.ended_at, s.charging_ended_at, s.energy_wh, s.meter_start_wh, s.series_start,"
    " s.series_interval_s, s.series_wh, s.site_id, s.station_id, s.driver_id, s.token_id, s.review"
)
# An int4 array in PostgreSQL's binary form: 20 bytes of header, then a length and a value for each element.
_SERIES: Final = "coalesce(substring(array_send(array_replace(s.series_wh, NULL, 0)) FROM 21), ''::bytea)"
_ELEMENT: Final = np.dtype([("length", ">i4"), ("wh", ">i4")])
#: An instant in PostgreSQL's binary form: microseconds since 2000. There is none before the first.
_MILLENNIUM: Final = 946_684_800
_NO_INSTANT: Final = "'-infinity'::timestamptz"
_NONE_SENT: Final = -(2**63)


def packed(sessions: str, *, joined: str = "", also: Sequence[str] = ()) -> str:
    """A statement that reads closed sessions as packed columns, for `unpack`.

    sessions: an item of FROM, called `s`, that has the columns `NEEDED`. joined: what else is joined. also: further
    whole numbers, each as an expression that sends its eight bytes.
    """
    sent = {name: f"timestamptz_send(coalesce({sql}, {_NO_INSTANT}))" for name, sql in _INSTANTS.items()}
    sent |= {name: f"int8send({sql})" for name, sql in _COLUMNS.items()}
    sent |= {f"also_{place}": sql for place, sql in enumerate(also)}
    each = {**sent, "series": _SERIES}
    return (
        "SELECT "  # noqa: S608
        + ", ".join(f"string_agg(q.\"{name}\", ''::bytea)" for name in each)
        + " FROM (SELECT "
        + ", ".join(f'{sql} AS "{name}"' for name, sql in each.items())
        + f" FROM {sessions} LEFT JOIN tenants_driver d ON d.operator_id = s.operator_id AND d.id = s.driver_id "
        + payers.JOINED
        + joined
        + ") q"
    )


_READ: Final = packed(
    f"(SELECT {NEEDED} FROM charging_chargingsession s"  # noqa: S608
    " WHERE s.operator_id = %s AND s.id = ANY(%s::bigint[]) AND s.ended_at IS NOT NULL) s"
)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Closed sessions as columns, in any order. Who and where are ids, 0 where there is none. Instants: epoch seconds.

    energy_only: 1 where a person decided that nothing but the energy is billed.
    """

    id: Ints
    start: Ints
    end: Ints
    charging_end: Ints
    energy: Ints
    meter_start: Ints
    slots_from: Ints
    interval: Ints
    slots: Ints
    site: Ints
    station: Ints
    driver: Ints
    account: Ints
    payer: Ints
    group: Ints
    energy_only: Ints
    series_wh: Ints

    def __len__(self) -> int:
        return len(self.id)

    def metered(self, rows: Ints, *, zones: dict[int, str], tariff: Ints) -> Sessions:
        """These rows, all of one slot length, as the kernel wants them.

        zones: the IANA zone of each site. tariff: for each of the rows an index into the tariffs to be used.
        """
        lengths = self.slots[rows]
        chosen = np.zeros(len(self), dtype=np.bool_)
        chosen[rows] = True
        return metering.from_slots(
            start=self.start[rows],
            end=self.end[rows],
            zone=[zones[site] for site in self.site[rows].tolist()],
            slots_from=self.slots_from[rows],
            wh=self.series_wh[np.repeat(chosen, self.slots)],
            offsets=offsets_of(lengths),
            slot_s=int(self.interval[rows].max(initial=0)) or metering.SLOT_S,
            charging_end=self.charging_end[rows],
            energy_wh=self.energy[rows],
            meter_start_wh=self.meter_start[rows],
            tariff=tariff,
        )


def plugged_in(at: datetime, *, station: Station, driver: Driver | None, card: Token | None = None) -> Batch:
    """A car that is plugged in there at an instant, before anything is charged: enough to choose its tariff."""
    begun = ChargingSession(station=station, site=station.site, driver=driver, token=card, started_at=at, ended_at=at)
    return of([begun], energy_only=False)


def of(sessions: Sequence[ChargingSession], *, energy_only: bool) -> Batch:
    """Closed sessions in hand, stored or not, in their order; `id` is the index among them. Reads groups, accounts."""
    accounts, paying = _accounts(sessions)
    columns: dict[str, Sequence[int]] = {
        "id": range(len(sessions)),
        "start": [_second(one.started_at) for one in sessions],
        "end": [_second(one.ended_at) for one in sessions],
        "charging_end": [_second(one.charging_ended_at) for one in sessions],
        "energy": [_known(one.energy_wh) for one in sessions],
        "meter_start": [_known(one.meter_start_wh) for one in sessions],
        "slots_from": [_second(one.series_start) if one.series_start else 0 for one in sessions],
        "interval": [one.series_interval_s or 0 for one in sessions],
        "slots": [len(one.series_wh or ()) for one in sessions],
        "site": [one.site_id for one in sessions],
        "station": [one.station_id for one in sessions],
        "account": accounts,
        "payer": paying,
        "driver": [one.driver_id or _NOBODY for one in sessions],
        "group": _groups(sessions),
        "energy_only": [energy_only] * len(sessions),
    }
    series = [wh or 0 for one in sessions for wh in one.series_wh or ()]
    return Batch(
        **{name: np.array(values, dtype=np.int64) for name, values in columns.items()},
        series_wh=np.array(series, dtype=np.int64),
    )


def _groups(sessions: Sequence[ChargingSession]) -> list[int]:
    """The group that each session's driver was of when it began; 0 for none. One query where any has changed it."""
    earlier: dict[int, list[EarlierGroup]] = {}
    changed = {one.driver_id for one in sessions if one.driver and one.driver.group_since}
    for row in EarlierGroup.objects.filter(driver__in=changed).order_by("until") if changed else ():
        earlier.setdefault(row.driver_id, []).append(row)
    found = []
    for one in sessions:
        of_then = next((row for row in earlier.get(one.driver_id or 0, ()) if row.until > one.started_at), one.driver)
        found.append((of_then.group_id if of_then else None) or _NOBODY)
    return found


_OF_EACH: Final = (  # constants only
    f"SELECT coalesce({payers.ACCOUNT}, {_NOBODY}), coalesce({payers.PAYER}, {_NOBODY}) FROM ("  # noqa: S608
    "SELECT %(operator)s::bigint AS operator_id, u.* FROM unnest(CAST(%(drivers)s AS bigint[]),"
    " CAST(%(tokens)s AS bigint[]), %(starts)s::timestamptz[])"
    " WITH ORDINALITY AS u(driver_id, token_id, started_at, place)) s "
    f"{payers.JOINED} ORDER BY s.place"
)


def _accounts(sessions: Sequence[ChargingSession]) -> tuple[list[int], list[int]]:
    """The account that each session belongs to, and the one that pays; 0 for none. One query."""
    values: dict[str, Any] = {
        "operator": current_operator_id(),
        "drivers": [one.driver_id for one in sessions],
        "tokens": [one.token_id for one in sessions],
        "starts": [one.started_at for one in sessions],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OF_EACH, values)
        found = cursor.fetchall()
    return [account for account, _ in found], [payer for _, payer in found]


def _second(moment: datetime | None) -> int:
    return ABSENT if moment is None else math.floor(moment.timestamp())


def _known(number: int | None) -> int:
    return ABSENT if number is None else number


def read(operator_id: int, session_ids: Sequence[int]) -> Batch:
    """Read closed sessions by id. Unknown and open ones are left out."""
    return unpack(_READ, [operator_id, array(session_ids)])[0]


def unpack(statement: str, values: Any) -> tuple[Batch, list[Ints]]:
    """Carry out a statement of `packed`; return the sessions, and the further columns it reads."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own cursors only receive text
        cursor.format = psycopg.pq.Format.BINARY
        cursor.execute(statement, values)
        row: Any = cursor.fetchone()
    *found, series = [value or b"" for value in row]
    numbers = [np.frombuffer(column, dtype=">i8").astype(np.int64) for column in found]
    columns = dict(zip([*_INSTANTS, *_COLUMNS], numbers, strict=False))
    columns |= {name: _seconds(columns[name], absent=0 if name == "slots_from" else ABSENT) for name in _INSTANTS}
    return Batch(**columns, series_wh=_series(series)), numbers[len(columns) :]


def _seconds(sent: Ints, *, absent: int) -> Ints:
    """Instants as they were sent, as whole epoch seconds."""
    return np.where(sent == _NONE_SENT, absent, sent // 10**6 + _MILLENNIUM)


def array(numbers: Sequence[int]) -> str:
    """Whole numbers as PostgreSQL writes an array of them: twenty times as quick as psycopg's own way."""
    return f"{{{','.join(map(str, numbers))}}}"


def _series(packed: bytes) -> Ints:
    elements = np.frombuffer(packed, dtype=_ELEMENT)
    return elements["wh"].astype(np.int64)


def beyond_billing(rated: Rated) -> Bools:
    """Tell which sessions cost more than an invoice line can say; also before a least or greatest price was met.

    Prices are not negative, so no line is larger than what all of them come to.
    """
    most_excl = SESSION_LIMIT * rated.unit
    most_incl = most_excl * rated.vat_unit
    result: Bools = (
        (np.abs(rated.excl) >= most_excl)
        | (np.abs(rated.excl - rated.limit_excl) >= most_excl)
        | (np.abs(rated.incl) >= most_incl)
        | (np.abs(rated.incl - rated.limit_incl) >= most_incl)
    ).astype(np.bool_)
    return result


def billable(rated: Rated) -> Bools:
    """Tell which sessions have a price to be billed."""
    result: Bools = (rated.fault == 0) & ~beyond_billing(rated)
    return result


def incl_units(rated: Rated, lines: Lines | None = None) -> Exact:
    """What each session costs including VAT, in the units of a stored amount: 10**-6 of the currency.

    Where prices include VAT it is the sum of the session's rounded lines (given, or made).
    """
    if _is_gross(rated):
        lines = price_lines(rated) if lines is None else lines
        return _by_session(rated, lines, lines.amount * _stored_coin(rated))
    return money.divide_half_up(rated.incl, rated.unit // 10**DIGITS * rated.vat_unit)


def _excl_units(rated: Rated, lines: Lines) -> Exact:
    """The same excluding VAT; from prices that include VAT it is computed back line by line."""
    if not _is_gross(rated):
        return money.divide_half_up(rated.excl, rated.unit // 10**DIGITS)
    factor = rated.plan.factors(np.int64)[lines.component]
    net = money.divide_half_up(lines.amount * _stored_coin(rated) * rated.vat_unit, factor)
    return _by_session(rated, lines, net)


def _is_gross(rated: Rated) -> bool:
    """Whether the prices of the batch include VAT; rating puts tariffs of one kind into a batch."""
    return rated.plan.tariffs[0].tax_included


def _stored_coin(rated: Rated) -> int:
    return money.power_of_ten(DIGITS - money.minor_digits(rated.plan.tariffs[0].currency))


def _by_session(rated: Rated, lines: Lines, amounts: Exact) -> Exact:
    sums: Exact = np.zeros(len(rated), dtype=amounts.dtype)
    np.add.at(sums, lines.session, amounts)
    return sums


def priced(rated: Rated, *, ids: Ints, versions: Sequence[int]) -> str:
    """The sessions of a batch in one currency, with VAT or without, that have a price to be billed, as rows for COPY.

    Those with a fault and those `beyond_billing` are left out. ids: of the sessions. versions: the numbers of the
    versions that the tariffs of the batch are.
    """
    lines, good = price_lines(rated), billable(rated)
    rows, kept = np.flatnonzero(good), good[lines.session]
    heads, texts, tails = _heads(rated, lines, rows, ids, versions), _lines(rated, lines, kept), Sheet(len(rows))
    flags, which = np.unique(rated.flags[rows], return_inverse=True)
    tails.add([table([f"]\t{flag}\n" for flag in flags.tolist()])[which]])
    many = np.bincount(lines.session[kept], minlength=len(rated))[rows]
    begins = offsets_of(many * texts.width + (heads.width + tails.width))
    flat = np.empty(int(begins[-1]), dtype=object)
    heads.lay(flat, begins[:-1])
    texts.lay(flat, np.repeat(begins[:-1] + heads.width, many) + within(offsets_of(many)) * texts.width)
    tails.lay(flat, begins[1:] - tails.width)
    return "".join(flat.tolist())


def _heads(rated: Rated, lines: Lines, rows: Ints, ids: Ints, versions: Sequence[int]) -> Sheet:
    """The beginning of each row, until its lines: whose price it is, by which version, and the amounts."""
    currency = rated.plan.tariffs[0].currency
    said = [
        f"\t{version}\t{state.value}\t\t{{}}\t{currency}\t"
        for version in versions
        for state in (SessionPrice.State.PRICED, SessionPrice.State.FREE)
    ]
    exactly_nothing = (rated.excl == 0) & (rated.incl == 0)
    sheet = Sheet(len(rows))
    sheet.add([*whole(ids[rows]), table(said)[(rated.tariff.astype(np.int64) * 2 + exactly_nothing)[rows]]])
    sheet.add(fixed(_excl_units(rated, lines)[rows], DIGITS, "\t"))
    sheet.add(fixed(incl_units(rated, lines)[rows], DIGITS, "\t["))
    return sheet


def _lines(rated: Rated, lines: Lines, kept: Bools) -> Sheet:
    """The kept invoice lines as JSON, with a comma before each that is not the first of its session."""
    session, component, amount, limit = (
        column[kept] for column in (lines.session, lines.component, lines.amount, lines.limit)
    )
    follows = np.zeros(len(session), dtype=np.int64)
    follows[1:] = session[1:] == session[:-1]
    digits = money.minor_digits(rated.plan.tariffs[0].currency)
    begun = [_opening(rated.plan, index) for index in range(len(rated.plan.components))]
    openings = table([*begun, *(f",{one}" for one in begun)])[component + follows * len(begun)]
    for index in np.flatnonzero(limit).tolist():
        said = _limit_opening(rated, int(session[index]), int(component[index]), int(amount[index]), digits)
        openings[index] = f",{said}" if follows[index] else said
    sheet = Sheet(len(session))
    sheet.add([openings, *fixed(_quantities(rated, lines)[kept], DIGITS, '","amount":"'), *fixed(amount, digits, '"}')])
    return sheet


def _quantities(rated: Rated, lines: Lines) -> Ints:
    """What each line is of: kWh, hours or pieces, with so many decimals as are stored."""
    lane = rated.plan.lane[lines.component]
    quantity = np.where(
        np.isin(lane, _HOURLY), money.divide_half_up(lines.quantity, TICKS_PER_MICROHOUR), lines.quantity
    )
    return np.where(np.isin(lane, _FEES) | lines.limit, lines.quantity * 10**DIGITS, quantity)


_HOURLY: Final = np.array([Lane.TIME, Lane.PARKING, Lane.RESERVED_TIME])
_FEES: Final = np.array([Lane.FLAT, Lane.RESERVED_FLAT])
COMPONENT: Final = {
    Lane.ENERGY: "ENERGY",
    Lane.TIME: "TIME",
    Lane.PARKING: "PARKING_TIME",
    Lane.FLAT: "FLAT",
    Lane.RESERVED_TIME: "RESERVATION_TIME",
    Lane.RESERVED_FLAT: "RESERVATION_FLAT",
}


def _opening(plan: Plan, index: int) -> str:
    component = plan.components[index]
    return _json_opening(plan, component, COMPONENT[component.lane], f"{component.price.price:f}")


def _limit_opening(rated: Rated, session: int, component: int, amount: int, digits: int) -> str:
    """The line of a least or greatest price: one piece at the price of the difference."""
    is_least = bool(int(rated.flags[session]) & Flag.MINIMUM)
    plan, name = rated.plan, "MINIMUM" if is_least else "MAXIMUM"
    return _json_opening(plan, plan.components[component], name, _text(amount, digits))


def _json_opening(plan: Plan, component: Component, name: str, unit_price: str) -> str:
    """What lines of one price begin with, once a price. After it a line has nothing but digits.

    A backslash is written twice: in the text of COPY it begins an escape.
    """
    vat = component.price.vat
    said: dict[str, Any] = {
        "component": name,
        "unit_price": unit_price,
        "vat_rate": None if vat is None else f"{vat:f}",
    }
    if plan.tariffs[component.tariff].tax_included:
        said["tax_included"] = True
    text = msgspec.json.encode(said).decode()
    return f'{text.removesuffix("}")},"quantity":"'.replace("\\", "\\\\")


def _text(units: int, digits: int) -> str:
    """Whole units of 10**-digits as a decimal number, without the cost of a `Decimal` each."""
    if digits == 0:
        return str(units)
    wholes, rest = divmod(abs(units), 10**digits)
    return f"{'-' if units < 0 else ''}{wholes}.{rest:0{digits}d}"
