"""The record of somebody's consents as a document: what `tenants.selectors.consents.receipt` says, to be read."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from portal.words import measures
from portal.words.log.values import moment
from portal.words.regions import language as language_name
from tenants.models import ConsentEvent, Driver, Operator


def document(operator: Operator, driver: Driver, receipt: dict[str, Any], *, language: str) -> dict[str, Any]:
    """The document as the template places it: plain text in the language."""
    proof = receipt["proof"]
    with override(language):
        return {
            "lang": language,
            "title": _("Consents of driver %(number)s") % {"number": driver.customer_number},
            "name": operator.legal_name or operator.name,
            "standard": receipt["schema_version"],
            "events": [_event(event, operator) for event in receipt["events"]],
            "none": _("This driver has not answered anything. Silence is no consent."),
            "signed_title": _("Signature"),
            "signed": [
                [_("What is signed"), _("The record as JSON; bin/verify-receipt checks it.")],
                [_("Key"), proof["key"]],
                [_("Signature"), proof["signature"]],
            ],
            "page": _("Page"),
        }


def _event(event: dict[str, Any], operator: Operator) -> dict[str, Any]:
    notice = event["privacy_notice"]
    words = _("version %(version)s, %(language)s") % {
        "version": measures.number(notice["version"]),
        "language": language_name(notice["language"]),
    }
    return {
        "title": notice["title"],
        "text": notice["text"],
        "facts": [
            [_("Answer"), str(ConsentEvent.Decision(event["event_state"]).label)],
            [_("When"), moment(event["event_time"], operator.zone)],
            [_("Channel"), str(ConsentEvent.Channel(event["channel"]).label)],
            [_("Words"), words],
            ["SHA-256", notice["sha256_at_decision"]],
        ],
    }
