"""Every reason of OCPP 1.6 and 2.0.1 for ending a session has words, however it is spelled."""

import pytest

from portal.words.sessions import STOP_REASONS, stop_reason

OCPP_16 = (
    "EmergencyStop EVDisconnected HardReset Local Other PowerLoss Reboot Remote SoftReset UnlockCommand DeAuthorized"
)
OCPP_201 = (
    "DeAuthorized EmergencyStop EnergyLimitReached EVDisconnected GroundFault ImmediateReset Local LocalOutOfCredit "
    "MasterPass Other OvercurrentFault PowerLoss PowerQuality Reboot Remote SOCLimitReached StoppedByEV "
    "TimeLimitReached Timeout"
)


@pytest.mark.parametrize("code", sorted({*OCPP_16.split(), *OCPP_201.split()}))
def test_every_reason_has_words(code):
    assert stop_reason(code) == str(STOP_REASONS[code]) != code


@pytest.mark.parametrize("spelled", ["EVDisconnected", "evdisconnected", "EV_DISCONNECTED", "ev disconnected"])
def test_spelling_does_not_matter(spelled):
    assert stop_reason(spelled) == "the cable was unplugged at the car"


def test_what_is_not_known_is_shown_as_it_is():
    assert (stop_reason("Zap"), stop_reason("")) == ("Zap", "")
