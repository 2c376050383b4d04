"""The seller: the operator's particulars as an invoice keeps them, and which look its documents have.

Where a document charges another country's VAT, the seller is who is registered there: the document has the operator's
number of that country (directive 2006/112, art. 226(3)). One that charges VAT of several has them all.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection

from billing.domain.errors import BillingError, Code
from billing.models import InvoiceRun, SellerNumber
from billing.selectors import letterheads
from billing.sql import vat_abroad
from tenants.models import Operator

SELLER_FIELDS = (
    "name",
    "legal_name",
    "organisation_number",
    "vat_number",
    "gln",
    "street",
    "postal_code",
    "city",
    "country",
    "email",
    "phone",
    "bankgiro",
    "iban",
    "approved_for_f_tax",
    "language",
    "time_zone",
)


def seller(operator: Operator) -> dict[str, Any]:
    """The operator's particulars as an invoice keeps them, and as `letterhead` the look in force, if any."""
    look = letterheads.current()
    chosen = {"letterhead": str(look.public_id)} if look else {}
    return {field: getattr(operator, field) for field in SELLER_FIELDS} | chosen


def digest(operator: Operator) -> str:
    """A hash over them and the payment terms: all that an invoice takes from the operator when it is issued."""
    facts = {**seller(operator), "payment_terms_days": operator.payment_terms_days}
    if abroad := numbers_abroad():
        facts["vat_numbers"] = abroad
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def numbers_abroad() -> dict[str, str]:
    """The operator's VAT numbers in other countries, by country."""
    return dict(SellerNumber.objects.order_by("country").values_list("country", "vat_number"))


def abroad(ids: Sequence[int], operator: Operator) -> dict[int, dict[str, Any]]:
    """What those of the documents that charge VAT abroad say of their seller beside what all do.

    `vat_numbers`, by country; and as `vat_number` the one of the country where all VAT of the document is charged.

    Raises:
        BillingError: the number of a country is missing.
    """
    numbers, found = numbers_abroad(), dict[int, dict[str, Any]]()
    for document, countries in _countries(ids, operator).items():
        foreign = sorted(countries - {operator.country})
        _check_known(foreign, numbers)
        if foreign:
            found[document] = _facts(foreign, numbers, is_all=len(countries) == 1)
    return found


def wholly_abroad(ids: Sequence[int], operator: Operator) -> list[int]:
    """Those of the documents all of whose VAT is one other country's."""
    found = _countries(ids, operator).items()
    return [document for document, countries in found if len(countries) == 1 and operator.country not in countries]


def missing_abroad(run: InvoiceRun, operator: Operator) -> tuple[int, list[str]]:
    """How many drafts charge VAT of a country where the operator has no number, and which countries these are."""
    known = [*numbers_abroad()]
    values: dict[str, Any] = {"operator": operator.pk, "home": operator.country, "run": run.pk, "known": known}
    with connection.cursor() as cursor:
        cursor.execute(vat_abroad.MISSING, values)
        count, countries = cursor.fetchone()
    return count, countries or []


def moved(run: InvoiceRun, operator: Operator) -> list[int]:
    """The drafts that would charge the VAT of another country by now, of those on which a change of one was noted."""
    values: dict[str, Any] = {"operator": operator.pk, "home": operator.country, "run": run.pk}
    with connection.cursor() as cursor:
        cursor.execute(vat_abroad.MOVED, {**values, "zone": operator.time_zone})
        return [draft for (draft,) in cursor.fetchall()]


def _countries(ids: Sequence[int], operator: Operator) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(vat_abroad.COUNTRIES, {"operator": operator.pk, "home": operator.country, "ids": list(ids)})
        for document, country in cursor.fetchall():
            found[document].add(country)
    return found


def _check_known(countries: Iterable[str], numbers: dict[str, str]) -> None:
    unknown = [country for country in countries if country not in numbers]
    if unknown:
        raise BillingError(Code.SELLER_WITHOUT_NUMBER_ABROAD, field="vat_number", count=1, countries=unknown)


def _facts(countries: Sequence[str], numbers: dict[str, str], *, is_all: bool) -> dict[str, Any]:
    told = {country: numbers[country] for country in countries}
    return {"vat_numbers": told} | ({"vat_number": told[countries[0]]} if is_all else {})
