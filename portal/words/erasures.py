"""Erasures in words: what went, what stays and why, what must be settled first, and what the person is told."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from portal.words import measures
from portal.words.measures import DASH
from tenants.models import Operator
from tenants.privacy.erasure import Stays

#: Groups of what goes, in the order of the certificate.
DETAILS = gettext_lazy("name, addresses, e-mail, phone, customer number and payer's settings")
KEY = gettext_lazy("the key that opens name, addresses, e-mail and phone")
CARDS = gettext_lazy("numbers of cards, and who had them when")
FAVOURITES = gettext_lazy("favourite sites")
MESSAGES = gettext_lazy("messages of stations, and commands to them")
SIGN_IN = gettext_lazy("sign-in, second factors, browsers and places")
REQUESTS = gettext_lazy("words of requests and answers")
DISPUTES = gettext_lazy("words of disputes")
LETTERS = gettext_lazy("letters with invoices and reminders, and where they went")
OPENINGS = gettext_lazy("when invoices were opened first")
LATENESS = gettext_lazy("what was agreed about paying late")
COPIES = gettext_lazy("copies of the data")
PAPERS = gettext_lazy("scans of consents on paper")
INVITATIONS = gettext_lazy("invitations")
FILES = gettext_lazy("uploaded files that hold sessions of the person")
REJECTED = gettext_lazy("rejected rows that named the person")
SIGNED = gettext_lazy("what meters signed about sessions that nobody pays for")
DOCUMENTS = gettext_lazy("documents and signed values, now closed to all but bookkeeping")
PAYMENTS = gettext_lazy("payments, whose payer bookkeeping alone now reads")
SEARCHES = gettext_lazy("saved views of lists that named the person")
SETTINGS = gettext_lazy("settings of stations that named the person")
SESSIONS = gettext_lazy("sessions that nobody pays for, parted from the person")
DOWNLOADS = gettext_lazy("files of downloads, to be made anew")
#: The group of each kind of row, and of what the floors do besides.
WENT: dict[str, Promise] = {
    "tenants.driver": DETAILS,
    "tenants.driveridentity": DETAILS,
    "tenants.account": DETAILS,
    "tenants.earliergroup": DETAILS,
    "tenants.personkey": KEY,
    "charging.token": CARDS,
    "charging.earlierholder": CARDS,
    "charging.favourite": FAVOURITES,
    "charging.accountmember": CARDS,
    "charging.cardnotice": CARDS,
    "charging.stationmessage": MESSAGES,
    "charging.stationcommand": MESSAGES,
    "charging.stationcharge": MESSAGES,
    "tenants.personrequest": REQUESTS,
    "tenants.processinglimit": REQUESTS,
    "tenants.legalhold": REQUESTS,
    "billing.dispute": DISPUTES,
    "billing.documentletter": LETTERS,
    "billing.documentopening": OPENINGS,
    "billing.reminderterms": LATENESS,
    "tenants.personpackage": COPIES,
    "copies": COPIES,
    "papers": PAPERS,
    "tenants.invitation": INVITATIONS,
    "tenants.passwordletter": INVITATIONS,
    "uploads": FILES,
    "looks": FILES,
    "rejected_rows": REJECTED,
    "signed": SIGNED,
    "views": SEARCHES,
    "settings": SETTINGS,
    "sessions": SESSIONS,
    "downloads": DOWNLOADS,
    "documents": DOCUMENTS,
    "payments": PAYMENTS,
}
#: What stays, and why.
STAYS: dict[str, tuple[str | Promise, str | Promise]] = {
    "invoices": (
        gettext_lazy("issued invoices and credit notes, with their PDFs"),
        gettext_lazy(
            "accounting records (BFL 7 kap. 2 §; GDPR art. 17(3)(b)), under a key that bookkeeping alone opens and that"
            " is then destroyed"
        ),
    ),
    "names": (
        gettext_lazy("name and address as these invoices bear them"),
        gettext_lazy("part of the accounting records, under the same key; found by no search"),
    ),
    "sessions": (
        gettext_lazy("sessions on issued invoices, without name and card number"),
        gettext_lazy("what the invoices rest on (BFL 5 kap. 7 §, 7 kap. 2 §)"),
    ),
    "payments": (
        gettext_lazy("payments, with what the bank told of who paid"),
        gettext_lazy("vouchers (BFL 5 kap. 6 §, 7 kap. 2 §), under a key that bookkeeping alone opens"),
    ),
    "log": (
        gettext_lazy("the audit log, with customer number and no name"),
        gettext_lazy("history of processing, sealed (BFL 5 kap. 11 §); seven years"),
    ),
    "consents": (
        gettext_lazy("answers to consents, without name"),
        gettext_lazy("proof that they were given and taken back (GDPR art. 7(1)); three years"),
    ),
    "request": (
        gettext_lazy("that the request was made and answered, without its words"),
        gettext_lazy("proof that the law was followed (GDPR art. 12(3)); three years"),
    ),
    "sign_in": (
        gettext_lazy("the sign-in"),
        gettext_lazy("the person also uses it for something else than this driver"),
    ),
}
#: What must be settled first.
BARS: dict[str, str | Promise] = {
    "held": gettext_lazy("A legal hold keeps the data. Lift it first, or refuse the request (GDPR art. 17(3)(e))."),
    "unbilled": gettext_lazy("Sessions are not invoiced yet. Bill them, or write them off."),
    "drafts": gettext_lazy("A draft of an invoice waits. Issue it, or discard its run."),
}


def went(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """What went by group, with how many rows or files."""
    sums: dict[Promise, int] = {}
    for code, count in counts.items():
        group = WENT.get(code, SIGN_IN)
        sums[group] = sums.get(group, 0) + count
    order = list(dict.fromkeys([*WENT.values(), SIGN_IN]))
    return [(str(group), measures.number(sums[group])) for group in order if sums.get(group)]


def stays(rows: list[dict[str, Any]] | list[Stays]) -> list[tuple[str, str, str, str]]:
    """What stays: what, why, how many, until when."""
    found = []
    for each in rows:
        row = each if isinstance(each, Stays) else Stays(each["code"], each["count"], _day(each["until"]))
        what, why = STAYS[row.code]
        until = date_format(row.until, "DATE_FORMAT") if row.until else DASH
        found.append((str(what), str(why), measures.number(row.count), until))
    return found


def answer(operator: Operator, language: str, rows: list[Stays]) -> str:
    """What the person is told, to begin with: in their language."""
    with override(language):
        lines = [_("%(operator)s has erased what it held about you.") % {"operator": operator.name}]
        kept = [
            f"– {what}: {why}" + (f", {until}" if until != measures.DASH else "")
            for what, why, _n, until in stays(rows)
        ]
        return "\n\n".join([*lines, "\n".join([_("This stays, as the law demands or lets it:"), *kept])])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
