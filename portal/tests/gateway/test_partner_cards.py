"""Partners' cards at a reader: whose a UID is that several have, and what holds while the partner is silent."""

import pytest
from django.db import connection

from billing.sql.payers import JOINED, PAYER
from charging.domain.ocpp.unasked import Kind, Rule
from charging.models import StationCharge
from charging.services import card_rules, partner_links, tokens
from portal.tests.gateway.test_gateway import START
from portal.tests.gateway.test_unasked import away, learnt
from portal.tests.gateway.test_v201 import read
from tenants.models import Account
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = [pytest.mark.django_db(transaction=True)]
OWN, UID = "04A1B2C3D4", "04C0FFEE01"


@pytest.fixture
def partners(street):
    with tenant_scope(street.operator.pk):
        return [accounts.create(kind=Account.Kind.ROAMING, name=name, country="NL") for name in ("One", "Two")]


def issued(street, partner, uid=UID, whitelist="ALLOWED", **facts):
    with tenant_scope(street.operator.pk):
        return tokens.create(uid=uid, issuer=partner, whitelist=whitelist, **facts)


def said(station, uid):
    return station.call("Authorize", idTag=uid)["idTagInfo"]["status"]


def test_a_partners_card_charges_and_the_partner_pays(gateway, street, partners):
    issued(street, partners[0])
    with gateway.station("Torget-1", street.password) as station:
        assert said(station, UID.lower()) == "Accepted"
        began = station.call("StartTransaction", **{**START, "idTag": UID})
        stop = {"transactionId": began["transactionId"], "meterStop": 3000, "timestamp": "2026-11-20T09:00:00Z"}
        station.call("StopTransaction", **stop)
    (session,) = read(street)
    assert (session.state, session.driver_id) == ("COMPLETED", None)
    with tenant_scope(street.operator.pk), connection.cursor() as cursor:
        assert StationCharge.objects.get().basis == "whitelist"
        cursor.execute(f"SELECT {PAYER} FROM charging_chargingsession s {JOINED}")  # ours
        assert cursor.fetchall() == [(partners[0].pk,)]


def test_own_before_partners_and_of_several_partners_none_until_one_is_meant(gateway, street, partners):
    issued(street, partners[0], OWN, "NEVER")
    first, second = (issued(street, partner) for partner in partners)
    with gateway.station("Torget-1", street.password) as station:
        assert [said(station, uid) for uid in (OWN, UID)] == ["Accepted", "Invalid"]
        station.call("StartTransaction", **{**START, "idTag": UID})
        with tenant_scope(street.operator.pk):
            assert StationCharge.objects.get().basis == "several"
            tokens.settle(second)
        assert said(station, UID) == "Accepted"
        with tenant_scope(street.operator.pk):
            tokens.block(second, at=street.card.created_at)
        assert said(station, UID) == "Blocked"
        with tenant_scope(street.operator.pk):
            tokens.settle(first)
        assert said(station, UID) == "Accepted", "the one that is set aside says nothing any more"


def test_a_partner_that_is_silent_where_it_must_be_asked(gateway, street, partners):
    one = partners[0]
    issued(street, one, "04C0FFEE0A", "ALLOWED_OFFLINE")
    issued(street, one, "04C0FFEE0B", "ALLOWED_OFFLINE", is_valid=False)
    issued(street, one, "04C0FFEE0C", "NEVER")
    uids = ["04C0FFEE0A", "04C0FFEE0B", "04C0FFEE0C"]
    with tenant_scope(street.operator.pk):
        partner_links.keep(one, address="https://localhost:1/ocpi", token="t0p-secret")
        card_rules.keep({Kind.PARTNER: Rule(is_open=True, most=300, reckoned=200)})
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        assert [said(station, uid) for uid in uids] == ["Accepted", "Invalid", "Invalid"]
        station.call("StartTransaction", **{**START, "idTag": uids[0]})
        with tenant_scope(street.operator.pk):
            charge = StationCharge.objects.get()
            assert (charge.verdict, charge.basis, charge.unasked) == ("Accepted", "partner_timeout", "partner")
            card_rules.tell()
        learnt(station)
        assert said(station, uids[0]) == "Invalid", "the sum of the month is used up"


def test_while_the_database_is_away_partners_cards_are_told_apart_too(gateway, street, partners):
    issued(street, partners[0], OWN, "NEVER")
    issued(street, partners[0], "04C0FFEE0A", "ALWAYS")
    issued(street, partners[0], "04C0FFEE0C", "NEVER")
    for partner in partners:
        issued(street, partner)
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        with away():
            told = [said(station, uid) for uid in (OWN, "04C0FFEE0A", "04C0FFEE0C", UID)]
    assert told == ["Accepted", "Accepted", "Invalid", "Invalid"]
