"""The page of timetables: what is made by itself, where it goes, and ending it."""

import re

from django.utils import timezone

from billing.e_invoices.ways import Answer, Became, sftp
from billing.e_invoices.ways.https import Https
from billing.models import Export, ExportTimetable
from portal.tests.reading import table_of, words
from tenants import work
from tenants.outside import NotReached

FORM = {"file": "invoices.csv", "dated_by": "booked", "every": "month", "to": "link", "address": ""}


def test_a_timetable_is_added_shown_and_ended(fina_browser, url, invoice, fina):
    page = fina_browser.post(url("downloads/timetables/new/"), FORM, follow=True)
    (row,) = table_of(page, "Timetables")
    assert row[0].startswith("Invoices, CSV")
    assert "every month" in row
    kept = ExportTimetable.objects.get()
    assert (kept.kind, kept.form, kept.asked_by) == ("invoices", "csv", fina)
    fina_browser.post(url(f"downloads/timetables/{kept.public_id}/end/"))
    assert "Invoices, CSV every" not in words(fina_browser.get(url("downloads/timetables/")))
    kept.refresh_from_db()
    assert kept.ended_at


def test_the_secret_of_an_address_is_shown_once(fina_browser, url, invoice):
    page = fina_browser.post(
        url("downloads/timetables/new/"), {**FORM, "to": "https", "address": "https://books.example.com/in"}
    )
    assert len(page.context["secret"]) == 64
    assert page.context["secret"] in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert page.context["secret"] not in fina_browser.get(url("downloads/timetables/")).content.decode()


def test_what_cannot_be_is_told(fina_browser, url, invoice):
    for wrong, said in (
        ({"to": "https"}, "Write where files are posted."),
        ({"to": "https", "address": "http://books.example.com"}, ""),
        ({"file": "sessions.csv"}, "This kind of file does not go by such days."),
        ({"file": "sessions.csv", "dated_by": "charged", "every": "week"}, "a file is made every month"),
        ({"to": "folder"}, "Select a valid choice"),
    ):
        page = fina_browser.post(url("downloads/timetables/new/"), {**FORM, **wrong})
        assert page.status_code == 400, wrong
        assert said in page.content.decode()
    assert not ExportTimetable.objects.exists()


KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
)
SFTP = {**FORM, "to": "sftp", "address": "sftp://books@files.example.com/in", "password": ""}


def copies(page):
    return re.findall(r'data-copies="([^"]*)"', page.content.decode())


def shows(monkeypatch, key):
    monkeypatch.setattr(sftp, "host_key", lambda _target: key)


def test_a_server_is_confirmed_by_its_fingerprint(fina_browser, url, invoice, monkeypatch):
    shows(monkeypatch, KEY[0])
    page = fina_browser.post(url("downloads/timetables/new/"), SFTP, follow=True)
    kept = ExportTimetable.objects.get()
    assert "Is this the right server?" in words(page)
    assert kept.fingerprint == sftp.fingerprint(KEY[0])
    assert {kept.fingerprint, kept.public_key} <= set(copies(page))
    assert "BEGIN" not in page.content.decode()
    confirm = url(f"downloads/timetables/{kept.public_id}/confirm/")
    assert "another key now" in words(fina_browser.post(confirm, {"fingerprint": "SHA256:x"}, follow=True))
    page = fina_browser.post(confirm, {"fingerprint": kept.fingerprint}, follow=True)
    assert "Is this the right server?" not in words(page)
    kept.refresh_from_db()
    assert kept.confirmed_at
    look = url(f"downloads/timetables/{kept.public_id}/look/")
    assert "shows the confirmed key" in words(fina_browser.post(look, follow=True))
    shows(monkeypatch, KEY[1])
    assert "Is this the right server?" in words(fina_browser.post(look, follow=True))


def test_tried_now_it_says_what_came_of_it(fina_browser, url, invoice, in_north, monkeypatch):
    address = url("downloads/timetables/new/")
    fina_browser.post(address, {**FORM, "to": "https", "address": "https://books.example.com/in"})
    trial = url(f"downloads/timetables/{ExportTimetable.objects.get().public_id}/try/")

    def last():
        return table_of(fina_browser.get(url("downloads/timetables/")), "Timetables")[0][4]

    def answers(came):
        def send(*_):
            if isinstance(came, Exception):
                raise came
            return came

        monkeypatch.setattr(Https, "send", send)

    monkeypatch.setattr(Https, "ask", lambda *_: None)
    for came, said in (
        (NotReached("timeout"), "tried again: nobody answered in time"),
        (Answer(Became.REFUSED, "quota"), "Not handed over: The address refused the file (quota)."),
        (Answer(Became.SENT), "Handed over, and taken"),
    ):
        answers(came)
        page = fina_browser.post(trial, follow=True)
        assert "made and sent now" in words(page)
        assert "It is being made" in last()
        assert 'hx-trigger="every 2s"' in page.content.decode()
        work.do_next(work.kind_named("export_table"), in_north.pk, clock=timezone.now)
        assert "It is on its way" in last()
        work.do_next(work.kind_named("export_delivery"), in_north.pk, clock=timezone.now)
        assert said in last()
        assert 'hx-trigger="every 2s"' not in fina_browser.get(url("downloads/timetables/")).content.decode()


def test_nothing_is_tried_before_the_server_is_confirmed(fina_browser, url, invoice, monkeypatch):
    shows(monkeypatch, KEY[0])
    fina_browser.post(url("downloads/timetables/new/"), SFTP)
    row = ExportTimetable.objects.get()
    page = fina_browser.post(url(f"downloads/timetables/{row.public_id}/try/"), follow=True)
    assert "First confirm that it is the right server." in words(page)
    assert "Try now" not in words(page)
    assert not Export.objects.exists()


def test_a_password_is_shown_nowhere(fina_browser, url, invoice, monkeypatch):
    shows(monkeypatch, KEY[0])
    for address in ("sftp://books@files.example.com/in", "sftp://books:x@files.example.com/in"):
        given = {**SFTP, "address": address, "password": "Hemligt 7!"}
        page = fina_browser.post(url("downloads/timetables/new/"), given, follow=True)
        assert "Hemligt" not in page.content.decode()
    assert ExportTimetable.objects.get().public_key == ""


def test_why_a_server_was_not_reached_is_said(fina_browser, url, invoice, monkeypatch):
    def nobody(_target):
        raise NotReached("not_public")

    monkeypatch.setattr(sftp, "host_key", nobody)
    page = fina_browser.post(url("downloads/timetables/new/"), SFTP)
    assert page.status_code == 400
    assert "a network that is not public" in words(page)
    page = fina_browser.post(url("downloads/timetables/new/"), {**SFTP, "address": ""})
    assert "Write the server, the user and the folder." in words(page)
    assert not ExportTimetable.objects.exists()
    mailed = url("downloads/timetables/new/")
    fina_browser.post(mailed, FORM)
    row = ExportTimetable.objects.get()
    page = fina_browser.post(url(f"downloads/timetables/{row.public_id}/look/"), follow=True)
    assert "Its files do not go to an SFTP server." in page.content.decode()
