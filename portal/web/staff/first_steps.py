"""What a new operator has to do before its first invoice, each with where it is done, until all of it is."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.selectors import assignments
from charging.selectors import overview as network
from tenants.models import Operator
from tenants.permissions import Access, Permission


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. url: where, for those who may."""

    words: str | Promise
    note: str | Promise
    is_done: bool
    url: str


def of(operator: Operator, access: Access) -> list[Step]:
    """Return all steps while one is left that the person may take; nothing otherwise."""

    def where(permission: Permission, page: str) -> str:
        return reverse(page, args=[operator.slug]) if access.may(permission) else ""

    steps = [
        Step(
            _("Fill in your details"),
            _("Organisation number, VAT number and address: the law requires them on every invoice."),
            all([operator.organisation_number, operator.vat_number, operator.street, operator.city]),
            where(Permission.MANAGE_OPERATOR, "staff:settings"),
        ),
        Step(
            _("Say where customers pay"),
            _("Your bankgiro or IBAN is shown on each invoice with its OCR number."),
            bool(operator.bankgiro or operator.iban),
            where(Permission.MANAGE_OPERATOR, "staff:settings"),
        ),
        Step(
            _("Make a tariff and say where it applies"),
            _("A session without a price cannot be invoiced."),
            assignments.is_any(),
            where(Permission.MANAGE_TARIFFS, "finance:tariff_list"),
        ),
        Step(
            _("Import the first file"),
            _("Sites, stations and cards can be added from it."),
            network.has_sessions(),
            where(Permission.IMPORT_SESSIONS, "staff:import_new"),
        ),
    ]
    return steps if any(step.url and not step.is_done for step in steps) else []
