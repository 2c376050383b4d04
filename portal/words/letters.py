"""The letters that the product sends, whichever floor sends them: subject and text of each.

A letter is worded here when it is sent, in its receiver's language. A placeholder is the name of a fact that the
sender gives; what is no text yet (a code, a moment, a row) is said by `_SAY`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum, auto
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from billing import letters as billing_letters
from billing.documents import paying
from billing.domain.own_words import filled
from billing.models import Dispute, HostStatement, MailRules
from charging import letters as charging_letters
from portal.words import approvals, disputes, exports, measures, reminders
from portal.words.reminders import the_account
from tenants.figures import figures
from tenants.models import Membership, Operator, PersonRequest
from tenants.services import mail

USUAL_SUBJECT = gettext_noop("Invoice {invoice} from {operator}")
USUAL_TEXT = gettext_noop(
    "Here is invoice {invoice} from {operator}. Please pay {unpaid} by {due} to {account}, with the reference"
    " {reference}.\n\nYour invoices are also in the portal: {portal}"
)
#: The same of an invoice whose due date has passed: it is mailed again, or late.
OVERDUE_TEXT = gettext_noop(
    "Here is invoice {invoice} from {operator}, which was due on {due}. Please pay {unpaid} to {account}, with the"
    " reference {reference}.\n\nYour invoices are also in the portal: {portal}"
)
#: The same of an invoice of which nothing is left to pay.
PAID_TEXT = gettext_noop(
    "Here is invoice {invoice} from {operator}. You have nothing to pay.\n\n"
    "Your invoices are also in the portal: {portal}"
)

#: The same of an invoice of which all that is left is disputed.
WAITING_TEXT = gettext_noop(
    "Here is invoice {invoice} from {operator}.\n\nYour invoices are also in the portal: {portal}"
)


class Letter(StrEnum):
    """The letters that the doors send, as they know the pages' addresses or do the act themselves."""

    INVITED = auto()
    DRIVER_INVITED = auto()
    PAYER_INVITED = auto()
    SECOND_PERSON_ASKED = auto()
    FACTOR_ADDED = auto()
    FACTOR_REMOVED = auto()
    FACTOR_RESET_ASKED = auto()
    PASSWORD_CHANGED = auto()
    RECOVERY_CODES_MADE = auto()


@dataclass(frozen=True, slots=True)
class Worded:
    """A letter in words.

    paragraphs: with an empty line between them.
    """

    subject: str | Promise
    paragraphs: tuple[str | Promise, ...]


def _changed(what: str | Promise) -> Worded:
    """A letter about how a person signs in. Who did not do it themselves learns of it here, and what to do then."""
    not_you = _("If this was not you, change your password at once and tell the owner of your operator's portal.")
    return Worded(_("How you sign in to Wattledger has changed"), (what, not_you))


def _invitation(subject: str | Promise, beginning: str | Promise) -> Worded:
    rest = _("The link works once, within %(days)s days. If you did not expect this e-mail, you can ignore it.")
    return Worded(subject, (beginning, "%(link)s", rest))


LETTERS: dict[StrEnum, Worded] = {
    Letter.INVITED: _invitation(
        _("Your role at %(operator)s"),
        _("You are invited to work at %(operator)s, in the role %(role)s. Open this link to accept:"),
    ),
    Letter.DRIVER_INVITED: _invitation(
        _("Your charging at %(operator)s"),
        _("You can see your charging and your invoices at %(operator)s. Open this link to begin:"),
    ),
    Letter.PAYER_INVITED: _invitation(
        _("The invoices of your company at %(operator)s"),
        _("You can see what your company or association is billed by %(operator)s. Open this link to begin:"),
    ),
    Letter.SECOND_PERSON_ASKED: Worded(
        _("Something waits for your approval at %(operator)s"),
        (_("%(person)s asks for a second person: %(act)s. Look at it and decide within three days:\n\n%(link)s\n"),),
    ),
    Letter.FACTOR_ADDED: _changed(
        _("A second factor was added to your account. It is asked for when somebody signs in as you.")
    ),
    Letter.FACTOR_REMOVED: _changed(_("A second factor was removed from your account.")),
    Letter.FACTOR_RESET_ASKED: Worded(
        _("Your second factor will be reset"),
        (
            _(
                "An owner of %(operator)s has asked for the reset of your second factor, because your device is said to"
                " be lost. On %(due)s your devices, passkeys and recovery codes stop working, and you set up new"
                " ones.\n\nIs your device not lost? Then stop it here, without signing in:\n\n%(link)s\n"
            ),
        ),
    ),
    mail.Letter.FACTOR_RESET_STOPPED: _changed(
        _("The reset of your second factor was stopped. Nothing has changed.")
    ),
    mail.Letter.FACTOR_RESET_DONE: _changed(
        _(
            "Your second factor was reset: your devices, passkeys and recovery codes no longer work, and you are signed"
            " out everywhere. At your next sign-in you set up a new one."
        )
    ),
    Letter.PASSWORD_CHANGED: _changed(
        _("The password of your account was changed by somebody who was signed in.")
    ),
    mail.Letter.PASSWORD_LINK: Worded(
        _("Choose a new password"),
        (
            _(
                "Somebody, probably you, asked for a new password for your account at Wattledger. Choose it here,"
                " within one hour:\n\n%(link)s\n\nIf it was not you, do nothing: your password stays as it is.\n"
            ),
        ),
    ),
    mail.Letter.PASSWORD_SET: _changed(
        _("A new password was set for your account, by a link that was mailed to you.")
    ),
    mail.Letter.EMAIL_CHANGE_ASKED: Worded(
        _("Do you want to change your e-mail address?"),
        (
            _(
                "Somebody, probably you, wants to change the e-mail address of your account at Wattledger to %(email)s."
                " If you agree, open this link within an hour:"
            ),
            "%(link)s",
            _("If it was not you, do nothing here, and change your password: somebody is signed in as you."),
        ),
    ),
    mail.Letter.EMAIL_CHANGE_PROVED: Worded(
        _("Your new e-mail address"),
        (
            _("Open this link within an hour, and you sign in to Wattledger with this e-mail address from then on:"),
            "%(link)s",
            _("If you did not expect this e-mail, you can ignore it."),
        ),
    ),
    mail.Letter.EMAIL_CHANGED: _changed(
        _("The e-mail address of your account has been changed. This mailbox gets no more letters.")
    ),
    Letter.RECOVERY_CODES_MADE: _changed(
        _("New recovery codes were made for your account. The earlier ones no longer work.")
    ),
    mail.Letter.CONSENT_ASKED_AGAIN: Worded(
        _("%(operator)s asks you again"),
        (
            _(
                "You once said yes to something at %(operator)s. The words now say something new, so your yes no "
                "longer counts. Read them and answer if you like; no answer means no:"
            ),
            "%(link)s",
        ),
    ),
    mail.Letter.NOTICE_CHANGED: Worded(
        _("How %(operator)s handles your personal data"),
        (_("%(operator)s has a new privacy notice. You need not do anything. Read it here:"), "%(link)s"),
    ),
    mail.Letter.REQUEST_RECEIVED: Worded(
        _("Your request at %(operator)s"),
        (
            _(
                "%(operator)s received your request on %(received)s: %(right)s. You get an answer by %(until)s, free "
                "of charge. If you did not ask for it, reply to this letter."
            ),
        ),
    ),
    mail.Letter.REQUEST_EXTENDED: Worded(
        _("Your request at %(operator)s takes longer"),
        (
            _(
                "You asked on %(received)s: %(right)s. The answer takes longer than a month and comes by %(until)s,"
                " because:"
            ),
            "%(reason)s",
            _("You can complain about it to the supervisory authority."),
        ),
    ),
    mail.Letter.REQUEST_ANSWERED: Worded(
        _("The answer to your request at %(operator)s"),
        (_("You asked on %(received)s: %(right)s. This is the answer:"), "%(answer)s"),
    ),
    mail.Letter.REQUEST_REFUSED: Worded(
        _("Your request at %(operator)s was not granted"),
        (
            _("You asked on %(received)s: %(right)s. It was not granted, because:"),
            "%(answer)s",
            _("You can complain about it to the supervisory authority, or go to court."),
        ),
    ),
    billing_letters.Letter.DISPUTE_RECEIVED: Worded(
        _("We have received your objection"),
        (
            _(
                "%(operator)s received your objection on %(raised)s: %(disputed)s. You will get an answer by %(until)s."
                " Until then it is on hold."
            ),
        ),
    ),
    billing_letters.Letter.DISPUTE_GRANTED: Worded(
        _("What you objected to has been put right"),
        (
            _("On %(raised)s you told %(operator)s that something was wrong: %(disputed)s. This is the answer:"),
            "%(answer)s",
        ),
    ),
    billing_letters.Letter.DISPUTE_REFUSED: Worded(
        _("The answer to your objection"),
        (
            _(
                "On %(raised)s you told %(operator)s that something was wrong: %(disputed)s. Nothing will be changed,"
                " because:"
            ),
            "%(answer)s",
        ),
    ),
    billing_letters.Letter.INVOICED: Worded("%(invoice_subject)s", ("%(invoice_text)s",)),
    billing_letters.Letter.CREDITED: Worded(
        _("Credit note %(document)s from %(operator)s"),
        (
            _("%(operator)s has credited %(amount)s of invoice %(credited)s, by credit note %(document)s."),
            "%(left)s",
        ),
    ),
    billing_letters.Letter.SETTLED: Worded(_("Statement %(statement)s from %(operator)s"), ("%(settled)s",)),
    billing_letters.Letter.REMINDED: Worded(_("Reminder: invoice %(document)s"), ("%(reminder)s",)),
    mail.Letter.PACKAGE_READY: Worded(
        _("The copy of your data at %(operator)s is ready"),
        (
            _(
                "You asked on %(received)s: %(right)s. The copy is in the portal for fourteen days: sign in and open "
                "Privacy, My requests. If you have no account there, you get it from %(operator)s."
            ),
        ),
    ),
    mail.Letter.LIMIT_LIFTED: Worded(
        _("The limit on your data at %(operator)s ends"),
        (
            _(
                "You asked on %(received)s: %(right)s. That limit ends now, and your data is used as before. If you do"
                " not agree, ask again or complain to the supervisory authority."
            ),
        ),
    ),
    mail.Letter.INCIDENT: Worded(
        _("Your personal data at %(operator)s"),
        (
            _("Something has happened at %(operator)s that concerns data about you. This is what we know:"),
            "%(told)s",
            _("If you have questions, ask %(contact)s. You have the right to complain to the supervisory authority."),
        ),
    ),
    mail.Letter.FOUR_EYES_OFF: Worded(
        _("Two-person approval is switched off at %(operator)s"),
        (
            _(
                "%(person)s has switched two-person approval off at %(operator)s for: %(acts)s. One person does it"
                " alone from now on. If you did not expect this, switch it on again under Settings, Security, and"
                " look at the audit log.\n"
            ),
        ),
    ),
    charging_letters.Letter.CHARGED_LATE: Worded(
        _("A charge of yours came in late"),
        (
            _(
                "A station of %(operator)s had no connection and has only now reported that you charged:"
                " %(charged_on)s. You find what it was and what it costs in the portal, and on your next invoice:"
            ),
            "%(history)s",
            _("You can turn such letters off in the portal, under Privacy."),
        ),
    ),
    billing_letters.Letter.EXPORT_READY: Worded(
        _("A file is ready at %(operator)s"),
        (_("The file is ready, as scheduled: %(export)s. Sign in and download it here:\n\n%(downloads)s\n"),),
    ),
}  # fmt: skip

# How a fact is said that is no text yet; it may need the others.
_SAY: dict[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "operator": lambda operator, facts: operator.name if operator else "",
    "role": lambda role, facts: str(Membership.Role(role).label).lower(),
    "due": lambda at, facts: date_format(at.astimezone(facts["operator"].zone), "DATETIME_FORMAT"),
    "right": lambda right, facts: str(PersonRequest.Kind(right).label),
    "disputed": lambda about, facts: str(Dispute.About(about).label),
    "raised": lambda day, facts: date_format(day, "DATE_FORMAT"),
    "received": lambda day, facts: date_format(day, "DATE_FORMAT"),
    "until": lambda day, facts: date_format(day, "DATE_FORMAT"),
    "told": lambda words, facts: words.get(translation.get_language(), next(iter(words.values()))),
    "invoice_subject": lambda own, facts: _filled(own or gettext(USUAL_SUBJECT), facts),
    "invoice_text": lambda own, facts: _with_disputed(_filled(own or _usual_text(facts), facts), facts),
    "amount": lambda amount, facts: measures.money(amount, facts["currency"]),
    "left": lambda left, facts: _with_disputed(_left(left, facts), facts),
    "settled": lambda row, facts: _settled(row, facts),  # noqa: PLW0108  # it stands below
    "reminder": lambda row, facts: reminders.letter(row, facts["said"]) if row else "",
    "export": lambda export, facts: f"{exports.named(export)}, {exports.dated(export)}",
    "charged_on": lambda days, facts: ", ".join(date_format(day, "DATE_FORMAT") for day in days),
    "history": lambda nothing, facts: _portal("driver:history", facts["operator"]),
    "downloads": lambda export, facts: _portal("finance:export_list", facts["operator"]),
    "act": lambda approval, facts: approvals.told(approval, facts["operator"]).title,
    "acts": lambda acts, facts: ", ".join(str(approvals.NAMES[act]).lower() for act in acts),
}


def _portal(page: str, operator: Operator) -> str:
    """The whole address of an operator's page."""
    return f"{settings.PORTAL_ADDRESS or f'https://{settings.ALLOWED_HOSTS[0]}'}{reverse(page, args=[operator.slug])}"


def _filled(words: str, facts: Mapping[str, Any]) -> str:
    """The words of an invoice's letter with their facts and the way to the portal."""
    portal = settings.PORTAL_ADDRESS or f"https://{settings.ALLOWED_HOSTS[0]}"
    account = facts["said"]["account"] or the_account()
    return filled(words, {**facts["said"], "account": account, "portal": f"{portal}/o/{facts['operator'].slug}/"})


def _with_disputed(text: str, facts: Mapping[str, Any]) -> str:
    """The words of a letter about an invoice, and what of it need not be paid yet."""
    waits = facts["waits"]
    return f"{text}\n\n{disputes.waits(waits, facts['currency'])}" if waits else text


def _usual_text(facts: Mapping[str, Any]) -> str:
    """The usual words of an invoice's letter."""
    if facts["left"] <= 0 and facts["waits"]:
        return gettext(WAITING_TEXT)
    if facts["left"] <= 0:
        return gettext(PAID_TEXT)
    return gettext(OVERDUE_TEXT) if facts["is_overdue"] else gettext(USUAL_TEXT)


def _left(left: Decimal, facts: Mapping[str, Any]) -> str:
    """What a credit note leaves of its invoice: to pay, nothing, or to get back."""
    if left > 0 and facts["is_overdue"]:
        words = gettext(
            "%(unpaid)s of the invoice, which was due on %(due)s, is left to pay, with the reference %(reference)s."
        )
        return str(words % facts["said"])
    if left > 0:
        words = gettext(
            "%(unpaid)s of the invoice is left to pay. It is due on %(due)s, with the reference %(reference)s."
        )
        return str(words % facts["said"])
    if left == 0:
        return (
            gettext("You have nothing to pay of the invoice now.")
            if facts["waits"]
            else gettext("You have nothing left to pay of the invoice.")
        )
    operator = facts["operator"]
    named = {"more": measures.money(-left, facts["currency"]), "email": operator.email, "operator": operator.name}
    if not operator.email:
        return gettext("You have paid %(more)s too much, which %(operator)s pays back to you.") % named
    words = gettext(
        "You have paid %(more)s too much. To get it back, write to %(email)s with your name and account number."
    )
    return words % named


def _settled(row: HostStatement, facts: Mapping[str, Any]) -> str:
    """What a statement comes to, and what its host is asked; a day that has passed is not spoken of as one to come."""
    operator, today, paid_on = facts["operator"], facts["today"], facts["paid_on"]
    written = figures(translation.get_language() or "en")
    named = {
        "contract": row.contract.name,
        "month": measures.month(row.month),
        "total": measures.money(row.total, row.currency),
        "due": written.day(row.due_on) if row.due_on else "",
        "paid": written.day(paid_on) if paid_on else "",
        "until": written.day(row.object_until) if row.object_until else "",
        "portal": f"{settings.PORTAL_ADDRESS or f'https://{settings.ALLOWED_HOSTS[0]}'}/o/{operator.slug}/",
    }
    parts = [gettext("Here is the statement of %(contract)s for %(month)s.")]
    if row.total > 0 and paid_on:
        parts[0] += " " + gettext("%(total)s was paid out to you on %(paid)s.")
    elif row.total > 0 and row.due_on and row.due_on < today:
        parts[0] += " " + gettext("%(total)s was to be paid out to you by %(due)s.")
    elif row.total > 0:
        parts[0] += " " + gettext("%(total)s is paid out to you by %(due)s.")
    else:
        parts[0] += " " + gettext("Nothing is paid out this time.")
    if row.number is not None and row.object_until is not None and row.object_until < today:
        parts.append(
            gettext(
                "It is an invoice in your name, which we have written as agreed. Unless you objected by %(until)s, it"
                " counts as approved by you."
            )
        )
    elif row.number is not None and row.object_until is not None:
        parts.append(
            gettext(
                "It is an invoice in your name, which we have written as agreed. If you do not object by %(until)s, it"
                " counts as approved by you."
            )
        )
    elif row.number is not None:
        parts.append(
            gettext("It is an invoice in your name, which we have written as agreed. Please approve it in the portal.")
        )
    parts.append(gettext("Your statements are also in the portal, where you can approve or contest them: %(portal)s"))
    return "\n\n".join(parts) % named


def usual_invoice(language: str) -> tuple[str, str]:
    """The usual subject and text of an invoice's letter, their names in braces."""
    with translation.override(language):
        return gettext(USUAL_SUBJECT), gettext(USUAL_TEXT)


def invoice_example(operator: Operator, rules: MailRules, language: str) -> tuple[str, str]:
    """Subject and text of a made-up invoice's letter, as these rules would have it."""
    own, written = rules.texts.get(language, {}), figures(language)
    said = {
        "operator": operator.name,
        "invoice": "F1017",
        "unpaid": written.money(Decimal(412), operator.currency, 2),
        "due": written.day(date(2026, 12, 1)),
        "reference": "10173",
        "bankgiro": operator.bankgiro,
        "account": paying.pays_to({"bankgiro": operator.bankgiro, "iban": operator.iban}, operator.currency),
    }
    facts = {
        "operator": operator,
        "invoice_subject": own.get("subject", ""),
        "invoice_text": own.get("text", ""),
        "left": Decimal(412),
        "waits": Decimal(0),
        "currency": operator.currency,
        "is_overdue": False,
        "said": said,
    }
    return write(billing_letters.Letter.INVOICED, facts, language)


def write(letter: StrEnum, facts: Mapping[str, Any], language: str) -> tuple[str, str]:
    """Return subject and text of the letter in the language."""
    worded = LETTERS[letter]
    with translation.override(language):
        said = {name: _SAY[name](fact, facts) if name in _SAY else str(fact) for name, fact in facts.items()}
        text = "\n\n".join(str(paragraph) % said for paragraph in worded.paragraphs)
        return str(worded.subject) % said, text.rstrip("\n") + "\n"
