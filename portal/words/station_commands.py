"""What is asked of stations, in words."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from charging.domain.ocpp import secrecy
from charging.domain.ocpp.admission import Basis
from charging.domain.ocpp.commands import Kind
from charging.models import StationCommand
from portal.words import measures

#: The messages that a station can be asked for.
TRIGGERS: dict[str, str | Promise] = {
    "StatusNotification": _("the state of its outlets"),
    "MeterValues": _("its meter readings"),
    "BootNotification": _("its make and model"),
    "Heartbeat": _("a sign of life"),
    "DiagnosticsStatusNotification": _("how its diagnostics report is going"),
    "FirmwareStatusNotification": _("how its update is going"),
}
#: Why a card is not let in: `charging.domain.ocpp.admission`.
BASES: dict[str, str | Promise] = {
    Basis.NOBODYS: _("nobody pays for it"),
    Basis.INACTIVE: _("its driver is no longer a customer"),
    Basis.BLOCKED: _("it is blocked"),
    Basis.LOST: _("it was reported lost"),
    Basis.UNKNOWN: _("it is not known"),
    Basis.GUEST: _("a guest, where charging is free"),
    Basis.HELD: _("the station has not been accepted yet"),
    Basis.NO_CARD: _("none was named"),
    Basis.SEVERAL: _("several partners have a card of that UID"),
    Basis.PARTNER_ENDED: _("its partner is no longer in use"),
    Basis.NOT_VALID: _("its partner has said that it is not valid"),
    Basis.PARTNER_TIMEOUT: _("its partner has not answered"),
    Basis.PARTNER_BLOCKED: _("its partner has blocked it"),
    Basis.PARTNER_EXPIRED: _("its partner says that it has expired"),
    Basis.PARTNER_NO_CREDIT: _("its partner says that there is no credit left"),
    Basis.PARTNER_REFUSED: _("its partner does not allow it"),
}


#: How far a station has come with an update of its firmware or with a log, by OCPP 1.6 and 2.0.1.
PROGRESS: dict[str, str | Promise] = {
    "Downloading": _("is fetching it"),
    "Downloaded": _("has fetched it"),
    "DownloadFailed": _("could not fetch it"),
    "DownloadScheduled": _("will fetch it later"),
    "DownloadPaused": _("has paused fetching it"),
    "Installing": _("is installing it"),
    "InstallRebooting": _("restarts to install it"),
    "InstallScheduled": _("will install it later"),
    "Installed": _("has installed it"),
    "InstallationFailed": _("could not install it"),
    "InstallVerificationFailed": _("has installed it, and it does not work"),
    "InvalidSignature": _("its signature is wrong"),
    "SignatureVerified": _("its signature is right"),
    "Uploading": _("is sending it"),
    "Uploaded": _("has sent it"),
    "UploadFailed": _("could not send it"),
    "UploadFailure": _("could not send it"),
    "BadMessage": _("did not understand"),
    "NotSupportedOperation": _("cannot do that"),
    "PermissionDenied": _("was not let in there"),
}


def _start(wanted: Mapping[str, Any]) -> str:
    return gettext("outlet %(connector)s") % {"connector": wanted.get("connector", "")}


def _outlet(wanted: Mapping[str, Any]) -> str:
    return _start(wanted) if wanted.get("connector") else gettext("the whole station")


def _availability(wanted: Mapping[str, Any]) -> str:
    state = gettext("in use") if wanted.get("in_use") else gettext("out of use")
    return f"{_outlet(wanted)}: {state}"


def _trigger(wanted: Mapping[str, Any]) -> str:
    message = str(wanted.get("message", ""))
    return f"{TRIGGERS.get(message, message)}, {_outlet(wanted)}"


def _location(wanted: Mapping[str, Any]) -> str:
    """Where something is fetched or sent."""
    return secrecy.masked(str(wanted.get("location", "")))


def _limit(wanted: Mapping[str, Any]) -> str:
    what = gettext("its share of the site") if wanted.get("shared") else _outlet(wanted)
    return f"{what}: {measures.all_decimals(Decimal(str(wanted.get('limit', 0))))} {wanted.get('unit', '')}"


_ABOUT: dict[str, Callable[[Mapping[str, Any]], str]] = {
    Kind.START: _start,
    Kind.UNLOCK: _start,
    Kind.RESET: lambda wanted: gettext("by force") if wanted.get("hard") else gettext("normally"),
    Kind.AVAILABILITY: _availability,
    Kind.TRIGGER: _trigger,
    Kind.UPDATE_FIRMWARE: _location,
    Kind.GET_LOG: _location,
    Kind.RESERVE: _start,
    Kind.LIMIT: _limit,
    Kind.CLEAR_LIMIT: _outlet,
    Kind.GET_SCHEDULE: _outlet,
    Kind.READ_NAMED: lambda wanted: ", ".join(map(str, wanted.get("names", []))),
    Kind.CHANGE_SETTING: lambda wanted: f"{wanted.get('key', '')} = {wanted.get('value', '')}",
}


def command_name(kind: str) -> str:
    """Return what is asked, in words."""
    return str(dict(StationCommand.Kind.choices)[kind])


def command_about(command: StationCommand) -> str:
    """Return what belongs to a command; empty where its name says it all."""
    told = _ABOUT.get(command.kind)
    return told(command.told) if told else ""


def command_progress(command: StationCommand) -> str:
    """Return how far the station has come with it since; a word that is not known is shown as it is."""
    return str(PROGRESS.get(command.progress, command.progress))
