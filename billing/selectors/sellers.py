"""The seller: the operator's particulars as an invoice keeps them."""

import hashlib
from typing import Any

import orjson

from tenants.models import Operator

SELLER_FIELDS = (
    "name",
    "legal_name",
    "organisation_number",
    "vat_number",
    "street",
    "postal_code",
    "city",
    "country",
    "email",
    "phone",
    "bankgiro",
    "approved_for_f_tax",
    "language",
    "time_zone",
)


def seller(operator: Operator) -> dict[str, Any]:
    """The operator's particulars as an invoice keeps them."""
    return {field: getattr(operator, field) for field in SELLER_FIELDS}


def digest(operator: Operator) -> str:
    """A hash over them and the payment terms: all that an invoice takes from the operator when it is issued."""
    facts = {**seller(operator), "payment_terms_days": operator.payment_terms_days}
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()
