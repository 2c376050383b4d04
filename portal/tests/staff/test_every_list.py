"""Every list has the same manners: sorting, columns, views, and the file of exactly this list."""

import csv
from datetime import date, timedelta
from io import StringIO

import pytest

from billing.models import (
    Dispute,
    DocumentLetter,
    Export,
    ExportTaken,
    Fee,
    HostContract,
    Invoice,
    InvoiceRun,
    Payment,
    PaymentFile,
    Reminder,
    Rerating,
    Sending,
)
from billing.tests import factories
from charging.models import Correction, FileImport, Site, Station, Token
from portal.tests.examples import example
from portal.web import lists
from portal.web.finance.exports import MADE, TAKEN
from portal.web.finance.fees import FEES
from portal.web.finance.hosts import HOSTS
from portal.web.finance.letters import LETTERS
from portal.web.finance.payment_files import PAYMENT_FILES
from portal.web.finance.payments import PAYMENTS
from portal.web.finance.reminders import REMINDERS
from portal.web.finance.reratings import RERATINGS
from portal.web.finance.runs import RUNS
from portal.web.finance.sendings import SENDINGS
from portal.web.finance.tariffs.pages import TARIFFS
from portal.web.staff.approvals import APPROVALS
from portal.web.staff.audit.columns import AUDIT
from portal.web.staff.differences import DIFFERENCES
from portal.web.staff.disputes import DISPUTES
from portal.web.staff.drivers import DRIVERS
from portal.web.staff.groups import GROUPS
from portal.web.staff.imports.columns import IMPORTS
from portal.web.staff.keys import KEYS
from portal.web.staff.people.pages import MEMBERS
from portal.web.staff.privacy.incidents import INCIDENTS
from portal.web.staff.privacy.requests import REQUESTS
from portal.web.staff.sites import SITES
from portal.web.staff.stations import STATIONS
from portal.web.staff.tokens import CARDS
from portal.words.lists import LISTS
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import (
    Account,
    ApiKey,
    Approval,
    AuditEntry,
    Driver,
    DriverGroup,
    Incident,
    Membership,
    PersonRequest,
)
from tenants.scoping import tenant_scope
from tenants.services.people.driver_exports import ACTION as EXPORT

pytestmark = pytest.mark.django_db

#: By the name of the table (a heading, and so the table, is another in each language): its page, and its file.
PAGES = {
    DRIVERS.name: ("drivers/", "drivers/list/"),
    CARDS.name: ("cards/", "cards/export/"),
    SITES.name: ("sites/", "sites/export/"),
    STATIONS.name: ("stations/", "stations/export/"),
    IMPORTS.name: ("imports/", "imports/export/"),
    GROUPS.name: ("groups/", "groups/export/"),
    MEMBERS.name: ("people/", "people/export/"),
    TARIFFS.name: ("finance/tariffs/", "finance/tariffs/export/"),
    FEES.name: ("finance/fees/", "finance/fees/export/"),
    PAYMENTS.name: ("finance/payments/", "finance/payments/export/"),
    LETTERS.name: ("finance/letters/", "finance/letters/export/"),
    REMINDERS.name: ("finance/reminders/sent/", "finance/reminders/sent/export/"),
    SENDINGS.name: ("finance/e-invoices/", "finance/e-invoices/export/"),
    HOSTS.name: ("finance/hosts/", "finance/hosts/export/"),
    DISPUTES.name: ("disputes/", "disputes/export/"),
    DIFFERENCES.name: ("review/differences/", "review/differences/export/"),
    REQUESTS.name: ("privacy/requests/", "privacy/requests/export/"),
    INCIDENTS.name: ("privacy/incidents/", "privacy/incidents/export/"),
    RERATINGS.name: ("finance/reratings/", "finance/reratings/export/"),
    PAYMENT_FILES.name: ("finance/payments/files/", "finance/payments/files/export/"),
    RUNS.name: ("finance/runs/", "finance/runs/export/"),
    AUDIT.name: ("audit/", "audit/export.csv"),
    APPROVALS.name: ("approvals/", "approvals/export/"),
    KEYS.name: ("settings/keys/", "settings/keys/export/"),
    MADE.name: ("finance/downloads/", "finance/downloads/made/"),
    TAKEN.name: ("finance/downloads/taken/", "finance/downloads/taken/export/"),
}
_OTHERS = (FEES, PAYMENTS, LETTERS, REMINDERS, SENDINGS, HOSTS, DISPUTES, RUNS, AUDIT, APPROVALS, KEYS, MADE, TAKEN)
_LATEST = (DIFFERENCES, REQUESTS, INCIDENTS, RERATINGS, PAYMENT_FILES)
TABLES = (DRIVERS, CARDS, SITES, STATIONS, IMPORTS, GROUPS, MEMBERS, TARIFFS, *_OTHERS, *_LATEST)
EVERY = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@pytest.fixture
def many(world, fina):
    """Seven of everything, some of them alike."""
    with tenant_scope(world.operator.pk):
        invoice = example(Invoice)
        outlet = factories.connector()
        for number in range(7):
            driver = factories.driver(f"Driver {number % 3}")
            Driver.objects.filter(pk=driver.pk).update(group=DriverGroup.objects.create(name=f"Group {number}"))
            Token.objects.create(uid=f"04AA{number:04}", driver=driver)
            site = Site.objects.create(name=f"Place {number}", city=f"City {number % 2}")
            Station.objects.create(site=site, identifier=f"S-{number}", vendor=f"Maker {number % 2}")
            factories.tariff(name=f"Price list {number}")
            file = FileImport.objects.create(
                file_name=f"f{number % 2}.csv", state="done", accepted=number % 3, rejected=1
            )
            Correction.objects.create(
                session=factories.session(outlet, driver, start=factories.OCTOBER + timedelta(hours=number % 3)),
                file_import=file if number else None,
                line_number=2,
                said={"energy_wh": 8000 + number},
            )
            PersonRequest.objects.create(
                driver=driver,
                kind=PersonRequest.Kind.values[number % 3],
                received_on=date(2026, 10, 1 + number % 4),
                due_on=date(2026, 11, 1 + number % 4),
            )
            example(Incident, title=f"Incident {number % 3}", known_at=world.now - timedelta(days=number % 3))
            example(Rerating, why=Rerating.Why.values[number % 3], requested_at=world.now - timedelta(days=number % 2))
            PaymentFile.objects.create(file_name=f"bank{number % 3}.xml", state="done", payments=number % 4)
            Payment.objects.create(
                booking=f"B{number}",
                amount=100 + number % 3,
                rest=100 + number % 3,
                currency="SEK",
                paid_on=factories.OCTOBER.date() + timedelta(days=number % 4),
                payer_name=f"Payer {number % 2}",
            )
            DocumentLetter.objects.create(
                invoice=invoice,
                account=invoice.account,
                nth=number + 1,
                state="done",
                queued_at=world.now - timedelta(days=number % 3),
            )
            Reminder.objects.create(
                invoice=invoice,
                account=invoice.account,
                nth=number + 1,
                sent_on=factories.OCTOBER.date() + timedelta(days=number % 4),
                what="collection" if number % 2 else "reminder",
                rest=100 + number % 3,
                currency="SEK",
            )
            Fee.objects.create(
                account=Account.objects.get(driver=driver),
                kind="monthly",
                text=f"Fee {number % 2}",
                price=1 + number % 3,
                currency="SEK",
                since=date(2026, 1 + number, 1),
            )
            theirs = {"account": invoice.account, "invoice": example(Invoice, account=invoice.account)}
            Sending.objects.create(invoice=theirs["invoice"], stage=Sending.Stage.values[number % 5])
            example(Dispute, **theirs, about=Dispute.About.values[number % 3])
            example(HostContract, name=f"Contract {number}", account=invoice.account, share=1 + number, until=None)
            InvoiceRun.objects.create(
                month=date(2026, 1 + number, 1), until=world.now, started_at=world.now, sessions_total=number % 3
            )
            Export.objects.create(
                kind=("xlsx", "pdf_zip")[number % 2], month=date(2026, 1 + number % 3, 1), state="done"
            )
            ExportTaken.objects.create(
                kind="xlsx", month=date(2026, 1 + number % 3, 1), taken_by=fina, taken_at=world.now
            )
            Approval.objects.create(
                action=EXPORT,
                subject=driver.public_id,
                facts={"count": number, "former": False},
                requested_by=fina,
                requested_at=world.now,
                expires_at=world.now,
                state=(Approval.State.EXPIRED, Approval.State.WITHDRAWN)[number % 2],
            )
            ApiKey.objects.create(
                key_id=f"{number:016}", secret_sha256="", name=f"Key {number % 3}", scopes=[], expires_at=world.now
            )
            audit.record(Event.DRIVER_VIEWED, about=driver)
    return world


def pages(client, world, address, query):
    """Every page of the list on the way down, and the query of the one before the last."""
    found, back = [], ""
    while query is not None:
        answer = client.get(world.url(f"{address}?{query}"))
        assert answer.status_code == 200
        page = answer.context["page"]
        found.append([row.pk for row in page.rows])
        assert len(found) < 100, f"{query} leads to where it is"
        query, back = page.older or None, page.newer
    return found, back


@EVERY
def test_a_sorted_list_shows_every_row_once_and_leads_back(many, sign_in, olga, monkeypatch, table):
    monkeypatch.setattr(lists.page, "__kwdefaults__", {"rising": False, "size": 3})
    client, (address, _) = sign_in(olga), PAGES[table.name]
    for column in table.columns:
        for sign in ("", "-") if column.is_sortable else ():
            found, back = pages(client, many, address, f"sort={sign}{column.key}&period=all")
            rows = [pk for page in found for pk in page]
            assert len(rows) == len(set(rows)) > (1 if table.name == MEMBERS.name else 6), column.key
            if len(found) > 1:
                assert [row.pk for row in client.get(many.url(f"{address}?{back}")).context["page"].rows] == found[-2]


def test_a_list_in_an_order_of_its_own_is_paged_by_number(many, sign_in, olga, monkeypatch):
    monkeypatch.setattr(lists.counted, "__kwdefaults__", {"size": 4})
    found, back = pages(sign_in(olga), many, "cards/", "")
    assert [len(page) for page in found] == [4, 4, 1]
    assert back == "page=2"
    for wrong in ("0", "-1", "x", "9" * 40, "²"):
        answer = sign_in(olga).get(many.url("cards/"), {"page": wrong})
        assert [row.pk for row in answer.context["page"].rows] == found[0]


@EVERY
def test_columns_and_views_are_kept(many, sign_in, olga, table):
    client, (address, _) = sign_in(olga), PAGES[table.name]
    fixed = next(column.key for column in table.columns if column.is_fixed)
    last = table.columns[-1].key
    client.post(many.url(f"lists/{table.name}/columns/"), {"columns": [last], "is_dense": "on"})
    client.post(many.url(f"lists/{table.name}/views/"), {"name": "Mine", "query": f"sort=-{fixed}"})
    page = client.get(many.url(address))
    assert page.context["shown"].keys == (fixed, last)
    assert [view.name for view in page.context["shown"].views] == ["Mine"]
    assert "table--tight" in page.content.decode()


@EVERY
def test_the_file_has_exactly_the_rows_of_the_list(many, sign_in, olga, table):
    client, (address, file) = sign_in(olga), PAGES[table.name]
    rows = client.get(many.url(address), {"period": "all"}).context["page"].rows
    answer = client.get(many.url(file), {"format": "semicolon", "period": "all"})
    assert answer.status_code == 200, answer
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    if table.name == AUDIT.name:  # longer than a page
        return
    assert len(list(csv.reader(StringIO(body), delimiter=";"))) - 1 == len(rows)
    with tenant_scope(many.operator.pk):
        facts = AuditEntry.objects.get(event="list.exported").additional_data or {}
        assert facts["list"] == table.name
    book = client.get(many.url(file), {"format": "xlsx", "period": "all"})
    assert b"".join(book.streaming_content).startswith(b"PK")


def test_every_list_has_its_word():
    tested_by_themselves = {"accounts", "sessions", "invoices", "runs", "review", "consents", "ageing", "statements"}
    assert set(PAGES) | tested_by_themselves == set(LISTS)


def test_imports_are_found_by_file_state_and_days_and_summed(many, sign_in, otto):
    with tenant_scope(many.operator.pk):
        old = FileImport.objects.create(file_name="old.csv", state="failed")
        FileImport.objects.filter(pk=old.pk).update(created_at=many.now - timedelta(days=40))
    client = sign_in(otto)

    def found(query):
        context = client.get(many.url(f"imports/?{query}")).context
        return len(context["page"].rows), context["sums"].imports, context["sums"].accepted

    assert found("") == (8, 8, 6)
    assert found("q=F1") == (3, 3, 3)
    assert found("state=failed") == (1, 1, 0)
    assert found("period=30d") == (7, 7, 6)
    assert "The filter cannot be used" in client.get(many.url("imports/?since=x")).content.decode()


def test_members_are_found_by_name_and_role(many, sign_in, olga, otto):
    client = sign_in(olga)
    found = client.get(many.url("people/"), {"q": "ott"}).context["page"].rows
    assert [row.user for row in found] == [otto]
    found = client.get(many.url("people/"), {"role": Membership.Role.FINANCE}).context["page"].rows
    assert {row.role for row in found} == {"finance"}
    assert "No member found" in client.get(many.url("people/"), {"q": "nobody"}).content.decode()


def test_drivers_are_taken_out_by_who_may_and_with_two_people_where_that_is_wanted(
    many, sign_in, olga, otto, monkeypatch
):
    assert "drivers/list/" not in sign_in(otto).get(many.url("drivers/")).content.decode()
    assert sign_in(otto).get(many.url("drivers/list/")).status_code == 403
    assert "drivers/list/" in sign_in(olga).get(many.url("drivers/")).content.decode()
    monkeypatch.setattr("portal.web.staff.drivers.four_eyes.is_needed", lambda _act: True)
    answer = sign_in(olga).get(many.url("drivers/list/"))
    assert (answer.status_code, answer["Location"]) == (302, many.url("drivers/export/"))
