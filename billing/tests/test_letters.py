"""Invoices by e-mail: queued once, sent at most once, as fast as was agreed, whatever the mail server does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.header import decode_header, make_header
from email.utils import parseaddr
from functools import partial
from io import BytesIO, StringIO, TextIOWrapper
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail as outbox
from django.core.management import call_command
from django.db import connection

from billing.domain.errors import BillingError, Code
from billing.models import DocumentLetter, Invoice, ReminderStep
from billing.selectors import letters as selector
from billing.selectors.credits import Asked
from billing.services import credit_notes, letters, payments, reminders, runs
from billing.tests.factories import NOVEMBER, connector, drafted, driver, flat, session, tariff
from tenants import work
from tenants.models import Account, AuditEntry, Operator
from tenants.services import mail


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_HOST = "mail.example"


def billed(*names, delivery="email"):
    tariff(flat("2.00"))
    at = connector()
    for name in names:
        session(at, driver(name, email=f"{name.lower()}@example.com"))
    Account.objects.update(delivery=delivery)
    return drafted()


@pytest.fixture
def run(in_north):
    return runs.issue(billed("Ada", "Bo", "Cia"), by=None, at=NOVEMBER)


class Clock:
    def __init__(self, at=NOVEMBER):
        self.at = at

    def __call__(self):
        return self.at

    def later(self, **more):
        self.at += timedelta(**more)


@pytest.fixture
def clock():
    return Clock()


def turn(operator, clock, most=50):
    """Do what may be done now; return how many letters were taken up."""
    count = 0
    while count < most and work.do_next(work.kind_named("document_letter"), operator.pk, clock=clock):
        count += 1
    return count


class Server:
    """A mail server that answers as it is told, and remembers what it took."""

    def __init__(self, *answers):
        self.answers, self.taken = list(answers), []

    def open(self):
        if self.answers and isinstance(self.answers[0], ConnectionRefusedError):
            raise self.answers.pop(0)

    def close(self):
        pass

    def send_messages(self, messages):
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        self.taken += messages


@pytest.fixture
def server(monkeypatch):
    def having(*answers):
        made = Server(*answers)
        monkeypatch.setattr(mail, "connection", lambda: made)
        return made

    return having


def test_a_runs_invoices_are_queued_once_and_sent_with_their_pdf(run, north, clock):
    Account.objects.filter(pk=Account.objects.latest("pk").pk).update(delivery="portal")
    assert selector.to_mail(run) == 2
    assert letters.mail_run(run, by=None, at=NOVEMBER) == 2
    assert letters.mail_run(run, by=None, at=NOVEMBER) == 0
    clock.later(minutes=1)
    assert turn(north, clock) == 2
    assert turn(north, clock) == 0
    first = outbox.outbox[0]
    assert first.to == ["ada@example.com"]
    assert first.subject == "Faktura F1 från North Charging AB"
    assert "25,00" in first.body
    ((name, content, kind),) = first.attachments
    assert (name, content[:5], kind) == ("F1.pdf", b"%PDF-", "application/pdf")
    row = DocumentLetter.objects.earliest("pk")
    assert (row.state, str(row.address), row.sent_at) == ("done", "ada@example.com", clock.at)
    assert AuditEntry.objects.filter(event="letters.queued").count() == 1


def test_the_address_lies_sealed(run, north, clock):
    letters.mail_run(run, by=None, at=NOVEMBER)
    clock.later(minutes=1)
    turn(north, clock)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(l::text, ' ') FROM billing_documentletter l")
        assert "example.com" not in cursor.fetchone()[0]


def test_without_a_mail_server_nothing_is_queued(run, settings):
    settings.EMAIL_HOST = ""
    with pytest.raises(BillingError) as refused:
        letters.mail_run(run, by=None, at=NOVEMBER)
    assert refused.value.code == Code.NO_MAIL_SERVER


def test_letters_leave_as_fast_as_was_agreed(run, north, clock):
    letters.keep_rules(per_minute=2)
    letters.mail_run(run, by=None, at=NOVEMBER)
    assert turn(north, clock) == 1
    clock.later(seconds=29)
    assert turn(north, clock) == 0
    clock.later(seconds=1)
    assert turn(north, clock) == 1


def test_after_a_stop_no_more_leave_a_minute_than_before(run, north, clock):
    letters.keep_rules(per_minute=2)
    letters.mail_run(run, by=None, at=NOVEMBER)
    clock.later(hours=1)
    turn(north, clock)
    assert len(outbox.outbox) == 2
    clock.later(minutes=1, seconds=1)
    turn(north, clock)
    assert len(outbox.outbox) == 3


def test_a_server_that_is_away_for_an_hour_gets_each_letter_once(run, north, clock, server):
    away = server(*[ConnectionRefusedError() for _ in range(36)])
    letters.mail_run(run, by=None, at=NOVEMBER)
    for _ in range(60):
        clock.later(minutes=5)
        turn(north, clock)
    assert sorted(message.to[0] for message in away.taken) == ["ada@example.com", "bo@example.com", "cia@example.com"]
    assert set(DocumentLetter.objects.values_list("state", flat=True)) == {"done"}


def test_a_letter_that_waits_for_the_server_says_so(run, north, clock, server):
    server(ConnectionRefusedError(), SMTPDataError(451, b"greylisted"))
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    for why in ("letter_server_away", "letter_asked_to_wait", ""):
        turn(north, clock)
        row = DocumentLetter.objects.get()
        assert (row.error, row.is_open) == (why, bool(why))
        clock.later(minutes=5)


def test_a_letter_is_from_the_operator_and_answers_go_there(run, north, clock, settings):
    settings.DEFAULT_FROM_EMAIL = "Wattledger <no-reply@example.com>"
    Operator.objects.update(email="faktura@north.example", name="Ladda, Åkern AB")
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    turn(north, clock)
    headers = outbox.outbox[0].message()
    name, address = parseaddr(headers["From"])
    assert (str(make_header(decode_header(name))), address) == ("Ladda, Åkern AB", "no-reply@example.com")
    assert headers["Reply-To"] == "faktura@north.example"


def mailed(document, north, clock):
    """The text of its letter."""
    letters.mail_invoice(document, by=None, at=clock.at)
    clock.later(minutes=1)
    turn(north, clock)
    return outbox.outbox[-1].body.replace("\xa0", " ")


def test_an_invoice_s_letter_says_where_to_pay_and_what(in_north, north, clock):
    Operator.objects.update(bankgiro="991-2346")
    invoice = Invoice.objects.filter(run=runs.issue(billed("Ada"), by=None, at=NOVEMBER)).get()
    told = "Betala 25,00 kr senast 2026-12-02 till bankgiro 991-2346 med OCR-nummer"
    assert told in mailed(invoice, north, clock)
    payments.record(invoice, Decimal(5), paid_on=NOVEMBER.date(), text="", by=None, today=clock.at.date())
    assert "Betala 20,00 kr senast" in mailed(invoice, north, clock)
    payments.record(invoice, Decimal(20), paid_on=NOVEMBER.date(), text="", by=None, today=clock.at.date())
    assert "Du behöver inte betala något." in mailed(invoice, north, clock)


@pytest.mark.parametrize(
    ("language", "on_the_day", "after_it"),
    [
        ("sv", "Betala 25,00 kr senast 2026-12-02 till", "faktura F1 från North Charging AB, som förföll 2026-12-02."),
        ("en", "by 2 Dec 2026 to", "invoice F1 from North Charging AB, which was due on 2 Dec 2026. Please pay"),
    ],
)
def test_the_letter_of_an_overdue_invoice_says_that_it_was_due(run, north, clock, language, on_the_day, after_it):
    Account.objects.update(language=language)
    invoice = Invoice.objects.earliest("number")
    clock.at = datetime(2026, 12, 2, 22, 30, tzinfo=UTC)  # The last half hour of the day in Stockholm.
    assert on_the_day in mailed(invoice, north, clock)
    clock.later(hours=1)
    body = mailed(invoice, north, clock)
    assert after_it in body
    assert on_the_day not in body


def test_a_credit_note_after_the_due_date_says_that_the_rest_was_due(run, north, clock):
    invoice = Invoice.objects.earliest("number")
    clock.at = datetime(2026, 12, 3, 12, tzinfo=UTC)
    asked = Asked({invoice.lines.get().position: Decimal(8)})
    part = credit_notes.credit(invoice, reason="-", by=None, at=clock.at, asked=asked)
    assert "Kvar att betala på fakturan, som förföll 2026-12-02, är 15,00 kr." in mailed(part, north, clock)


def test_who_has_told_of_no_account_is_paid_to_the_one_on_the_invoice(run, north, clock):
    assert "till kontot på fakturan med OCR-nummer" in mailed(Invoice.objects.earliest("number"), north, clock)


@pytest.mark.parametrize(
    ("paid", "email", "said"),
    [
        ("0", "", "Kvar att betala på fakturan är 15,00 kr. Den förfaller 2026-12-02 och betalas med OCR-nummer"),
        ("15", "", "Du har inget kvar att betala på fakturan."),
        ("25", "", "Du har betalat 10,00 kr för mycket. Pengarna får du tillbaka av North Charging AB."),
        ("25", "a@north.example", "skicka ditt namn och kontonummer till a@north.example."),
    ],
)
def test_a_credit_note_s_letter_says_what_becomes_of_the_money(run, north, clock, paid, email, said):
    Operator.objects.update(email=email)
    invoice = Invoice.objects.earliest("number")
    if Decimal(paid):
        payments.record(invoice, Decimal(paid), paid_on=NOVEMBER.date(), text="", by=None, today=clock.at.date())
    asked = Asked({invoice.lines.get().position: Decimal(8)})
    part = credit_notes.credit(invoice, reason="-", by=None, at=NOVEMBER, asked=asked)
    body = mailed(part, north, clock)
    assert f"har krediterat 10,00 kr på faktura F1, med kreditfaktura {part}." in body
    assert said in body


def test_a_server_that_stays_away_for_a_day_is_not_tried_for_ever(run, north, clock, server):
    server(*[ConnectionRefusedError() for _ in range(2000)])
    letters.mail_run(run, by=None, at=NOVEMBER)
    for _ in range(26):
        clock.later(hours=1)
        turn(north, clock)
    assert set(DocumentLetter.objects.values_list("state", "error")) == {("failed", "letter_too_late")}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (SMTPDataError(550, b"no"), "letter_refused"),
        (SMTPRecipientsRefused({"ada@example.com": (550, b"no such user")}), "letter_refused"),
        (SMTPServerDisconnected("in the middle"), "letter_not_known"),
        (TimeoutError(), "letter_not_known"),
    ],
)
def test_what_the_server_says_decides_whether_it_is_tried_again(run, north, clock, server, answer, error):
    spoken = server(answer)
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    turn(north, clock)
    assert [row.error for row in DocumentLetter.objects.all()] == [error]
    clock.later(hours=2)
    assert turn(north, clock) == 0
    assert spoken.taken == []


def test_a_server_that_says_later_is_asked_later(run, north, clock, server):
    spoken = server(SMTPDataError(451, b"greylisted"))
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    turn(north, clock)
    assert spoken.taken == []
    clock.later(minutes=5)
    turn(north, clock)
    assert len(spoken.taken) == 1


def test_a_worker_killed_after_the_server_took_it_sends_nothing_twice(run, north, clock, server, monkeypatch):
    taking = server()
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)

    class Killed(BaseException):
        pass

    def dies(*_args, **_facts):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(work, "finish", dies)
        with pytest.raises(Killed):
            turn(north, clock)
    assert len(taking.taken) == 1
    clock.later(hours=1)
    turn(north, clock)
    assert len(taking.taken) == 1
    assert DocumentLetter.objects.get().error == "letter_not_known"
    assert letters.send_again(DocumentLetter.objects.get(), by=None, at=clock.at) == 1  # a person says so
    turn(north, clock)
    assert len(taking.taken) == 2


def test_who_has_no_address_is_told_of_and_nobody_waits_for_it(run, north, clock):
    with connection.cursor() as cursor:
        first = Account.objects.earliest("pk").identity_id
        cursor.execute("UPDATE tenants_driveridentity SET email = '' WHERE id = %s", [first])
    letters.mail_run(run, by=None, at=NOVEMBER)
    clock.later(minutes=1)
    turn(north, clock)
    assert [row.error for row in DocumentLetter.objects.order_by("pk")] == ["letter_no_address", "", ""]


def test_a_letter_that_went_out_is_not_sent_again_by_mistake(run, north, clock):
    letters.mail_run(run, by=None, at=NOVEMBER)
    waiting = DocumentLetter.objects.earliest("pk")
    for _ in range(2):
        with pytest.raises(BillingError) as refused:
            letters.send_again(waiting, by=None, at=clock.at)
        assert refused.value.code == Code.LETTER_WAITS
        clock.later(minutes=1)
        turn(north, clock)


def test_a_letter_that_came_back_says_so_and_can_be_sent_again(run, north, clock, settings, client):
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    turn(north, clock)
    row = DocumentLetter.objects.get()
    told = {"message_id": outbox.outbox[0].message()["Message-ID"]}
    settings.MAIL_WEBHOOK_SECRET = ""
    secret = {"HTTP_AUTHORIZATION": "Bearer agreed-between-us"}
    post = partial(client.post, "/mail/bounced/", content_type="application/json")
    for status, data, shown in (
        (400, told, secret),  # none was agreed
        (400, told, {}),
        (400, {"message_id": "<x@y>"}, secret),
        (400, [], secret),
        (204, {"message_id": told["message_id"].replace("north", "south")}, secret),
    ):
        assert post(data, **shown).status_code == status
        settings.MAIL_WEBHOOK_SECRET = "agreed-between-us"
    assert DocumentLetter.objects.get().bounced_at is None
    assert post(told, **secret).status_code == 204
    assert DocumentLetter.objects.get().bounced_at is not None
    assert selector.listing(state=selector.BOUNCED).get() == row
    assert letters.send_again(row, by=None, at=clock.at) == 1


REPORT = """From: MAILER-DAEMON@mail.example
To: no-reply@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=B"

--=B
Content-Type: text/plain

I could not deliver it.
--=B
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; ada@example.com
Action: {action}
Status: 5.1.1

--=B
Content-Type: {kind}

Message-ID: {message_id}
Subject: Faktura F1

--=B--
"""


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_of_the_mail_server_marks_its_letter_and_no_other_mail_does(run, north, clock, kind, monkeypatch):
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    turn(north, clock)
    message_id = outbox.outbox[0].message()["Message-ID"]

    def hear(text):
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text.encode())))
        call_command("letter_bounced", stdout=StringIO())
        return DocumentLetter.objects.get().bounced_at is not None

    for other in ("", "Hej!", REPORT.format(action="delayed", kind=kind, message_id=message_id),
                  REPORT.format(action="failed", kind=kind, message_id="<x@y>"),
                  REPORT.format(action="failed", kind="text/plain", message_id=message_id)):  # fmt: skip
        assert not hear(other), other
    assert hear(REPORT.format(action="failed", kind=kind, message_id=message_id))


def test_the_operator_has_invoices_mailed_as_they_are_issued(in_north, north, clock):
    letters.keep_rules(on_issue=True)
    runs.issue(billed("Ada"), by=None, at=NOVEMBER)
    assert turn(north, clock) == 1
    assert outbox.outbox[0].to == ["ada@example.com"]


def test_without_the_pdf_the_letter_leads_to_the_portal(run, north, clock):
    letters.keep_rules(attaches_pdf=False)
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    turn(north, clock)
    assert outbox.outbox[0].attachments == []
    assert "/o/north/" in outbox.outbox[0].body


def test_the_operators_own_words_are_filled_with_what_is_known(run, north, clock):
    letters.keep_rules(texts={"sv": {"subject": "{invoice}!", "text": "Betala {unpaid} till {operator}, {due}."}})
    letters.mail_invoice(Invoice.objects.earliest("number"), by=None, at=NOVEMBER)
    turn(north, clock)
    assert outbox.outbox[0].subject == "F1!"
    assert outbox.outbox[0].body == "Betala 25,00\xa0kr till North Charging AB, 2026-12-02.\n"
    with pytest.raises(BillingError) as refused:
        letters.keep_rules(texts={"en": {"subject": "", "text": "{0.__class__}"}})
    assert refused.value.code == Code.REMINDER_PLACEHOLDER


def test_a_reminder_is_mailed_in_the_steps_words_with_the_document_of_its_costs(run, north, clock):
    reminders.keep_steps([ReminderStep(days=5, asks_costs=True, texts={"sv": "Betala {unpaid} nu."})])
    reminders.keep_terms(None, fee_since=(NOVEMBER - timedelta(days=400)).date(), due_day_agreed=True)
    clock.later(days=40)
    reminders.send(Invoice.objects.filter(run=run, number=1), by=None, at=clock.at)
    assert turn(north, clock) == 1
    letter = outbox.outbox[0]
    assert letter.subject == "Påminnelse: faktura F1"
    assert letter.body.startswith("Betala 25,00\xa0kr nu.")
    assert "påminnelseavgift 60,00\xa0kr" in letter.body
    assert sorted(name for name, _content, _kind in letter.attachments) == ["F1.pdf", "F4.pdf"]
