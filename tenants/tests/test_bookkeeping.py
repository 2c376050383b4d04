"""What is kept of the erased opens for bookkeeping alone, which the log is told, and not after its day."""

from datetime import date
from typing import Any

import pytest
from django.core.management import call_command

from tenants import bookkeeping, sealed_content
from tenants.bookkeeping import Why
from tenants.crypto import Shut, Unreadable
from tenants.models import AuditEntry, BooksKey, DriverIdentity, KeptKey, OperatorKey, PersonKey
from tenants.scoping import tenant_scope
from tenants.services import books_keys, operator_keys, person_keys
from tenants.services.people import drivers

DAY, LATER = date(2033, 12, 31), date(2034, 12, 31)


@pytest.fixture
def erased(north):
    """The number of an identity whose name is kept until a day, and nothing else of its person."""
    with tenant_scope(north.pk):
        identity = drivers.create(name="Dana", phone="070").identity.pk
        assert person_keys.keep(DriverIdentity, [identity], ["name"], until=DAY) == 1
        PersonKey.objects.all().delete()
    return identity


def read(north, identity, name="name"):
    """A field of the identity, read in a scope of its own."""
    with tenant_scope(north.pk):
        return getattr(DriverIdentity.objects.get(pk=identity), name)


def reasons(north):
    with tenant_scope(north.pk):
        told = AuditEntry.objects.filter(event="books.opened").order_by("pk")
        return [(entry.additional_data or {})["books_reason"] for entry in told]


def test_it_is_empty_to_all_but_bookkeeping_and_the_log_keeps_what_it_was_read_for(north, erased):
    assert read(north, erased) == ""
    with tenant_scope(north.pk):
        name: Any = DriverIdentity.objects.filter(pk=erased).values_list("name", flat=True).get()
        assert str(name) == ""
        with pytest.raises(Shut):
            name.open()
    assert reasons(north) == []
    with bookkeeping.opened(Why.AUTHORITY):
        assert read(north, erased) == "Dana"
        assert read(north, erased) == "Dana"
        with pytest.raises(Unreadable, match="gone"):
            read(north, erased, "phone")
    assert read(north, erased) == ""
    assert reasons(north) == ["authority"], "once for each time it is opened"


def test_a_row_that_was_read_as_empty_keeps_what_it_holds(north, erased):
    with tenant_scope(north.pk):
        row = DriverIdentity.objects.get(pk=erased)
        assert row.name == ""
        with bookkeeping.opened(Why.CLAIM):
            assert row.name == "Dana", "the same row, read for bookkeeping"


def test_opening_it_without_reading_anything_kept_tells_nothing(north):
    with tenant_scope(north.pk):
        identity = drivers.create(name="Dana").identity.pk
    with bookkeeping.opened(Why.AUDIT):
        assert read(north, identity) == "Dana"
    assert reasons(north) == []


def test_after_its_day_it_opens_to_nobody(north, erased):
    with tenant_scope(north.pk):
        sealed = sealed_content.seal_for_books(b"a document", until=DAY, about="invoice:1")
        assert books_keys.destroy(list(BooksKey.objects.all())) == 1
        assert [bytes(row.wrapped) for row in KeptKey.objects.all()] == [b""]
    with bookkeeping.opened(Why.AUDIT):
        assert read(north, erased) == ""
        with tenant_scope(north.pk), pytest.raises(Shut, match="is over"):
            sealed_content.unseal(sealed, about="invoice:1")
    assert reasons(north) == [], "nothing was read"


def test_a_document_of_somebody_erased_opens_for_bookkeeping_and_is_as_long_as_it_was(north):
    with tenant_scope(north.pk):
        before = sealed_content.seal(b"a document", about="invoice:1")
        after = sealed_content.seal_for_books(b"a document", until=DAY, about="invoice:1")
        assert len(after) == len(before)
        with pytest.raises(Shut, match="bookkeeping alone"):
            sealed_content.unseal(after, about="invoice:1")
        with bookkeeping.opened(Why.CORRECTION):
            assert sealed_content.unseal(after, about="invoice:1") == b"a document"
            with pytest.raises(Unreadable):
                sealed_content.unseal(after, about="invoice:2")
            another_day = after[:4] + LATER.toordinal().to_bytes(8) + after[12:]
            with pytest.raises(Unreadable):
                sealed_content.unseal(another_day, about="invoice:1")


def test_what_a_later_document_names_is_kept_for_longer_and_never_for_shorter(north, erased):
    with tenant_scope(north.pk):
        assert person_keys.keep(DriverIdentity, [erased], ["name"], until=LATER) == 1
        assert person_keys.keep(DriverIdentity, [erased], ["name"], until=DAY) == 0
        books_keys.destroy(list(BooksKey.objects.filter(until=DAY)))
    with bookkeeping.opened(Why.AUDIT):
        assert read(north, erased) == "Dana"
    with tenant_scope(north.pk):
        books_keys.destroy(list(BooksKey.objects.filter(until=LATER)))
    with bookkeeping.opened(Why.AUDIT):
        assert read(north, erased) == ""


def test_another_operator_opens_nothing_of_it(north, south, erased):
    with bookkeeping.opened(Why.AUDIT), tenant_scope(south.pk):
        assert not BooksKey.objects.exists()
        assert not DriverIdentity.objects.filter(pk=erased).exists()


def test_a_new_key_of_the_operator_wraps_it(north, erased):
    with tenant_scope(north.pk):
        operator_keys.renew(north.pk)
    call_command("rotate_encryption")
    with tenant_scope(north.pk):
        assert BooksKey.objects.get().operator_key == OperatorKey.objects.latest("number")
    with bookkeeping.opened(Why.AUDIT):
        assert read(north, erased) == "Dana"
