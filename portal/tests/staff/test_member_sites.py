"""Where a member works: the page on which an owner chooses the sites."""

import pytest
from django.urls import reverse

from charging.models import Site
from charging.selectors import sites
from tenants.models import AuditEntry, Membership
from tenants.permissions import access
from tenants.scoping import tenant_scope
from tenants.services.people import memberships


@pytest.fixture
def three(north):
    with tenant_scope(north.pk):
        return [Site.objects.create(name=name, city="Visby") for name in ("Hamnen", "Kajen", "Torget")]


@pytest.fixture
def path(otto):
    return reverse("staff:member_sites", args=["north", Membership.objects.get(user=otto).public_id])


def posted(where, *, shown, chosen):
    return {"where": where, "shown": [site.public_id for site in shown], "chosen": [site.public_id for site in chosen]}


def is_limited(user):
    found = access(user, slug="north")
    assert found is not None
    return found.is_limited


def sites_of(user, operator):
    with tenant_scope(operator.pk):
        return [site.name for site in sites.of(user)]


def test_the_page_offers_every_site_and_says_what_the_limit_takes(three, path, olga, sign_in):
    page = sign_in(olga).get(path).content.decode()
    for words in ("Hamnen", "Kajen", "Torget", "Import sessions from files", "Decide on sessions under review"):
        assert words in page
    assert "Everywhere: all sites, also those to come." in page


def test_a_member_is_limited_and_set_free_again(north, three, path, olga, otto, sign_in):
    client = sign_in(olga)
    answer = client.post(path, posted("sites", shown=three, chosen=three[:2]), follow=True)
    assert "Otto works at 2 sites." in answer.content.decode()
    assert sites_of(otto, north) == ["Hamnen", "Kajen"]
    assert is_limited(otto)
    client.post(path, posted("everywhere", shown=three, chosen=three[:2]))
    assert not is_limited(otto)
    assert sites_of(otto, north) == []
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="member.sites_changed").count() == 2


def test_a_search_changes_only_what_it_shows(north, three, path, olga, otto, sign_in):
    hamnen, kajen, torget = three
    client = sign_in(olga)
    client.post(path, posted("sites", shown=three, chosen=[hamnen, kajen]))
    page = client.get(f"{path}?q=tor").content.decode()
    assert f'value="{torget.public_id}"' in page
    assert f'value="{hamnen.public_id}"' not in page
    assert "Saving changes only the sites shown here." in page
    answer = client.post(f"{path}?q=tor", posted("sites", shown=[torget], chosen=[torget]))
    assert answer["Location"] == f"{path}?q=tor"
    assert sites_of(otto, north) == ["Hamnen", "Kajen", "Torget"]
    client.post(f"{path}?q=kaj", posted("sites", shown=[kajen], chosen=[]))
    assert sites_of(otto, north) == ["Hamnen", "Torget"]


def test_no_site_is_a_choice_that_is_said_plainly(north, three, path, olga, otto, sign_in):
    answer = sign_in(olga).post(path, posted("sites", shown=three, chosen=[]), follow=True)
    page = answer.content.decode()
    assert "Otto sees nothing until you choose a site." in page
    assert "No site is chosen: they see nothing." in page
    assert is_limited(otto)


def test_hundreds_of_sites_are_searched_among(north, path, olga, sign_in):
    with tenant_scope(north.pk):
        Site.objects.bulk_create(Site(name=f"Site {number:03}") for number in range(301))
    page = sign_in(olga).get(path).content.decode()
    assert "Site 299" in page
    assert "Site 300" not in page
    assert "There are more sites" in page
    assert "Site 300" in sign_in(olga).get(f"{path}?q=300").content.decode()


def test_a_site_that_is_not_there_is_refused_by_name(north, three, path, olga, otto, sign_in):
    with tenant_scope(north.pk):
        gone = Site.objects.create(name="Gone")
        gone.delete()
    answer = sign_in(olga).post(path, posted("sites", shown=three, chosen=[three[0], gone]))
    assert answer.status_code == 200
    assert str(gone.public_id) in answer.content.decode()
    assert not is_limited(otto)


def test_a_role_that_holds_everywhere_offers_no_limit(north, three, olga, fina, sign_in):
    path = reverse("staff:member_sites", args=["north", Membership.objects.get(user=fina).public_id])
    answer = sign_in(olga).get(path, follow=True)
    assert "Finance always holds everywhere." in answer.content.decode()
    sign_in(olga).post(path, posted("sites", shown=three, chosen=three[:1]))
    assert not is_limited(fina)


def test_a_second_role_that_makes_the_limit_idle_is_said(north, three, path, olga, otto, sign_in):
    memberships.add(otto, operator=north, role="support")
    assert "They are Support everywhere as well" in sign_in(olga).get(path).content.decode()


def test_another_operator_s_member_is_not_found(south, sven, olga, sign_in):
    path = reverse("staff:member_sites", args=["north", Membership.objects.get(user=sven).public_id])
    assert sign_in(olga).get(path).status_code == 404


def test_it_asks_for_a_fresh_proof(path, olga, sign_in):
    client = sign_in(olga)
    session = client.session
    session["proved_at"] = 0
    session.save()
    assert client.get(path).status_code == 200
    assert "/account/confirm/" in client.post(path)["Location"]
