"""Cards of one driver: one of them may end what another began; the station is told which belong together."""

import pytest

from charging.models import Token
from portal.tests.gateway.test_gateway import START
from portal.tests.gateway.test_v201 import read
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

pytestmark = [pytest.mark.django_db(transaction=True)]
FIRST, SECOND, STRANGE, ALONE = "04A1B2C3D4", "04A1B2C3D5", "04FFFFFFF1", "04EEEEEEE1"


@pytest.fixture
def cards(street):
    with tenant_scope(street.operator.pk):
        Token.objects.create(uid=SECOND, driver=street.driver)
        other = drivers.create(name="Sam", email="sam@example.com")
        for uid in (STRANGE, "04FFFFFFF2"):
            Token.objects.create(uid=uid, driver=other)
        Token.objects.create(uid=ALONE, driver=drivers.create(name="Kim", email="kim@example.com"))


def test_another_card_of_the_driver_ends_the_charge_and_no_other_card_is_of_its_group(gateway, street, cards):
    with gateway.station("Torget-1", street.password) as station:

        def group(uid):
            return station.call("Authorize", idTag=uid)["idTagInfo"].get("parentIdTag")

        began = station.call("StartTransaction", **START)
        parent = began["idTagInfo"]["parentIdTag"]
        assert began == station.call("StartTransaction", **START)  # its answer may have been lost
        assert len(parent) == 20
        assert [group(FIRST), group(SECOND)] == [parent, parent]
        assert group(STRANGE) not in {None, parent}
        assert group(ALONE) is None
        assert group("04000000FF") is None
        stop = {"transactionId": began["transactionId"], "idTag": SECOND, "meterStop": 3000}
        assert station.call("StopTransaction", **stop, timestamp="2026-11-20T09:00:00Z") == {}
    (session,) = read(street)
    assert (session.driver_id, session.energy_wh, session.state) == (street.driver.pk, 2000, "COMPLETED")
    with tenant_scope(street.operator.pk):
        assert session.token_id == street.card.pk


def test_a_card_that_is_refused_is_of_no_group(gateway, street, cards):
    with tenant_scope(street.operator.pk):
        Token.objects.filter(pk=street.card.pk).update(is_blocked=True)
    with gateway.station("Torget-1", street.password) as station:
        assert station.call("Authorize", idTag=FIRST) == {"idTagInfo": {"status": "Blocked"}}


def test_it_is_said_so_in_the_words_of_2_0_1_too(gateway, street, cards):
    with gateway.station("Torget-1", street.password, subprotocols=["ocpp2.0.1"]) as station:
        told = [
            station.call("Authorize", idToken={"idToken": uid, "type": "ISO14443"})["idTokenInfo"]["groupIdToken"]
            for uid in (FIRST, SECOND, STRANGE)
        ]
    assert told[0] == told[1] != told[2]
    assert told[0]["type"] == "Central"
