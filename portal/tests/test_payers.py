"""What a bank told of who paid lies sealed, is found by its mark, and reads as before wherever it is shown."""

import csv
import io
import os
from datetime import date
from importlib import import_module

import orjson
import pytest
from django.core.management import call_command
from django.db import connection
from python_calamine import CalamineWorkbook

from billing.models import Export, Payment, PaymentMatch
from billing.selectors import payments as selector
from billing.services import payer_marks, payments
from billing.tests.downloads import content, made
from billing.tests.test_bank_files import detail, entry, message
from billing.tests.test_payments import bill, come
from portal.tests import dump
from portal.tests.examples import example
from tenants.crypto import Unreadable
from tenants.rls import APP
from tenants.scoping import tenant_scope

TEXTS = ("given", "text", "payer_name", "payer_account")
OF_OCTOBER = (date(2026, 10, 1), date(2026, 12, 31))
#: What a payer calls themselves, may write in any case, and what a spreadsheet must not run.
NAME, WORDS, REFERENCE = 'Åke "kanariname", son', "=kanariwords", "kanarireference Åke"


def told(amount="25.00", *, reference=REFERENCE, account="SE45 5000 kanari"):
    """A payment that says all it can of who paid."""
    words = f"<Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd><Ustrd>{WORDS}</Ustrd>"
    one = detail(amount, told=words, name=f"<Nm>{NAME}</Nm>")
    return one.replace("SE45 5000", account)


@pytest.fixture
def paid(in_north, files):
    """A payment of a bank's file that names nobody's invoice."""
    come(message(entry(told(), amount="25.00")))
    return Payment.objects.get()


@pytest.fixture
def files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path / "files"


def test_no_table_and_no_file_holds_what_a_bank_told_of_who_paid(paid, files):
    assert [getattr(paid, name) for name in TEXTS] == [[REFERENCE], WORDS, NAME, "SE455000kanari"]
    assert dump.found_in_tables("kanari") == {}
    kept = [path for path in files.rglob("*") if path.is_file()]
    assert kept, "the bank's file is kept"
    assert not [path for path in kept if b"kanari" in path.read_bytes()]


def test_a_text_opens_in_its_payment_and_column_alone(paid):
    other = example(Payment)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE billing_payment DISABLE TRIGGER USER")
        cursor.execute("UPDATE billing_payment SET text = payer_name WHERE id = %s", [paid.pk])
        cursor.execute(
            "UPDATE billing_payment SET payer_name = (SELECT payer_name FROM billing_payment WHERE id = %s)"
            " WHERE id = %s",
            [paid.pk, other.pk],
        )
        cursor.execute(f"ALTER TABLE billing_payment ENABLE TRIGGER USER; SET ROLE {APP}")
    with pytest.raises(Unreadable):
        _ = Payment.objects.get(pk=other.pk).payer_name
    with pytest.raises(Unreadable):
        _ = Payment.objects.get(pk=paid.pk).text


def test_the_account_of_an_earlier_payer_proposes_what_is_open_of_theirs_after_a_new_key_too(in_north, settings):
    first, second = bill("Ada Ek", "Bo Dahl")
    come(message(entry(told(), amount="25.00")))
    payments.settle(Payment.objects.get(), first, how="hand", by=None)
    payments.undo(PaymentMatch.objects.get(), reason="Bo's", by=None)
    payments.settle(Payment.objects.get(), second, how="hand", by=None)
    credited = Payment.objects.get()
    payments.undo(credited.matches.get(undoes=None, undone_by=None), reason="open again", by=None)
    payments.keep(Payment.objects.get(), second.account, by=None)
    come(message(entry(told(), amount="25.00", ref="A2")))
    come(message(entry(told(account="SE99"), amount="25.00", ref="A3")))

    def proposed():
        found = {each.payment.payer_account: each for each in selector.waiting(selector.listing(state="waiting"))}
        assert found["SE99"].proposals == []
        return [(each.invoice, each.by) for each in found["SE455000kanari"].proposals]

    assert proposed() == [(second, "payer")]
    old = set(Payment.objects.values_list("payer_account_mark", flat=True))
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    assert proposed() == [(second, "payer")], "by the older mark"
    assert not old & set(Payment.marks("SE455000kanari", in_north.pk)[:1])


def test_a_new_key_marks_accounts_anew_in_batches(paid, north, settings, monkeypatch, capsys):
    come(message(entry(told(account="SE99"), amount="25.00", ref="A2")))
    old = dict(Payment.objects.values_list("pk", "payer_account_mark"))
    monkeypatch.setattr(payer_marks, "BATCH", 1)
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    call_command("rotate_encryption")
    assert "Accounts of payers: 2 marked again, 0 were current" in capsys.readouterr().out
    call_command("rotate_encryption")
    assert "Accounts of payers: 0 marked again, 2 were current" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    with tenant_scope(north.pk):
        for row in Payment.objects.all():
            assert row.payer_account_mark == Payment.marks(row.payer_account, north.pk)[0] != old[row.pk]
        assert Payment.objects.get(pk=paid.pk).payer_name == NAME


def test_downloads_open_what_is_sealed_and_write_it_as_the_database_would(paid, in_north):
    come(message(entry(detail(ref="", told="", name="").replace("SE45 5000", ""), amount="100.00", ref="A2")))
    how = {"dated_by": Export.DatedBy.ISSUED, "days": OF_OCTOBER}
    names = ("reference", "message", "payer", "payer_account")
    expected = [(REFERENCE, WORDS, NAME, "SE455000kanari"), ("", "", "", "")]
    as_csv = content(made(in_north, Export.Kind.PAYMENTS, **how), in_north).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert [tuple(row[name] for name in names) for row in rows] == [
        (REFERENCE, f"'{WORDS}", NAME, "SE455000kanari"),
        expected[1],
    ]
    assert '"Åke ""kanariname"", son"' in as_csv
    assert ',"","","","",' in as_csv, "an empty text, as COPY writes it"
    lines = content(made(in_north, Export.Kind.PAYMENTS, form=Export.Form.JSONL, **how), in_north).splitlines()
    assert [tuple(orjson.loads(line)[name] for name in names) for line in lines] == expected
    book = content(made(in_north, Export.Kind.PAYMENTS, form=Export.Form.XLSX, **how), in_north)
    cells = CalamineWorkbook.from_object(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert {REFERENCE, WORDS, NAME, "SE455000kanari"} <= set(cells[1])


def test_the_list_and_its_file_open_it(paid, in_north, sign_in, fina):
    client = sign_in(fina)
    page = client.get("/o/north/finance/payments/").content.decode()
    assert "kanariname" in page
    assert "SE455000kanari" in page
    assert "kanariname" in client.get(f"/o/north/finance/payments/{paid.public_id}/").content.decode()


def test_payers_that_lay_in_clear_are_sealed_and_it_goes_on_where_it_stopped(paid, in_north, monkeypatch):
    come(message(entry(told(account="SE99"), amount="25.00", ref="A2")))
    example(Payment)
    before = said()
    migration = import_module("billing.migrations.0081_payers_are_sealed")
    monkeypatch.setattr(migration, "BATCH", 1)
    clear = [(*row, pk) for pk, row in before.items()]
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        as_they_were(cursor, clear)
        assert set(dump.found_in_tables("kanari")) == {"billing_payment"}
        cursor.execute("RESET ROLE")
        real, calls = migration._seal_some, []

        def stopping(last):
            calls.append(last)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return real(last)

        monkeypatch.setattr(migration, "_seal_some", stopping)
        with pytest.raises(KeyboardInterrupt):
            migration.seal()
        monkeypatch.setattr(migration, "_seal_some", real)
        for _again in range(2):
            migration.seal()
        cursor.execute("SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'was\\_%'")
        assert cursor.fetchone() == (0,)
        cursor.execute(f"SET ROLE {APP}")
    assert dump.found_in_tables("kanari") == {}
    assert said() == before
    marks = dict(Payment.objects.values_list("pk", "payer_account_mark"))
    accounts = {pk: account for pk, (*_, account) in before.items()}
    assert marks == {pk: Payment.marks(text, in_north.pk)[0] if text else "" for pk, text in accounts.items()}


def said():
    return {row.pk: tuple(getattr(row, name) for name in TEXTS) for row in Payment.objects.all()}


def as_they_were(cursor, rows):
    """Have the table as it was."""
    cursor.execute("ALTER TABLE billing_payment DISABLE TRIGGER USER")
    cursor.execute("ALTER TABLE billing_payment DROP payer_account_mark CASCADE")
    for name in TEXTS:
        kind = "varchar(140)[] NOT NULL DEFAULT '{}'" if name == "given" else "varchar(500) NOT NULL DEFAULT ''"
        cursor.execute(f"ALTER TABLE billing_payment DROP {name}, ADD {name} {kind}")
    cursor.executemany(
        "UPDATE billing_payment SET given = %s, text = %s, payer_name = %s, payer_account = %s WHERE id = %s", rows
    )
    cursor.execute("CREATE INDEX payment_of_payer ON billing_payment (operator_id, payer_account)")
    cursor.execute("ALTER TABLE billing_payment ENABLE TRIGGER USER")
