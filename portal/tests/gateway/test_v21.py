"""OCPP 2.1 at the real gateway: the main messages of 2.0.1, and the two kinds of frames that are new."""

import orjson
import pytest

from charging.domain.ocpp import frames
from charging.domain.ocpp.frames import Answer, Call, Complaint
from charging.models import StationLink, StationMessage
from portal.tests.gateway.test_v201 import TOKEN, event, read
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
SPEAKS = {"subprotocols": ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]}


def kept(street):
    with tenant_scope(street.operator.pk):
        return list(StationMessage.objects.order_by("pk").values_list("action", "answer", "remark"))


def test_a_station_that_offers_it_speaks_it_and_charges(gateway, street):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        assert station.socket.subprotocol == "ocpp2.1"
        made = {"vendorName": "Acme", "model": "X3"}
        assert station.call("BootNotification", reason="PowerUp", chargingStation=made)["status"] == "Accepted"
        assert station.call("Authorize", idToken=TOKEN) == {"idTokenInfo": {"status": "Accepted"}}
        began = event("Started", 0, 0, 1000, idToken=TOKEN, evse={"id": 1})
        assert station.call("TransactionEvent", **began) == {"idTokenInfo": {"status": "Accepted"}}
        assert station.call("TransactionEvent", **event("Ended", 1, 30, 4000)) == {}
        assert station.call("NotifyPriorityCharging", transactionId="tx-1", activated=False) == {}
        assert station.call("Dance")[0] == "NotImplemented"
    (session,) = read(street)
    assert (session.energy_wh, session.state, session.driver_id) == (3000, "COMPLETED", street.driver.pk)
    with tenant_scope(street.operator.pk):
        assert StationLink.objects.get().protocol == "ocpp2.1"


def test_what_is_only_sent_is_kept_and_not_answered(gateway, street):
    stream = {"id": 1, "pending": 0, "basetime": "2026-11-20T08:00:00Z", "data": [{"v": "7", "t": 0}]}
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        station.socket.send(orjson.dumps([6, "s", "NotifyPeriodicEventStream", stream]).decode())
        station.socket.send(orjson.dumps([6, "h", "Heartbeat", {}]).decode())
        assert "currentTime" in station.call("Heartbeat", "after")  # the next answer is the one to this
    read(street)
    assert kept(street) == [("NotifyPeriodicEventStream", "", ""), ("Heartbeat", "", "")]


def test_that_it_cannot_use_an_answer_is_kept_and_remarked_and_answers_nothing_of_ours(gateway, street):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        station.call("BootNotification", "b", reason="PowerUp", chargingStation={})
        station.socket.send('[5,"b","FormatViolation","no such field",{}]')
        assert "currentTime" in station.call("Heartbeat")
    read(street)
    assert [(action, remark) for action, _, remark in kept(street)] == [
        ("BootNotification", ""), ("", "answer_refused"),
    ]  # fmt: skip


def test_a_payload_that_is_no_object_is_refused_in_the_words_of_its_version(gateway, street):
    for protocol, code in (("ocpp1.6", "FormationViolation"), ("ocpp2.1", "FormatViolation")):
        with gateway.station("Torget-1", street.password, subprotocols=[protocol]) as station:
            station.socket.send('[2,"x","Authorize",7]')
            assert station.heard("x")[0] == code


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ('[2,"1","A",{}]', Call("1", "A", {})),
        ('[6,"1","A",{"b":1}]', Call("1", "A", {"b": 1}, wants_answer=False)),
        ('["6","1","A"]', Call("1", "A", {}, wants_answer=False)),
        ('[3,"1",{}]', Answer("1", {})),
        ('[4,"1","GenericError","",{}]', Answer("1", None, "GenericError")),
        ('[5,"1","FormatViolation","",{}]', Complaint("1", "FormatViolation")),
        ('[5,"1",""]', Complaint("1", "GenericError")),
        ('[7,"1","A",{}]', None),
        ('[6,"1",{}]', None),
    ],
)
def test_each_kind_of_frame_is_told_apart(raw, found):
    assert frames.read(raw) == found
