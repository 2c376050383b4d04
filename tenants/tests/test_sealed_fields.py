"""Texts about people at rest: sealed with a key of the person's own, and opened by nothing else."""

import os
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, transaction

from tenants import bookkeeping, sealed_fields
from tenants.bookkeeping import Why
from tenants.crypto import Unreadable
from tenants.migrations import _sealing
from tenants.models import Account, Driver, DriverIdentity, KeptKey, OperatorKey, PersonKey
from tenants.rls import APP
from tenants.scoping import memory, tenant_scope
from tenants.sealed_fields import SealedField
from tenants.services import operator_keys, person_keys
from tenants.services.people import accounts, drivers

UNTIL = date(2033, 12, 31)
SEALED = [field.name for field in DriverIdentity._meta.concrete_fields if isinstance(field, SealedField)]
NUMBERS = {"organisation_number": "5560360793", "vat_number": "SE556036079301", "gln": "7300009000005"}
SAID: dict[str, Any] = {name: f"kanarie{name.replace('_', '')}"[:20] for name in SEALED} | NUMBERS


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "files")
    (tmp_path / "files").mkdir()


def said(row):
    return {name: getattr(row, name) for name in SEALED}


def kept(pk):
    """What the database holds of an identity, as its owner sees it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(SEALED)} FROM tenants_driveridentity WHERE id = %s", [pk])
        return dict(zip(SEALED, map(bytes, cursor.fetchone()), strict=True))


def afresh():
    """Forget the keys that this scope has opened."""
    memory().clear()


@pytest.mark.parametrize("of", ["driver", "account"])
def test_what_is_read_is_what_was_written_and_the_table_holds_none_of_it(in_north, of):
    made = drivers.create(**SAID) if of == "driver" else accounts.create(kind="company", **SAID)
    held = kept(made.identity_id)
    afresh()
    assert said(DriverIdentity.objects.get(pk=made.identity.pk)) == SAID
    for name, text in SAID.items():
        assert text.encode() not in held[name], name
    assert len({held[name] for name in SEALED}) == len(SEALED)


def test_a_person_has_one_key_whatever_is_written_and_however_often(in_north):
    driver = drivers.create(name="Åsa", phone="070")
    drivers.change_identity(driver, phone="", street="Ringvägen 3 åäö")
    afresh()
    drivers.change_identity(driver, city="Umeå")
    assert PersonKey.objects.get().driver_id == driver.pk
    row = Driver.objects.select_related("identity").get().identity
    assert (row.phone, row.street) == ("", "Ringvägen 3 åäö")
    assert kept(row.pk)["phone"] == b""


def test_nobody_has_a_key_before_something_is_sealed(in_north):
    drivers.create(country="NO")
    assert not PersonKey.objects.exists()


def test_many_people_have_their_keys_made_together(in_north, django_assert_max_num_queries):
    drivers.create_many(["Zoe"])
    with django_assert_max_num_queries(10):
        made = drivers.create_many([f"Driver {number}" for number in range(30)])
    assert PersonKey.objects.count() == 31
    afresh()
    assert DriverIdentity.objects.get(driver=made[7]).name == "Driver 7"
    drivers.change_identity(made[7], phone="070")
    assert PersonKey.objects.filter(driver=made[7]).count() == 1


def test_a_page_of_people_costs_one_more_query(in_north, django_assert_num_queries):
    for number in range(30):
        drivers.create(name=f"Driver {number}", phone=f"070-{number}", street=f"Street {number}")
    afresh()
    with django_assert_num_queries(2):
        rows = list(Driver.objects.select_related("identity").order_by("pk"))
        assert [(row.identity.phone, row.identity.street) for row in rows] == [
            (f"070-{number}", f"Street {number}") for number in range(30)
        ]
    with django_assert_num_queries(1):
        assert len([row.country for row in DriverIdentity.objects.all()]) == 30, (
            "nothing is opened that nobody asks for"
        )


def test_a_text_opens_in_no_other_column_row_or_operator(north, south):
    with tenant_scope(north.pk):
        one, other = drivers.create(phone="070", street="A"), drivers.create(phone="071", street="B")
        held, first = kept(one.identity.pk), one.identity.pk
        second = other.identity.pk
    with tenant_scope(south.pk):
        theirs = drivers.create(phone="072").identity.pk
    for pk, name, operator in ((first, "street", north), (second, "phone", north), (theirs, "phone", south)):
        with tenant_scope(operator.pk):
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE tenants_driveridentity SET {name} = %s WHERE id = %s", [held["phone"], pk])
            with pytest.raises(Unreadable):
                getattr(DriverIdentity.objects.get(pk=pk), name)


@pytest.mark.parametrize(
    "change", [lambda box: box[:-1], lambda box: box[:-1] + b"!", lambda box: b"clear", lambda box: b"\xff" + box[1:]]
)
def test_what_was_changed_does_not_open(in_north, change):
    driver = drivers.create(phone="070-123")
    box = kept(driver.identity_id)["phone"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_driveridentity SET phone = %s", [change(box)])
    with pytest.raises(Unreadable):
        _ = DriverIdentity.objects.get().phone


def test_it_is_neither_compared_nor_changed_without_its_row(in_north):
    drivers.create(phone="070")
    for forbidden in (
        lambda: DriverIdentity.objects.filter(phone="070").exists(),
        lambda: DriverIdentity.objects.filter(phone__icontains="0").exists(),
        lambda: DriverIdentity.objects.update(phone="071"),
    ):
        with pytest.raises((ValueError, FieldError), match=r"sealed|Unsupported lookup"), transaction.atomic():
            forbidden()
    assert DriverIdentity.objects.exclude(phone="").count() == 1
    assert DriverIdentity.objects.update(phone="") == 1
    assert not DriverIdentity.objects.exclude(phone="").exists()


def test_a_key_that_was_rolled_back_seals_nothing(in_north):
    driver = drivers.create(name="Dana")
    undone = transaction.savepoint()
    with transaction.atomic():
        drivers.change_identity(driver, phone="070")
    transaction.savepoint_rollback(undone)
    driver.refresh_from_db()
    drivers.change_identity(driver, phone="071")
    afresh()
    assert DriverIdentity.objects.latest("pk").phone == "071"


def test_without_the_key_nobody_reads_what_it_sealed(in_north):
    driver = drivers.create(phone="070")
    PersonKey.objects.all().delete()
    afresh()
    with pytest.raises(Unreadable, match="gone"):
        _ = DriverIdentity.objects.get(driver=driver).phone


def test_what_is_kept_opens_without_the_persons_key_and_nothing_else_does(in_north):
    driver = drivers.create(name="Dana", street="Kajen 1", phone="070")
    drivers.change_identity(driver, street="Kajen 2")
    first, second = DriverIdentity.objects.order_by("pk")
    assert person_keys.keep(DriverIdentity, [second.pk], ["street"], until=UNTIL) == 1
    assert person_keys.keep(DriverIdentity, [second.pk], ["street"], until=UNTIL) == 0
    assert KeptKey.objects.count() == 1
    PersonKey.objects.all().delete()
    afresh()
    with bookkeeping.opened(Why.AUDIT):
        assert DriverIdentity.objects.get(pk=second.pk).street == "Kajen 2"
    for pk, name in ((first.pk, "street"), (second.pk, "phone")):
        with pytest.raises(Unreadable):
            getattr(DriverIdentity.objects.get(pk=pk), name)


def test_each_level_of_keys_is_changed_and_the_texts_stay_as_they_are(north, settings, monkeypatch, capsys):
    monkeypatch.setattr(person_keys, "BATCH", 2)
    with tenant_scope(north.pk):
        pks = [drivers.create(phone=f"07{number}").identity.pk for number in range(5)]
        gone = drivers.create(street="Kajen 1")
        person_keys.keep(DriverIdentity, [gone.identity.pk], ["street"], until=UNTIL)
        PersonKey.objects.filter(driver=gone).delete()
        before = kept(pks[0])
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    call_command("rotate_encryption", "--new-operator-keys")
    assert "Keys of people: 6 encrypted again, 0 were current" in capsys.readouterr().out
    call_command("rotate_encryption")
    assert "Keys of people: 0 encrypted again, 6 were current" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    with tenant_scope(north.pk):
        assert OperatorKey.objects.count() == 2
        assert {row.operator_key.number for row in PersonKey.objects.select_related("operator_key")} == {2}
        assert [DriverIdentity.objects.get(pk=pk).phone for pk in pks] == [f"07{number}" for number in range(5)]
        with bookkeeping.opened(Why.AUDIT):
            assert DriverIdentity.objects.get(driver=gone).street == "Kajen 1"
        assert kept(pks[0]) == before


def test_what_lay_in_clear_is_sealed_in_batches(north, south):
    with tenant_scope(north.pk):
        known = drivers.create(phone="070", country="SE")
        for country in ("NO", "DK", "FI"):
            drivers.create(country=country)
        accounts.create(kind="company", country="DE")
    with tenant_scope(south.pk):
        drivers.create(country="FR")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tenants_driveridentity ADD was_city varchar(100) NOT NULL DEFAULT ''")
        cursor.execute("UPDATE tenants_driveridentity SET was_city = 'in ' || country WHERE country <> 'FI'")
        _sealing.seal({"was_city": ("delivery_city", "delivery_city")}, batch=2)
        cursor.execute("SELECT string_agg(was_city, '') FROM tenants_driveridentity")
        assert cursor.fetchone() == ("",)
        cursor.execute(f"ALTER TABLE tenants_driveridentity DROP was_city; SET ROLE {APP}")
    for operator in (north, south):
        with tenant_scope(operator.pk):
            rows = DriverIdentity.objects.all()
            assert {row.country: row.delivery_city for row in rows} == {
                row.country: "" if row.country == "FI" else f"in {row.country}" for row in rows
            }
            assert OperatorKey.objects.count() == 1
            assert operator_keys.newest(operator.pk).number == 1
    with tenant_scope(north.pk):
        assert PersonKey.objects.filter(driver=known).count() == 1
        assert PersonKey.objects.filter(account=Account.objects.get(kind="company")).count() == 1
        assert DriverIdentity.objects.get(driver=known).phone == "070"


def test_a_sealed_text_says_nothing_of_itself(in_north):
    drivers.create(phone="070-999")
    (text,) = DriverIdentity.objects.values_list("phone", flat=True)
    assert isinstance(text, sealed_fields.Sealed)
    assert "070" not in repr(text)
    assert str(text) == "070-999"


def test_rows_of_a_long_list_have_their_keys_together(in_north, django_assert_max_num_queries):
    for number in range(12):
        drivers.create(phone=f"070-{number}")
    afresh()
    with django_assert_max_num_queries(4 + 3):  # three batches, and opening and reading the cursor
        rows = DriverIdentity.objects.order_by("pk").iterator(chunk_size=5)
        read = [row.phone for row in sealed_fields.together(rows, at_once=5)]
    assert read == [f"070-{number}" for number in range(12)]
