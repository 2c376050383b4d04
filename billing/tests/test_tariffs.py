"""Tariffs: what may be published, and what never changes afterwards."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing.domain import money
from billing.domain.errors import BillingError, TariffError
from billing.models import Tariff, TariffVersion
from billing.services import tariffs
from billing.services.tariffs import TariffRefused
from billing.tests.factories import EPOCH, OCTOBER, connector, driver, flat, issued, session, tariff
from tenants.currencies import BILLED
from tenants.models import DriverGroup

pytestmark = pytest.mark.usefixtures("in_north")


def made() -> Tariff:
    return tariffs.create(name="Day", currency="SEK", document=flat())


def test_a_draft_is_completed_with_id_and_currency_and_fingerprinted():
    tariff = made()
    draft = tariff.versions.get()
    assert (draft.number, draft.published_at) == (1, None)
    assert draft.document["currency"] == "SEK"
    assert draft.document["id"] == str(tariff.public_id)
    assert len(draft.document_sha256) == 64


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "elements"),
        (flat("free"), "elements[0].price_components[0].price"),
        (flat(vat="125"), "elements[0].price_components[0].vat"),
        ({"elements": [{"price_components": [{"type": "WIND", "price": 1}]}]}, "elements[0].price_components[0].type"),
        ({**flat(), "currency": "EUR"}, "currency"),
    ],
)
def test_a_document_that_cannot_be_priced_is_refused_by_field(document, field):
    with pytest.raises(BillingError) as refused:
        tariffs.create(name="Bad", currency="SEK", document=document)
    assert refused.value.field == field
    assert not Tariff.objects.exists()


@pytest.mark.parametrize("currency", [*money.UNUSUAL_DIGITS, "", "kr", "sek", "QQQ"])
def test_a_currency_without_hundredths_is_refused(currency):
    with pytest.raises(TariffRefused, match="tariff_currency_not_billed") as refused:
        tariffs.create(name="Dinar", currency=currency, document=flat())
    assert refused.value.field == "currency"
    assert not Tariff.objects.exists()


@pytest.mark.parametrize("currency", BILLED)
def test_every_currency_that_can_be_chosen_has_hundredths_and_makes_an_invoice(currency):
    assert money.minor_digits(currency) == 2
    tariff(flat("1.111"), currency=currency)
    session(connector(), driver())
    invoice = issued().invoices.get()
    assert (invoice.currency, invoice.amount_excl_vat) == (currency, Decimal("11.11"))


def test_a_name_is_taken_once():
    made()
    with pytest.raises(TariffRefused, match="tariff_name_taken"):
        made()


def test_saving_again_changes_the_draft_and_after_publishing_makes_the_next_version():
    tariff = made()
    first = tariffs.save_draft(tariff, document=flat("3"))
    assert tariff.versions.get() == first
    tariffs.publish(first, valid_from=EPOCH, by=None, at=OCTOBER)
    second = tariffs.save_draft(tariff, document=flat("4"))
    assert (second.number, tariff.versions.count()) == (2, 2)


def test_publishing_twice_is_once_and_another_start_is_refused():
    version = made().versions.get()
    tariffs.publish(version, valid_from=EPOCH, by=None, at=OCTOBER)
    assert tariffs.publish(version, valid_from=EPOCH, by=None, at=OCTOBER + timedelta(days=1)).published_at == OCTOBER
    with pytest.raises(TariffRefused, match="version_published"):
        tariffs.publish(version, valid_from=OCTOBER, by=None, at=OCTOBER)


def test_a_published_version_keeps_its_words_when_its_publisher_leaves(fina):
    version = made().versions.get()
    tariffs.publish(version, valid_from=EPOCH, by=fina, at=OCTOBER)
    TariffVersion.objects.update(published_by=None)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        TariffVersion.objects.update(document={})


def test_an_assignment_has_one_target_an_end_after_its_start_and_a_living_tariff():
    payer, group, tariff = driver(), DriverGroup.objects.create(name="Fleet"), made()
    with pytest.raises(TariffRefused, match="one_target"):
        tariffs.assign(tariff, valid_from=EPOCH, driver=payer, group=group)
    with pytest.raises(TariffRefused, match="assignment_ends_first"):
        tariffs.assign(tariff, valid_from=EPOCH, valid_until=EPOCH)
    tariffs.archive(tariff, at=OCTOBER)
    with pytest.raises(TariffRefused, match="tariff_archived"):
        tariffs.assign(tariff, valid_from=EPOCH)
    tariffs.restore(tariff)
    tariffs.assign(tariff, valid_from=EPOCH)


def test_a_tariff_that_applies_now_or_later_is_not_archived():
    used = tariff()
    with pytest.raises(TariffRefused, match="tariff_still_assigned"):
        tariffs.archive(used, at=OCTOBER)
    later = made()
    tariffs.assign(later, valid_from=OCTOBER + timedelta(days=1), valid_until=OCTOBER + timedelta(days=2))
    with pytest.raises(TariffRefused, match="tariff_still_assigned"):
        tariffs.archive(later, at=OCTOBER)
    tariffs.archive(later, at=OCTOBER + timedelta(days=3))
    assert later.is_archived


def test_an_assignment_that_has_not_begun_disappears():
    at, payer = connector(), driver()
    made_tariff = tariff(flat("1.00"))
    later = tariffs.assign(made_tariff, valid_from=OCTOBER, driver=payer)
    session(at, payer)
    tariffs.unassign(later, at=OCTOBER - timedelta(days=1))
    assert made_tariff.assignments.count() == 1
    ended = made_tariff.assignments.get()
    tariffs.unassign(ended, at=OCTOBER)
    tariffs.unassign(ended, at=OCTOBER + timedelta(days=1))
    ended.refresh_from_db()
    assert ended.valid_until == OCTOBER


def test_errors_of_the_domain_name_the_field():
    with pytest.raises(TariffError, match="invalid_tariff") as refused:
        tariffs.create(name="Empty", currency="SEK", document={"elements": []})
    assert refused.value.facts["field"] == "elements"
