"""The seller: the operator's particulars as an invoice keeps them, and which look its documents have."""

import hashlib
from typing import Any

import orjson

from billing.selectors import letterheads
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
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()
