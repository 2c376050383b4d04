"""The audit log as a machine reads it."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from charging.models import Site, Station
from portal.tests.cast import with_key
from tenants.actor import acting
from tenants.log import audit
from tenants.models import ApiKey, AuditEntry, Membership
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

EVENTS = "/o/north/api/v1/audit-events"


@pytest.fixture
def ask(key):
    def asked(**query):
        answer = with_key(key).get(EVENTS, query)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return asked


@pytest.fixture
def refused(key):
    def asked(query):
        answer = with_key(key).get(f"{EVENTS}?{query}")
        assert answer.status_code == 400
        return answer.json()["errors"]

    return asked


def test_an_event_tells_who_did_what_to_what(ask, north, otto):
    with tenant_scope(north.pk), acting(user=otto, address="192.0.2.7", request_id="abc12345"):
        site = Site.objects.create(name="Torget")
        site.name = "Stora torget"
        site.save()
    changed = ask(what="changed")["results"][0]
    assert UUID(changed["id"]).version == 7
    assert changed["event"] == "row.changed"
    assert changed["actor"] == {
        "kind": "person",
        "id": str(otto.public_id),
        "on_behalf_of": None,
        "task": None,
        "viewing_as": None,
    }
    assert changed["object"] == {"kind": "charging.site", "id": str(site.public_id)}
    assert (changed["before"], changed["after"]) == ({"name": "Torget"}, {"name": "Stora torget"})
    assert (changed["address"], changed["request_id"]) == ("192.0.2.7", "abc12345")


def test_references_are_public_ids_and_no_numbers_leave(ask, north, otto, key):
    with tenant_scope(north.pk), acting(user=otto):
        site = Site.objects.create(name="Torget")
        Station.objects.create(site=site, identifier="ST-1")
        audit.record("run.discarded", invoices=3, discarded_by=otto.pk)
    added = ask(kind="charging.station")["results"][0]
    assert added["after"]["site"] == str(site.public_id)
    assert not {"id", "operator", "public_id"} & set(added["after"])
    facts = ask(what="run")["results"][0]["facts"]
    assert facts == {"invoices": 3, "discarded_by": str(otto.public_id)}
    made = ask(kind="tenants.apikey", what="created")["results"][0]
    assert UUID(made["after"]["created_by_id"])
    assert made["after"]["secret_sha256"] == "•••"


def test_nobody_is_named(ask, north, otto, olga):
    with tenant_scope(north.pk), acting(user=otto):
        drivers.create(name="Astrid Aronsson", email="astrid@example.com")
        audit.record("password.link_made", about=olga)
    text = str(ask(page_size=500))
    assert not [word for word in ("Astrid", "astrid@", "olga@", "otto@", "Olga", "Otto") if word in text]


def test_a_key_s_own_acts_are_its_own(ask, north, olga, make_key):
    bare = make_key(north, olga, scopes=[])
    with_key(bare).get(EVENTS)
    event = ask(what="access")["results"][0]
    with tenant_scope(north.pk):
        key = ApiKey.objects.get(key_id=bare.split("_")[2])
    assert event["actor"]["kind"] == "key"
    assert event["actor"]["id"] == str(key.public_id)
    assert event["actor"]["on_behalf_of"] == str(olga.public_id)
    assert ask(who=str(key.public_id))["results"] == [event]


def test_a_deleted_row_and_person_leave_an_event_without_their_id(ask, north, sara):
    with tenant_scope(north.pk), acting(user=sara):
        site = Site.objects.create(name="Torget")
        site.delete()
        sara.delete()
    event = ask(what="deleted", kind="charging.site")["results"][0]
    assert (event["object"]["id"], event["actor"]["id"], event["actor"]["kind"]) == (None, None, "person")


def test_pages_follow_each_other_though_the_log_grows(ask, key, north):
    with tenant_scope(north.pk):
        for number in range(25):
            audit.record("consents.viewed", number=number)
    seen, answer = [], ask(what="consents", page_size=10)
    while True:
        seen += [event["facts"]["number"] for event in answer["results"]]
        if answer["next"] is None:
            break
        with tenant_scope(north.pk):
            audit.record("consents.viewed", number=99)
        answer = with_key(key).get(answer["next"]).json()
    assert seen == list(reversed(range(25)))


def test_events_of_the_same_moment_are_each_told_once(ask, key, north):
    moment = timezone.now()
    with tenant_scope(north.pk):
        for number in range(7):
            entry = audit.record("consents.viewed", number=number)
            AuditEntry(
                content_type=entry.content_type, object_pk="1", action=3, event="tie.made", timestamp=moment
            ).save()
    seen, answer = [], ask(what="tie", page_size=2)
    while answer["next"]:
        seen += [event["id"] for event in answer["results"]]
        answer = with_key(key).get(answer["next"]).json()
    seen += [event["id"] for event in answer["results"]]
    assert len(seen) == len(set(seen)) == 7


def test_filters_narrow_together(ask, north, otto, fina):
    with tenant_scope(north.pk):
        with acting(user=otto, address="192.0.2.7", request_id="request-1"):
            torget = Site.objects.create(name="Torget")
        with acting(user=fina, address="192.0.2.8", request_id="request-2"):
            Site.objects.create(name="Hamnen")
        with acting(task="charging.tasks.resume_imports"):
            audit.record("sessions.imported")

    def names(**query):
        return {event["after"].get("name") for event in ask(kind="charging.site", **query)["results"]}

    assert names() == {"Torget", "Hamnen"}
    assert names(who=str(otto.public_id)) == {"Torget"}
    assert names(address="192.0.2.8") == {"Hamnen"}
    assert names(request_id="request-2") == {"Hamnen"}
    assert names(object=str(torget.public_id)) == {"Torget"}
    assert names(object="018f0000-0000-7000-8000-000000000000") == set()
    assert names(who="018f0000-0000-7000-8000-000000000000") == set()
    assert names(until=(timezone.now() - timedelta(hours=1)).isoformat()) == set()
    assert names(since=(timezone.now() - timedelta(hours=1)).isoformat()) == {"Torget", "Hamnen"}
    tasks = ask(who="task:charging.tasks.resume_imports")["results"]
    assert [event["actor"]["task"] for event in tasks] == ["charging.tasks.resume_imports"]


def test_another_operator_s_log_is_not_there(ask, south, sven, north):
    with tenant_scope(south.pk), acting(user=sven):
        place = Membership.objects.get(user=sven)
        Site.objects.create(name="Söder")
    assert ask(who=str(sven.public_id))["results"] == []
    assert ask(kind="tenants.membership", object=str(place.public_id))["results"] == []


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("sice=2026-01-01", "sice", "no such parameter"),
        ("page_size=501", "page_size", "less than or equal to 500"),
        ("page_size=0", "page_size", "greater than or equal to 1"),
        ("page_size=ten", "page_size", "valid integer"),
        ("page_size=1&page_size=2", "page_size", "more than once"),
        ("since=yesterday", "since", "wrong format"),
        ("kind=tenants.nothing", "kind", "valid choice"),
        ("object=018f0000-0000-7000-8000-000000000000", "object", "which kind"),
        ("kind=charging.site&object=17", "object", "public id"),
        ("who=olga", "who", "valid UUID"),
        ("what=Robert');", "what", "required pattern"),
        ("address=192.0.2", "address", "valid IPv4"),
        ("cursor=MTc", "cursor", "earlier answer"),
        ("cursor=ö", "cursor", "earlier answer"),
        ("format=xml", "format", "no such parameter"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value(refused, query, field, words):
    (error,) = refused(query)
    assert error["field"] == field
    assert words in error["message"]
    assert error["value"] in query.replace("&page_size=", ", ") or "page_size" in query


def test_an_auditor_reads_it_in_a_browser_and_support_does_not(sign_in, axel, sara, north):
    assert sign_in(axel).get(EVENTS).status_code == 200
    assert sign_in(sara).get(EVENTS).status_code == 403


def test_a_page_costs_a_handful_of_questions(ask, key, north, otto, django_assert_max_num_queries):
    with tenant_scope(north.pk), acting(user=otto):
        for number in range(60):
            Site.objects.create(name=f"Site {number}")
    ask()
    with django_assert_max_num_queries(20):
        assert len(ask(page_size=50)["results"]) == 50
