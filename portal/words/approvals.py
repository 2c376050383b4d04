"""What waits for a second person, in words: what exactly would happen, and where to look at it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.domain.calendar import parse_month
from billing.models import InvoiceRun, TariffVersion, WriteOff
from billing.services.approved import CREDIT, ISSUE, PUBLISH, REMIND, RERATE, SETTLE, WRITE_OFF
from portal.words import measures
from portal.words.invoices import AFTER_CREDIT
from tenants.models import Approval, Operator, PersonRequest
from tenants.privacy.erasure import ACTION as ERASE
from tenants.services import four_eyes
from tenants.services.people.driver_exports import ACTION as EXPORT
from tenants.services.people.security import SWITCH_OFF

NAMES: dict[str, str | Promise] = {
    PUBLISH: gettext_lazy("Publish a tariff"),
    ISSUE: gettext_lazy("Issue the invoices of a run"),
    CREDIT: gettext_lazy("Credit an invoice"),
    WRITE_OFF: gettext_lazy("Write off a receivable"),
    RERATE: gettext_lazy("Re-rate what was billed"),
    SETTLE: gettext_lazy("Close the settlement with hosts"),
    REMIND: gettext_lazy("Send reminders"),
    EXPORT: gettext_lazy("Download the personal data of all drivers"),
    ERASE: gettext_lazy("Erase a person"),
}
#: Every act there is, those that are not chosen too.
ACTS: dict[str, str | Promise] = {**NAMES, SWITCH_OFF: gettext_lazy("Let one person act alone again")}
# Why it is no longer valid.
NOTES: dict[str, str | Promise] = {
    four_eyes.CHANGED: gettext_lazy("What was asked for has changed since. It has to be asked for again."),
    four_eyes.REQUESTER_GONE: gettext_lazy("The person who asked may not do this any more."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One approval in words.

    facts: (name, value) pairs. url: where the thing itself can be looked at; empty when it is gone.
    """

    approval: Approval
    title: str
    facts: list[tuple[str, str]]
    url: str
    url_label: str
    note: str


def told(approval: Approval, operator: Operator) -> Told:
    """Return what is asked for, in words."""
    title, facts, url, url_label = _TELL[approval.action](approval, operator)
    note = str(NOTES.get(approval.note, approval.note))
    return Told(approval, title, facts, url, url_label, note)


Parts = tuple[str, list[tuple[str, str]], str, str]


def _publish(approval: Approval, operator: Operator) -> Parts:
    facts: dict[str, Any] = approval.facts
    version = TariffVersion.objects.select_related("tariff").filter(public_id=approval.subject).first()
    url = ""
    if version is not None:
        url = reverse("finance:tariff_detail", args=[operator.slug, version.tariff.public_id])
        url += f"?version={version.number}"
    title = _("Publish version %(version)s of %(tariff)s") % {"version": facts["version"], "tariff": facts["tariff"]}
    valid_from = measures.local_time(datetime.fromisoformat(facts["valid_from"]), operator.time_zone)
    told = [
        (_("Tariff"), str(facts["tariff"])),
        (_("Version"), str(facts["version"])),
        (_("Valid from"), valid_from),
        (capfirst(_("SHA-256 of the document")), facts["document_sha256"][:16]),
    ]
    return title, told, url, _("Look at its prices")


def _issue(approval: Approval, operator: Operator) -> Parts:
    facts: dict[str, Any] = approval.facts
    exists = InvoiceRun.objects.filter(public_id=approval.subject).exists()
    url = reverse("finance:run_detail", args=[operator.slug, approval.subject]) if exists else ""
    month = measures.month(parse_month(facts["month"]))
    due = [measures.money(Decimal(amount), currency) for currency, amount in facts["amounts"].items()]
    told = [
        (_("Invoices"), measures.number(facts["invoices"])),
        (_("Sessions"), measures.number(facts["sessions"])),
        (_("Amount due"), ", ".join(due)),
        (_("Paid to bankgiro"), facts.get("bankgiro") or _("no bankgiro")),
        *([(_("Paid to IBAN"), facts["iban"])] if facts.get("iban") else []),
        (capfirst(_("SHA-256 of the drafts")), facts["drafts_sha256"][:16]),
        (capfirst(_("SHA-256 of the seller's details")), facts.get("seller_sha256", "")[:16]),
    ]
    return _("Issue the invoices of %(month)s") % {"month": month}, told, url, _("Look at the drafts")


def _credit(approval: Approval, operator: Operator) -> Parts:
    facts: dict[str, Any] = approval.facts
    told = [
        (_("To be credited"), measures.money(Decimal(facts["amount_due"]), facts["currency"])),
        (_("Sessions"), measures.number(facts["sessions"])),
        (_("Reason"), facts["reason"]),
        (_("Sessions of which nothing is left"), str(AFTER_CREDIT.get(facts.get("then", ""), ""))),
    ]
    url = reverse("finance:invoice_detail", args=[operator.slug, approval.subject])
    title = _("Credit a part of invoice %(invoice)s") if facts.get("lines") else _("Credit invoice %(invoice)s")
    told += (
        [(_("Lines"), ", ".join(str(position) for position, _amount in facts["lines"]))] if facts.get("lines") else []
    )
    return title % {"invoice": facts["invoice"]}, told, url, _("Look at the invoice")


def _write_off(approval: Approval, operator: Operator) -> Parts:
    facts: dict[str, Any] = approval.facts
    told = [
        (_("To be written off"), measures.money(Decimal(facts["amount"]), facts["currency"])),
        (_("VAT taken back"), measures.money(Decimal(facts["vat"]), facts["currency"])),
        (_("Why"), capfirst(WriteOff.Why(facts["why"]).label)),
        (_("Reason"), facts["reason"]),
    ]
    url = reverse("finance:invoice_detail", args=[operator.slug, approval.subject])
    title = _("Write off what is open of invoice %(invoice)s") % {"invoice": facts["invoice"]}
    return title, told, url, _("Look at the invoice")


def _rerate(approval: Approval, operator: Operator) -> Parts:
    facts: dict[str, Any] = approval.facts
    more = [measures.money(Decimal(amount), currency) for currency, amount in facts["amounts"].items()]
    told = [
        (_("Sessions that ended"), f"{facts['since']} – {facts['until']}"),
        (_("Invoices"), measures.number(facts["invoices"])),
        (_("They pay more by"), ", ".join(more)),
        (_("Reason"), facts["reason"]),
        (capfirst(_("SHA-256 of the figures")), facts["items_sha256"][:16]),
    ]
    url = reverse("finance:rerating_detail", args=[operator.slug, approval.subject])
    return str(NAMES[RERATE]), told, url, _("Look at the figures")


def _settle(approval: Approval, operator: Operator) -> Parts:
    facts: dict[str, Any] = approval.facts
    month = measures.month(parse_month(facts["month"]))
    sums = [measures.money(Decimal(amount), currency) for currency, amount in facts["amounts"].items()]
    told = [
        (_("Statements"), measures.number(facts["statements"])),
        (_("Paid out, incl. VAT"), ", ".join(sums)),
        (capfirst(_("SHA-256 of the statements")), facts["statements_sha256"][:16]),
    ]
    url = reverse("finance:settlement_detail", args=[operator.slug, approval.subject])
    return _("Close the settlement of %(month)s") % {"month": month}, told, url, _("Look at the statements")


def _remind(approval: Approval, operator: Operator) -> Parts:
    facts: dict[str, Any] = approval.facts
    asked = [measures.money(Decimal(amount), currency) for currency, amount in facts["amounts"].items()]
    told = [
        (_("Reminders"), measures.number(facts["reminders"])),
        (_("Handed over to the collection agency"), measures.number(facts["handed_over"])),
        (_("Costs and interest on documents of their own"), ", ".join(asked)),
        (_("Counted to"), measures.local_date(date.fromisoformat(facts["as_of"]))),
        (_("Invoices"), ", ".join(facts["invoices"])),
    ]
    url = reverse("finance:reminder_list", args=[operator.slug])
    return str(NAMES[REMIND]), told, url, _("Look at what is due")


def _export(approval: Approval, operator: Operator) -> Parts:
    former = approval.facts["former"]
    told = [
        (_("Drivers"), measures.number(approval.facts["count"])),
        (_("Which"), _("also former drivers") if former else _("customers of today")),
    ]
    url = reverse("staff:driver_list", args=[operator.slug])
    return str(NAMES[approval.action]), told, url, _("Look at the list of drivers")


def _erase(approval: Approval, operator: Operator) -> Parts:
    row = PersonRequest.objects.select_related("driver").filter(public_id=approval.subject).first()
    told = (
        [(_("Driver"), row.driver.customer_number), (_("Received"), measures.local_date(row.received_on))]
        if row
        else []
    )
    url = reverse("staff:person_request", args=[operator.slug, approval.subject]) if row else ""
    return str(NAMES[ERASE]), told, url, _("Look at the request")


def _switch_off(approval: Approval, operator: Operator) -> Parts:
    told = [(str(NAMES[act]), _("needs no second person any more")) for act in approval.facts["acts"]]
    url = reverse("staff:security", args=[operator.slug])
    return _("Let one person act alone again"), told, url, _("Look at the security settings")


_TELL: dict[str, Callable[[Approval, Operator], Parts]] = {
    PUBLISH: _publish,
    ISSUE: _issue,
    CREDIT: _credit,
    WRITE_OFF: _write_off,
    RERATE: _rerate,
    SETTLE: _settle,
    REMIND: _remind,
    EXPORT: _export,
    ERASE: _erase,
    SWITCH_OFF: _switch_off,
}
