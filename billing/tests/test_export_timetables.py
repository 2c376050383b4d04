"""Files that are made by themselves: of the right days, once, and handed over once on their way."""

from datetime import UTC, date, datetime
from smtplib import SMTPDataError, SMTPServerDisconnected

import pytest
from django.core import mail as outbox

from billing.domain.errors import BillingError, Code
from billing.e_invoices.ways import Answer, Became
from billing.e_invoices.ways.https import Https
from billing.models import Export, ExportDelivery, ExportTimetable
from billing.selectors import exports as selector
from billing.services import export_timetables as services
from billing.services.export_timetables import Wanted
from billing.tests.test_letters import Server
from tenants import work
from tenants.outside import NotReached
from tenants.scoping import tenant_scope
from tenants.services import mail

pytestmark = pytest.mark.usefixtures("files")
NOVEMBER = datetime(2026, 11, 11, 9, tzinfo=UTC)  # a Wednesday
DECEMBER = datetime(2026, 12, 1, 9, tzinfo=UTC)
INVOICES = {"kind": "invoices", "form": "csv", "dated_by": "booked", "every": "month"}


def added(operator, by, **given):
    with tenant_scope(operator.pk):
        return services.add(Wanted(**{**INVOICES, "to": "link", **given}), by=by, at=NOVEMBER)


def ask(operator, at):
    with tenant_scope(operator.pk):
        return services.ask_due(at=at)


def worked(operator, kind, at=DECEMBER):
    while work.do_next(work.kind_named(kind), operator.pk, clock=lambda: at):
        pass


def delivery(operator):
    with tenant_scope(operator.pk):
        return ExportDelivery.objects.select_related("export").get()


@pytest.mark.parametrize(
    ("every", "day", "next_on", "days"),
    [
        ("week", date(2026, 11, 11), date(2026, 11, 16), (date(2026, 11, 9), date(2026, 11, 15))),
        ("week", date(2026, 11, 16), date(2026, 11, 23), (date(2026, 11, 16), date(2026, 11, 22))),
        ("month", date(2026, 11, 11), date(2026, 12, 1), (date(2026, 11, 1), date(2026, 11, 30))),
        ("month", date(2026, 12, 31), date(2027, 1, 1), (date(2026, 12, 1), date(2026, 12, 31))),
    ],
)
def test_the_days_are_those_that_are_over(every, day, next_on, days):
    assert services.after(every, day) == next_on
    assert services.days_before(every, next_on) == days


def test_a_file_is_asked_for_once_on_its_day(month, fina):
    row, secret = added(month, fina)
    assert (row.next_on, secret) == (date(2026, 12, 1), "")
    assert ask(month, NOVEMBER) == 0
    assert (ask(month, DECEMBER), ask(month, DECEMBER)) == (1, 0)
    with tenant_scope(month.pk):
        export = Export.objects.get()
        row.refresh_from_db()
    assert (export.days, export.requested_by) == ((date(2026, 11, 1), date(2026, 11, 30)), fina)
    assert row.next_on == date(2027, 1, 1)


def test_what_was_missed_is_made_one_after_the_other(month, fina):
    added(month, fina)
    late = datetime(2027, 2, 1, 9, tzinfo=UTC)
    assert [ask(month, late) for _ in range(4)] == [1, 1, 1, 0]


def test_a_letter_says_where_it_is_fetched_once(month, fina, settings, django_capture_on_commit_callbacks):
    settings.EMAIL_HOST = "mail.example.com"
    added(month, fina)
    ask(month, DECEMBER)
    worked(month, "export_table")
    with django_capture_on_commit_callbacks(execute=True):
        worked(month, "export_delivery")
    (letter,) = outbox.outbox
    assert letter.to == [fina.email]
    assert f"/o/{month.slug}/finance/downloads/" in letter.body
    assert delivery(month).sent_at
    worked(month, "export_delivery")
    assert len(outbox.outbox) == 1


@pytest.mark.parametrize(
    ("answers", "error", "count"),
    [
        ([ConnectionRefusedError(), SMTPDataError(451, b"later")], "", 1),
        ([SMTPDataError(550, b"no")], "letter_refused", 0),
        ([SMTPServerDisconnected("in the middle")], "letter_not_known", 0),
    ],
)
def test_a_letter_is_sent_when_the_mail_server_took_it_and_not_before(
    month, fina, settings, monkeypatch, answers, error, count
):
    settings.EMAIL_HOST = "mail.example.com"
    spoken = Server(*answers)
    monkeypatch.setattr(mail, "connection", lambda: spoken)
    added(month, fina)
    ask(month, DECEMBER)
    worked(month, "export_table")
    for minute in range(0, 50, 10):
        worked(month, "export_delivery", at=DECEMBER.replace(minute=minute))
        if spoken.answers:
            assert (delivery(month).sent_at, delivery(month).reason) == (None, "mail_server")
    row = delivery(month)
    assert (row.error, bool(row.sent_at), len(spoken.taken)) == (error, not error, count)


def test_nobody_is_written_to_who_does_not_work_there(month, sven, settings):
    settings.EMAIL_HOST = "mail.example.com"
    added(month, sven)
    ask(month, DECEMBER)
    worked(month, "export_table")
    worked(month, "export_delivery")
    row = delivery(month)
    assert (row.state, row.error) == ("failed", Code.DELIVERY_TO_NOBODY)
    assert outbox.outbox == []


def test_a_file_appears_whole_in_the_folder(month, fina, settings, tmp_path):
    settings.E_INVOICE_FOLDER = str(tmp_path / "out")
    added(month, fina, to="folder")
    ask(month, DECEMBER)
    worked(month, "export_table")
    worked(month, "export_delivery")
    row = delivery(month)
    (file,) = [each for each in (tmp_path / "out" / month.slug / "exports").iterdir() if each.is_file()]
    assert file.name == f"invoices-booked-2026-11-01-2026-11-30-{row.key}.csv"
    with tenant_scope(month.pk), Export.objects.get().file.open("rb") as kept:
        assert file.read_bytes() == kept.read()


def test_an_address_is_tried_again_and_asked_before(month, fina, monkeypatch):
    told = []

    def send(self, parcel):
        told.append(("send", parcel.key, parcel.content_type))
        if len(told) == 1:
            raise NotReached("http_503")
        return Answer(Became.SENT)

    def ask_(self, parcel):
        told.append(("ask", parcel.key, parcel.content_type))

    monkeypatch.setattr(Https, "send", send)
    monkeypatch.setattr(Https, "ask", ask_)
    row, secret = added(month, fina, to="https", address="https://books.example.com/in")
    assert len(secret) == 64
    assert secret.encode() not in bytes(row.secret)
    ask(month, DECEMBER)
    worked(month, "export_table")
    worked(month, "export_delivery")
    assert (delivery(month).failures, delivery(month).reason) == (1, "http_503")
    worked(month, "export_delivery", at=DECEMBER.replace(hour=10))
    done = delivery(month)
    assert [what for what, _key, _type in told] == ["send", "ask", "send"]
    assert {(key, kind) for _what, key, kind in told} == {(str(done.key), "text/csv")}
    assert (done.state, done.failures, bool(done.sent_at)) == ("done", 0, True)


def test_what_an_address_refuses_or_is_too_large_is_said(month, fina, monkeypatch):
    monkeypatch.setattr(Https, "send", lambda self, parcel: Answer(Became.REFUSED, "http_413"))
    added(month, fina, to="https", address="https://books.example.com/in")
    ask(month, DECEMBER)
    worked(month, "export_table")
    worked(month, "export_delivery")
    assert (delivery(month).error, delivery(month).error_facts["value"]) == (Code.DELIVERY_REFUSED, "http_413")
    with tenant_scope(month.pk):
        ExportDelivery.objects.update(state="queued", error="")
    monkeypatch.setattr(services, "LARGEST", 10)
    worked(month, "export_delivery")
    assert delivery(month).error == Code.DELIVERY_TOO_LARGE


@pytest.mark.parametrize(
    ("every", "days"),
    [("week", (date(2026, 11, 2), date(2026, 11, 8))), ("month", (date(2026, 10, 1), date(2026, 10, 31)))],
)
def test_tried_it_is_made_and_sent_now_and_its_day_stays(month, fina, settings, every, days):
    settings.EMAIL_HOST = "mail.example.com"
    row, _secret = added(month, fina, every=every)
    with tenant_scope(month.pk):
        export = services.try_now(row, by=fina, at=NOVEMBER)
        assert services.try_now(row, by=fina, at=NOVEMBER) == export, "while one is made, it serves"
        assert selector.newest_of(selector.timetables()) == {row.pk: export}
    assert export.days == days
    worked(month, "export_table", at=NOVEMBER)
    worked(month, "export_delivery", at=NOVEMBER)
    assert delivery(month).sent_at == NOVEMBER
    with tenant_scope(month.pk):
        assert ExportTimetable.objects.get().next_on == row.next_on
    assert ask(month, NOVEMBER) == 0


def test_one_that_has_ended_makes_nothing(month, fina):
    row, _ = added(month, fina)
    with tenant_scope(month.pk):
        services.end(row, at=NOVEMBER)
        assert not selector.timetables()
        assert ExportTimetable.objects.exists()
    assert ask(month, DECEMBER) == 0


def test_by_month_of_charging_nothing_is_made_every_week(month, fina):
    with pytest.raises(BillingError) as refused:
        added(month, fina, kind="sessions", dated_by="charged", every="week")
    assert refused.value.code == Code.TIMETABLE_OF_MONTHS
    with pytest.raises(ValueError, match="does not go by"):
        added(month, fina, kind="sessions")
