"""The columns of the audit log."""

from django.utils.translation import gettext_lazy

from portal.web.tables import Column, Shown, Table

AUDIT = Table(
    "audit",
    (
        Column("when", gettext_lazy("When"), by="timestamp", is_indexed=True, is_fixed=True),
        Column("who", gettext_lazy("Who")),
        Column("what", gettext_lazy("What")),
        Column("address", gettext_lazy("Address"), css="rest"),
        Column("request", gettext_lazy("Request"), css="rest", is_optional=True),
    ),
    order="-when",
)
#: Where a few entries are shown, or those about one thing.


def usual() -> Shown:
    """Return what a page of some entries shows."""
    return AUDIT.part("when", "who", "what", "address")
