"""Words for codes that the floors below store: flags, reasons of rejection, sockets."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.services.credit_notes import CREDITED
from charging.domain.reasons import Flag
from portal.words.say import say

#: A flag in a word or two, for choices and badges; `say` says it in full.
FLAGS: list[tuple[str, str | Promise]] = [
    (Flag.ZERO_ENERGY, _("no energy")),
    (Flag.VERY_LONG, _("very long")),
    (Flag.ABOVE_POWER, _("above the connector's power")),
    (Flag.OVERLAP, _("overlaps another session")),
    (Flag.SERIES_MISMATCH, _("readings do not add up")),
    (CREDITED, _("credited")),
]


#: OCPI 2.2.1 mod_locations, ConnectorType: the ones in use in Europe; a file may bring others.
SOCKETS: list[tuple[str, str | Promise]] = [
    ("", _("not known")),
    ("IEC_62196_T2", _("Type 2")),
    ("IEC_62196_T2_COMBO", _("CCS")),
    ("CHADEMO", _("CHAdeMO")),
    ("IEC_62196_T1", _("Type 1")),
    ("DOMESTIC_F", _("household socket")),
]


def socket(code: str) -> str:
    """Return the socket as drivers call it; a code that is not known is shown as it is."""
    return str(dict(SOCKETS).get(code, code))


def flag_word(code: str) -> str:
    """Return the flag in a word or two; a code that is not known is shown as it is."""
    return str(dict(FLAGS).get(code, code))


def flag_sentence(code: str) -> str:
    """Return the flag as a sentence."""
    return say(code)


def reject_sentence(code: str) -> str:
    """Return the reason of a rejection as a sentence."""
    return say(code)
