"""The words by which exports name their columns, in English, Swedish, Norwegian, Danish and German.

A heading is reduced to its words (`"Start_plugin"`, `"StartPlugin"` and `"start plugin"` are the same) and compared
with the phrases of each fact. The most specific phrase wins: `"Start meter (kWh)"` is a meter, not a start time.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from charging.domain.energy import EnergyUnit
from charging.ingest.layout import Field

_PHRASES: dict[Field, str] = {
    Field.EXTERNAL_ID: (
        "charging event|session id|session nr|session number|session|transaction id|transaction|"
        "transaction number|cdr id|charge id|charging id|external id|event id|uuid|laddsession|laddnings id|"
        "sessions id|transaktions id|transaktion|ladeøkt|økt id|lade id|ladevorgang|ladevorgang id|vorgang|"
        "vorgangs id|sitzung|sitzungs id|transaktionsnummer"
    ),
    Field.SITE: (
        "site|site name|location|location name|garage|garage id|address|plats|anläggning|laddplats|adress|"
        "sted|anlegg|lokasjon|ladested|standort|ladeort|liegenschaft|adresse|fastighet"
    ),
    Field.STATION: (
        "cp id|cpid|charge point|charge point id|chargepoint|chargepoint id|charging point|charging station|"
        "charger|charger id|charger name|station|station id|station name|evse|evse id|charge box|"
        "charge box id|laddare|laddbox|laddstation|laddpunkt|laddstolpe|lader|ladestasjon|ladeboks|ladepunkt|"
        "ladestation|ladesäule|ladeeinrichtung|wallbox"
    ),
    Field.CONNECTOR: (
        "connector|connector id|connector number|plug|outlet|socket|uttag|kontakt|stecker|kontakt nr|"
        "anschluss|steckdose"
    ),
    Field.POWER: (
        "power|max power|max power kw|power kw|effekt|max effekt|leistung|max leistung|ladeleistung|nominal power"
    ),
    Field.TOKEN: (
        "user id|user|card|card id|card number|rfid|rfid tag|tag|tag id|id tag|token|token id|token uid|uid|"
        "auth id|contract id|driver id|account|kort|kortnummer|laddbricka|bricka|användare|användar id|"
        "förare|brikke|bruker|bruker id|karte|kartennummer|ladekarte|nutzer|nutzer id|benutzer|benutzer id|"
        "kunde|kund|kund id|emaid"
    ),
    Field.STARTED_AT: (
        "start|started|started at|start time|start date|start datetime|start date time|session start|begin|"
        "start plugin|plugin|plug in|plug in time|connected at|starttid|startdatum|startat|start tid|"
        "start datum|påbörjad|startad|starttidspunkt|startdato|beginn|startzeit|anfang|von|from|från|fra|"
        "start timestamp|charging start"
    ),
    Field.ENDED_AT: (
        "end|ended|ended at|end time|end date|end datetime|end date time|session end|stop|stopped|stop time|"
        "stop date|finish|end plugout|plugout|plug out|plug out time|disconnected at|sluttid|slutdatum|slut|"
        "slut tid|slut datum|stopptid|avslutad|stoppad|slutttid|sluttidspunkt|sluttdato|slutt|ende|endzeit|"
        "enddatum|bis|to|till|til|end timestamp|charging end|stopptidspunkt"
    ),
    Field.ENERGY: (
        "energy|total kwh|kwh|energy kwh|el kwh|energy delivered|delivered energy|total energy|consumption|"
        "energi|energi kwh|förbrukning|laddad energi|levererad energi|forbruk|energiforbruk|verbrauch|"
        "energie|energiemenge|geladene energie|energie kwh|wh|mwh|energy wh|kwh total|energy consumed|"
        "charged energy|volume"
    ),
    Field.METER_START: (
        "meter start|start meter|meter begin|mätarställning start|start mätarställning|målerstand start|"
        "zählerstand start|zählerstand beginn|register start"
    ),
    Field.METER_STOP: (
        "meter stop|meter end|stop meter|end meter|mätarställning slut|slut mätarställning|målerstand slutt|"
        "zählerstand ende|zählerstand stop|register stop"
    ),
    Field.STOP_REASON: (
        "stop reason|reason|end reason|stopporsak|orsak|slutorsak|årsak|stoppårsak|grund|abbruchgrund|stoppgrund"
    ),
    Field.READINGS: "readings|meter values|meter readings|mätvärden|måleverdier|messwerte",
    Field.SERIES_START: "series start",
    Field.SERIES_INTERVAL: "series interval s|series interval",
    Field.SERIES_WH: "series wh",
}
_DATE_PARTS = frozenset(["date", "datum", "dato", "tag", "day"])
_TIME_PARTS = frozenset(["time", "tid", "zeit", "uhrzeit", "klockslag", "klokkeslett"])
_OTHER_THINGS = frozenset(
    word
    for language in (
        "category|type|kind|weekday|weekdays|month|hour|hours|duration|cost|price|amount|tariff|currency|status|group|email",
        "kategori|typ|veckodag|månad|timme|längd|kostnad|pris|belopp|valuta|grupp",
        "ukedag|måned|varighet|gruppe",
        "wochentag|monat|dauer|kosten|preis|betrag|währung",
    )
    for word in language.split("|")
)
_UNITS = {"kwh": EnergyUnit.KWH, "wh": EnergyUnit.WH, "mwh": EnergyUnit.MWH}


def words(heading: str) -> tuple[str, ...]:
    """Return the lower-case words of a heading: `"Start_plugin (UTC)"` -> `("start", "plugin", "utc")`."""
    plain = re.sub(r"(k|M|G)?Wh", lambda unit: f" {unit[0].lower()} ", unicodedata.normalize("NFC", heading))
    spaced = re.sub(r"(?<=[a-zåäöøæü])(?=[A-Z][a-z])", " ", plain)
    return tuple(re.findall(r"[^\W_]+", spaced.lower()))


@lru_cache(maxsize=4_096)  # each heading is asked about under every delimiter
def fact_of(heading: str) -> tuple[Field, float] | None:
    """Return what a heading seems to name and how sure that is (0 to 1), or None.

    A heading that is exactly a known phrase is certain; one that contains a phrase and more words is less so, in
    proportion to the words the phrase explains.
    """
    said = tuple(word for word in words(heading) if word not in _UNITS) or words(heading)
    if said in _FACTS:
        return _FACTS[said], 1.0
    whole = words(heading)
    if whole in _FACTS:
        return _FACTS[whole], 1.0
    if not _OTHER_THINGS.isdisjoint(whole):
        return None
    inside = [(phrase, fact) for phrase, fact in _FACTS.items() if _contains(said, phrase)]
    if not inside:
        return None
    phrase, fact = max(inside, key=lambda found: (len(found[0]), len("".join(found[0]))))
    return fact, 0.8 * len(phrase) / len(said)


def recognised(cells: Sequence[str]) -> int:
    """Return how many different facts a row of headings names."""
    return len({found[0] for cell in cells if len(cell) < 60 and (found := fact_of(cell))})


def unit_of(heading: str) -> EnergyUnit | None:
    """Return the unit of energy a heading names."""
    return next((_UNITS[word] for word in words(heading) if word in _UNITS), None)


def is_date_part(heading: str) -> bool:
    """Whether a heading names a date rather than a time of day."""
    return not _DATE_PARTS.isdisjoint(words(heading)) or words(heading)[-1:] in {("startdatum",), ("slutdatum",)}


def is_time_part(heading: str) -> bool:
    """Whether a heading names a time of day."""
    said = words(heading)
    return not _TIME_PARTS.isdisjoint(said) or said[-1:] in {("starttid",), ("sluttid",), ("startzeit",), ("endzeit",)}


def _contains(said: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    width = len(phrase)
    return any(said[at : at + width] == phrase for at in range(len(said) - width + 1))


_FACTS: dict[tuple[str, ...], Field] = {
    tuple(phrase.split()): fact for fact, phrases in _PHRASES.items() for phrase in phrases.split("|")
}
