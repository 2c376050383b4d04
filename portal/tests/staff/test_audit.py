from datetime import timedelta

import pytest
from django.utils import timezone

from charging.models import Site
from tenants import audit
from tenants.actor import acting
from tenants.scoping import tenant_scope
from tenants.services import memberships

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
        ("demo", "Site added", "Hamnen"),
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
    assert {who for who, *_ in sentences(client.get(AUDIT, {"who": "system", "kind": "charging.site"}))} == {"demo"}
    assert [each[1] for each in sentences(client.get(AUDIT, {"act": "consent"}))] == [
        "Published a new wording of a consent"
    ]
    tomorrow = (timezone.now() + timedelta(days=2)).date().isoformat()
    assert sentences(client.get(AUDIT, {"first": tomorrow})) == []
    assert sentences(client.get(AUDIT, {"who": "nobody", "kind": "x.y", "first": "soon"}))


def test_pages_follow_each_other_without_a_gap(sign_in, axel, north, monkeypatch):
    monkeypatch.setattr("portal.web.lists.page.__kwdefaults__", {"size": 3})
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
