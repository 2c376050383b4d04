"""Purposes, people, data, recipients and times of the record of processing, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.words import approvals
from portal.words.measures import number
from tenants.models import Membership, Operator
from tenants.privacy import retention
from tenants.privacy.purposes import Purpose
from tenants.privacy.record import Processing
from tenants.privacy.retention import MOST_COUNTED, Standing
from tenants.privacy.sources import Kind, People, Retention

#: What each purpose is called, and what it is for.
PURPOSES: dict[Purpose, tuple[str | Promise, str | Promise]] = {
    Purpose.CHARGING: (
        gettext_lazy("Charging"),
        gettext_lazy("Let drivers charge with their cards, and know what each session was."),
    ),
    Purpose.BILLING: (
        gettext_lazy("Prices and invoices"),
        gettext_lazy("Price each session by its tariff, and invoice whoever pays for it."),
    ),
    Purpose.BOOKS: (
        gettext_lazy("Bookkeeping"),
        gettext_lazy("Keep invoices, and what explains them, for as long as bookkeeping law demands."),
    ),
    Purpose.CLAIMS: (
        gettext_lazy("Questions and claims"),
        gettext_lazy(
            "Answer a driver's questions, and settle claims before they lapse. The interest: both sides can show what"
            " was agreed and delivered."
        ),
    ),
    Purpose.ACCESS: (
        gettext_lazy("Accounts in the portal"),
        gettext_lazy(
            "Let drivers, payers and staff sign in. The interest: people reach what is theirs, and nobody else does."
        ),
    ),
    Purpose.SECURITY: (
        gettext_lazy("Security and the audit log"),
        gettext_lazy("Prove who saw or changed what, and stop those who should not get in."),
    ),
    Purpose.CONSENTS: (
        gettext_lazy("Proof of consent"),
        gettext_lazy("Show which words each driver said yes or no to, and when."),
    ),
    Purpose.REQUESTS: (
        gettext_lazy("Requests about personal data"),
        gettext_lazy("Answer people who want to see, correct, erase, limit or take along what is held about them."),
    ),
    Purpose.MARKETING: (
        gettext_lazy("News and offers by e-mail"),
        gettext_lazy("Send news and offers to drivers who said yes to them."),
    ),
    Purpose.ANALYTICS: (
        gettext_lazy("Analysis of charging"),
        gettext_lazy("Plan new sites from where and when those drivers charge who said yes to it."),
    ),
}
PEOPLE: dict[People, str | Promise] = {
    People.DRIVERS: gettext_lazy("drivers"),
    People.USERS: gettext_lazy("people who sign in: staff, drivers and those of payers"),
    People.INVITED: gettext_lazy("people who have been invited"),
    People.PLATFORM: gettext_lazy("staff of the platform"),
}
KINDS: dict[Kind, str | Promise] = {
    Kind.IDENTITY: gettext_lazy("name, address, e-mail, phone, card numbers and the like"),
    Kind.CONDUCT: gettext_lazy("what they did, when and where"),
    Kind.LEDGER: gettext_lazy("amounts, invoices and what they rest on"),
    Kind.TRACE: gettext_lazy("how and from where they used the portal"),
    Kind.QUOTED: gettext_lazy("what may name anybody: rows of files as they came, searches that were kept"),
    Kind.SECRET: gettext_lazy("what they sign in with, unreadable"),
}
KEPT: dict[Retention, str | Promise] = {
    Retention.ACCOUNT: gettext_lazy("while the person has an account"),
    Retention.CONTRACT: gettext_lazy("while the person is a customer, and three years for claims"),
    Retention.MESSAGES: gettext_lazy("messages of stations: %(days)s days"),
    Retention.BOOKS: gettext_lazy("bookkeeping: through the seventh year after the financial year (BFL 7 kap. 2 §)"),
    Retention.SENT: gettext_lazy("letters with links: until sent, a day at most"),
    Retention.LOG: gettext_lazy("audit log: seven years (BFL 5 kap. 11 §)"),
    Retention.REQUESTS: gettext_lazy("requests and their answers: three years"),
    Retention.COPY: gettext_lazy("copies that were asked for: fourteen days"),
    Retention.BREACH: gettext_lazy("breaches: with their documentation (GDPR art. 33(5))"),
    Retention.PROOF: gettext_lazy("consents: as long as they are relied on, and three years (GDPR art. 7(1))"),
}
RECIPIENTS: dict[str, str | Promise] = {
    "mail": gettext_lazy("the provider of e-mail"),
    "platform": gettext_lazy("the provider of this portal, on visits and in its running"),
    "payers": gettext_lazy("companies and associations that pay for their drivers"),
    "programs": gettext_lazy("programs that hold an API key of ours"),
    "accounting": gettext_lazy("accounting and auditing firms"),
    "partners": gettext_lazy("roaming partners, who are asked about their cards"),
    "access_point": gettext_lazy("the provider that sends e-invoices"),
}
#: Classes of data that end by themselves: what each is, and what happens to it.
CLASSES: dict[str, tuple[str | Promise, str | Promise]] = {
    "invitations": (gettext_lazy("ended invitations"), gettext_lazy("removed, with the addresses in them")),
    "requests": (gettext_lazy("answered requests"), gettext_lazy("removed, with their answers")),
    "books": (
        gettext_lazy("keys of what bookkeeping keeps of the erased"),
        gettext_lazy("destroyed when the last day has passed: names and documents can no longer be opened"),
    ),
    "uploads": (gettext_lazy("uploaded files"), gettext_lazy("removed; their sessions and rejected rows stay")),
    "messages": (gettext_lazy("messages of stations"), gettext_lazy("removed; the sessions made of them stay")),
    "commands": (gettext_lazy("commands to stations"), gettext_lazy("removed; that they were given stays in the log")),
    "card_notices": (
        gettext_lazy("odd uses of cards"),
        gettext_lazy("removed; that they were noticed stays in the log"),
    ),
    "exports": (gettext_lazy("files of downloads"), gettext_lazy("removed; that they were made stays known")),
    "sessions": (
        gettext_lazy("sessions without an invoice"),
        gettext_lazy("free or written off: become sums by site and hour that lead back to nobody"),
    ),
}
#: What no rule of the operator's ends: what it is, and why, or when it ends otherwise.
OTHERWISE: list[tuple[str | Promise, str | Promise]] = [
    (
        gettext_lazy("Invoices, credit notes and their PDFs"),
        gettext_lazy("kept through the seventh year after the year in which the financial year ended (BFL 7 kap. 2 §)"),
    ),
    (
        gettext_lazy("Sessions on invoices, with their measured series"),
        gettext_lazy("explain what was invoiced, and are kept as long as the invoice is"),
    ),
    (
        gettext_lazy("Sessions that somebody has still to decide on, or bill, and rejected rows"),
        gettext_lazy("stay until it is decided; once written off, a session ends by the rule above"),
    ),
    (gettext_lazy("The audit log"), gettext_lazy("is sealed; nothing is taken out of it (BFL 5 kap. 11 §)")),
    (
        gettext_lazy("Drivers and accounts nobody uses"),
        gettext_lazy("stay until somebody ends them, or a person asks to be erased"),
    ),
    (
        gettext_lazy("Copies of somebody's data, and uploads that were never imported"),
        gettext_lazy("are removed after fourteen days"),
    ),
    (gettext_lazy("Sign-ins of browsers, and letters with links"), gettext_lazy("end within a day of their time")),
]
NO_TRANSFERS = gettext_lazy("none")
DASH = "\u2013"


@dataclass(frozen=True, slots=True)
class Told:
    """A purpose as the record shows it. facts: names and values in the order of art. 30(1)."""

    code: str
    title: str
    why: str
    facts: list[tuple[str, str]]


def told(processing: Processing) -> Told:
    """Put a purpose in words: the operator's own, then those of what drivers are asked, then the portal's."""
    said = processing.said
    title, why = PURPOSES.get(processing.known, ("", "")) if processing.known else ("", "")
    if processing.notice and not processing.known:
        title, why = processing.notice.title, processing.notice.text
    return Told(
        processing.code,
        str((said and said.title) or title or processing.code),
        str((said and said.why) or why),
        _facts(processing),
    )


def _facts(processing: Processing) -> list[tuple[str, str]]:
    said, ground = processing.said, processing.ground
    recipients = [str(RECIPIENTS[each.code]) for each in processing.recipients]
    kept = [_kept(each) for each in processing.kept]
    return [
        (_("Lawful basis"), _joined([str(ground.basis.label), ground.law])),
        (_("Whose data"), _listed(PEOPLE[each] for each in processing.people)),
        (_("Data"), _listed(KINDS[each] for each in processing.kinds)),
        (_("Recipients"), _listed([*recipients, *([said.recipients] if said and said.recipients else [])])),
        (_("Out of the EU and EEA"), str((said and said.transfers) or NO_TRANSFERS)),
        (_("Kept"), str((said and said.kept) or _listed(kept))),
    ]


def controller(operator: Operator) -> list[tuple[str, str]]:
    """Who is responsible (art. 30(1)(a)): name, number, address, and whom to ask."""
    town = " ".join(part for part in (operator.postal_code, operator.city) if part)
    reached = _joined([operator.email, operator.phone], ", ")
    facts = [
        (_("Controller"), operator.legal_name or operator.name),
        (_("Organisation number"), operator.organisation_number),
        (_("Address"), _joined([operator.street, town], ", ")),
        (_("Contact"), reached),
        (_("Contact for personal data"), operator.privacy_contact or reached),
    ]
    return [(name, value or DASH) for name, value in facts]


def _kept(how_long: Retention) -> str:
    """How long that is; of what stations said as the operator's rule has it."""
    text = str(KEPT[how_long])
    is_ruled = how_long is Retention.MESSAGES
    return text % {"days": number(retention.days_of(retention.named("messages")))} if is_ruled else text


def measures(operator: Operator) -> list[str]:
    """How the data is kept safe (art. 30(1)(g), 32(1)), as this operator has set it."""
    roles = [str(Membership.Role(role).label) for role in operator.factor_required_of]
    second = _("A second factor is required of these roles: %(roles)s.") % {"roles": ", ".join(roles)}
    acts = [str(approvals.NAMES[act]) for act in operator.four_eyes if act in approvals.NAMES]
    both = ngettext(
        "This needs the approval of a second person: %(acts)s.",
        "These need the approval of a second person: %(acts)s.",
        len(acts),
    )
    return [
        _("Each operator's rows are kept apart by the database itself."),
        _("People see what their role needs, and some only what belongs to their sites."),
        second,
        *([both % {"acts": "; ".join(acts)}] if acts else []),
        _("Every change, and every look at a person's details, is kept in a log that is sealed and never rewritten."),
        _("What people sign in with is stored hashed or encrypted, by keys that are not in the database."),
    ]


@dataclass(frozen=True, slots=True)
class Ending:
    """A class of data that ends by itself: what it is, what becomes of it, after how many days, and how many go."""

    name: str
    what: str
    days: str
    due: str


def ending(standing: Standing) -> Ending:
    """Put in words how a class stands."""
    name, what = CLASSES[standing.of.code]
    days = number(standing.days) if standing.of.most else DASH  # what has a day of its own is kept until that
    return Ending(str(name), str(what), days, _counted(standing.due))


def removed(counts: dict[str, int]) -> str:
    """What a night takes away, in words; empty when that is nothing."""
    told = {
        "invitations": ngettext("%(n)s ended invitation", "%(n)s ended invitations", counts.get("invitations", 0)),
        "requests": ngettext("%(n)s answered request", "%(n)s answered requests", counts.get("requests", 0)),
        "books": ngettext("%(n)s key of bookkeeping", "%(n)s keys of bookkeeping", counts.get("books", 0)),
        "uploads": ngettext("%(n)s uploaded file", "%(n)s uploaded files", counts.get("uploads", 0)),
        "messages": ngettext("%(n)s message of a station", "%(n)s messages of stations", counts.get("messages", 0)),
        "commands": ngettext("%(n)s command to a station", "%(n)s commands to stations", counts.get("commands", 0)),
        "card_notices": ngettext("%(n)s odd use of cards", "%(n)s odd uses of cards", counts.get("card_notices", 0)),
        "exports": ngettext("%(n)s file of a download", "%(n)s files of downloads", counts.get("exports", 0)),
        "sessions": ngettext(
            "%(n)s session becomes anonymous", "%(n)s sessions become anonymous", counts.get("sessions", 0)
        ),
    }
    return ", ".join(told[code] % {"n": _counted(count)} for code, count in counts.items() if count and code in told)


def _counted(count: int) -> str:
    return _("%(n)s or more") % {"n": number(count)} if count == MOST_COUNTED else number(count)


def _listed(words: Iterable[object]) -> str:
    return "; ".join(map(str, words)) or DASH


def _joined(parts: Iterable[str], sign: str = " · ") -> str:
    return sign.join(part for part in parts if part)
