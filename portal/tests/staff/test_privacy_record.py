"""The record of processing: it follows the registers, says what the operator says, and comes as a page and as files."""

import pytest

from tenants.models import AuditEntry, ConsentPurpose, Driver, ProcessingPurpose
from tenants.privacy import record, sources
from tenants.privacy.purposes import GROUNDS, Basis, Purpose
from tenants.privacy.sources import Kind, People, Retention
from tenants.scoping import tenant_scope
from tenants.services.people import consents

PAGE = "/o/north/privacy/"


def purposes(operator):
    with tenant_scope(operator.pk):
        return {each.code: each for each in record.processings(language="en")}


def titles(page):
    return [each.title for each in page.context["purposes"]]


def test_every_model_of_the_register_serves_a_purpose_and_every_purpose_has_a_ground():
    assert all(source.serves for source in sources.all_sources())
    assert set(GROUNDS) == set(Purpose)
    assert {purpose for source in sources.all_sources() for purpose in source.serves} == set(Purpose)


def test_what_the_register_says_stands_in_the_record(north):
    charging = purposes(north)["charging"]
    assert charging.ground.basis == Basis.CONTRACT
    assert People.DRIVERS in charging.people
    assert set(charging.kinds) >= {Kind.IDENTITY, Kind.CONDUCT}
    assert Kind.TECHNICAL not in charging.kinds
    assert Retention.MESSAGES in charging.kept
    assert "charging.ChargingSession" in charging.tables


def test_a_model_that_a_floor_adds_stands_in_it_at_once(north):
    was = sources._register[Driver]
    before = purposes(north)["consents"]
    assert "tenants.Driver" not in before.tables
    sources.register(Driver, person="self", kept=Retention.LOG, serves="consents", trace="created_at")
    try:
        after = purposes(north)["consents"]
        assert "tenants.Driver" in after.tables
        assert Retention.LOG in after.kept
    finally:
        sources._register[Driver] = was


def test_an_unknown_purpose_is_no_purpose():
    with pytest.raises(ValueError, match="profiling"):
        sources.register(Driver, person="self", kept=Retention.LOG, serves="profiling", trace="created_at")


def test_what_drivers_are_asked_stands_in_it_while_they_are_asked(north):
    assert not {"marketing-email", "usage-analytics"} & set(purposes(north))
    with tenant_scope(north.pk):
        consents.install_defaults(north)
        news = ConsentPurpose.objects.create(code="street-parties")
        consents.publish_notice(news, {"en": consents.Words("Street parties", "May we?")}, at=north.created_at)
    asked = purposes(north)
    assert {"marketing-email", "usage-analytics", "street-parties"} <= set(asked)
    assert asked["street-parties"].ground.basis == Basis.CONSENT
    with tenant_scope(north.pk):
        ConsentPurpose.objects.filter(code="street-parties").update(is_active=False)
    assert "street-parties" not in purposes(north)


def test_the_privacy_role_words_a_purpose_and_empty_fields_stay_as_the_portal_has_them(sign_in, pri, north):
    client = sign_in(pri)
    answer = client.post(f"{PAGE}purposes/billing/", {"title": "Fakturering", "recipients": "Inkasso AB"})
    assert answer.status_code == 302
    billing = next(each for each in client.get(PAGE).context["purposes"] if each.code == "billing")
    facts = dict(billing.facts)
    assert billing.title == "Fakturering"
    assert billing.why.startswith("Price each session")
    assert facts["Recipients"].endswith("Inkasso AB")
    assert "contract" in facts["Lawful basis"]
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(content_type__model="processingpurpose").exists()


def test_a_purpose_of_ones_own_says_everything_and_can_end(sign_in, olga, north):
    client = sign_in(olga)
    own: dict[str, object] = {"title": "Camera", "why": "Watch the site.", "basis": "interest", "kept": "14 days"}
    assert client.post(f"{PAGE}purposes/new/", own).status_code == 400, "people and data are missing"
    own |= {"people": ["drivers"], "kinds": ["conduct"], "is_used": "on"}
    assert client.post(f"{PAGE}purposes/new/", own).status_code == 302
    assert titles(client.get(PAGE))[-1] == "Camera"
    with tenant_scope(north.pk):
        code = ProcessingPurpose.objects.get().code
    ended = {name: value for name, value in own.items() if name != "is_used"}
    assert client.post(f"{PAGE}purposes/{code}/", ended).status_code == 302
    page = client.get(PAGE)
    assert "Camera" not in titles(page)
    assert [row.title for row in page.context["not_used"]] == ["Camera"]


def test_a_purpose_that_nobody_knows_is_not_found(sign_in, olga):
    assert sign_in(olga).get(f"{PAGE}purposes/nonsense/").status_code == 404


def test_it_comes_as_a_file_with_the_tables_it_rests_on(sign_in, axel, north):
    answer = sign_in(axel).get(f"{PAGE}record.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "charging.ChargingSession" in text
    assert text.splitlines()[0].startswith("Purpose,What it is for,Lawful basis")
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="privacy.record_taken").count() == 1


@pytest.mark.parametrize("language", ["en", "sv"])
def test_it_comes_as_a_pdf(sign_in, axel, language):
    client = sign_in(axel)
    client.cookies["django_language"] = language
    answer = client.get(f"{PAGE}record.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_the_contact_for_personal_data_is_named(sign_in, olga, north):
    north.privacy_contact = "Dataskydd, dso@north.example"
    with tenant_scope(north.pk):
        north.save(update_fields=["privacy_contact"])
    assert "dso@north.example" in sign_in(olga).get(PAGE).content.decode()
