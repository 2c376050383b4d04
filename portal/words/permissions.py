"""What each permission allows, in words for whoever gives or takes it."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.permissions import Permission

WORDS: dict[Permission, str | Promise] = {
    Permission.VIEW_OVERVIEW: _("See the overview"),
    Permission.VIEW_NETWORK: _("See sites and stations"),
    Permission.MANAGE_NETWORK: _("Change sites and stations"),
    Permission.VIEW_SESSIONS: _("See charging sessions"),
    Permission.REVIEW_SESSIONS: _("Decide on sessions under review"),
    Permission.IMPORT_SESSIONS: _("Import sessions from files"),
    Permission.VIEW_DRIVERS: _("See drivers and cards"),
    Permission.MANAGE_DRIVERS: _("Change drivers and cards"),
    Permission.MANAGE_ACCOUNTS: _("Change payers and who belongs to them"),
    Permission.VIEW_TARIFFS: _("See tariffs"),
    Permission.MANAGE_TARIFFS: _("Make and publish tariffs"),
    Permission.VIEW_INVOICES: _("See runs and invoices"),
    Permission.RUN_BILLING: _("Start invoice runs"),
    Permission.ISSUE_INVOICES: _("Issue invoices and credit notes"),
    Permission.MANAGE_PAYMENTS: _("Import payments and say what they are for"),
    Permission.EXPORT_FINANCE: _("Download invoices for accounting"),
    Permission.VIEW_CONSENTS: _("See consents and their proof"),
    Permission.VIEW_AUDIT: _("See the audit log"),
    Permission.VIEW_PEOPLE: _("See members"),
    Permission.MANAGE_PEOPLE: _("Invite, change and remove members"),
    Permission.MANAGE_OPERATOR: _("Change the operator's details"),
    Permission.MANAGE_SECURITY: _("Change how people sign in and what needs a second person"),
    Permission.MANAGE_KEYS: _("Make and revoke API keys"),
    Permission.EXPORT_DRIVERS: _("Download the personal data of all drivers"),
    Permission.VIEW_APPROVALS: _("See what waits for a second person"),
    Permission.VIEW_PRIVACY: _("See what personal data is processed for"),
    Permission.MANAGE_PRIVACY: _("Say what personal data is processed for, and answer people about theirs"),
    Permission.USE_DRIVER_PAGES: _("See one's own charging"),
    Permission.USE_PAYER_PAGES: _("See the invoices of one's own company or association"),
}


def in_words(permissions: Iterable[Permission]) -> list[str]:
    """Return what the permissions allow, in the order of the table."""
    held = set(permissions)
    return [str(words) for permission, words in WORDS.items() if permission in held]
