import csv
import hashlib
import json
import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.services import tariffs
from billing.tests.factories import flat
from charging.models import Site, Station
from charging.services import tokens
from portal.gate.events import Event
from portal.tests.examples import example
from portal.words.log.events import TASKS
from portal.words.work import KINDS
from tenants import work
from tenants.actor import acting, acting_more
from tenants.log import audit
from tenants.models import ApiKey, AuditEntry, Membership
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, invitations, memberships

AUDIT = "/o/north/audit/"


@pytest.fixture
def story(north, olga, otto):
    with tenant_scope(north.pk):
        with acting(user=olga, address="192.0.2.7"):
            site = Site.objects.create(name="Torget")
            site.name = "Stora torget"
            site.save()
            audit.record("consent.notice_published", about=site, version=2)
        with acting(task="demo"):
            Site.objects.create(name="Hamnen")


def sentences(answer):
    return [(line.who, line.sentence, line.about) for line in answer.context["lines"]]


def test_entries_are_sentences_newest_first(sign_in, axel, story):
    found = sentences(sign_in(axel).get(AUDIT))
    assert found[:4] == [
        ("the demonstration", "Site added", "Hamnen"),
        ("Olga", "Published a new wording of a consent", "Stora torget"),
        ("Olga", "Site changed", "Stora torget"),
        ("Olga", "Site added", "Torget"),
    ]


def test_before_and_after_are_shown(sign_in, axel, story):
    line = sign_in(axel).get(AUDIT, {"act": "changed"}).context["lines"][0]
    assert line.changes == [("name", "Torget", "Stora torget")]
    assert line.address == "192.0.2.7"


def test_members_are_named_by_looking_their_number_up(sign_in, axel, olga, otto, north):
    line = next(each for each in sign_in(axel).get(AUDIT).context["lines"] if each.about == "Otto")
    assert ("role", "", "Operations") in line.changes
    assert ("person", "", "Otto") in line.changes


def test_filters_narrow_and_stand_in_the_address(sign_in, axel, olga, story):
    client = sign_in(axel)
    by_olga = client.get(AUDIT, {"who": str(olga.public_id), "kind": "charging.site"})
    assert {line.who for line in by_olga.context["lines"]} == {"Olga"}
    assert len(by_olga.context["lines"]) == 3
    assert {who for who, *_ in sentences(client.get(AUDIT, {"who": "task-demo", "kind": "charging.site"}))} == {
        "the demonstration"
    }
    assert [each[1] for each in sentences(client.get(AUDIT, {"act": "consent"}))] == [
        "Published a new wording of a consent"
    ]
    tomorrow = (timezone.now() + timedelta(days=2)).date().isoformat()
    assert sentences(client.get(AUDIT, {"since": tomorrow})) == []
    nonsense = client.get(AUDIT, {"who": "somebody", "kind": "x.y", "since": "soon", "address": "here"})
    assert sentences(nonsense) == []
    assert "“here” is no address" in nonsense.content.decode()


def test_pages_follow_each_other_without_a_gap(sign_in, axel, north, monkeypatch):
    monkeypatch.setattr("portal.web.lists.page.__kwdefaults__", {"rising": False, "size": 3})
    with tenant_scope(north.pk):
        for number in range(8):
            audit.record("consents.viewed", number=number)
    client, seen, query = sign_in(axel), [], "act=consents"
    while query:
        page = client.get(f"{AUDIT}?{query}")
        seen += [line.changes[0][2] for line in page.context["lines"]]
        query = page.context["page"].older
    assert seen == [str(number) for number in reversed(range(8))]


def test_a_page_costs_a_handful_of_queries(sign_in, axel, story, django_assert_max_num_queries):
    client = sign_in(axel)
    client.get(AUDIT)
    with django_assert_max_num_queries(22):
        client.get(AUDIT)


def test_another_operator_s_story_is_not_told(sign_in, axel, north, south, sven):
    memberships.add(axel, operator=south, role="auditor")
    client = sign_in(axel)
    assert not [each for each in sentences(client.get("/o/south/audit/")) if each[2] == "Torget"]


def test_who_acted_says_in_whose_name(sign_in, axel, olga, otto, north):
    with tenant_scope(north.pk):
        key = example(ApiKey, name="Bookkeeping")
        with acting(on_behalf_of=olga.pk, user=None), acting_more(api_key_id=key.pk):
            audit.record("consents.viewed", number=1)
        with acting(task="billing.tasks.make_export", on_behalf_of=otto.pk):
            audit.record("consents.viewed", number=2)
        with acting(user=olga), acting_more(viewing_as="finance"):
            audit.record("consents.viewed", number=3)
        with acting(user=otto), acting_more(is_platform=True):
            audit.record("consents.viewed", number=4)
    client = sign_in(axel)
    found = [(line.who, line.how) for line in client.get(AUDIT, {"act": "consents"}).context["lines"]]
    assert found == [
        ("Otto", "visitor of the platform"),
        ("Olga", "looking as Finance"),
        ("download in the background", "on behalf of Otto"),
        ("key Bookkeeping", "on behalf of Olga"),
    ]
    numbers = {
        f"key-{key.public_id}": ["1"],
        f"for-{olga.public_id}": ["1"],
        f"for-{otto.public_id}": ["2"],
        "task-billing.tasks.make_export": ["2"],
        "platform": ["4"],
        str(olga.public_id): ["3"],
    }
    for who, expected in numbers.items():
        lines = client.get(AUDIT, {"act": "consents", "who": who}).context["lines"]
        assert [line.changes[0][2] for line in lines] == expected, who


def test_who_left_can_still_be_chosen(sign_in, axel, otto, north):
    with tenant_scope(north.pk):
        with acting(user=otto):
            audit.record("consents.viewed")
        memberships.remove(Membership.objects.get(user=otto))
    lines = sign_in(axel).get(AUDIT, {"who": str(otto.public_id)}).context["lines"]
    assert [line.who for line in lines] == ["Otto"]


def test_things_are_found_by_what_people_call_them(sign_in, axel, story, danas_driver, north):
    client = sign_in(axel)
    by_name = client.get(AUDIT, {"named": "Stora torget"})
    assert {line.kind for line in by_name.context["lines"]} == {"site"}
    assert len(by_name.context["lines"]) == 3
    kinds = {line.kind for line in client.get(AUDIT, {"named": "1001"}).context["lines"]}
    assert kinds == {"driver", "personal data"}
    assert sentences(client.get(AUDIT, {"named": str(danas_driver.public_id), "kind": "tenants.driver"}))
    assert sentences(client.get(AUDIT, {"named": "Stora torget", "kind": "tenants.driver"})) == []
    assert sentences(client.get(AUDIT, {"named": "no such thing"})) == []


def test_many_things_of_a_name_need_no_more_queries_than_one(sign_in, axel, north):
    client = sign_in(axel)

    def queries(name):
        with CaptureQueriesContext(connection) as asked:
            client.get(AUDIT, {"named": name})
        return len(asked)

    with tenant_scope(north.pk):
        site = Site.objects.create(name="Torget")
        stations = [Station(site=site, identifier=f"MANY-{number}") for number in range(9)]
        Station.objects.bulk_create([*stations, Station(site=site, identifier="LONE-1")])
    queries("MANY-1")  # what is asked once is known from now on
    assert queries("MANY-") == queries("LONE-")


def test_an_address_and_a_request_narrow(sign_in, axel, north):
    with tenant_scope(north.pk):
        for number in range(3):
            with acting(address=f"192.0.2.{number}", request_id=f"r{number}"):
                audit.record("consents.viewed", number=number)
    client = sign_in(axel)
    for query in ({"address": "192.0.2.1"}, {"request": "r1"}, {"address": "192.0.2.1", "act": "consents"}):
        lines = client.get(AUDIT, query).context["lines"]
        assert [line.changes[0][2] for line in lines] == ["1"]
    assert sentences(client.get(AUDIT, {"address": "192.0.2.1", "request": "r2"})) == []


def test_an_entry_has_a_page_that_leads_to_its_surroundings(sign_in, axel, olga, north):
    with tenant_scope(north.pk), acting(user=olga, address="192.0.2.7", user_agent="Test/1", request_id="abc12345"):
        site = Site.objects.create(name="Torget")
        audit.record("consent.notice_published", about=site, version=2)
        entry = AuditEntry.objects.get(event="consent.notice_published")
    page = sign_in(axel).get(f"{AUDIT}{entry.public_id}/")
    text = page.content.decode()
    assert "Published a new wording of a consent" in text
    assert f"/o/north/sites/{site.public_id}/" in text
    assert "Test/1" in text
    assert [line.sentence for line in page.context["others"]] == ["Site added"]
    same = sign_in(axel).get(AUDIT, {"same": str(entry.public_id)})
    assert len(same.context["lines"]) == 2


def test_another_operator_s_entry_is_not_found(sign_in, sven, story, north):
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.latest("pk")
    assert sign_in(sven).get(f"/o/south/audit/{entry.public_id}/").status_code == 404
    found = sign_in(sven).get("/o/south/audit/", {"same": str(entry.public_id)})
    assert sentences(found) == []


def test_the_entries_of_strangers_name_nobody(sign_in, axel, sven, north):
    assert sign_in(sven).get("/o/north/").status_code == 404
    (line,) = sign_in(axel).get(AUDIT, {"act": "access"}).context["lines"]
    assert line.who == "a person who is no member"
    assert str(sven.public_id) not in sign_in(axel).get(AUDIT).content.decode()
    page = sign_in(axel).get(f"{AUDIT}{line.public_id}/").content.decode()
    assert str(sven.public_id) not in page
    assert sven.email not in page


def test_history_holds_what_belongs_to_the_thing(sign_in, axel, danas_driver, north):
    with tenant_scope(north.pk):
        drivers.change_identity(danas_driver, name="Dana Dahl")
    page = sign_in(axel).get(f"/o/north/history/drivers/{danas_driver.public_id}/")
    assert {line.kind for line in page.context["lines"]} == {"driver", "personal data"}
    assert "Dahl" not in "".join(str(line.changes) for line in page.context["lines"])


def test_history_of_an_unknown_kind_is_not_found(sign_in, axel, danas_driver):
    assert sign_in(axel).get(f"/o/north/history/secrets/{danas_driver.public_id}/").status_code == 404


def body(answer):
    return b"".join(answer.streaming_content).decode()


def test_the_export_holds_what_the_page_shows(sign_in, axel, story, north):
    client = sign_in(axel)
    rows = list(
        csv.DictReader(StringIO(body(client.get(f"{AUDIT}export.csv", {"kind": "charging.site"})).lstrip("\ufeff")))
    )
    shown = client.get(AUDIT, {"kind": "charging.site"}).context["lines"]
    assert [(row["entry"], row["who"], row["what"]) for row in rows] == [
        (str(line.public_id), line.who, line.told) for line in shown
    ]
    told = [json.loads(line) for line in body(client.get(f"{AUDIT}export.jsonl", {"act": "changed"})).splitlines()]
    assert told[0]["changes"] == {"name": ["Torget", "Stora torget"]}
    assert told[0]["address"] == "192.0.2.7"


def test_an_export_is_recorded_with_its_filter_its_count_and_its_hash(sign_in, axel, story, north):
    text = body(sign_in(axel).get(f"{AUDIT}export.jsonl", {"kind": "charging.site"}))
    with tenant_scope(north.pk):
        asked = AuditEntry.objects.get(event="audit.exported")
        sent = AuditEntry.objects.get(event="audit.export_sent")
    assert asked.additional_data == {"form": "jsonl", "query": {"kind": "charging.site"}}
    assert sent.additional_data == {
        "form": "jsonl",
        "count": text.count("\n"),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    assert sent.actor_id == asked.actor_id == axel.pk
    assert sent.cid == asked.cid != ""


def test_no_cell_of_the_export_is_run_by_a_spreadsheet(sign_in, axel, olga, north):
    with tenant_scope(north.pk), acting(user=olga, user_agent="=1+1"):
        Site.objects.create(name='=HYPERLINK("x")\n+1')
    text = body(sign_in(axel).get(f"{AUDIT}export.csv", {"kind": "charging.site"}))
    (row,) = csv.DictReader(StringIO(text.lstrip("\ufeff")))
    assert row["about"] == '\'=HYPERLINK("x") +1'
    assert row["user_agent"] == "'=1+1"


def test_a_borrowed_name_is_told_from_its_owner(sign_in, axel, olga, sara, north):
    """Names are chosen by the people themselves; the account behind an entry is not."""
    sign_in(sara).post("/account/profile/", {"name": "Olga", "language": "en"})
    with tenant_scope(north.pk), acting(user=sara):
        Site.objects.create(name="Kajen")
        entry = AuditEntry.objects.latest("pk")
    client = sign_in(axel)
    page = client.get(f"{AUDIT}{entry.public_id}/")
    assert page.context["line"].who == "Olga"
    assert sara.email in page.content.decode()
    assert str(sara.public_id) in page.content.decode()
    assert olga.email not in page.content.decode()
    text = body(client.get(f"{AUDIT}export.csv", {"kind": "charging.site"}))
    (row,) = csv.DictReader(StringIO(text.lstrip("\ufeff")))
    assert (row["who"], row["actor_id"]) == ("Olga", str(sara.public_id))
    assert sara.email not in text


def test_who_only_looks_takes_nothing_away(sign_in, olga, story, north):
    client = sign_in(olga)
    session = client.session
    session["viewing_as"] = {"operator": north.pk, "slug": "north", "name": "North", "role": "auditor"}
    session.save()
    assert client.get(AUDIT).status_code == 200
    assert client.get(f"{AUDIT}export.csv").status_code == 403


def test_an_unreadable_filter_exports_nothing(sign_in, axel, story):
    answer = sign_in(axel).get(f"{AUDIT}export.csv", {"since": "soon"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(AUDIT)


# The sentence of an entry, with its names and values


def told(answer):
    return [line.told for line in answer.context["lines"]]


def test_a_sentence_holds_the_values(sign_in, axel, story):
    found = told(sign_in(axel).get(AUDIT, {"kind": "charging.site"}))
    assert found == [
        "Added site Hamnen",
        "Published a new wording of a consent: Stora torget (version 2)",
        "Changed site Stora torget: name Torget → Stora torget",
        "Added site Torget",
    ]


def test_what_nobody_has_named_is_a_number_and_no_word_of_the_program(sign_in, axel, otto, north):
    with tenant_scope(north.pk), acting(user=otto):
        driver = drivers.create(name="Nils Nilsson")
    found = told(sign_in(axel).get(AUDIT, {"kind": "tenants.driveridentity"}))
    assert f"#{driver.identity_id}" in found[0]
    assert "identity" not in found[0]


def test_who_acted_without_a_person_is_named_in_words():
    floors = [Path(settings.BASE_DIR, floor) for floor in ("tenants", "charging", "billing", "portal")]
    files = [path for floor in floors for path in floor.rglob("*.py") if "tests" not in path.parts]
    literal = {task for path in files for task in re.findall(r'acting\(task="([^"]+)"', path.read_text())}
    assert len(literal) > 10
    assert literal - {*TASKS} == set()
    assert {kind.name for kind in work.kinds()} - {*TASKS, *KINDS} == set()


def test_a_publication_tells_the_prices_and_is_found_by_part_of_the_name(sign_in, axel, fina, north):
    with tenant_scope(north.pk), acting(user=fina):
        made = tariffs.create(name="Boende dag/natt", currency="SEK", document=flat("1.36"))
        now = timezone.now()
        tariffs.publish(made.versions.get(), valid_from=now - timedelta(days=1), by=fina, at=now - timedelta(days=1))
        tariffs.publish(tariffs.save_draft(made, document=flat("2.20")), valid_from=now, by=fina, at=now)
    lines = sign_in(axel).get(AUDIT, {"named": "dag/na"}).context["lines"]
    published = [line.told.replace("\xa0", " ") for line in lines if line.told.startswith("Published")]
    assert published[0].startswith("Published Boende dag/natt v2: Energy, always SEK 1.70/kWh → SEK 2.75/kWh, ")
    assert published[1].startswith("Published Boende dag/natt v1: Energy, always SEK 1.70/kWh, ")


def test_blocking_a_card_has_a_verb(sign_in, axel, otto, north, danas_driver):
    with tenant_scope(north.pk), acting(user=otto):
        card = tokens.create(uid="04A1B2C3D4E5F6", visual_number="WL-1", driver=danas_driver)
        tokens.block(card, at=timezone.now())
    found = told(sign_in(axel).get(AUDIT, {"kind": "charging.token"}))
    assert found[0].startswith("Blocked card ")


def test_times_are_those_of_the_operator_s_clock_and_say_so(sign_in, axel, north):
    with tenant_scope(north.pk):
        audit.record("platform.changes_allowed", until="2026-11-28T23:00:00+00:00")
        audit.record("platform.changes_allowed", until="2026-07-28T22:00:00+00:00")
    lines = sign_in(axel).get(AUDIT, {"act": "platform"}).context["lines"]
    until = [line.changes[0][2].replace("\xa0", " ") for line in lines]
    assert until == ["29 Jul 2026 00:00 CEST", "29 Nov 2026 00:00 CET"]


def test_people_drivers_and_invitations_are_called_by_their_names(sign_in, axel, olga, danas_driver, north):
    with tenant_scope(north.pk), acting(user=olga):
        audit.record("driver.viewed", about=danas_driver)
        invitations.invite(north, email="ines@example.com", name="Ines", role="support", by=olga)
    client = sign_in(axel)
    (viewed,) = told(client.get(AUDIT, {"act": "driver"}))
    assert viewed == f"Looked at a driver's page: 1001 {danas_driver.identity.name}"
    (invited,) = told(client.get(AUDIT, {"act": "invitation"}))
    assert invited.startswith("Made the link of an invitation: ines@example.com (role Support")
    assert told(client.get(AUDIT, {"named": danas_driver.identity.name.split()[0], "act": "driver"})) == [viewed]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("state=&since=", "Downloaded a list (list sites)"),
        ("q=Brf&since=2026-11-01", "Downloaded a list (list sites, filter &quot;Brf&quot;, since 2026-11-01)"),
    ],
)
def test_what_a_list_was_narrowed_to_is_told_without_what_was_left_empty(asked, told, sign_in, axel, north):
    with tenant_scope(north.pk):
        audit.record(Event.LIST_EXPORTED, query=asked, list="sites")
    assert told in sign_in(axel).get("/o/north/audit/").content.decode()
