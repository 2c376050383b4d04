"""Where partners are asked about their cards: said by who may, never shown again, and whether they answer."""

import pytest
from django.utils import timezone

from charging.models import PartnerLink
from tenants.models import Account, AuditEntry
from tenants.privacy.recipients import all_recipients
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = pytest.mark.django_db
ADDRESS, TOKEN = "https://emsp.example/ocpi/2.2.1", "t0p-secret-token"


@pytest.fixture
def partner(north):
    with tenant_scope(north.pk):
        return accounts.create(kind=Account.Kind.ROAMING, name="Laadpas", country="NL")


def said(client, partner, **facts):
    url = f"/o/north/settings/partners/{partner.public_id}/"
    return client.post(url, {"address": ADDRESS, "token": TOKEN, **facts}, follow=True)


def link(north):
    with tenant_scope(north.pk):
        return PartnerLink.objects.filter().first()


def test_address_and_token_are_kept_and_the_token_never_shown(north, olga, sign_in, partner):
    client = sign_in(olga)
    assert "is not asked" in client.get("/o/north/settings/partners/").content.decode()
    page = said(client, partner).content.decode()
    assert "nothing has been asked yet" in page
    form = client.get(f"/o/north/settings/partners/{partner.public_id}/").content.decode()
    assert (ADDRESS in form, TOKEN in form, TOKEN in page) == (True, False, False)
    said(client, partner, address=f"{ADDRESS}/new", token="")
    for elsewhere in ("https://mine.example/ocpi/2.2.1", "https://emsp.example:8443/ocpi/2.2.1"):
        page = said(client, partner, address=elsewhere, token="")
        assert "Write the token that the partner gave you." in page.content.decode(), "it goes to nobody else"
    with tenant_scope(north.pk):
        kept = PartnerLink.objects.get()
        assert (kept.address, kept.token) == (f"{ADDRESS}/new", TOKEN)
        log = " ".join(str(vars(entry)) for entry in AuditEntry.objects.all())
    assert (ADDRESS in log, TOKEN in log) == (True, False)
    client.post(f"/o/north/settings/partners/{partner.public_id}/remove/")
    assert link(north) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"token": ""},
        {"address": "http://emsp.example/"},
        {"address": "https://u:p@emsp.example/"},
        {"address": ""},
    ],
)
def test_what_nobody_can_be_asked_at_is_refused(north, olga, sign_in, partner, facts):
    assert said(sign_in(olga), partner, **facts).status_code == 400
    assert link(north) is None


def test_what_is_wrong_stands_at_its_field_and_nothing_is_kept_before_there_is_something(north, olga, sign_in, partner):
    client, page = sign_in(olga), f"/o/north/settings/partners/{partner.public_id}/"
    kept = "Empty: the one that is kept."
    assert kept not in client.get(page).content.decode()
    assert set(said(client, partner, token="").context["form"].errors) == {"token"}
    assert set(said(client, partner, address="http://emsp.example/").context["form"].errors) == {"address"}
    said(client, partner)
    assert kept in client.get(page).content.decode()
    elsewhere = said(client, partner, address="https://mine.example/", token="")
    assert elsewhere.context["form"].errors == {"token": ["Write the token that the partner gave you."]}


def test_only_a_roaming_partner_is_asked(north, olga, sign_in):
    with tenant_scope(north.pk):
        company = accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE")
    assert said(sign_in(olga), company).status_code == 404


def test_others_neither_see_nor_change_it(north, otto, fina, sign_in, partner):
    for somebody in (otto, fina):
        client = sign_in(somebody)
        assert client.get("/o/north/settings/partners/").status_code == 403
        assert said(client, partner).status_code == 403


def test_the_page_shows_that_a_partner_does_not_answer(north, olga, sign_in, partner):
    client = sign_in(olga)
    said(client, partner)
    with tenant_scope(north.pk):
        PartnerLink.objects.update(failures=7, failure="timeout", failed_at=timezone.now())
    page = client.get("/o/north/settings/partners/").content.decode()
    assert "it did not answer in time" in page
    assert "7 questions without an answer in a row" in page
    assert "does not answer" in page
    said(client, partner, token="")
    assert link(north).failures == 0, "what was said anew is tried anew"


def test_partners_are_recipients_in_the_record_of_processing():
    assert any(each.code == "partners" and "charging" in each.serves for each in all_recipients())
