"""Which look documents have."""

from typing import Any

from billing.models import Letterhead


def current() -> Letterhead | None:
    """The look in force; none: ours."""
    return Letterhead.objects.order_by("pk").last()


def of_seller(seller: dict[str, Any]) -> Letterhead | None:
    """The look that a document's seller names."""
    named = seller.get("letterhead")
    return Letterhead.objects.filter(public_id=named).first() if named else None
