"""What signed meter values prove, in words for whoever pays and whoever bills."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from charging.domain.signed.ocmf import Reading
from charging.domain.signed.proof import Doubt, Proof, Verdict
from portal.words import measures

#: Each verdict as a word, its colour, and what it means.
VERDICTS: dict[str, tuple[str | Promise, str, str | Promise]] = {
    Verdict.GOOD: (
        _("proven"),
        "good",
        _("The meter itself signed the energy that is billed, and the signature is genuine."),
    ),
    Verdict.DIFFERS: (
        _("not proven"),
        "bad",
        _("The signature is genuine, but what the meter signed does not prove what is billed."),
    ),
    Verdict.BAD: (
        _("wrong signature"),
        "bad",
        _("The signature does not fit: what came is not what this meter signed, or its key is not the registered one."),
    ),
    Verdict.UNKNOWN_KEY: (
        _("key not registered"),
        "warn",
        _("The meter signed, but its public key is not registered for this outlet, so nobody can tell."),
    ),
    Verdict.UNREADABLE: (
        _("unreadable"),
        "warn",
        _("Signed values came in a form that cannot be read here. They are kept as they came."),
    ),
    Verdict.ABSENT: (_("nothing signed"), "", _("The station sent no signed values for this session.")),
    Verdict.KEPT: (
        _("kept for bookkeeping"),
        "",
        _("Whoever charged has been erased. What the meter signed opens with the invoice, for bookkeeping alone."),
    ),
}
DOUBTS: dict[str, str | Promise] = {
    Doubt.ENERGY: _("The energy is not the one that is billed."),
    Doubt.NO_BEGIN: _("The register at the beginning is missing."),
    Doubt.NO_END: _("The register at the end is missing."),
    Doubt.PAGES: _("The meter's own numbering has a gap: a record is missing, or another charge came between."),
    Doubt.REPEATED: _("The station had sent the same record for another session already."),
    Doubt.METER: _("Beginning and end are of two different meters."),
    Doubt.OTHER_METER: _("The record names another meter than the registered one."),
    Doubt.CARD: _("The record names another card."),
    Doubt.STATE: _("The meter itself reports a fault in its reading."),
    Doubt.ALGORITHM: _("It is signed in a way that cannot be checked here, such as on the curve secp192k1."),
}
#: How far the meter's clock can be believed: OCMF's letter.
CLOCKS: dict[str, str | Promise] = {
    "S": _("synchronised clock"),
    "R": _("time counted since the clock was set"),
    "I": _("clock for information only"),
    "U": _("clock not set"),
}


@dataclass(frozen=True)
class Told:
    """What a page shows of it. public_key: hex, empty where none is registered."""

    verdict: str
    tone: str
    sentence: str
    doubts: Sequence[str]
    facts: Sequence[tuple[str, str | SafeString]]
    public_key: str
    has_file: bool


def told(proof: Proof, *, zone: ZoneInfo, public_key: str, has_file: bool) -> Told:
    """Return the verdict with its reasons and what the meter signed, by the clock of the site."""
    word, tone, sentence = VERDICTS[proof.verdict]
    registers = [(gettext("At the beginning"), proof.begin), (gettext("At the end"), proof.end)]
    facts = [(name, _register(reading, zone)) for name, reading in registers if reading]
    if proof.energy_wh is not None:
        facts = [(gettext("Signed energy"), measures.kwh(proof.energy_wh, 3)), *facts]
    if proof.meter:
        facts.append((gettext("Meter"), proof.meter))
    doubts = [str(DOUBTS[doubt]) for doubt in proof.doubts]
    return Told(str(word), tone, str(sentence), doubts, facts, public_key, has_file)


def _register(reading: Reading, zone: ZoneInfo) -> str:
    parts = [measures.kwh(reading.wh, 3)]
    if reading.at:
        parts.append(f"{reading.at.astimezone(zone):%H:%M:%S}")
    if reading.clock in CLOCKS:
        parts.append(str(CLOCKS[reading.clock]))
    return ", ".join(parts)
