"""Words for codes that the floors below store: flags, reasons of rejection, sockets."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models.billing_status import CREDITED
from billing.selectors.findings import NOBODY, UNPRICED
from billing.services.disputes import DISPUTED
from charging.domain.ocpp import SOURCE
from charging.domain.reasons import Flag
from charging.ingest.layout import NAMELESS
from portal.words.say import say

#: A flag in a word or two, for choices and badges; `say` says it in full.
FLAGS: list[tuple[str, str | Promise]] = [
    (Flag.ZERO_ENERGY, _("no energy")),
    (Flag.VERY_LONG, _("very long")),
    (Flag.ABOVE_POWER, _("above the connector's power")),
    (Flag.OVERLAP, _("overlaps another session")),
    (Flag.SERIES_MISMATCH, _("readings do not add up")),
    (Flag.NO_TIME, _("energy without duration")),
    (Flag.METER_MISMATCH, _("meter says otherwise")),
    (Flag.DURATION_MISMATCH, _("duration does not fit the times")),
    (Flag.ABOVE_USUAL, _("far above the usual power")),
    (Flag.REPEATED_ENERGY, _("energy continues from the session before")),
    (Flag.NO_CHARGE, _("failed attempt")),
    (Flag.NOT_ADMITTED, _("card was refused")),
    (Flag.STATION_CLOCK, _("station's clock was wrong")),
    (Flag.START_MISSING, _("start is missing")),
    (Flag.STOP_MISSING, _("end is missing")),
    (Flag.METER_MISSING, _("meter was not read")),
    (Flag.METER_BACKWARDS, _("meter ran backwards")),
    (Flag.METER_UNIT, _("meter may count in kWh")),
    (Flag.NOT_PROVEN, _("not proven by the meter")),
    (Flag.OUTLET_MISSING, _("outlet is not known")),
    (Flag.NAME_MISSING, _("charges may be mixed up")),
    (CREDITED, _("credited")),
    (DISPUTED, _("disputed")),
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


#: Why a session ended, by OCPP 1.6 (StopTransaction.Reason) and OCPP 2.0.1 (ReasonEnumType).
STOP_REASONS: dict[str, str | Promise] = {
    "DeAuthorized": _("the card was no longer accepted"),
    "EmergencyStop": _("the emergency stop was pressed"),
    "EnergyLimitReached": _("the agreed energy was reached"),
    "EVDisconnected": _("the cable was unplugged at the car"),
    "GroundFault": _("an earth fault"),
    "HardReset": _("the station was restarted by force"),
    "ImmediateReset": _("the station was restarted at once"),
    "Local": _("stopped at the station"),
    "LocalOutOfCredit": _("the credit was used up"),
    "MasterPass": _("stopped with a master card"),
    "Other": _("another reason"),
    "OvercurrentFault": _("the current was too high"),
    "PowerLoss": _("the power was lost"),
    "PowerQuality": _("the quality of the power was too low"),
    "Reboot": _("the station was restarted"),
    "Remote": _("stopped from the central system"),
    "ReqEnergyTransferRejected": _("the car asked for something the station refused"),
    "SOCLimitReached": _("the battery was as full as was asked for"),
    "SoftReset": _("the station was restarted normally"),
    "StoppedByEV": _("the car stopped charging"),
    "TimeLimitReached": _("the agreed time was over"),
    "Timeout": _("nothing was plugged in in time"),
    "UnlockCommand": _("the outlet was unlocked from the central system"),
}
_STOP_WORDS = {code.casefold(): word for code, word in STOP_REASONS.items()}


#: Why a station's message was not used: `charging.services.station_sessions`.
_MESSAGE_REMARKS: dict[str, str | Promise] = {
    "unreadable": _("cannot be read"),
    "no_charge": _("about an unknown charge"),
    "no_outlet": _("does not say which outlet"),
    "no_name": _("does not say which charge"),
    "no_time": _("a reading that does not say when it is of"),
    "stopped_already": _("about a charge that had ended"),
    "too_large": _("larger than 1 MB: not read, and the connection was closed"),
    "late_stop": _("came after somebody had decided; it stands among the differences"),
    "after_stop": _("a reading after the end"),
    "exported": _("only exported energy, which is not read at this station"),
    "answer_refused": _("the station could not use the answer to its message of this number"),
    "not_asked": _("about something that nobody asked for"),
}


def message_remark(code: str) -> str:
    """Return why a station's message was not used; a code that is not known is shown as it is."""
    return str(_MESSAGE_REMARKS.get(code, code))


def stop_reason(code: str) -> str:
    """Return why a session ended in words, however the code is spelled; what is not known is shown as it is."""
    plain = "".join(sign for sign in code if sign.isalnum()).casefold()
    return str(_STOP_WORDS.get(plain, code))


def socket(code: str) -> str:
    """Return the socket as drivers call it; a code that is not known is shown as it is."""
    return str(dict(SOCKETS).get(code, code))


def flag_word(code: str) -> str:
    """Return the flag in a word or two; a code that is not known is shown as it is."""
    return str(dict(FLAGS).get(code, code))


def finding_word(kind: str) -> str:
    """Return what keeps sessions waiting, in a word or two: a flag, or why they cannot be priced."""
    return str({NOBODY: _("nobody pays"), UNPRICED: _("cannot be priced")}.get(kind) or flag_word(kind))


def source_word(name: str) -> str:
    """Return where a session came from: the name a person gave the source, or what stands for none."""
    return str({SOURCE: _("the station itself"), NAMELESS: _("a file")}.get(name) or name)


def flag_sentence(code: str) -> str:
    """Return the flag as a sentence."""
    return say(code)


def reject_sentence(code: str) -> str:
    """Return the reason of a rejection as a sentence."""
    return say(code)
