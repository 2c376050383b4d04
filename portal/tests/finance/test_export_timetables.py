"""The page of timetables: what is made by itself, where it goes, and ending it."""

from billing.models import ExportTimetable
from portal.tests.reading import table_of, words

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
