"""Cables that are in while nobody charges.

A station of OCPP 2 calls an outlet occupied as soon as a cable is in, and may tell of a charge then, before any card is
shown. Whoever shows one, or starts from afar, goes on with that charge.
"""

from collections.abc import Iterable

from django.db.models import BooleanField, CharField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from charging.domain.ocpp import SOURCE, v201
from charging.domain.ocpp.admission import Basis
from charging.domain.reasons import Flag
from charging.models import ChargingSession, Connector, StationCharge, StationLink


def speaks_2() -> QuerySet[StationLink]:
    """Return the links of stations that speak OCPP 2."""
    return StationLink.objects.filter(protocol__in=(v201.SUBPROTOCOL, v201.NEWER))


def charging() -> QuerySet[ChargingSession]:
    """Return the charges that go on, as stations tell, and are more than a cable that is in.

    One that has taken energy is more: whoever goes on with it would pay for that.
    """
    without_card = StationCharge.objects.filter(
        station=OuterRef("station"), is_stopped=False, basis=Basis.NO_CARD, said__startswith=v201.PREFIX
    )
    only_cable = without_card.annotate(name=Cast("number", CharField())).filter(name=OuterRef("external_id"))
    rows = ChargingSession.objects.filter(source=SOURCE, state=ChargingSession.State.ACTIVE)
    return rows.filter(Q(token__isnull=False) | Q(energy_wh__gt=0) | ~Exists(only_cable))


def taking() -> QuerySet[ChargingSession]:
    """Return those of them that take the outlet at which they are: not what is only put there.

    Where a charge goes on of which nobody knows at which outlet, none is taken by it that its station calls free.
    """
    return charging().exclude(_is_only_put())


def only_cables(sessions: Iterable[ChargingSession]) -> set[int]:
    """Return which of the charges that go on are nothing but a cable so far, by their ids. A query if there may be."""
    maybe = {row.pk for row in sessions if row.source == SOURCE and row.token_id is None and not row.energy_wh}
    return maybe - set(charging().filter(pk__in=maybe).values_list("pk", flat=True)) if maybe else set()


def marked(rows: QuerySet[Connector]) -> QuerySet[Connector]:
    """Return the outlets, each with `is_plugged_in`: whether it is occupied by a cable and charges nobody.

    Not so while a charge goes on at its station of which nobody knows at which outlet: it may be this one.
    """
    is_occupied = Q(status=Connector.Status.CHARGING) & Q(Exists(speaks_2().filter(station=OuterRef("station"))))
    is_charging = Q(Exists(taking().filter(connector=OuterRef("pk"))))
    may_be_charging = Q(Exists(charging().filter(_is_only_put(), station=OuterRef("station"))))
    is_plugged_in = is_occupied & ~is_charging & ~may_be_charging
    return rows.annotate(is_plugged_in=ExpressionWrapper(is_plugged_in, output_field=BooleanField()))


def _is_only_put() -> Q:
    return Q(flags__contains=[Flag.OUTLET_MISSING])
