"""Erasure: nothing that identifies the person is left but what bookkeeping keeps, and a restore changes nothing."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest
import redis
from django.apps import apps
from django.conf import settings as django_settings
from django.core import mail as outbox
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from billing.documents import pdf
from billing.models import Export, Invoice, Payment, SessionPrice
from billing.services import credit_notes, documents, for_books, payments
from billing.tests import factories
from billing.tests.test_bank_files import detail, message
from billing.tests.test_bank_files import entry as entry_of
from billing.tests.test_payments import come
from charging.models import (
    AccountMember,
    ChargingSession,
    EarlierHolder,
    FileImport,
    ImportLook,
    RejectedRow,
    SettingTemplate,
    SignedRecord,
    StationCharge,
    StationCommand,
    StationMessage,
    StationSetting,
    Token,
)
from charging.selectors import numbers
from portal.tests.dump import found_in_tables
from portal.tests.examples import example
from portal.words import erasures as words
from tenants import bookkeeping, work
from tenants.bookkeeping import Why
from tenants.crypto import Shut, Unreadable
from tenants.models import (
    Account,
    AuditEntry,
    BooksKey,
    BrowserSession,
    Driver,
    DriverIdentity,
    Erasure,
    Invitation,
    KeptKey,
    Membership,
    PersonKey,
    RetentionNight,
    SavedView,
    SearchIndex,
    User,
)
from tenants.privacy import erasure, erasure_ledger, packages, retention, sources
from tenants.privacy.sources import Kind
from tenants.scoping import tenant_scope
from tenants.sealed_fields import SealedField
from tenants.selectors import names
from tenants.services import books_keys, indexing
from tenants.services.people import accounts, drivers, memberships, person_requests

CANARY = "kanariefagel"
UID = f"{CANARY}UID"
SIGNED = f'OCMF|{{"ID":"{CANARY}"}}|{{}}'
ANSWER = "Vi har raderat det vi hade."


@pytest.fixture(autouse=True)
def ledger(settings, tmp_path):
    settings.ERASURES_DIR = str(tmp_path / "erasures")
    settings.MEDIA_ROOT = str(tmp_path / "files")
    settings.EMAIL_HOST = "mail.example.com"


def entry(model):
    """The model in the register."""
    return next(source for source in sources.all_sources() if source.model is model)


def canary(field):
    """A text of the field's own that is found wherever it went; shorter where the field is."""
    text = f"{CANARY}{field.name.replace('_', '')}"
    if isinstance(field, models.EmailField):
        return f"{text}@example.com"
    return text[: field.max_length or 200]


@pytest.fixture
def full(north, dana, danas_driver, fina):
    """Dana, with a canary in every field of their identity and in everything that could quote them."""
    names_of = entry(DriverIdentity).of_kind(Kind.IDENTITY)
    said = {name: canary(DriverIdentity._meta.get_field(name)) for name in names_of if name != "country"}
    now = timezone.now()
    with tenant_scope(north.pk):
        drivers.change_identity(danas_driver, **said)
        dana.email, dana.name = f"{CANARY}user@example.com", f"{CANARY}user"
        dana.save()
        card = example(Token, driver=danas_driver, uid=UID, visual_number=f"{CANARY}printed", file_import=None)
        example(Token, merged_into=card, driver=None, uid="04:A1:B2:C3:D4:E5:F6", file_import=None)
        other = factories.driver("Somebody Else")
        EarlierHolder.objects.create(token=example(Token, uid="04FF"), driver=danas_driver, until=now)
        uploaded = default_storage.save(f"imports/{north.pk}/in.csv", ContentFile(UID.encode()))
        file = example(FileImport, state="done", file=uploaded)
        example(
            RejectedRow, file_import=file, cells=["1", UID.lower(), ""], mended=["1", UID, "x"], facts={"card": UID}
        )
        example(RejectedRow, file_import=file, cells=["2", "04FF", ""])
        example(ImportLook, file_import=file, state="done", found={"rows": [[UID]]})
        at = factories.connector()
        session = factories.session(at, danas_driver, token=card, review_note=f"{CANARY} called", external_id="77")
        ChargingSession.objects.filter(pk=session.pk).update(source="ocpp", file_import=file, review="written_off")
        said_so = f'[2,"1","Authorize",{{"idTag":"{UID}"}}]'
        example(StationMessage, station=at.station, action="Authorize", raw=said_so, received_at=now)
        example(StationMessage, station=at.station, action="StartTransaction", raw=said_so, number=77, received_at=now)
        example(StationCharge, station=at.station, number=77, said=f"1|{card.uid_mark}|0", id_tag=UID, is_stopped=True)
        example(SignedRecord, station=at.station, number=77, raw=f'OCMF|{{"ID":"{UID}"}}|{{}}')
        example(StationCommand, station=at.station, id_tag=UID, asked_at=now)
        example(StationSetting, station=at.station, name="LocalList", value=f"04FF,{UID.lower()}")
        example(StationSetting, station=at.station, name="FreeList", value="04FF")
        example(StationSetting, station=at.station, name="OldList", value="04FF,04a1b2c3d4e5f6")
        example(SettingTemplate, wanted={"LocalList": f"04FF,{UID}", "Interval": "60"})
        example(StationCommand, station=at.station, kind="change_setting", wanted={"key": "LocalList"}, value=UID)
        SavedView.objects.create(user=fina, list_name="drivers", name="Hers", query=f"q={CANARY}name&sort=number")
        SavedView.objects.create(user=fina, list_name="drivers", name=f"Of {CANARY}name", query="q=1")
        SavedView.objects.create(user=fina, list_name="drivers", name="Surname", query=f"sort=name&q={CANARY[:8]}")
        SavedView.objects.create(user=fina, list_name="drivers", name="Another", query="q=Somebody+Else")
        mailbox = {"email": f"{CANARY}invited@example.com", "expires_at": now, "secret_sha256": "x"}
        Invitation.objects.create(operator=north, role="driver", driver_public_id=danas_driver.public_id, **mailbox)
        stored = default_storage.save(f"operators/{north.pk}/exports/made.xlsx", ContentFile(CANARY.encode()))
        example(Export, state="done", file=stored, finished_at=now)
        hold = retention.hold(driver=danas_driver, reason=f"{CANARY} hold", by=fina, at=now)
        retention.lift(hold, at=now)
        packages.ask(
            person_requests.receive(danas_driver, "access", by=dana, at=now, text=f"{CANARY} text"),
            language="sv",
            by=dana,
            at=now,
        )
        request = person_requests.receive(danas_driver, "erasure", by=dana, at=now, text=f"{CANARY} erase me")
        factories.session(at, other)
    done(north, "person_package")
    with tenant_scope(north.pk):
        index()
        assert names.like(CANARY)
    return request


def index():
    SearchIndex.objects.update(state="queued", leased_until=None, attempts=0)
    last = DriverIdentity.objects.latest("pk").pk
    indexing.index(names._IDENTITIES, after=0, last=last)
    SearchIndex.objects.update_or_create(subject="names", defaults={"up_to": last, "state": "done"})


def done(north, kind):
    while work.do_next(work.kind_named(kind), north.pk, clock=timezone.now):
        pass


def erase(client, north, request):
    answer = client.post(f"/o/north/privacy/requests/{request.public_id}/erase/", {"answer": ANSWER})
    assert answer.status_code == 302, answer.context["form"].errors
    done(north, Erasure.work_kind)
    with tenant_scope(north.pk):
        return Erasure.objects.get()


def found_in_files(text=CANARY):
    """Names of files that say it: of those that are kept sealed, once they are opened with the operator's key."""
    kept, ledger = Path(django_settings.MEDIA_ROOT), Path(django_settings.ERASURES_DIR)
    said = {path.name: path.read_bytes() for path in ledger.rglob("*") if path.is_file()}
    for path in (path for path in kept.rglob("*") if path.is_file()):
        with default_storage.open(path.relative_to(kept).as_posix()) as file:
            said[path.name] = file.read()
    return [name for name, content in said.items() if text.encode() in content or text in name]


def found_in_redis(text=CANARY):
    server = redis.Redis.from_url(django_settings.REDIS_URL)
    return [key for key in server.scan_iter() if text.encode() in key + (server.dump(key) or b"")]


def said_of(user):
    """Address and name of who signs in, opened."""
    row = User.objects.get(pk=user.pk)
    return row.email, row.name


def test_nothing_of_the_person_is_left_in_any_table_file_or_cache(sign_in, pri, north, full, dana):
    assert found_in_tables(CANARY) == {}, "nothing lies in clear even before"
    with tenant_scope(north.pk):
        charge = StationCharge.objects.get(number=77)
        assert (charge.id_tag, charge.said) == (UID, f"1|{Token.uid_marks(UID, north.pk)[0]}|0")
    assert {"in.csv", "made.xlsx"} <= set(found_in_files())
    row = erase(sign_in(pri), north, full)
    assert (row.state, row.error) == ("done", "")
    assert found_in_tables(CANARY) == {}
    assert found_in_files() == []
    assert found_in_redis() == []
    with tenant_scope(north.pk):
        driver = Driver.objects.get(pk=full.driver_id)
        assert (driver.customer_number, driver.is_active, driver.user_id) == (f"X-{driver.pk}", False, None)
        assert Account.objects.get(driver=driver).customer_number == driver.customer_number
        assert not names.like(CANARY)
        assert ["2", "04FF", ""] in [row.cells for row in RejectedRow.objects.all()], "somebody else's row stays"
        assert Token.objects.filter(numbers.of_uid("04FF")).exists()
        assert not ChargingSession.objects.filter(driver=driver).exists(), "a session that nobody pays for is let go"
        charge.refresh_from_db()
        assert (charge.id_tag, charge.said) == ("", f"X-{charge.pk}")
        assert not StationMessage.objects.exists()
        assert not SignedRecord.objects.exists(), "no invoice rests on it"
        (asked,) = StationCommand.objects.all()
        assert (asked.kind, asked.told) == ("change_setting", {"key": "LocalList", "value": ""})
        assert asked.state == "expired", "sent now, it would empty the list of the station"
        assert [row.value for row in StationSetting.objects.order_by("name")] == ["04FF", "", ""]
        assert SettingTemplate.objects.get().wanted == {"Interval": "60"}
        assert [view.name for view in SavedView.objects.all()] == ["Another"], "a search for somebody else stays"
        assert said_of(dana) == (f"{dana.public_id}@erased.invalid", "")


def test_what_is_sealed_stands_in_no_table_and_opens_no_more_once_its_key_is_gone(sign_in, pri, north, full):
    sealed = [field for field in DriverIdentity._meta.concrete_fields if isinstance(field, SealedField)]
    assert {"name", "city", "email", "phone", "street", "postal_code", "delivery_city", "vat_number"} <= {
        field.name for field in sealed
    }
    with tenant_scope(north.pk):
        driver = Driver.objects.select_related("identity").get(pk=full.driver_id)
        identity = driver.identity
        assert all(getattr(identity, field.name) == canary(field) for field in sealed)
        (box, *_) = DriverIdentity.objects.filter(pk=identity.pk).values_list("phone", flat=True)
    page = sign_in(pri).get(f"/o/north/drivers/{driver.public_id}/").content.decode()
    assert canary(DriverIdentity._meta.get_field("email")) in page
    for text in [*map(canary, sealed), f"{CANARY}invited"]:
        assert (found_in_tables(text), found_in_redis(text)) == ({}, []), text
    erase(sign_in(pri), north, full)
    with tenant_scope(north.pk):
        assert not PersonKey.objects.filter(driver=full.driver_id).exists()
        with pytest.raises(Unreadable):
            str(box)


def test_the_person_can_sign_in_no_more_and_is_told_before_the_address_goes(
    sign_in, pri, north, dana, full, django_capture_on_commit_callbacks
):
    sign_in(dana)
    outbox.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        erase(sign_in(pri), north, full)
    dana.refresh_from_db()
    assert (dana.is_active, dana.has_usable_password()) == (False, False)
    assert not BrowserSession.objects.filter(user=dana).exists()
    assert not Membership.objects.filter(user=dana).exists()
    (letter,) = outbox.outbox
    assert letter.to == [f"{CANARY}user@example.com"]
    assert ANSWER in letter.body
    with tenant_scope(north.pk):
        assert Token.objects.get(driver=full.driver_id).is_blocked


def test_who_works_somewhere_keeps_their_sign_in(sign_in, pri, north, south, dana, full):
    memberships.add(dana, operator=south, role="auditor")
    row = erase(sign_in(pri), north, full)
    dana.refresh_from_db()
    assert dana.is_active
    assert dana.email == f"{CANARY}user@example.com"
    assert [place.operator_id for place in Membership.objects.filter(user=dana)] == [south.pk]
    assert {each["code"] for each in row.stays} >= {"sign_in"}
    assert found_in_tables(CANARY) == {}


@pytest.fixture
def billed(north, danas_driver, dana):
    """Dana, with an issued invoice of November 2026."""
    with tenant_scope(north.pk):
        drivers.change_identity(
            danas_driver, name=f"{CANARY} Dana", email=f"{CANARY}@example.com", phone=f"{CANARY}1", street=f"{CANARY} 2"
        )
        drivers.change_identity(danas_driver, street=f"{CANARY} 3")
        factories.tariff()
        session = factories.session(factories.connector(), danas_driver)
        ChargingSession.objects.filter(pk=session.pk).update(source="ocpp", external_id="88")
        example(SignedRecord, station=session.station, number=88, raw=SIGNED)
        factories.rate_all()
        factories.issued()
        invoice = Invoice.objects.get(account__driver=danas_driver)
        documents.pdf(invoice)
        return person_requests.receive(danas_driver, "erasure", by=dana, at=timezone.now())


def test_what_bookkeeping_demands_stays_with_its_day_and_nothing_besides(sign_in, pri, north, billed):
    with tenant_scope(north.pk):
        invoice = Invoice.objects.select_related("buyer").get()
        content = documents.pdf(invoice)
    row = erase(sign_in(pri), north, billed)
    assert invoice.issued_at is not None
    until = f"{invoice.issued_at.year + 7}-12-31"
    assert {each["code"]: each["until"] for each in row.stays if each["until"]} == dict.fromkeys(
        ("invoices", "names", "sessions"), until
    )
    assert found_in_tables(CANARY) == {}
    with tenant_scope(north.pk):
        assert not PersonKey.objects.exists()
        with bookkeeping.opened(Why.AUDIT, about=invoice):
            identity = DriverIdentity.objects.get(pk=invoice.buyer_id)
            assert (identity.name, identity.street) == (f"{CANARY} Dana", f"{CANARY} 3")
            assert (identity.email, identity.phone) == ("", "")
            assert documents.pdf(invoice) == content
        assert not names.like(CANARY)
        assert SessionPrice.objects.count() == 1


def opened_in_tables(north, text=CANARY):
    """Columns of sealed texts in which this stands, once all that opens is opened; what is gone is gone."""
    found = set()
    with tenant_scope(north.pk):
        for model in apps.get_models():
            sealed = [field for field in model._meta.concrete_fields if isinstance(field, SealedField)]
            for row in model._default_manager.all() if sealed else ():
                for field in sealed:
                    with suppress(Unreadable):
                        if text in str(getattr(row, field.attname)):
                            found.add(field.full_column)
    return found


def test_what_is_kept_opens_for_bookkeeping_alone_and_after_its_day_not_at_all(sign_in, pri, fina, north, billed):
    """Nobody's key but bookkeeping's opens a name or a document of the erased; once that is destroyed nothing does."""
    with tenant_scope(north.pk):
        invoice = Invoice.objects.select_related("buyer", "account").get()
        content = documents.pdf(invoice)
    assert opened_in_tables(north) >= {"tenants_driveridentity.name", "tenants_driveridentity.email"}
    erase(sign_in(pri), north, billed)
    assert opened_in_tables(north) == set()
    with tenant_scope(north.pk), pytest.raises(Shut, match="bookkeeping alone"):
        documents.pdf(invoice)
    client, of_invoice = sign_in(fina), f"/o/north/finance/invoices/{invoice.public_id}/"
    assert client.get(of_invoice).status_code == 200, "the page stands, without the name"
    assert CANARY not in client.get(of_invoice).content.decode()
    kept = client.get(f"{of_invoice}pdf/")
    assert kept["Location"] == f"{of_invoice}kept/"
    assert invoice.issued_at is not None
    assert client.get(kept["Location"]).context["until"] == date(invoice.issued_at.year + 7, 12, 31)
    assert client.post(kept["Location"], {}).status_code == 400, "nobody opens it without saying what for"
    assert client.post(kept["Location"], {"why": "payer"}).status_code == 400, "which only a payer's own door says"
    taken = client.post(kept["Location"], {"why": "authority", "file": "pdf"})
    assert (taken["Content-Type"], taken.content) == ("application/pdf", content)
    with tenant_scope(north.pk):
        session = ChargingSession.objects.get(external_id="88")
        assert session.driver_id is not None
    assert client.get(f"/o/north/sessions/{session.public_id}/").status_code == 200
    signed = client.post(kept["Location"], {"why": "claim", "file": "signed"})
    with ZipFile(BytesIO(signed.content)) as archive:
        assert CANARY in archive.read("88.xml").decode()
    with tenant_scope(north.pk):
        told, again = AuditEntry.objects.filter(event="books.opened").order_by("pk")
        assert (told.additional_data, told.object_id) == ({"books_reason": "authority"}, invoice.pk)
        assert again.additional_data == {"books_reason": "claim"}
        assert told.actor_id == fina.pk
    with bookkeeping.opened(Why.AUDIT):
        assert opened_in_tables(north) == {
            *("tenants_driveridentity.name", "tenants_driveridentity.street", "charging_signedrecord.raw"),
        }
    for last, at in ((False, datetime(2033, 12, 31, 12, tzinfo=UTC)), (True, datetime(2034, 1, 1, 12, tzinfo=UTC))):
        with tenant_scope(north.pk):
            RetentionNight.objects.create(night=at.date(), at=at)
        done(north, RetentionNight.work_kind)
        with bookkeeping.opened(Why.AUDIT):
            assert bool(opened_in_tables(north)) is not last
    over = client.post(kept["Location"], {"why": "authority", "file": "pdf"})
    assert over.context["is_over"]
    with bookkeeping.opened(Why.AUDIT), tenant_scope(north.pk), pytest.raises(Shut, match="is over"):
        documents.pdf(invoice)


def pay(invoice, amount, ref):
    """A payment of the invoice in a file of a bank, by somebody whose name and account are told."""
    told = detail(amount, told=f"<Ustrd>{invoice.number} {CANARY}words</Ustrd>", name=f"<Nm>{CANARY} Dana</Nm>")
    come(message(entry_of(told.replace("SE45 5000", f"SE{CANARY}"), amount=amount, ref=ref)))
    return Payment.objects.latest("pk")


def test_who_paid_opens_for_bookkeeping_alone_also_of_what_is_paid_later(sign_in, pri, fina, north, billed):
    """By a bank's file or as somebody typed it, before the erasure or after it; a stranger's payment stays as it is."""
    texts = {f"billing_payment.{name}" for name in ("text", "payer_name", "payer_account")}
    with tenant_scope(north.pk):
        invoice = Invoice.objects.get()
        first = pay(invoice, "0.50", "A1")
        payments.settle(first, invoice, how="nod", by=fina)
        stranger = pay(invoice, "0.25", "A2")
        old_mark = Payment.objects.get(pk=first.pk).payer_account_mark
        assert old_mark == Payment.objects.get(pk=stranger.pk).payer_account_mark != ""
    row = erase(sign_in(pri), north, billed)
    assert row.went["payments"] == 1
    assert {"code": "payments", "count": 1, "until": f"{first.paid_on.year + 7}-12-31"} in row.stays
    with tenant_scope(north.pk):
        late = pay(invoice, "0.75", "A3")
        payments.settle(late, invoice, how="nod", by=fina)
        by_hand = payments.record(
            invoice, Decimal("0.10"), paid_on=first.paid_on, text=f"{CANARY} at the desk", by=fina, today=first.paid_on
        )
        kept = {first.pk, late.pk, by_hand.pk}
        assert opened_in_tables(north) == texts
        assert not [
            pk for pk in kept if CANARY in str(Payment.objects.filter(pk=pk).values_list("text", "payer_name")[0])
        ]
        assert {each.pk for each in Payment.objects.all() if each.payer_name or each.text} == {stranger.pk}
        assert set(Payment.objects.filter(pk__in=kept).values_list("payer_account_mark", flat=True)) == {""}
    with bookkeeping.opened(Why.AUDIT), tenant_scope(north.pk):
        assert Payment.objects.get(pk=late.pk).payer_name == f"{CANARY} Dana"
        assert Payment.objects.get(pk=by_hand.pk).text == f"{CANARY} at the desk"
    with tenant_scope(north.pk):
        books_keys.destroy(list(BooksKey.objects.filter(until__year=first.paid_on.year + 7)))
    with bookkeeping.opened(Why.AUDIT), tenant_scope(north.pk):
        assert Payment.objects.get(pk=late.pk).payer_name == ""


def test_the_database_lets_who_paid_be_closed_and_nothing_else_of_a_payment(north, fina, billed):
    with tenant_scope(north.pk):
        invoice = Invoice.objects.get()
        first, other = pay(invoice, "0.50", "A1"), pay(invoice, "0.25", "A2")
        payments.settle(first, invoice, how="nod", by=fina)
        before = Payment.objects.get(pk=first.pk).__dict__["payer_name"]
        assert for_books.seal_payers(Payment.objects.filter(pk=first.pk)) == 1
        assert for_books.seal_payers(Payment.objects.filter(pk=first.pk)) == 0
        closed = Payment.objects.get(pk=first.pk).__dict__["payer_name"]
        assert len(closed.box) == len(before.box)
        for pk, change in (
            (first.pk, {"payer_name": before}),
            (first.pk, {"payer_account_mark": "anew"}),
            (first.pk, {"amount": 1}),
            (other.pk, {"payer_name": before, "payer_account_mark": ""}),
            (other.pk, {"payer_name": "", "payer_account_mark": ""}),
            (other.pk, {"payer_name": closed, "payer_account_mark": "", "amount": 1}),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                Payment.objects.filter(pk=pk).update(**change)


def test_a_company_s_document_that_names_the_erased_is_sealed_so_too(sign_in, pri, north, dana, danas_driver):
    with tenant_scope(north.pk):
        drivers.change_identity(danas_driver, name=f"{CANARY} Dana")
        company = accounts.create(kind="company", name="Bolaget AB")
        factories.tariff()
        AccountMember.objects.create(account=company, driver=danas_driver)
        session = factories.session(factories.connector(), danas_driver)
        factories.rate_all()
        factories.issued()
        invoice = Invoice.objects.get()
        assert session.pk in invoice.lines.values_list("session", flat=True)
        request = person_requests.receive(danas_driver, "erasure", by=dana, at=timezone.now())
    erase(sign_in(pri), north, request)
    with tenant_scope(north.pk):
        with pytest.raises(Shut):
            documents.pdf(invoice)
        with bookkeeping.opened(Why.PAYER, about=invoice):
            assert documents.pdf(invoice).startswith(b"%PDF")


def test_a_document_made_after_the_erasure_is_sealed_so_at_once_and_keeps_the_name_as_long(
    sign_in, pri, north, fina, billed
):
    with tenant_scope(north.pk):
        invoice = Invoice.objects.get()
    erase(sign_in(pri), north, billed)
    at = datetime(2028, 3, 1, 12, tzinfo=UTC)
    with tenant_scope(north.pk):
        note = credit_notes.credit(invoice, reason="Fel", by=fina, at=at)
        with pytest.raises(Shut):
            documents.pdf(note)
        assert [row.until.year for row in BooksKey.objects.order_by("until")] == [2033, 2035]
        books_keys.destroy(list(BooksKey.objects.filter(until__year=2033)))
        with bookkeeping.opened(Why.AUDIT):
            assert documents.pdf(note).startswith(b"%PDF")
            assert DriverIdentity.objects.get(pk=note.buyer_id).name == f"{CANARY} Dana"


def test_a_key_that_an_older_part_of_keys_brings_back_is_destroyed_again(sign_in, pri, north, billed):
    with tenant_scope(north.pk):
        key = PersonKey.objects.values("pk", "driver_id", "operator_key_id", "wrapped", "made_at").get()
        gone = DriverIdentity.objects.order_by("pk").values_list("name", flat=True)[0]
        assert str(gone)
    erase(sign_in(pri), north, billed)
    with tenant_scope(north.pk):
        KeptKey.objects.all().delete()
        PersonKey.objects.create(**key)
    assert opened_in_tables(north), "the key is back, and with it the name"
    assert erasure.replay(north.pk, at=timezone.now()) == 1
    assert opened_in_tables(north) == set()
    with tenant_scope(north.pk), bookkeeping.opened(Why.AUDIT):
        assert DriverIdentity.objects.latest("pk").name == f"{CANARY} Dana", "what an invoice bears is kept again"
        with pytest.raises(Unreadable):
            str(gone)
    assert erasure.replay(north.pk, at=timezone.now()) == 0


def test_somebody_whose_key_is_gone_already_is_erased_again_all_the_same(sign_in, pri, north, full):
    """With a later part of keys than the dump: names do not open, cards and the index are cleaned by what does."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT backup")
    erase(sign_in(pri), north, full)
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO SAVEPOINT backup")
    with tenant_scope(north.pk):
        PersonKey.objects.filter(driver=full.driver_id).delete()
    assert erasure.replay(north.pk, at=timezone.now()) == 1
    assert found_in_tables(CANARY) == {}
    assert opened_in_tables(north) == set()


def test_what_is_not_billed_yet_or_held_is_settled_first(sign_in, pri, north, fina, danas_driver, dana):
    with tenant_scope(north.pk):
        request = person_requests.receive(danas_driver, "erasure", by=dana, at=timezone.now())
        session = factories.session(factories.connector(), danas_driver)
    client = sign_in(pri)
    address = f"/o/north/privacy/requests/{request.public_id}/erase/"
    assert client.get(address).context["bars"] == [(words.BARS["unbilled"], 1)]
    assert client.post(address, {"answer": ANSWER}).status_code == 400
    with tenant_scope(north.pk):
        ChargingSession.objects.filter(pk=session.pk).update(review="written_off")
        hold = retention.hold(driver=danas_driver, reason="Case", by=fina, at=timezone.now())
    assert client.get(address).context["bars"] == [(words.BARS["held"], 1)]
    assert client.post(address, {"answer": ANSWER}).status_code == 400
    with tenant_scope(north.pk):
        retention.lift(hold, at=timezone.now())
    assert erase(client, north, request).state == "done"


def test_it_takes_a_second_person_where_the_operator_wants_one(sign_in, pri, olga, north, danas_driver, dana):
    with tenant_scope(north.pk):
        request = person_requests.receive(danas_driver, "erasure", by=dana, at=timezone.now())
        north.four_eyes = [erasure.ACTION]
        north.save(update_fields=["four_eyes"])
    client, address = sign_in(pri), f"/o/north/privacy/requests/{request.public_id}/erase/"
    waits = client.post(address, {"answer": ANSWER})
    assert "/approvals/" in waits["Location"]
    with tenant_scope(north.pk):
        assert not Erasure.objects.exists()
    assert sign_in(olga).post(f"{waits['Location']}decide/", {"approve": ""}).status_code == 302
    assert erase(client, north, request).state == "done"


def test_a_restored_backup_does_not_bring_the_person_back(sign_in, pri, north, full, dana):
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT backup")
    erase(sign_in(pri), north, full)
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO SAVEPOINT backup")
    assert said_of(dana) == (f"{CANARY}user@example.com", f"{CANARY}user"), "the person is back"
    assert erasure.replay(north.pk, at=timezone.now()) == 1
    assert said_of(dana) == (f"{dana.public_id}@erased.invalid", "")
    assert found_in_tables(CANARY) == {}
    assert erasure.replay(north.pk, at=timezone.now()) == 0


def test_the_ledger_names_nobody(sign_in, pri, north, full):
    erase(sign_in(pri), north, full)
    (mark,) = erasure_ledger.noted()
    assert str(full.driver.public_id) not in mark
    assert mark == erasure_ledger.mark(full.driver.public_id)


def test_the_certificate_says_what_went_and_what_stays_and_not_who(sign_in, pri, north, full):
    client = sign_in(pri)
    row = erase(client, north, full)
    page = client.get(f"/o/north/privacy/erasures/{row.public_id}/")
    text = page.content.decode()
    assert CANARY not in text
    assert {what for what, _n in page.context["went"]} >= {words.CARDS, words.DETAILS, words.SIGN_IN, words.FILES}
    assert {what for what, *_more in page.context["stays"]} == {
        str(words.STAYS[code][0]) for code in ("log", "request")
    }
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="erasure.done").count() == 1


def test_the_certificate_comes_as_a_document_that_says_the_same(sign_in, pri, north, full, monkeypatch):
    client = sign_in(pri)
    row = erase(client, north, full)
    address = f"/o/north/privacy/erasures/{row.public_id}/"
    answer = client.get(f"{address}certificate.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    monkeypatch.setattr(pdf, "render", lambda page, **_more: orjson.dumps(page))
    told, page = orjson.loads(client.get(f"{address}certificate.pdf").content), client.get(address).context
    assert [what.lower() for what, _count in told["went"]] == [what.lower() for what, _count in page["went"]]
    assert [each[1:] for each in told["stays"]] == [list(each[1:]) for each in page["stays"]]
    assert [erasure_ledger.mark(full.driver.public_id)] == [value for _, value in told["facts"] if len(value) > 40]
    assert CANARY not in orjson.dumps(told).decode()


def test_every_identity_that_the_register_knows_has_its_end():
    """A field that joins the register is emptied or goes with its row; what stays is a choice, a time or a number."""
    for source in sources.all_sources():
        left = [name for name in source.of_kind(Kind.IDENTITY) if name not in erasure.emptied(source)]
        if erasure.fate(source) is not erasure.Fate.REMOVED and source.model is not User:
            free = [name for name in left if erasure._is_free(source.model._meta.get_field(name))]
            assert free in ([], ["customer_number"]), source.model._meta.label


def test_everything_that_goes_or_stays_has_words():
    here = [source for source in sources.all_sources() if source.person != "user"]
    gone = {source.model._meta.label_lower for source in here if erasure.fate(source) is not erasure.Fate.KEPT}
    assert gone - set(words.WENT) - {"tenants.user"} == set()
    assert set(words.BARS) == {"held", *erasure._bars}


def test_documents_that_are_closed_are_not_said_to_be_sign_ins():
    told = dict(words.went({"documents": 11, "sign_ins": 1}))
    assert sorted(told.values()) == ["1", "11"]
