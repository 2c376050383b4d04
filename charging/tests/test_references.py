"""The references of sessions, proved once a statement: the same wall a foreign key would be."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from charging.models import ChargingSession, Connector, Site, Station, Token
from tenants.models import Operator
from tenants.scoping import tenant_scope

START = datetime(2025, 5, 1, 8, 0, tzinfo=UTC)


def place(name):
    site = Site.objects.create(name=name)
    station = Station.objects.create(site=site, identifier=name)
    connector = Connector.objects.create(station=station, number="1")
    return {"site": site, "station": station, "connector": connector, "token": Token.objects.create(uid=name)}


def session(external_id, **facts):
    return ChargingSession(
        source="test",
        external_id=external_id,
        started_at=START,
        ended_at=START,
        energy_wh=1,
        state="COMPLETED",
        **facts,
    )


@pytest.fixture
def elsewhere(south):
    with tenant_scope(south.pk):
        return place("theirs")


@pytest.mark.parametrize("field", ["site", "station", "connector", "token"])
def test_a_session_cannot_refer_to_another_operators_row(north, elsewhere, field):
    with tenant_scope(north.pk):
        ours = place("ours")
        good, bad = session("1", **ours), session("2", **ours)
        setattr(bad, f"{field}_id", elsewhere[field].pk)
        with pytest.raises(IntegrityError, match=field), transaction.atomic():
            ChargingSession.objects.bulk_create([good, bad])
        assert not ChargingSession.objects.exists()


@pytest.mark.parametrize("wrong", ["theirs", "nobodys"])
def test_a_session_cannot_be_changed_to_refer_to_another_operators_row(north, elsewhere, wrong):
    with tenant_scope(north.pk):
        row = session("1", **place("ours"))
        row.save()
        key = elsewhere["site"].pk if wrong == "theirs" else 2**40
        with pytest.raises(IntegrityError, match="site_id"), transaction.atomic():
            ChargingSession.objects.filter(pk=row.pk).update(site_id=key)
        ChargingSession.objects.filter(pk=row.pk).update(token_id=None, energy_wh=2)
        row.refresh_from_db()
        assert (row.token, row.energy_wh) == (None, 2)


def test_a_row_that_a_session_refers_to_stays(north):
    with tenant_scope(north.pk):
        ours, free = place("ours"), place("free")
        session("1", **ours).save()
        with pytest.raises(IntegrityError, match="still referred to"), transaction.atomic():
            Token.objects.filter(pk=ours["token"].pk)._raw_delete("default")
        Token.objects.filter(pk=free["token"].pk)._raw_delete("default")
        assert Token.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_a_session_that_is_being_stored_and_then_fails(north: Operator):
    with tenant_scope(north.pk):
        ours = place("ours")
    stored, outcome = threading.Event(), []

    def delete():
        stored.wait(10)
        try:
            with tenant_scope(north.pk):
                Token.objects.filter(pk=ours["token"].pk)._raw_delete("default")
            outcome.append("deleted")
        except IntegrityError as refusal:
            outcome.append(str(refusal))
        finally:
            connection.close()

    thread = threading.Thread(target=delete)
    thread.start()
    with tenant_scope(north.pk):
        session("1", **ours).save()
        stored.set()
        thread.join(0.5)
        assert thread.is_alive(), "the deletion did not wait"
    thread.join(10)
    assert "still referred to" in outcome[0]
