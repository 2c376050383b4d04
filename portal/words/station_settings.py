"""What the settings of stations are about, in plain words: OCPP 1.6's keys and 2.0.1's variables."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_SETTINGS: list[tuple[str, str | Promise]] = [
    ("HeartbeatInterval OCPPCommCtrlr.HeartbeatInterval", _("how often it says that it is there, in seconds")),
    ("WebSocketPingInterval OCPPCommCtrlr.WebSocketPingInterval", _("how often it tests the connection, in seconds")),
    (
        "ConnectionTimeOut TxCtrlr.EVConnectionTimeOut",
        _("how long it waits for the cable, in seconds"),
    ),
    ("MeterValueSampleInterval SampledDataCtrlr.TxUpdatedInterval", _("how often it reads the meter, in seconds")),
    ("ClockAlignedDataInterval AlignedDataCtrlr.Interval", _("how often it reads the meter by the clock, in seconds")),
    ("MeterValuesSampledData SampledDataCtrlr.TxUpdatedMeasurands", _("what it reads while a car charges")),
    ("MeterValuesAlignedData AlignedDataCtrlr.Measurands", _("what it reads by the clock")),
    ("StopTxnSampledData SampledDataCtrlr.TxEndedMeasurands", _("what it reads at the end of a charge")),
    (
        "StopTxnAlignedData AlignedDataCtrlr.TxEndedMeasurands",
        _("what it reads by the clock, told at the end"),
    ),
    ("SampledDataCtrlr.SignReadings AlignedDataCtrlr.SignReadings", _("whether the meter signs its readings")),
    ("AuthorizeRemoteTxRequests AuthCtrlr.AuthorizeRemoteStart", _("whether it asks about the card of a remote start")),
    ("LocalAuthorizeOffline AuthCtrlr.LocalAuthorizeOffline", _("whether known cards may charge while it is offline")),
    ("LocalPreAuthorize AuthCtrlr.LocalPreAuthorize", _("whether known cards may charge before we have answered")),
    (
        "AllowOfflineTxForUnknownId AuthCtrlr.OfflineTxForUnknownIdEnabled",
        _("whether unknown cards may charge while it is offline"),
    ),
    ("AuthorizationCacheEnabled AuthCacheCtrlr.Enabled", _("whether it remembers cards that were let in")),
    ("LocalAuthListEnabled LocalAuthListCtrlr.Enabled", _("whether it keeps a list of cards")),
    ("LocalAuthListMaxLength LocalAuthListCtrlr.Entries", _("how many cards its list holds")),
    ("AuthCtrlr.Enabled", _("whether a card is needed to charge")),
    (
        "StopTransactionOnEVSideDisconnect TxCtrlr.StopTxOnEVSideDisconnect",
        _("whether unplugging ends a charge"),
    ),
    ("StopTransactionOnInvalidId TxCtrlr.StopTxOnInvalidId", _("whether a refused card ends a charge")),
    ("MaxEnergyOnInvalidId TxCtrlr.MaxEnergyOnInvalidId", _("how much a refused card still gets, in Wh")),
    (
        "UnlockConnectorOnEVSideDisconnect OCPPCommCtrlr.UnlockOnEVSideDisconnect",
        _("whether unplugging the car unlocks the outlet"),
    ),
    ("TxCtrlr.TxStartPoint", _("what begins a charge")),
    ("TxCtrlr.TxStopPoint", _("what ends a charge")),
    ("TransactionMessageAttempts OCPPCommCtrlr.MessageAttempts", _("how often it sends a message that was not taken")),
    (
        "TransactionMessageRetryInterval OCPPCommCtrlr.MessageAttemptInterval",
        _("how long it waits before it sends a message again, in seconds"),
    ),
    ("MinimumStatusDuration", _("how long a state must last before it is told, in seconds")),
    ("ResetRetries OCPPCommCtrlr.ResetRetries", _("how often it tries to restart")),
    ("OCPPCommCtrlr.OfflineThreshold", _("after how long without connection it counts as offline, in seconds")),
    ("NumberOfConnectors", _("how many outlets it has")),
    ("ConnectorPhaseRotation", _("which phase is which at each outlet")),
    ("SupportedFeatureProfiles", _("what it can do")),
    ("SecurityProfile SecurityCtrlr.SecurityProfile", _("how the connection is secured")),
    ("ChargeProfileMaxStackLevel SmartChargingCtrlr.ProfileStackLevel", _("how many limits can stand over each other")),
    ("ChargingScheduleAllowedChargingRateUnit SmartChargingCtrlr.RateUnit", _("in which unit it takes limits")),
    ("BlinkRepeat", _("how often its lights blink")),
    ("LightIntensity", _("how bright its lights are, in per cent")),
    ("ClockCtrlr.DateTime", _("its clock")),
    ("ClockCtrlr.TimeZone", _("its time zone")),
]
WORDS = {name.casefold(): word for names, word in _SETTINGS for name in names.split()}
#: Which of several, in the name of a variable: its instance, and the outlet it is at.
_WHICH = re.compile(r"\([^)]*\)|@[0-9/]+")


def setting_word(name: str) -> str:
    """Return what a setting is about; empty for one that has no words here, such as a maker's own."""
    return str(WORDS.get(_WHICH.sub("", name).casefold(), ""))
