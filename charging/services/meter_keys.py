"""The public keys of meters, and whether billing demands their signatures: entered and changed by people."""

from datetime import date

from django.db import transaction

from charging.domain.errors import Code, MeterKeyRefused
from charging.domain.signed import keys
from charging.domain.signed.keys import NoKey
from charging.models import Connector, MeterKey, MeterRule
from charging.services import signed_values
from tenants.conflicts import refused_as


@transaction.atomic
def register(
    connector: Connector, *, written: str, curve: str, serial: str, since: date, until: date | None
) -> MeterKey:
    """Enter the key of the meter at an outlet; sessions that wait for it are looked at again.

    written: the key in any of the usual forms. curve: its curve, where the key does not say that itself.

    Raises:
        MeterKeyRefused: it is no key, the outlet has it already, or the days are in the wrong order.
    """
    try:
        public_key, named = keys.read(written, curve)
    except NoKey as problem:
        raise MeterKeyRefused(_reason(problem)) from None
    with refused_as(MeterKeyRefused(Code.METER_KEY_TWICE), constraint="meter_key_once"):
        key = MeterKey.objects.create(
            connector=connector,
            serial=serial,
            curve=named,
            public_key=public_key,
            valid_from=since,
            valid_until=_in_order(since, until),
        )
    signed_values.is_due(connector.pk)
    return key


@transaction.atomic
def hold(key: MeterKey, *, since: date, until: date | None) -> None:
    """Let the key hold on other days: a meter that was replaced, or a day that was mistaken.

    Raises:
        MeterKeyRefused: the days are in the wrong order.
    """
    key.valid_from, key.valid_until = since, _in_order(since, until)
    key.save(update_fields=["valid_from", "valid_until"])
    signed_values.is_due(key.connector_id)


@transaction.atomic
def remove(key: MeterKey) -> None:
    """Take away a key that was entered by mistake."""
    key.delete()
    signed_values.is_due(key.connector_id)


def demand(chosen: MeterRule.Demand) -> None:
    """Let billing demand this of the charges that end from now on."""
    MeterRule.objects.update_or_create(defaults={"demand": chosen})


def _reason(problem: NoKey) -> Code:
    if problem.is_unknown_kind:
        return Code.METER_KEY_KIND
    return Code.METER_KEY_CURVE if problem.needs_curve else Code.METER_KEY_UNREADABLE


def _in_order(since: date, until: date | None) -> date | None:
    if until is not None and until < since:
        raise MeterKeyRefused(Code.METER_KEY_DAYS, since=since, until=until)
    return until
