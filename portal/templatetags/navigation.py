"""What stands in the sidebar and in the driver's tabs: two tables and the tags that show them.

An entry is shown when the reader holds one of its permissions and its page exists. The page
decorator refuses what is not allowed in any case; hiding is a courtesy, not the wall.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.selectors import settlements
from portal.words.log.objects import history_url

register = template.Library()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation: `section` is what a page gives as `nav`."""

    section: str
    label: str | Promise
    url_name: str
    icon: str
    permissions: tuple[str, ...]

    def shown_to(self, may: Container[str]) -> bool:
        """Tell whether a reader who holds `may` is offered this entry."""
        return any(permission in may for permission in self.permissions)


STAFF: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        _("Network"),
        (
            Entry("overview", _("Overview"), "staff:overview", "overview", ("view_overview",)),
            Entry("sessions", _("Sessions"), "staff:session_list", "sessions", ("view_sessions",)),
            Entry("review", _("Review"), "staff:review_list", "review", ("review_sessions",)),
            Entry("sites", _("Sites"), "staff:site_list", "sites", ("view_network",)),
            Entry("stations", _("Stations"), "staff:station_list", "station", ("view_network",)),
            Entry("drivers", _("Drivers"), "staff:driver_list", "drivers", ("view_drivers",)),
            Entry("tokens", _("Cards"), "staff:token_list", "cards", ("view_drivers",)),
            Entry("imports", _("Imports"), "staff:import_list", "imports", ("import_sessions",)),
        ),
    ),
    (
        _("Billing"),
        (
            Entry("month", _("The month"), "finance:month_steps", "check", ("view_invoices",)),
            Entry("accounts", _("Payers"), "staff:account_list", "accounts", ("view_drivers",)),
            Entry("tariffs", _("Tariffs"), "finance:tariff_list", "tariffs", ("view_tariffs",)),
            Entry("fees", _("Fees"), "finance:fee_list", "calendar", ("view_invoices",)),
            Entry("runs", _("Runs"), "finance:run_list", "runs", ("run_billing", "issue_invoices")),
            Entry("invoices", _("Invoices"), "finance:invoice_list", "invoices", ("view_invoices",)),
            Entry("sendings", _("E-invoices"), "finance:sending_list", "file", ("view_invoices",)),
            Entry("payments", _("Payments"), "finance:payment_list", "check", ("view_invoices",)),
            Entry("letters", _("Letters"), "finance:letter_list", "file", ("view_invoices",)),
            Entry("hosts", _("Hosts"), "finance:host_list", "sites", ("view_invoices",)),
            Entry("disputes", _("Disputes"), "staff:dispute_list", "review", ("view_invoices",)),
            Entry("reconciliation", _("Reconciliation"), "finance:reconciliation", "balance", ("view_invoices",)),
            Entry("ledger", _("Ledger"), "finance:ledger_month", "balance", ("view_invoices",)),
            Entry("exports", _("Downloads"), "finance:export_list", "downloads", ("export_finance",)),
        ),
    ),
    (
        _("Organisation"),
        (
            Entry("people", _("People"), "staff:people", "people", ("view_people", "manage_people")),
            Entry("consents", _("Consents"), "staff:consent_list", "consents", ("view_consents",)),
            Entry("privacy", _("Privacy"), "staff:person_request_list", "privacy", ("view_privacy",)),
            Entry("approvals", _("Approvals"), "staff:approval_list", "review", ("view_approvals",)),
            Entry("audit", _("Audit"), "staff:audit_log", "audit", ("view_audit",)),
            Entry("settings", _("Settings"), "staff:settings", "settings", ("manage_operator",)),
        ),
    ),
)

DRIVER: tuple[Entry, ...] = (
    Entry("charge", _("Charge"), "driver:charge", "station", ("use_driver_pages",)),
    Entry("history", _("History"), "driver:history", "sessions", ("use_driver_pages",)),
    Entry("invoices", _("Invoices"), "driver:invoice_list", "invoices", ("use_driver_pages",)),
    Entry("tokens", _("Cards"), "driver:token_list", "cards", ("use_driver_pages",)),
    Entry("privacy", _("Privacy"), "driver:privacy", "privacy", ("use_driver_pages",)),
)

PAYER: tuple[Entry, ...] = (
    Entry("invoices", _("Invoices"), "payer:invoice_list", "invoices", ("use_payer_pages",)),
    Entry("statements", _("Statements"), "payer:statement_list", "balance", ("host",)),
    Entry("drivers", _("Drivers"), "payer:driver_totals", "drivers", ("totals", "sessions")),
    Entry("sessions", _("Sessions"), "payer:session_list", "sessions", ("sessions",)),
)

# The pages of the settings, as tabs.
SETTINGS: tuple[Entry, ...] = (
    Entry("particulars", _("Details"), "staff:settings", "settings", ("manage_operator",)),
    Entry("seller_numbers", _("VAT abroad"), "staff:seller_numbers", "settings", ("manage_operator",)),
    Entry("credit_reasons", _("Crediting"), "staff:credit_reasons", "settings", ("manage_operator",)),
    Entry("booking_accounts", _("Bookkeeping"), "staff:booking_accounts", "settings", ("manage_operator",)),
    Entry("sending_way", _("E-invoices"), "staff:sending_way", "settings", ("manage_operator",)),
    Entry("mail_rules", _("E-mail"), "staff:mail_rules", "settings", ("manage_operator",)),
    Entry("reminders", _("Reminders"), "staff:reminder_steps", "settings", ("manage_operator",)),
    Entry("letterhead", _("Look of invoices"), "staff:letterhead", "settings", ("manage_operator",)),
    Entry("card_rules", _("Cards"), "staff:card_rules", "settings", ("manage_operator",)),
    Entry("partners", _("Partners"), "staff:partner_list", "settings", ("manage_operator",)),
    Entry("security", _("Security"), "staff:security", "settings", ("manage_security",)),
    Entry("platform", _("Platform visits"), "staff:platform_visits", "settings", ("manage_security",)),
    Entry("keys", _("API keys"), "staff:key_list", "settings", ("manage_keys",)),
)

# The pages of privacy, as tabs.
PRIVACY: tuple[Entry, ...] = (
    Entry("requests", _("Requests"), "staff:person_request_list", "privacy", ("view_privacy",)),
    Entry("record", _("Record of processing"), "staff:privacy_record", "privacy", ("view_privacy",)),
    Entry("notices", _("Notices and consents"), "staff:notice_list", "privacy", ("view_privacy",)),
    Entry("retention", _("Retention"), "staff:retention", "privacy", ("view_privacy",)),
    Entry("incidents", _("Incidents"), "staff:incident_list", "privacy", ("view_privacy",)),
    Entry("training", _("Training"), "staff:training", "privacy", ("view_privacy",)),
)

# The pages of payments, as tabs.
PAYMENTS: tuple[Entry, ...] = (
    Entry("list", _("All payments"), "finance:payment_list", "check", ("view_invoices",)),
    Entry("waiting", _("Waiting"), "finance:payment_waiting", "check", ("view_invoices",)),
    Entry("files", _("Files"), "finance:payment_files", "imports", ("manage_payments",)),
    Entry("ageing", _("Ageing list"), "finance:ageing_list", "balance", ("view_invoices",)),
    Entry("reminders", _("To remind"), "finance:reminder_list", "calendar", ("view_invoices",)),
    Entry("reminded", _("Reminded"), "finance:reminder_sent", "calendar", ("view_invoices",)),
)

PLATFORM: tuple[Entry, ...] = (
    Entry("operators", _("Operators"), "platform:operator_list", "sites", ()),
    Entry("health", _("Health"), "platform:health", "overview", ()),
    Entry("members", _("Members"), "platform:member_list", "people", ()),
    Entry("log", _("Log"), "platform:log", "audit", ()),
)


@register.simple_tag
def nav_url(url_name: str, *args: object) -> str:
    """Reverse a URL name; empty when there is no such page, so that a link can be left out."""
    try:
        return reverse(url_name, args=args)
    except NoReverseMatch:
        return ""


@register.inclusion_tag("components/history_link.html", takes_context=True)
def history_link(context: Context, row: Any) -> dict[str, Any]:
    """The way to the history of what the page shows, for those who may read the audit log."""
    is_offered = "view_audit" in (context.get("may") or ())
    return {"url": history_url(row, context["operator"]) if is_offered and row else ""}


@register.inclusion_tag("components/nav.html", takes_context=True)
def staff_nav(context: Context) -> dict[str, Any]:
    """The sidebar's groups with their links. Reads `operator`, `may`, `nav` and `approvals_waiting` of the page."""
    groups = [(heading, _with_counts(_links(_used(entries, context), context), context)) for heading, entries in STAFF]
    return {"groups": [(heading, links) for heading, links in groups if links]}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def settings_tabs(context: Context, current: str) -> dict[str, Any]:
    """The tabs of the settings: those the reader may open. `current` is the section of the page."""
    here = {"operator": context.get("operator"), "may": context.get("may"), "nav": current}
    return {"tabs": _links(SETTINGS, here), "label": _("Settings")}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def privacy_tabs(context: Context, current: str) -> dict[str, Any]:
    """The tabs of privacy: those the reader may open. `current` is the section of the page."""
    here = {"operator": context.get("operator"), "may": context.get("may"), "nav": current}
    return {"tabs": _links(PRIVACY, here), "label": _("Privacy")}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def payment_tabs(context: Context, current: str) -> dict[str, Any]:
    """The tabs of payments: those the reader may open. `current` is the section of the page."""
    here = {"operator": context.get("operator"), "may": context.get("may"), "nav": current}
    return {"tabs": _links(PAYMENTS, here), "label": _("Payments")}


@register.inclusion_tag("components/driver_tabs.html", takes_context=True)
def driver_nav(context: Context) -> dict[str, Any]:
    """The driver's tabs. Reads `operator`, `may` and `nav` of the page."""
    return {"links": _links(DRIVER, context)}


@register.inclusion_tag("components/driver_tabs.html", takes_context=True)
def payer_nav(context: Context) -> dict[str, Any]:
    """The tabs of a payer's people: what the operator lets them see. Reads `operator`, `may`, `nav` and `account`."""
    account = context.get("account")
    may = {*(context.get("may") or ()), getattr(account, "shows", "")}
    if account and settlements.is_host(account):
        may.add("host")
    return {"links": _links(PAYER, {"operator": context.get("operator"), "may": may, "nav": context.get("nav")})}


@register.inclusion_tag("components/nav.html", takes_context=True)
def platform_nav(context: Context) -> dict[str, Any]:
    """The sidebar of those who run the instance. Reads `nav` of the page."""
    links = [
        {
            "label": entry.label,
            "url": nav_url(entry.url_name),
            "icon": entry.icon,
            "current": entry.section == context.get("nav"),
        }
        for entry in PLATFORM
    ]
    return {"groups": [(_("Platform"), links)]}


@register.simple_tag(takes_context=True)
def nav_label(context: Context) -> str | Promise:
    """The word of the section the page belongs to, for the bar above a phone's page."""
    for _heading, entries in STAFF:
        for entry in entries:
            if entry.section == context.get("nav"):
                return entry.label
    return ""


def _used(entries: tuple[Entry, ...], context: Context) -> tuple[Entry, ...]:
    """Leave approvals out where no act needs a second person."""
    is_on = bool(getattr(context.get("operator"), "four_eyes", None))
    return tuple(entry for entry in entries if entry.section != "approvals" or is_on)


def _with_counts(links: list[dict[str, Any]], context: Context) -> list[dict[str, Any]]:
    for link in links:
        if link["section"] == "approvals":
            link["count"] = context.get("approvals_waiting") or None
    return links


def _links(entries: tuple[Entry, ...], context: Context | dict[str, Any]) -> list[dict[str, Any]]:
    operator, may = context.get("operator"), context.get("may") or frozenset()
    if not operator:
        return []
    links = []
    for entry in entries:
        url = nav_url(entry.url_name, operator.slug) if entry.shown_to(may) else ""
        if url:
            links.append(
                {
                    "section": entry.section,
                    "label": entry.label,
                    "url": url,
                    "icon": entry.icon,
                    "current": entry.section == context.get("nav"),
                }
            )
    return links
