"""Requests of people about their data: the clock, the desk, limits that hold at once, and copies of everything."""

import io
import json
import zipfile
from datetime import date, datetime, timedelta

import pytest
from django.core import mail as outbox
from django.core.files.storage import default_storage
from django.utils import timezone, translation

from billing.tests import factories
from charging.models import Token
from portal.tests.cast import PASSWORD
from portal.words.copies import field_word, section_word
from tenants import crypto, work
from tenants.models import (
    AuditEntry,
    ConsentEvent,
    ConsentPurpose,
    Driver,
    DriverIdentity,
    PersonPackage,
    PersonRequest,
    ProcessingLimit,
    User,
)
from tenants.months import months_after
from tenants.privacy import own_rows, packages, sources
from tenants.privacy.sources import Kind
from tenants.scoping import tenant_scope
from tenants.selectors import consents as asked
from tenants.services.people import consents, drivers, person_requests

SAME_IN_SWEDISH: set[str] = {"per", "person", "status", "text", "version"}
DESK, OWN = "/o/north/privacy/requests/", "/o/north/my/requests/"


def received(driver, kind="erasure", *, by, at=None, **facts):
    with tenant_scope(driver.operator_id):
        return person_requests.receive(driver, kind, by=by, at=at or timezone.now(), **facts)


def carry_out(north):
    while work.do_next(work.kind_named(PersonPackage.work_kind), north.pk, clock=timezone.now):
        pass


@pytest.fixture
def copied(north, dana, danas_driver, sign_in):
    """A copy that dana asked for, made by the worker."""
    assert sign_in(dana).post(f"{OWN}copy/").status_code == 302
    carry_out(north)
    with tenant_scope(north.pk):
        return PersonPackage.objects.select_related("request").get()


def unzipped(content):
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name).decode("utf-8-sig") for name in file.namelist()}


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_a_month_ends_on_its_day_or_on_the_last_one(day, months, due):
    assert months_after(day, months) == due


def test_a_driver_asks_and_the_clock_runs_from_that_day(sign_in, dana, danas_driver, north):
    answer = sign_in(dana).post(f"{OWN}new/", {"kind": "erasure", "text": "Everything, please."})
    assert answer.status_code == 302
    with tenant_scope(north.pk):
        row = PersonRequest.objects.get()
        assert (row.driver, row.state, row.entered_by_id) == (danas_driver, "open", None)
        assert row.due_on == months_after(timezone.now().astimezone(north.zone).date(), 1)
        told = {"right": "erasure", "channel": "portal"}
        assert AuditEntry.objects.get(event="request.received").additional_data == told
    assert "Everything, please." in sign_in(dana).get(OWN).content.decode()


def test_staff_enter_one_with_how_the_identity_was_checked_and_the_day_it_came(sign_in, pri, danas_driver, north):
    client, address = sign_in(pri), f"/o/north/drivers/{danas_driver.public_id}/request/"
    entry = {"kind": "access", "channel": "letter", "received_on": "2026-10-31", "text": "Copy"}
    assert client.post(address, entry).status_code == 400
    ahead = (timezone.now() + timedelta(days=3)).date().isoformat()
    checked = {"identity_checked": "Showed a passport."}
    assert client.post(address, entry | checked | {"received_on": ahead}).status_code == 400
    assert client.post(address, entry | checked).status_code == 302
    with tenant_scope(north.pk):
        row = PersonRequest.objects.get()
        assert (row.due_on, row.entered_by_id, row.channel) == (date(2026, 11, 30), pri.pk, "letter")


def test_the_desk_has_the_least_days_first_and_names_what_is_late(sign_in, pri, north, dana, danas_driver):
    today = timezone.now()
    for days, text in ((3, "third"), (29, "second"), (60, "first")):
        received(danas_driver, by=dana, text=text, received_on=(today - timedelta(days=days)).date())
    page = sign_in(pri).get(DESK)
    with tenant_scope(north.pk):
        assert [row.text for row in page.context["page"].rows] == ["first", "second", "third"]
    assert page.context["late"] == 1
    assert [row.days_left(page.context["today"]) < 0 for row in page.context["page"].rows] == [True, False, False]


def test_it_is_extended_once_within_the_month_and_with_reasons(sign_in, pri, dana, danas_driver, north, settings):
    settings.EMAIL_HOST = "mail.example"
    row = received(danas_driver, by=dana, received_on=(timezone.now() - timedelta(days=5)).date())
    client, address = sign_in(pri), f"{DESK}{row.public_id}/extend/"
    assert client.post(address, {"reason": " "}).status_code == 400
    assert client.post(address, {"reason": "Many tables."}).status_code == 302
    assert client.post(address, {"reason": "Again."}).status_code == 400
    with tenant_scope(north.pk):
        again = PersonRequest.objects.get()
        assert again.due_on == months_after(row.received_on, 3)
        assert again.extension_reason == "Many tables."
    late = received(danas_driver, by=dana, received_on=(timezone.now() - timedelta(days=40)).date())
    assert client.post(f"{DESK}{late.public_id}/extend/", {"reason": "Too late."}).status_code == 400


@pytest.mark.parametrize("language", ["sv", "en"])
def test_letters_say_what_was_asked_and_why_in_the_person_s_language(
    sign_in, pri, dana, danas_driver, settings, language, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "mail.example"
    dana.language = language
    dana.save()
    with django_capture_on_commit_callbacks(execute=True):
        row = received(danas_driver, by=dana)
        sign_in(pri).post(f"{DESK}{row.public_id}/answer/", {"state": "refused", "answer": "BFL 7 kap. 2 §"})
    first, second = outbox.outbox
    words = {"sv": ("radering", "inte beviljad"), "en": ("erasure", "not granted")}[language]
    assert words[0] in first.body
    assert words[1] in second.subject
    assert "BFL 7 kap. 2 §" in second.body


def test_an_answer_needs_words_and_is_given_once(sign_in, pri, dana, danas_driver, north):
    row = received(danas_driver, by=dana)
    client, address = sign_in(pri), f"{DESK}{row.public_id}/answer/"
    assert client.post(address, {"state": "answered", "answer": ""}).status_code == 400
    assert client.post(address, {"state": "open", "answer": "No such outcome"}).status_code == 400
    assert client.post(address, {"state": "answered", "answer": "Done."}).status_code == 302
    assert client.post(address, {"state": "refused", "answer": "No."}).status_code == 400
    with tenant_scope(north.pk):
        assert PersonRequest.objects.get().state == "answered"
    assert [each.pk for each in client.get(f"{DESK}?state=closed").context["page"].rows] == [row.pk]


def test_every_step_stands_on_its_page_and_looking_is_seen_by_the_driver(sign_in, pri, dana, danas_driver):
    row = received(danas_driver, by=dana)
    client = sign_in(pri)
    client.post(f"{DESK}{row.public_id}/extend/", {"reason": "Many tables."})
    client.post(f"{DESK}{row.public_id}/answer/", {"state": "answered", "answer": "Done."})
    page = client.get(f"{DESK}{row.public_id}/")
    assert len(page.context["steps"]) == 3
    assert "Looked at a driver&#x27;s request" in sign_in(dana).get("/o/north/my/privacy/").content.decode()


@pytest.mark.parametrize("kind", ["restriction", "objection"])
def test_a_limit_holds_at_once_takes_consents_back_and_staff_see_it(
    sign_in, pri, otto, dana, danas_driver, north, kind
):
    with tenant_scope(north.pk):
        consents.install_defaults(north)
        purpose = ConsentPurpose.objects.get(code="marketing-email")
        portal = ConsentEvent.Channel.PORTAL
        consents.record(danas_driver, purpose, "given", channel=portal, at=timezone.now(), language="sv", by=dana)
    client = sign_in(dana)
    assert client.post(f"{OWN}new/", {"kind": kind}).status_code == 302
    driver_page = f"/o/north/drivers/{danas_driver.public_id}/"
    for person in (pri, otto):
        assert "GDPR art." in sign_in(person).get(driver_page).content.decode()
    with tenant_scope(north.pk):
        assert not any(each.is_given for each in asked.questions(danas_driver, language="sv"))
        assert ProcessingLimit.objects.get(until=None).kind == kind
    client.post(f"{OWN}new/", {"kind": kind})
    with tenant_scope(north.pk):
        assert ProcessingLimit.objects.filter(until=None).count() == 1
    assert client.post(f"{OWN}limits/{kind}/lift/").status_code == 302
    assert "GDPR art." not in sign_in(otto).get(driver_page).content.decode()


def test_a_driver_corrects_their_own_details_and_issued_invoices_keep_theirs(sign_in, dana, danas_driver, north):
    details = {"phone": "070-1", "street": "Nygatan 2", "postal_code": "111 22", "city": "Växjö"}
    with tenant_scope(north.pk):
        before = danas_driver.identity_id
    assert sign_in(dana).post(f"{OWN}details/", details).status_code == 302
    with tenant_scope(north.pk):
        driver = Driver.objects.select_related("identity").get(pk=danas_driver.pk)
        assert (driver.identity.city, driver.identity.name) == ("Växjö", danas_driver.identity.name)
        assert DriverIdentity.objects.get(pk=before).city != "Växjö"


def test_a_copy_is_made_sealed_and_handed_out_only_after_a_fresh_proof(sign_in, dana, copied, north):
    with default_storage.open(copied.file.name) as file:
        stored = file.read()
    assert b"dana@example.com" not in stored
    assert not stored.startswith(b"PK")
    with pytest.raises(crypto.Unreadable):
        crypto.decrypt(stored, about="package:another")
    client, address = sign_in(dana), f"{OWN}copies/{copied.public_id}/"
    session = client.session
    session["proved_at"] = 0
    session.save()
    assert "/account/" in client.get(address)["Location"]
    answer = sign_in(dana).get(address)
    assert answer["Content-Type"] == "application/zip"
    files = unzipped(answer.content)
    assert "dana@example.com" in files["data.json"]
    assert "Dana" in files["index.html"]
    assert "csv/tenants.driveridentity.csv" in files
    with tenant_scope(north.pk):
        assert PersonRequest.objects.get().state == "answered"
        assert AuditEntry.objects.filter(event="package.fetched").count() == 1


def test_a_copy_is_nobody_else_s_and_ends(sign_in, pri, olga, copied, north):
    other = User.objects.create_user("elsa@example.com", PASSWORD, name="Elsa")
    with tenant_scope(north.pk):
        drivers.link_user(factories.driver("Elsa Annan"), user=other)
    assert sign_in(other).get(f"{OWN}copies/{copied.public_id}/").status_code == 404
    answer = sign_in(pri).get(f"/o/north/privacy/copies/{copied.public_id}/")
    assert (answer.status_code, answer["Location"]) == (302, f"{DESK}{copied.request.public_id}/"), "dana fetches it"
    with tenant_scope(north.pk):
        assert packages.remove_old(at=copied.expires_at - timedelta(seconds=1)) == 0
        assert packages.remove_old(at=copied.expires_at) == 1
        assert not default_storage.exists(copied.file.name)
        with pytest.raises(FileNotFoundError):
            packages.opened(PersonPackage.objects.get(), at=copied.expires_at)


def test_staff_hand_a_copy_over_to_who_has_no_account(sign_in, pri, north):
    with tenant_scope(north.pk):
        driver = factories.driver("Elsa Utan Konto")
    row = received(driver, "access", by=pri, identity_checked="Passport", channel="visit")
    client = sign_in(pri)
    assert client.post(f"{DESK}{row.public_id}/copy/").status_code == 302
    carry_out(north)
    with tenant_scope(north.pk):
        package = PersonPackage.objects.get()
    files = unzipped(client.get(f"/o/north/privacy/copies/{package.public_id}/").content)
    assert "Elsa Utan Konto" in files["data.json"]


def test_nothing_of_anybody_else_is_in_it(sign_in, dana, danas_driver, olga, pri, north):
    """Everybody at north has names, cards, sessions and invoices of their own; only dana's are in dana's copy."""
    with tenant_scope(north.pk):
        factories.tariff()
        at = factories.connector()
        others = [factories.driver("Canary Kanarie"), danas_driver]
        for number, driver in enumerate(others):
            card = Token.objects.create(driver=driver, uid=f"04CAFE{number}", visual_number=f"PRINTED-{number}")
            factories.session(at, driver, token=card)
        factories.rate_all()
        factories.issued()
    sign_in(olga).get(f"/o/north/drivers/{danas_driver.public_id}/")
    sign_in(dana).post(f"{OWN}copy/")
    carry_out(north)
    with tenant_scope(north.pk):
        package = PersonPackage.objects.select_related("request").get()
        files = unzipped(packages.opened(package, at=timezone.now()))
    whole = "\n".join(files.values())
    for own in ("04CAFE1", "PRINTED-1", "dana@example.com", "billing.invoiceline", "driver.viewed"):
        assert own in whole, own
    for other in ("Canary", "04CAFE0", "PRINTED-0", "olga@example.com", "Olga", "pri@example.com"):
        assert other not in whole, other
    data = json.loads(files["data.json"])["data"]
    assert len(data["charging.chargingsession"]) == 1
    assert all(row["name"] != "Canary Kanarie" for row in data["tenants.driveridentity"])


@pytest.mark.parametrize("source", sources.all_sources(), ids=lambda source: source.model._meta.label)
def test_no_field_of_a_copy_is_secret_or_names_another_person(source):
    for name in own_rows.fields(source):
        assert source.fields[name] not in (Kind.SECRET, Kind.TECHNICAL)
        related = source.model._meta.get_field(name).related_model
        assert related not in (Driver, DriverIdentity)
        assert not name.endswith("_by_id")


@pytest.mark.parametrize("source", sources.all_sources(), ids=lambda source: source.model._meta.label)
def test_the_rows_of_every_model_are_found_and_only_those_of_the_driver(source, in_north, danas_driver):
    """The path of the register is one that the database can follow, to this driver alone."""
    stranger = factories.driver("Canary Kanarie")
    for driver in (danas_driver, stranger):
        assert own_rows.rows(source, driver).count() >= 0
    own = {row.pk for row in own_rows.rows(source, danas_driver)}
    assert not own & {row.pk for row in own_rows.rows(source, stranger)}


def test_every_table_of_a_copy_has_its_word():
    assert [name for name in packages.section_names() if section_word(name) == name] == []


def test_every_field_of_a_copy_has_its_word_in_swedish():
    with translation.override("sv"):
        bare = {
            name
            for source in sources.all_sources()
            for name in own_rows.fields(source)
            if field_word(source.model._meta.label_lower, name) == name.replace("_", " ")
        }
    assert bare <= SAME_IN_SWEDISH


def test_a_copy_asked_for_twice_is_made_once(sign_in, dana, danas_driver, north):
    client = sign_in(dana)
    client.post(f"{OWN}copy/")
    client.post(f"{OWN}copy/")
    with tenant_scope(north.pk):
        assert PersonPackage.objects.count() == 1


def test_a_request_is_taken_back(sign_in, dana, danas_driver, north):
    row = received(danas_driver, by=dana)
    assert sign_in(dana).post(f"{OWN}{row.public_id}/withdraw/").status_code == 302
    with tenant_scope(north.pk):
        again = PersonRequest.objects.get()
        assert (again.state, isinstance(again.closed_at, datetime)) == ("withdrawn", True)
