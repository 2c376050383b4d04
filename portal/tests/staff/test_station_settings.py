"""What stations are set to, on their page and beside a template, and many of them brought into line at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from charging.models import SettingTemplate, Station, StationCommand, StationSetting
from charging.services import station_links
from portal.tests.staff.conftest import World
from portal.words.station_settings import WORDS, setting_word
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
LINES = "HeartbeatInterval = 300\n\nMeterValuesSampledData=Energy.Active.Import.Register,Power\nLightIntensity = 50"


@pytest.fixture
def linked(world: World) -> World:
    with tenant_scope(world.operator.pk):
        station_links.make_password(world.connector.station, at=timezone.now())
    return world


def told(world, station=None, **values):
    with tenant_scope(world.operator.pk):
        for name, value in values.items():
            StationSetting.objects.create(
                station=station or world.connector.station, name=name, value=value, read_at=timezone.now(),
                is_fixed=name.startswith("Fixed"),
            )  # fmt: skip


def text(response):
    return " ".join(response.content.decode().split())


def template(world, client, lines=LINES, name="Garages"):
    client.post(world.url("stations/settings/new/"), {"name": name, "wanted": lines})
    with tenant_scope(world.operator.pk):
        return SettingTemplate.objects.filter(name=name).first()


def commands(world):
    with tenant_scope(world.operator.pk):
        return list(StationCommand.objects.order_by("pk"))


def test_settings_are_told_in_plain_words_beside_what_is_wanted(linked, sign_in, otto):
    client = sign_in(otto)
    kept = template(linked, client)
    told(
        linked, HeartbeatInterval="60", MeterValuesSampledData="energy.active.import.register, power", FixedByMaker="1"
    )
    page = client.get(linked.url(f"stations/{linked.connector.station.public_id}/settings/?template={kept.public_id}"))
    rows = {row.name: (row.value, row.wanted, row.differs, row.is_lacking) for row in page.context["rows"]}
    assert rows == {
        "FixedByMaker": ("1", None, False, False),
        "HeartbeatInterval": ("60", "300", True, False),
        "LightIntensity": (None, "50", False, True),
        "MeterValuesSampledData": (
            "energy.active.import.register, power", "Energy.Active.Import.Register,Power", False, False,
        ),
    }  # fmt: skip
    assert page.context["differing"] == 1
    assert "How often it says that it is there, in seconds" in text(page)
    assert "no such setting" in text(page)


def test_a_station_that_has_told_nothing_says_so(linked, sign_in, otto):
    page = sign_in(otto).get(linked.url(f"stations/{linked.connector.station.public_id}/settings/"))
    assert "No settings known yet" in text(page)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("HeartbeatInterval", "Line 1 is no setting"),
        ("\n= 7", "Line 2 is no setting"),
        (" \n\n", "This field is required"),
        ("A = 1\nA = 2", "A stands there twice"),
        ("AuthorizationKey = 00", "shown once"),
        ("ApnPassword = hush", "“ApnPassword” is a secret"),
        ("LogUrl = ftp://me:hush@a.example", "“LogUrl” is a secret"),
        ("\n".join(f"S{number} = 1" for number in range(21)), "at most 20 settings"),
        ("x" * 201 + " = 1", "Line 1 is no setting"),
    ],
)
def test_a_template_that_cannot_be_is_refused(linked, sign_in, otto, lines, said):
    answer = sign_in(otto).post(linked.url("stations/settings/new/"), {"name": "Garages", "wanted": lines})
    assert answer.status_code == 400
    assert said in text(answer)


def test_a_template_is_changed_and_removed_and_has_a_name_of_its_own(linked, sign_in, otto):
    client = sign_in(otto)
    kept = template(linked, client)
    path = linked.url(f"stations/settings/{kept.public_id}/")
    again = client.post(linked.url("stations/settings/new/"), {"name": "Garages", "wanted": LINES})
    assert "already a template called" in text(again)
    client.post(f"{path}edit/", {"name": "Houses", "wanted": "HeartbeatInterval = 60"})
    with tenant_scope(linked.operator.pk):
        assert SettingTemplate.objects.get().wanted == {"HeartbeatInterval": "60"}
    assert "Houses" in text(client.get(linked.url("stations/settings/")))
    client.post(f"{path}remove/")
    with tenant_scope(linked.operator.pk):
        assert not SettingTemplate.objects.exists()


def test_those_that_are_ticked_are_asked_for_what_differs_and_no_other(linked, sign_in, otto):
    client = sign_in(otto)
    kept = template(linked, client, LINES + "\nFixedOne = 2")
    with tenant_scope(linked.operator.pk):
        others = [Station.objects.create(site=linked.connector.station.site, identifier=f"B{at}") for at in (1, 2)]
        for station in others:
            station_links.make_password(station, at=timezone.now())
    for station in (linked.connector.station, *others):
        told(linked, station, HeartbeatInterval="60", LightIntensity="50", FixedOne="1")
    path = linked.url(f"stations/settings/{kept.public_id}/")
    assert "HeartbeatInterval: 60 → 300" in text(client.get(path))
    ticked = [str(station.public_id) for station in (linked.connector.station, others[0])]
    page = client.post(f"{path}align/", {"station": ticked}, follow=True)
    assert "2 settings were sent" in text(page)
    assert [(row.kind, row.station_id, row.told) for row in commands(linked)] == [
        ("change_setting", station, {"key": "HeartbeatInterval", "value": "300"})
        for station in sorted([linked.connector.station.pk, others[0].pk])[::-1]
    ]
    page = client.post(f"{path}read/", {"station": ticked[:1]}, follow=True)
    assert "1 station was asked" in text(page)
    assert commands(linked)[-1].kind == "read_settings"


def test_one_that_cannot_be_asked_stops_no_other_and_is_named(linked, sign_in, otto):
    client = sign_in(otto)
    kept = template(linked, client)
    told(linked, HeartbeatInterval="60")
    station, now = linked.connector.station, timezone.now()
    with tenant_scope(linked.operator.pk):
        StationCommand.objects.bulk_create(
            StationCommand(station=station, kind="trigger", asked_at=now, not_after=now + timedelta(hours=1))
            for _ in range(20)
        )
    door = linked.url(f"stations/settings/{kept.public_id}/align/")
    page = text(client.post(door, {"station": [str(station.public_id)]}, follow=True))
    assert "0 settings were sent" in page
    assert f"too much waits there: {station}" in page


def test_sending_wants_a_fresh_proof(linked, sign_in, otto):
    client = sign_in(otto)
    kept = template(linked, client)
    proved = client.session
    proved["proved_at"] = 0
    proved.save()
    door = linked.url(f"stations/settings/{kept.public_id}/align/")
    assert "/confirm" in client.post(door, {"station": [str(linked.connector.station.public_id)]})["Location"]


def test_words_are_found_whatever_stands_around_a_name():
    assert setting_word("OCPPCommCtrlr.HeartbeatInterval") == setting_word("heartbeatinterval") != ""
    assert setting_word("SampledDataCtrlr(x)@1/2.TxUpdatedInterval(y)") == setting_word("MeterValueSampleInterval")
    assert setting_word("MakersOwn") == ""
    assert all(WORDS.values())
