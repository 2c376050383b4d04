"""Fixtures that several tests of this floor share."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice
from billing.services import fees, payments
from billing.services.credit_notes import credit
from billing.services.fees import Agreed
from billing.tests.companies import SELLER
from billing.tests.downloads import DAY_PAID
from billing.tests.factories import DAY_NIGHT, NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from charging.models import Site
from tenants.models import Account, Operator
from tenants.scoping import tenant_scope


@pytest.fixture
def files(settings, tmp_path):
    """A folder of the test's own for what is made and taken in."""
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def month(north):
    """Two invoices, one of them credited; a site and a driver with names that a spreadsheet would run."""
    with tenant_scope(north.pk):
        tariff(DAY_NIGHT)
        at = connector(Site.objects.create(name="=HYPERLINK(1)", time_zone="Europe/Stockholm"))
        session(at, driver("-Åsa Öberg"), start=OCTOBER + timedelta(hours=8))
        session(at, driver("Bo"), start=OCTOBER + timedelta(days=3, hours=19, minutes=30))
        issued()
        credit(Invoice.objects.get(number=2), reason="Wrong", by=None, at=NOVEMBER)
    return north


@pytest.fixture
def traded(north):
    """An invoice that was overpaid, and one of a company in Germany that accounts for the VAT itself, with a fee."""
    with tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(vat_number="SE556016068001")
        tariff(DAY_NIGHT)
        at, abroad = connector(), connector(Site.objects.create(name="Hamnen"))
        tariff(flat("1.00", vat="0"), site=abroad.station.site)
        german = driver("Kraft GmbH", country="DE", vat_number="DE136695976")
        session(at, driver("Bo"), start=OCTOBER + timedelta(hours=8))
        session(abroad, german, start=OCTOBER + timedelta(hours=9))
        agreed = Agreed(
            kind="once",
            text="Card",
            reason="-",
            price=Decimal(99),
            since=OCTOBER.date(),
            has_standard_rate=False,
            vat_rate=Decimal(0),
        )
        fees.add(Account.objects.get(driver=german), agreed, today=OCTOBER.date())
        issued()
        first = Invoice.objects.get(vat__gt=0)
        payments.record(first, Decimal(40), paid_on=DAY_PAID, text="Swish", by=None, today=DAY_PAID)
    north.refresh_from_db()
    return north


@pytest.fixture
def seller(in_north):
    """The operator, with all that an e-invoice says of it."""
    Operator.objects.update(**SELLER)
    return Operator.objects.get()
