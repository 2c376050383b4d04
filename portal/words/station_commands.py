"""What is asked of stations, in words."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from charging.domain.ocpp.admission import Basis
from charging.domain.ocpp.commands import Kind
from charging.models import StationCommand

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
    Basis.NO_CARD: _("none was named"),
}


def _start(wanted: Mapping[str, Any]) -> str:
    return gettext("outlet %(connector)s") % {"connector": wanted.get("connector", "")}


def _outlet(wanted: Mapping[str, Any]) -> str:
    return _start(wanted) if wanted.get("connector") else gettext("the whole station")


def _availability(wanted: Mapping[str, Any]) -> str:
    return f"{_outlet(wanted)}: {gettext('in use') if wanted.get('in_use') else gettext('out of use')}"


def _trigger(wanted: Mapping[str, Any]) -> str:
    message = str(wanted.get("message", ""))
    return f"{TRIGGERS.get(message, message)}, {_outlet(wanted)}"


_ABOUT: dict[str, Callable[[Mapping[str, Any]], str]] = {
    Kind.START: _start,
    Kind.UNLOCK: _start,
    Kind.RESET: lambda wanted: gettext("by force") if wanted.get("hard") else gettext("normally"),
    Kind.AVAILABILITY: _availability,
    Kind.TRIGGER: _trigger,
    Kind.CHANGE_SETTING: lambda wanted: f"{wanted.get('key', '')} = {wanted.get('value', '')}",
}


def command_name(kind: str) -> str:
    """Return what is asked, in words."""
    return str(dict(StationCommand.Kind.choices)[kind])


def command_about(command: StationCommand) -> str:
    """Return what belongs to a command; empty where its name says it all."""
    told = _ABOUT.get(command.kind)
    return told(command.wanted) if told else ""
