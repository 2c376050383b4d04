import pytest

from tenants.actor import acting
from tenants.log import refused_access
from tenants.models import AuditEntry
from tenants.permissions import Permission, access
from tenants.scoping import tenant_scope


@pytest.fixture(autouse=True)
def nothing_counted(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test{id(settings)}"}}
    refused_access._counts.clear()


def of_north(north, event):
    with tenant_scope(north.pk):
        return list(AuditEntry.objects.filter(event=event).order_by("pk"))


def test_a_stranger_is_recorded_without_their_name(north, sven):
    with acting(user=sven, address="192.0.2.9"):
        refused_access.stranger(sven, slug="north")
    (entry,) = of_north(north, refused_access.STRANGER)
    assert (entry.actor_id, entry.remote_addr) == (None, "192.0.2.9")
    text = str(vars(entry))
    assert "sven" not in text
    assert f"person {sven.pk}" not in text


def test_the_same_stranger_is_known_again_at_this_operator_only(north, south, sven, olga):
    with acting(address="192.0.2.9"):
        refused_access.stranger(sven, slug="north")
        refused_access.stranger(sven, slug="north")
        refused_access.stranger(olga, slug="south")
    marks = {entry.additional_data["stranger"] for entry in of_north(north, refused_access.STRANGER)}
    assert len(marks) == 1
    with acting(address="192.0.2.9"):
        refused_access.stranger(olga, slug="north")
    assert len({entry.additional_data["stranger"] for entry in of_north(north, refused_access.STRANGER)}) == 2
    assert not {entry.additional_data["stranger"] for entry in of_north(south, refused_access.STRANGER)} & marks


def test_an_unknown_address_is_recorded_nowhere(north, sven):
    refused_access.stranger(sven, slug="nowhere")
    assert of_north(north, refused_access.STRANGER) == []


@pytest.mark.parametrize("is_redis_there", [True, False])
def test_a_flood_leaves_few_entries_and_says_how_many(north, otto, settings, is_redis_there):
    if not is_redis_there:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}
    place = access(otto, slug="north")
    assert place is not None
    with acting(user=otto, address="192.0.2.9"):
        for _ in range(130):
            refused_access.refused(place, Permission.VIEW_PEOPLE)
    attempts = [entry.additional_data.get("attempts") for entry in of_north(north, refused_access.REFUSED)]
    # A minute that turns meanwhile begins the count anew.
    assert attempts[:5] == [None] * 5
    assert len(attempts) <= 14
    assert {10, 100} & set(attempts)


def test_another_address_has_a_count_of_its_own(north, otto):
    place = access(otto, slug="north")
    assert place is not None
    for number in range(12):
        with acting(user=otto, address=f"192.0.2.{number}"):
            refused_access.refused(place, Permission.VIEW_PEOPLE)
    assert len(of_north(north, refused_access.REFUSED)) == 12
