"""The operator's VAT numbers abroad, kept as a whole."""

from collections.abc import Mapping

from django.db import transaction

from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import SellerNumber
from billing.selectors import sellers
from tenants import company_numbers
from tenants.log import audit
from tenants.models import Operator
from tenants.scoping import current_operator_id


@transaction.atomic
def keep(numbers: Mapping[str, str]) -> None:
    """Put these numbers by country in the place of those there are. Issued documents keep theirs.

    Raises:
        Refused: a number does not follow its country's rules.
        BillingError: it is another country's, or the country is the operator's own.
    """
    operator = Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())  # one after the other
    kept = {country: _checked(country, number, home=operator.country) for country, number in sorted(numbers.items())}
    if kept == sellers.numbers_abroad():
        return
    SellerNumber.objects.all().delete()
    SellerNumber.objects.bulk_create(
        [SellerNumber(country=country, vat_number=number) for country, number in kept.items()]
    )
    audit.record(Event.SELLER_NUMBERS_CHANGED, vat_numbers=list(kept.values()))


def _checked(country: str, number: str, *, home: str) -> str:
    plain = company_numbers.vat(number)
    if country == home or not company_numbers.vat_of(country, plain):
        raise BillingError(Code.NUMBER_OF_ANOTHER_COUNTRY, field=country, number=plain)
    return plain
