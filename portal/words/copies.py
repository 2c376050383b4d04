"""The page to read of a copy of somebody's data: what each table and field is called, and who looked at it.

Plain HTML in one file, without anything from elsewhere: it is opened from a folder, in ten years as today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from portal.words.log import events as audit_words
from portal.words.log.fields import name_of
from portal.words.log.values import moment, written
from tenants.models import AuditEntry, Operator
from tenants.privacy import sources
from tenants.privacy.packages import Contents, Section
from tenants.selectors import people

#: What the log has no word for, as nothing is said of it there.
SECTIONS: dict[str, str | Promise] = {
    "tenants.savedview": gettext_lazy("saved views"),
    "tenants.invitation": gettext_lazy("invitations"),
    "tenants.browsersession": gettext_lazy("browsers that are signed in"),
    "tenants.recoverycode": gettext_lazy("recovery codes, used or not"),
    "tenants.totpdevice": gettext_lazy("authenticators"),
    "tenants.factorreset": gettext_lazy("resets of the second factor"),
    "tenants.platformmember": gettext_lazy("membership of the platform"),
    "tenants.platformevent": gettext_lazy("actions on the platform"),
    "tenants.platformvisit": gettext_lazy("visits of the platform"),
    "tenants.auditentry": gettext_lazy("what the audit log holds about your actions"),
    "tenants.consentevent": gettext_lazy("answers about consent"),
    "tenants.consentpaper": gettext_lazy("consents you gave on paper"),
    "tenants.personpackage": gettext_lazy("copies of your data"),
    "tenants.processinglimit": gettext_lazy("limits on the use of your data"),
    "charging.stationmessage": gettext_lazy("messages from stations about you"),
    "charging.stationcommand": gettext_lazy("what stations were asked to do for you"),
    "charging.cardnotice": gettext_lazy("odd uses of your cards"),
    "charging.signedrecord": gettext_lazy("what meters signed about your charges"),
    "charging.stationcharge": gettext_lazy("charges as stations reported them"),
    "charging.earlierholder": gettext_lazy("cards you had before"),
    "tenants.earliergroup": gettext_lazy("groups you were in before"),
    "charging.accountmember": gettext_lazy("payers you belonged to"),
    "charging.favourite": gettext_lazy("your favourite sites"),
    "charging.siteaccess": gettext_lazy("sites you work at"),
    "charging.rejectedrow": gettext_lazy("rejected rows that you settled"),
    "billing.rerateitem": gettext_lazy("invoices that were re-rated"),
    "billing.runproblem": gettext_lazy("what kept a session from an invoice"),
    "billing.hostcontract": gettext_lazy("contracts about your sites"),
    "billing.hoststatement": gettext_lazy("statements about your sites"),
    "billing.hostpayout": gettext_lazy("what you were paid by statements"),
    "billing.hostanswer": gettext_lazy("what you answered to statements"),
    "billing.billedfee": gettext_lazy("fees on your invoices"),
    "billing.payment": gettext_lazy("payments that came in for you"),
    "billing.paymentmatch": gettext_lazy("what payments were for"),
    "billing.writeoff": gettext_lazy("what of your invoices is not asked for any more"),
    "billing.documentletter": gettext_lazy("invoices and reminders that were mailed to you"),
    "billing.documentopening": gettext_lazy("when you opened invoices first"),
    "billing.reminder": gettext_lazy("reminders of your invoices"),
    "billing.reminderterms": gettext_lazy("what you agreed to about paying late"),
    "billing.receivable": gettext_lazy("what is open of your invoices"),
    "billing.paymentfile": gettext_lazy("files of payments that you sent"),
    "billing.closedmonth": gettext_lazy("months of the ledger that you closed"),
    "billing.exporttaken": gettext_lazy("downloads that you took"),
    "billing.invoiceline": gettext_lazy("lines of your invoices"),
    "tenants.incidentaffected": gettext_lazy("incidents that concerned your data"),
    "tenants.incidentletter": gettext_lazy("letters about incidents"),
    "tenants.trainingdone": gettext_lazy("training you confirmed"),
    "tenants.passwordletter": gettext_lazy("letters with links"),
    "django_otp_webauthn.webauthncredential": gettext_lazy("passkeys"),
}


#: Fields whose models give them no name, and that the log never shows.
FIELDS: dict[str, str | Promise] = {
    "actor_email": gettext_lazy("e-mail"),
    "remote_port": gettext_lazy("port of the browser"),
    "backup_state": gettext_lazy("backed up"),
    "backup_eligible": gettext_lazy("can be backed up"),
    "sign_count": gettext_lazy("times used"),
    "transports": gettext_lazy("ways to connect"),
    "closed_by": gettext_lazy("answered by"),
    "problem": gettext_lazy("why it was left out"),
    "problem_facts": gettext_lazy("what that is about"),
    "net": gettext_lazy("revenue without VAT"),
    "amount": gettext_lazy("amount"),
    "carried_in": gettext_lazy("carried over from before"),
    "set_off": gettext_lazy("set off between contracts"),
    "carried_out": gettext_lazy("carried over to the next month"),
    "payout": gettext_lazy("paid out without VAT"),
    "total": gettext_lazy("paid out with VAT"),
    "number": gettext_lazy("number"),
    "customer_number": gettext_lazy("customer number"),
    "host": gettext_lazy("host"),
    "object_until": gettext_lazy("object until"),
    "given_by": gettext_lazy("answered by"),
    "given_at": gettext_lazy("answered"),
    "raised_by": gettext_lazy("raised by"),
    "closed_at": gettext_lazy("closed"),
    "nth": gettext_lazy("which in order"),
    "other_site": gettext_lazy("where else the card was"),
    "cards": gettext_lazy("unknown cards that were tried"),
    "minutes": gettext_lazy("minutes between the two places"),
    "km": gettext_lazy("km between the two places"),
    "progress": gettext_lazy("how far it is"),
    "progress_at": gettext_lazy("how far it was told"),
    "percent": gettext_lazy("percentage"),
    "charge": gettext_lazy("document of costs and interest"),
    "reminder": gettext_lazy("reminder"),
    "fee": gettext_lazy("fee"),
    "accounts": gettext_lazy("payers"),
    "credited": gettext_lazy("credited"),
    "decided_at": gettext_lazy("decided"),
    "differences": gettext_lazy("what each session changed by"),
    "documents": gettext_lazy("documents made"),
    "rerating": gettext_lazy("re-rating"),
    "replaces": gettext_lazy("invoice that it bills anew"),
    "due": gettext_lazy("to pay"),
    "due_on": gettext_lazy("due"),
    "paid": gettext_lazy("paid"),
    "written_off": gettext_lazy("not asked for any more"),
    "parts": gettext_lazy("by rate of VAT"),
    "late": gettext_lazy("what of paying late it is"),
    "first_day": gettext_lazy("first day"),
    "last_day": gettext_lazy("last day"),
    "text": gettext_lazy("words"),
    "booking_account": gettext_lazy("account in the books"),
    "wanted": gettext_lazy("with what"),
    "value": gettext_lazy("what a setting is to be"),
    "email_proved_at": gettext_lazy("e-mail address confirmed"),
    "operator": gettext_lazy("operator"),
    "limited_to_sites": gettext_lazy("limited to some sites"),
    "site_public_ids": gettext_lazy("sites"),
    "accepted_at": gettext_lazy("accepted"),
    "withdrawn_at": gettext_lazy("withdrawn"),
    "is_mailed": gettext_lazy("sent by mail"),
    "last_seen_at": gettext_lazy("last seen"),
    "address": gettext_lazy("address of the browser"),
    "user_agent": gettext_lazy("browser"),
    "sealed_to": gettext_lazy("sealed address"),
    "used_at": gettext_lazy("used"),
    "name": gettext_lazy("name"),
    "last_used_at": gettext_lazy("last used"),
    "throttling_failure_timestamp": gettext_lazy("last wrong code"),
    "throttling_failure_count": gettext_lazy("wrong codes"),
    "requested_at": gettext_lazy("asked for"),
    "stopped_at": gettext_lazy("stopped"),
    "done_at": gettext_lazy("carried out"),
    "confirmed_at": gettext_lazy("confirmed"),
    "times": gettext_lazy("number of times"),
    "first_at": gettext_lazy("first time"),
    "last_at": gettext_lazy("last time"),
    "written_at": gettext_lazy("written"),
    "has_address": gettext_lazy("could be sent"),
    "is_active": gettext_lazy("active"),
    "event": gettext_lazy("event"),
    "at": gettext_lazy("time"),
    "task": gettext_lazy("task"),
    "facts": gettext_lazy("facts"),
    "began_at": gettext_lazy("began"),
    "ends_at": gettext_lazy("ends"),
    "action": gettext_lazy("act"),
    "api_key_id": gettext_lazy("API key"),
    "is_platform": gettext_lazy("by the platform"),
    "viewing_as": gettext_lazy("viewed as"),
    "notice": gettext_lazy("words"),
    "decision": gettext_lazy("answer"),
    "text_sha256": gettext_lazy("SHA-256 of the words"),
    "happened_at": gettext_lazy("when"),
    "extended_at": gettext_lazy("extended"),
    "made_at": gettext_lazy("made"),
    "fetched_at": gettext_lazy("fetched"),
    "language": gettext_lazy("language"),
    "size": gettext_lazy("size, bytes"),
    "raw": gettext_lazy("message as it came"),
    "answer": gettext_lazy("answer"),
    "said": gettext_lazy("what the station said"),
    "id_tag": gettext_lazy("card as the station read it"),
    "received_at": gettext_lazy("received"),
    "verdict": gettext_lazy("card accepted"),
    "basis": gettext_lazy("on what grounds"),
    "read_at": gettext_lazy("times of readings"),
    "outlet": gettext_lazy("outlet"),
    "readings": gettext_lazy("meter readings, Wh"),
    "token": gettext_lazy("card"),
    "connector": gettext_lazy("connector"),
    "series_start": gettext_lazy("meter series from"),
    "series_interval_s": gettext_lazy("interval, seconds"),
    "series_wh": gettext_lazy("energy by interval, Wh"),
    "flags": gettext_lazy("remarks"),
    "review_note": gettext_lazy("note of the review"),
    "settled_at": gettext_lazy("settled"),
    "taken_at": gettext_lazy("taken"),
    "position": gettext_lazy("line"),
    "component": gettext_lazy("for what"),
    "quantity": gettext_lazy("quantity"),
    "unit": gettext_lazy("unit"),
    "unit_price": gettext_lazy("unit price"),
    "vat_rate": gettext_lazy("VAT rate, percent"),
    "amount_incl_vat": gettext_lazy("amount including VAT"),
}


@dataclass(frozen=True, slots=True)
class Look:
    """That somebody looked at the driver's data: by role, since a driver need not know the name."""

    at: datetime
    who: str
    what: str


def looks(entries: Sequence[AuditEntry], operator: Operator) -> list[Look]:
    """Put looks at somebody's data in words."""
    roles = people.roles_at(operator, {entry.actor_id for entry in entries if entry.actor_id})
    return [
        Look(entry.timestamp, _by(entry, roles, operator), str(audit_words.EVENTS[entry.event])) for entry in entries
    ]


def section_word(name: str) -> str:
    """What a table or part is called."""
    words = {**audit_words.KINDS, **audit_words.OF_EVENTS, **SECTIONS}
    return str(words.get(name, name))


def write(contents: Contents) -> str:
    """Return the page to read."""
    with override(contents.language):
        page = {
            "language": contents.language,
            "operator": contents.operator,
            "driver": contents.driver,
            "made_at": contents.made_at,
            "sections": [_told(section, contents.operator) for section in contents.sections if section.rows],
            "looks": looks(contents.looks, contents.operator),
        }
        return render_to_string("documents/copy.html", page)


def _told(section: Section, operator: Operator) -> dict[str, Any]:
    rows = [[_cell(name, value, operator) for name, value in row.items()] for row in section.rows]
    heads = [field_word(section.name, name) for name in section.rows[0]]
    return {"title": section_word(section.name), "heads": heads, "rows": rows}


def field_word(section: str, name: str) -> str:
    """What a field of a table or part is called."""
    source = next((each for each in sources.all_sources() if each.model._meta.label_lower == section), None)
    own = str(getattr(source.model._meta.get_field(name), "verbose_name", "")) if source else ""
    is_bare = own in ("", name.replace("_", " "))
    return str(FIELDS[name]) if is_bare and name in FIELDS else name_of(name, own)


def _cell(name: str, value: Any, operator: Operator) -> str:
    if isinstance(value, datetime):
        return moment(value.isoformat(), operator.zone)
    return str(written(name, value if isinstance(value, bool | dict | list) or value is None else str(value)))


def _by(entry: AuditEntry, roles: dict[int, str], operator: Operator) -> str:
    if entry.is_platform:
        return _("staff of the platform, visiting %(operator)s") % {"operator": operator.name}
    role = roles.get(entry.actor_id or 0)
    if role is None:
        return _("staff of %(operator)s") % {"operator": operator.name}
    return _("%(role)s at %(operator)s") % {"role": role, "operator": operator.name}
