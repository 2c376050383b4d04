"""The keys of meters on their page, what billing demands, and what a session's pages tell of its signature."""

from datetime import date

import pytest
from django.utils import timezone
from lxml import etree

from charging.domain.signed import ocmf
from charging.models import ChargingSession, MeterKey, MeterRule, SignedRecord, StationCharge
from charging.services import signed_values, station_links
from charging.tests.signing import Meter
from portal.tests.staff.conftest import World
from tenants.models import AuditEntry, User
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

pytestmark = pytest.mark.django_db
METER = Meter(serial="M77")
NUMBER = 4711


@pytest.fixture
def linked(world: World) -> World:
    with tenant_scope(world.operator.pk):
        station_links.make_password(world.connector.station, at=timezone.now())
    return world


def text(response):
    return " ".join(response.content.decode().split())


def url(world, rest=""):
    return world.url(f"stations/{world.connector.station.public_id}/meters/{rest}")


def form(world, **more):
    key = {"written": METER.der.hex(" "), "serial": METER.serial}
    return {"connector": world.connector.number, "since": "2026-01-01", **key, **more}


def keys(world):
    with tenant_scope(world.operator.pk):
        return list(MeterKey.objects.order_by("pk"))


def session(world, *records, **facts):
    """A session of 10 kWh that its station told of, with what its meter signed."""
    charge = world.session(source="ocpp", external_id=str(NUMBER), energy_wh=10_000, **facts)
    with tenant_scope(world.operator.pk):
        StationCharge.objects.create(
            station=world.connector.station, number=NUMBER, said="x", received_at=charge.started_at, verdict="Accepted",
            basis="x", id_tag=world.card.uid,
        )  # fmt: skip
        signed_values.keep(
            [
                SignedRecord(
                    station=world.connector.station, number=NUMBER, raw=raw, digest=ocmf.digest(raw),
                    context="Transaction.End", received_at=charge.started_at,
                )
                for raw in records
            ]
        )  # fmt: skip
    return charge


def test_a_key_is_registered_with_a_fresh_proof_and_stands_in_the_log(linked, sign_in, otto):
    client = sign_in(otto)
    assert "No key of a meter yet" in text(client.get(url(linked)))
    page = text(client.post(url(linked, "register/"), form(linked), follow=True))
    (key,) = keys(linked)
    assert (key.public_key, key.curve, key.serial) == (METER.der.hex(), "secp256r1", "M77")
    assert (key.valid_from, key.valid_until) == (date(2026, 1, 1), None)
    assert "The key was registered." in page
    assert "M77" in page
    with tenant_scope(linked.operator.pk):
        assert AuditEntry.objects.filter(content_type__model="meterkey").count() == 1
    proved = client.session
    proved["proved_at"] = 0
    proved.save()
    for door in (url(linked, "register/"), linked.url(f"stations/meters/{key.public_id}/remove/")):
        assert "/confirm" in client.post(door, form(linked))["Location"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"written": "no key"}, "This is no public key of a meter"),
        ({"written": METER.point.hex()}, "does not name its curve: choose"),
        ({"until": "2025-12-31"}, "must not come before the first one"),
        ({"since": "0001-01-01"}, "1900"),
        ({"connector": "99"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_registered_is_said_beside_the_form(linked, sign_in, otto, wrong, said):
    answer = sign_in(otto).post(url(linked, "register/"), form(linked, **wrong))
    assert said in text(answer)
    assert keys(linked) == []


def test_a_key_is_registered_once_an_outlet_and_its_days_can_be_changed(linked, sign_in, otto):
    client = sign_in(otto)
    client.post(url(linked, "register/"), form(linked))
    assert "registered for the outlet already" in text(client.post(url(linked, "register/"), form(linked)))
    (key,) = keys(linked)
    door = linked.url(f"stations/meters/{key.public_id}/hold/")
    names = {"since": f"{key.public_id.hex}-since", "until": f"{key.public_id.hex}-until"}
    refused = client.post(door, {names["since"]: "2026-02-01", names["until"]: "2026-01-31"})
    assert "must not come before" in text(refused)
    client.post(door, {names["since"]: "2026-02-01", names["until"]: "2026-03-31"})
    assert (keys(linked)[0].valid_from, keys(linked)[0].valid_until) == (date(2026, 2, 1), date(2026, 3, 31))
    client.post(linked.url(f"stations/meters/{key.public_id}/remove/"))
    assert keys(linked) == []


def test_the_owner_says_what_billing_demands(linked, sign_in, olga):
    client = sign_in(olga)
    door = linked.url("stations/meters/rule/")
    assert client.post(door, {"demand": "something"}).status_code == 200
    assert "proof of every charge" in text(client.get(door))
    client.post(door, {"demand": "always"})
    with tenant_scope(linked.operator.pk):
        assert MeterRule.objects.get().demand == "always"
    assert "Proof of every charge" in text(client.get(url(linked)))


def test_staff_and_driver_see_the_verdict_and_fetch_the_record(linked, sign_in, otto):
    record = METER.whole(1000, 11_000, card=linked.card.uid)
    charge = session(linked, record)
    dana = User.objects.create_user("dana@example.com", name="Dana")
    with tenant_scope(linked.operator.pk):
        drivers.link_user(linked.driver, user=dana)
    staff, driver = sign_in(otto), sign_in(dana)
    paths = [
        (staff, linked.url(f"sessions/{charge.public_id}/")),
        (driver, linked.url(f"my/sessions/{charge.public_id}/")),
    ]
    assert "key not registered" in text(staff.get(paths[0][1]))
    staff.post(url(linked, "register/"), form(linked))
    for client, path in paths:
        page = text(client.get(path))
        assert "the signature is genuine" in page
        assert "10.000 kWh" in page
        file = client.get(f"{path}signed/")
        assert file["Content-Disposition"] == f'attachment; filename="{NUMBER}.xml"'
        values = etree.fromstring(file.content)
        assert values.findtext("value/signedData") == record
        assert values.findtext("value/publicKey") == METER.der.hex()


def test_why_it_is_not_proven_stands_there(linked, sign_in, otto):
    client = sign_in(otto)
    client.post(url(linked, "register/"), form(linked))
    charge = session(linked, METER.whole(1000, 12_000))
    page = text(client.get(linked.url(f"sessions/{charge.public_id}/")))
    assert "The energy is not the one that is billed." in page
    assert "11.000 kWh" in page


def test_where_nobody_expects_a_signature_nothing_is_said_of_it(linked, sign_in, otto):
    client = sign_in(otto)
    charge = session(linked)
    path = linked.url(f"sessions/{charge.public_id}/")
    assert "Signed by the meter" not in text(client.get(path))
    assert client.get(f"{path}signed/").status_code == 404
    client.post(url(linked, "register/"), form(linked))
    assert "sent no signed values" in text(client.get(path))
    running = linked.session(source="ocpp", external_id="12", state=ChargingSession.State.ACTIVE, ended_at=None)
    assert "Signed by the meter" not in text(client.get(linked.url(f"sessions/{running.public_id}/")))
    assert "Signed by the meter" not in text(client.get(linked.url(f"sessions/{linked.session().public_id}/")))
