"""Disputes in words: what need not be paid while it is disputed."""

from decimal import Decimal

from django.utils.translation import gettext

from portal.words import measures


def waits(amount: Decimal, currency: str) -> str:
    """That so much of an invoice is disputed and need not be paid yet."""
    words = gettext("%(amount)s of the invoice is disputed. You need not pay that until we have answered.")
    return words % {"amount": measures.money(amount, currency)}
