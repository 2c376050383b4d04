"""Documents looked up by their amount: in the index of what is searched.

Under row security PostgreSQL compares money row by row, whatever index there is, as such comparisons may leak what
they see (decision 20).
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from django.db.models import Q

from billing.models import Invoice
from tenants.search import subjects
from tenants.search.subjects import Subject
from tenants.search.terms import Pairs, Wanted
from tenants.selectors import search


def _cents_of(texts: Sequence[str]) -> Pairs:
    return np.array([_cents(Decimal(text)) for text in texts], np.int64), np.arange(len(texts))


def _cents(amount: Decimal) -> int:
    """The one term of an amount. A credit note is found by the amount of its invoice."""
    return abs(int(amount.scaleb(2)))


#: So many of the newest that are not indexed yet are looked through.
_FRESH = 20_000
_AMOUNTS = Subject("amounts", Invoice, ("amount_due",), _cents_of, behind=2_000)


def register() -> None:
    """Enter the amounts of documents among what is searched."""
    subjects.register(_AMOUNTS)


def documents(amount: Decimal, *, most: int) -> list[int]:
    """Return the newest documents over this amount, or minus this amount."""
    found = search.find(_AMOUNTS, Wanted((_cents(amount),)), most=most)
    # Their ids alone come from the index over operator and id; with the amount the planner takes that of the amounts.
    fresh = Invoice.objects.filter(pk__gt=found.up_to).order_by("-pk").values_list("pk", flat=True)[:_FRESH]
    rows = Invoice.objects.filter(search.among("pk", [*fresh, *found.ids]))
    rows = rows.filter(Q(amount_due=amount) | Q(amount_due=-amount))
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:most])
