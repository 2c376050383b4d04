"""The corpus of `understanding`: files made of known sessions, as exporters write them and as people send them.

Exporters and ten languages, each in several encodings, delimiters and spellings of dates and numbers; files that leave
something open; files that are no list of sessions; and files around which something else stands.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from billing.exports import xlsx
from charging.ingest.evidence import Open

HOME = "Europe/Stockholm"
FIRST = datetime(2025, 11, 8, 6, 35, tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """A session as it was. The places are those of the language, so that an encoding shows."""

    number: int
    start: datetime
    end: datetime
    wh: int
    station: str
    card: str


@dataclass(frozen=True)
class Spelling:
    """How a file writes its facts: `time` gives the texts of an instant, two for a date and a clock apart."""

    name: str
    time: Callable[[datetime], list[str]]
    energy: Callable[[int], str]
    unit: str
    sign: str
    order: str = "ymd"
    zone: str | None = HOME
    delimiter: str = ";"
    encoding: str = "utf-8"
    kind: str = "csv"


@dataclass
class Form:
    """A file, what is true about it, and what must be asked or refused. rejected: rows that are no session."""

    name: str
    content: bytes
    sessions: list[Known]
    truth: dict[str, str]
    columns: dict[str, str]
    must_ask: set[Open] = field(default_factory=set)
    refused: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    rejected: int = 0


PLACES = {
    "en": "Mill Road", "sv": "Björkängen", "no": "Tromsø brygge", "da": "Ærø havn", "de": "München Süd", "fr": "Évry dépôt",
    "it": "Città Alta", "nl": "Coöperatie", "fi": "Jyväskylä", "es": "Logroño",
}  # fmt: skip
#: id, station, card, start, end, energy of each language; and the words beside a date and a clock.
LANGUAGES = {
    "en": ["Session ID", "Charging station", "RFID card", "Start", "End", "Energy"],
    "sv": ["Sessions-ID", "Laddstation", "Laddbricka", "Starttid", "Sluttid", "Energi"],
    "no": ["Ladeøkt", "Ladestasjon", "Ladebrikke", "Starttidspunkt", "Sluttidspunkt", "Forbruk"],
    "da": ["Transaktions-nr", "Ladestander", "Kortnummer", "Starttidspunkt", "Sluttidspunkt", "Energiforbrug"],
    "de": ["Ladevorgang-ID", "Ladesäule", "Kartennummer", "Startzeit", "Endzeit", "Geladene Energie"],
    "fr": ["ID transaction", "Borne", "Numéro de badge", "Date de début", "Date de fin", "Énergie délivrée"],
    "it": ["ID transazione", "Colonnina", "Numero tessera", "Inizio", "Fine", "Energia erogata"],
    "nl": ["Transactie-ID", "Laadpaal", "Laadpas", "Starttijd", "Eindtijd", "Verbruik"],
    "fi": ["Lataustapahtuma", "Latausasema", "Latauskortti", "Aloitusaika", "Lopetusaika", "Ladattu energia"],
    "es": ["ID de sesión", "Punto de recarga", "Tarjeta", "Fecha de inicio", "Fecha de fin", "Energía suministrada"],
}
FACTS = ["external_id", "station", "token", "started_at", "ended_at", "energy"]
APART = {
    "en": ["Start date", "Start time", "End date", "End time"],
    "sv": ["Startdatum", "Starttid", "Slutdatum", "Sluttid"],
    "de": ["Startdatum", "Startzeit", "Enddatum", "Endzeit"],
    "fr": ["Date début", "Heure début", "Date fin", "Heure fin"],
    "it": ["Data inizio", "Ora inizio", "Data fine", "Ora fine"],
    "nl": ["Startdatum", "Starttijd", "Einddatum", "Eindtijd"],
    "es": ["Fecha inicio", "Hora inicio", "Fecha fin", "Hora fin"],
}
#: Headings as exporters write them: fact by fact, in their order, with columns nobody needs.
EXPORTERS: dict[str, list[tuple[str, str]]] = {
    "easee": [
        ("site", "Site"), ("station", "Charger"), ("token", "RFID tag"), ("", "User name"), ("started_at", "Start"),
        ("ended_at", "End"), ("energy", "kWh"), ("", "Cost excl. VAT"),
    ],
    "zaptec": [
        ("", "UserEmail"), ("", "UserFullName"), ("external_id", "Id"), ("station", "DeviceName"),
        ("started_at", "StartDateTime"), ("ended_at", "EndDateTime"), ("energy", "Energy (kWh)"), ("token", "TokenName"),
    ],
    "monta": [
        ("external_id", "Charge ID"), ("station", "Charge point"), ("site", "Site"), ("started_at", "Started at"),
        ("ended_at", "Stopped at"), ("energy", "kWh"), ("", "Price"), ("", "Currency"), ("token", "Charging key"),
    ],
    "evbox": [
        ("external_id", "Session ID"), ("station", "Charge point ID"), ("token", "Card number"),
        ("started_at", "Start date"), ("ended_at", "End date"), ("energy", "Total kWh"), ("", "Currency"),
    ],
    "evcc": [
        ("started_at", "Created"), ("ended_at", "Finished"), ("station", "Loadpoint"), ("token", "Identifier"),
        ("", "Vehicle"), ("", "Odometer (km)"), ("energy", "Energy (kWh)"), ("", "Solar (%)"),
    ],
    "evcc de": [
        ("started_at", "Startzeit"), ("ended_at", "Beendet"), ("station", "Ladepunkt"), ("token", "Kennung"),
        ("", "Fahrzeug"), ("", "Kilometerstand (km)"), ("energy", "Energie (kWh)"), ("", "Sonne (%)"),
    ],
    "wallbox": [
        ("site", "Location"), ("station", "Charger"), ("token", "User RFID"), ("started_at", "Start"),
        ("ended_at", "End"), ("energy", "Energy (kWh)"), ("", "Green energy (kWh)"), ("", "Session type"),
    ],
    "keba": [
        ("external_id", "Ladevorgang-ID"), ("station", "Wallbox"), ("token", "RFID-Karte"), ("started_at", "Beginn"),
        ("ended_at", "Ende"), ("energy", "Energie [kWh]"),
    ],
    "alfen": [
        ("external_id", "Transaction id"), ("station", "Charge point"), ("", "Socket type"), ("token", "Tag"),
        ("started_at", "Start transaction"), ("ended_at", "Stop transaction"), ("energy", "kWh"),
    ],
    "virta": [
        ("external_id", "Transaction ID"), ("station", "Station name"), ("", "EVSE type"), ("token", "RFID"),
        ("started_at", "Start time"), ("ended_at", "End time"), ("energy", "Energy (kWh)"), ("", "Tariff"),
    ],
    "steve": [
        ("external_id", "Transaction ID"), ("station", "Charge Box ID"), ("", "Connector type"),
        ("token", "OCPP ID Tag"), ("started_at", "Start Timestamp"), ("ended_at", "Stop Timestamp"),
        ("energy", "Energy (kWh)"),
    ],
    "chargepoint": [
        ("station", "Station Name"), ("", "MAC Address"), ("", "Org Name"), ("started_at", "Start Date"),
        ("ended_at", "End Date"), ("energy", "Energy (kWh)"), ("", "GHG Savings (kg)"), ("", "Port Type"),
        ("external_id", "Plug In Event Id"), ("token", "User ID"), ("", "Driver Postal Code"),
    ],
    "monta export": [
        ("external_id", "id"), ("station", "charge_point"), ("site", "site"), ("", "team"), ("started_at", "start_time"),
        ("ended_at", "end_time"), ("energy", "consumed_kWh"), ("", "price"), ("", "currency"), ("token", "key"),
    ],
    "monta da": [
        ("external_id", "Opladning ID"), ("station", "Ladepunkt"), ("site", "Lokation"), ("started_at", "Startet"),
        ("ended_at", "Stoppet"), ("energy", "kWh"), ("", "Pris (DKK)"), ("token", "Ladenøgle"),
    ],
    "charge amps": [
        ("started_at", "Start time"), ("ended_at", "End time"), ("station", "Charge point"),
        ("energy", "Total consumption (kWh)"), ("", "User"), ("token", "RFID tag"), ("", "Session type"),
    ],
    "virta fi": [
        ("external_id", "Tapahtuma"), ("station", "Asema"), ("token", "RFID-tunniste"), ("started_at", "Aloitettu"),
        ("ended_at", "Päättynyt"), ("energy", "Energia (kWh)"), ("", "Hinta (€)"),
    ],
    "schneider fr": [
        ("external_id", "N° de transaction"), ("station", "Nom de la borne"), ("token", "Identifiant badge"),
        ("started_at", "Date de début"), ("ended_at", "Date de fin"), ("energy", "Energie (kWh)"),
    ],
    "compleo": [
        ("external_id", "Ladevorgangs-Nr."), ("station", "Ladestation"), ("started_at", "Startzeitpunkt"),
        ("ended_at", "Endzeitpunkt"), ("energy", "Energie in kWh"), ("token", "RFID"),
    ],
    "fortum": [
        ("site", "Plats"), ("station", "Laddare"), ("started_at", "Påbörjad"), ("ended_at", "Avslutad"),
        ("energy", "Laddmängd kWh"), ("token", "Taggnummer"),
    ],
    "mer": [
        ("station", "Ladestasjon"), ("started_at", "Startet"), ("ended_at", "Avsluttet"), ("energy", "Energi (kWh)"),
        ("", "Beløp (NOK)"), ("token", "Ladebrikke"),
    ],
    "abb": [
        ("external_id", "Session ID"), ("station", "Charger name"), ("started_at", "Start of session"),
        ("ended_at", "End of session"), ("energy", "Delivered energy [kWh]"), ("token", "Authorization ID"),
    ],
    "wallbox es": [
        ("site", "Ubicación"), ("station", "Cargador"), ("", "Usuario"), ("token", "RFID"), ("started_at", "Inicio"),
        ("ended_at", "Fin"), ("energy", "Energía (kWh)"), ("", "Coste"),
    ],
    "an unknown card": [
        ("station", "Charger"), ("started_at", "Start"), ("ended_at", "End"), ("energy", "Energy (kWh)"),
        ("token", "Medium"), ("", "Remark"),
    ],
}  # fmt: skip


def corpus() -> Iterator[Form]:
    """Yield every form."""
    for language, headings in LANGUAGES.items():
        known = sessions(PLACES[language])
        for spelling in spellings(language):
            if spelling.name == "apart" and language not in APART:
                continue
            yield form_of(f"{language}, {spelling.name}", list(zip(FACTS, headings, strict=True)), spelling, known)
    for name, exported in EXPORTERS.items():
        for spelling in list(spellings("en"))[:4]:
            yield form_of(f"{name}, {spelling.name}", exported, spelling, sessions(PLACES["en"]), named=True)
    yield from doubtful_dates()
    yield from doubtful_facts()
    yield from around_them()
    yield from refused_ones()


def sessions(town: str) -> list[Known]:
    """Return sessions of some weeks, none of which overlaps another; days on both sides of the twelfth."""
    found = []
    for number in range(14):
        start = FIRST + timedelta(days=number, minutes=47 * number)
        end = start + timedelta(minutes=95 + 7 * number)
        found.append(Known(number, start, end, 6_420 + 1_370 * number, f"{town} {number % 3 + 1}", f"04A2{number:04X}"))
    return found


def local(form: str) -> Callable[[datetime], list[str]]:
    """Return the writer of a local time."""
    return lambda when: [when.astimezone(ZoneInfo(HOME)).strftime(form)]


def spellings(language: str) -> Iterator[Spelling]:
    """Yield the ways in which a language's files are written."""
    comma, point = (lambda wh: f"{wh / 1000:.2f}".replace(".", ",")), (lambda wh: f"{wh / 1000:.3f}")
    whole = str
    yield Spelling("semicolons", local("%d.%m.%Y %H:%M"), comma, "kWh", ",", "dmy")
    yield Spelling("offsets", local("%Y-%m-%dT%H:%M:%S%z"), point, "kWh", ".", zone=None, delimiter=",")
    utc_text = lambda when: [f"{when:%Y-%m-%dT%H:%M:%S}Z[UTC]"]  # noqa: E731
    yield Spelling("utc, Wh", utc_text, whole, "Wh", ".", zone=None, delimiter="\t", encoding="utf-16")
    yield Spelling("slashes", local("%d/%m/%Y %H:%M:%S"), comma, "kWh", ",", "dmy", encoding="utf-8-sig")
    yield Spelling("windows", local("%Y-%m-%d %H:%M:%S"), comma, "kWh", ",", encoding="cp1252")
    yield Spelling("dos", local("%d-%m-%Y %H.%M"), comma, "kWh", ",", "dmy", encoding="cp850")
    yield Spelling("short hours", local("%d.%m.%y, %H:%M:%S"), point, "kWh", ".", "dmy", delimiter="\t")
    apart = lambda when: local("%Y-%m-%dT00:00:00|%H:%M")(when)[0].split("|")  # noqa: E731
    yield Spelling("apart", apart, comma, "kWh", ",")
    yield Spelling("workbook", local("%Y-%m-%d %H:%M:%S"), point, "kWh", ".", kind="xlsx")
    epoch = lambda when: [str(int(when.timestamp() * 1000))]  # noqa: E731
    yield Spelling("json lines", epoch, point, "kWh", ".", zone=None, kind="jsonl")


def form_of(
    name: str, headings: list[tuple[str, str]], spelling: Spelling, known: list[Known], *, named: bool = False
) -> Form:
    """Write sessions as a file. `named`: the headings are whole, and a unit is added only where they hold none."""
    columns = {fact: heading for fact, heading in headings if fact}
    if not named:
        columns["energy"] = f"{columns['energy']} ({spelling.unit})"
    else:
        columns["energy"] = columns["energy"].replace("kWh", spelling.unit)
    header = [columns.get(fact, heading) if fact else heading for fact, heading in headings]
    order = [fact for fact, _ in headings]
    if spelling.name == "apart":
        language = name.partition(",")[0]
        at = order.index("started_at")
        header[at : at + 2] = APART[language]
        order[at : at + 2] = ["started_at", "started_at 2", "ended_at", "ended_at 2"]
    rows = [[_text(one, fact, spelling) for fact in order] for one in known]
    truth = {"date_order": spelling.order, "decimal_sign": spelling.sign, "energy_unit": spelling.unit}
    truth |= {"time_zone": spelling.zone} if spelling.zone else {}
    return Form(name, _written(header, rows, spelling), known, truth, columns)


def _text(one: Known, fact: str, spelling: Spelling) -> str:
    if fact.startswith(("started_at", "ended_at")):
        when = one.start if fact.startswith("started_at") else one.end
        return spelling.time(when)[fact.endswith("2")]
    said = {"external_id": f"S-{one.number + 1000}", "station": one.station, "token": one.card, "site": "Depot 9"}
    return spelling.energy(one.wh) if fact == "energy" else said.get(fact, "x")


def _written(header: list[str], rows: list[list[str]], spelling: Spelling) -> bytes:
    if spelling.kind == "xlsx":
        content = io.BytesIO()
        listed = xlsx.blocks(dict(zip(header, row, strict=True)) for row in rows)
        xlsx.write(content, [xlsx.Sheet("Sheet1", header, listed)])
        return content.getvalue()
    if spelling.kind == "jsonl":
        return "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in rows).encode()
    lines = [spelling.delimiter.join(cells) for cells in [header, *rows]]
    return ("\r\n".join(lines) + "\r\n").encode(spelling.encoding)


def doubtful_dates() -> Iterator[Form]:
    """Yield files whose order of dates must be asked for, is proved by one row, or is said wrongly."""
    known, headings, plain = sessions(PLACES["en"]), english(), next(spellings("en"))
    early = [one for one in known if one.start.astimezone(ZoneInfo(HOME)).day <= 12]
    for form in ("%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p"):
        order = "dmy" if form.startswith("%d") else "mdy"
        spelling = Spelling("days up to the twelfth", local(form), plain.energy, "kWh", ",", order)
        made = form_of(f"{order}, {spelling.name}", headings, spelling, early)
        made.must_ask = {Open.DATE_ORDER, Open.TIME_ZONE}
        yield made
        whole = form_of(f"{order}, proved by a later day", headings, spelling, known)
        whole.must_ask = {Open.TIME_ZONE}
        yield whole
        yield Form(
            f"{order}, said otherwise", whole.content, known, {}, whole.columns, refused="order_disproved",
            said={"date_order": "mdy" if order == "dmy" else "dmy"},
        )  # fmt: skip


def doubtful_facts() -> Iterator[Form]:
    """Yield files that lack a word, a unit, a station or a sign, or say by other means what they are."""
    known, headings, plain = sessions(PLACES["en"]), english(), next(spellings("en"))
    grouped = Spelling("", plain.time, lambda wh: f"{wh // 1000},{wh % 1000:03}", "Wh", ".", "dmy")
    asked = form_of("thousands or decimals in Wh", headings, grouped, known)
    asked.must_ask = {Open.DECIMAL_SIGN, Open.TIME_ZONE}
    yield asked
    decimals = Spelling("", plain.time, lambda wh: f"{wh / 1000:.3f}".replace(".", ","), "kWh", ",", "dmy")
    yield form_of("three decimals in kWh", headings, decimals, known)
    unnamed = [(fact, "Amount" if fact == "energy" else heading) for fact, heading in headings]
    no_unit = form_of("energy under an unknown word", unnamed, plain, known, named=True)
    no_unit.must_ask = {Open.COLUMN, Open.ENERGY_UNIT, Open.TIME_ZONE}
    yield no_unit
    nameless = [(fact, heading) for fact, heading in headings if fact != "station"]
    lone = form_of("a single charger without a name", nameless, plain, list(_at(known, "Mill Road 1")))
    lone.must_ask, lone.truth["station"] = {Open.COLUMN, Open.TIME_ZONE}, "Mill Road 1"
    yield lone
    heading_utc = [(fact, f"{heading} (UTC)" if fact.endswith("_at") else heading) for fact, heading in headings]
    utc = Spelling("utc headings", lambda when: [f"{when:%Y-%m-%d %H:%M:%S}"], plain.energy, "kWh", ",", zone="UTC")
    yield form_of("the headings say UTC", heading_utc, utc, known, named=False)
    document = {"meta": {"end": None}, "_items": [_item(one) for one in known]}
    yield Form("a document with one list", json.dumps(document, indent=1).encode(), known, {}, {})


def around_them() -> Iterator[Form]:
    """Yield files around whose sessions something else stands, or that went through hands that damaged them."""
    headings, known = swedish(), sessions(PLACES["sv"])
    plain = Spelling("plain", local("%Y-%m-%d %H:%M:%S"), _comma, "kWh", ",")
    whole = form_of("", headings, plain, known)
    header, *rows = whole.content.decode().removesuffix("\r\n").split("\r\n")
    total = f"Summa;;;;;{_comma(sum(one.wh for one in known))}"
    above = ["Laddrapport;;;;;", "Period: 2025-11-01 – 2025-11-30;;;;;", "Skapad av Åsa;;;;;", ";;;;;"]
    kept, merged = header.split(";"), [*header.split(";")]
    kept[3:5], merged[3:5] = ["Laddning", ""], ["Start", "Slut"]
    upper, lower = ";".join(kept), ";".join(["", "", "", *merged[3:5], ""])
    yield _of_lines("a preamble", [*above, header, *rows], whole)
    yield _of_lines("a total below", [header, *rows, total, ";;;;;"], whole, rejected=1)
    yield _of_lines("the headings once more", [header, *rows[:7], header, *rows[7:]], whole, rejected=1)
    yield _of_lines(
        "headings of two lines", [upper, lower, *rows], whole, columns=dict(zip(FACTS, merged, strict=True))
    )
    yield _of_lines("a line for spreadsheets", ["sep=;", header, *rows], whole)
    yield _of_lines("all quoted", ['"' + line.replace(";", '";"') + '"' for line in (header, *rows)], whole)
    yield from damaged([header, *rows], whole)
    yield form_of("days of a spreadsheet", headings, Spelling("", _day_count, _comma, "kWh", ","), known)
    zone = [(fact, f"{heading} ({HOME})" if fact.endswith("_at") else heading) for fact, heading in headings]
    told = form_of("the headings name the zone", zone, plain, known)
    told.must_ask = set()
    yield told
    blanks = Spelling("", plain.time, lambda wh: f"{wh:,}".replace(",", "\u00a0"), "Wh", ",")
    yield form_of("thousands apart by blanks", headings, blanks, known)


def damaged(lines: list[str], like: Form) -> Iterator[Form]:
    """Yield a file whose letters were encoded twice, and one of lines in two encodings."""
    code_page = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256)}
    twice = "".join(code_page[code] for code in "\n".join(lines).encode()).encode()
    yield Form("letters encoded twice", twice, like.sessions, like.truth, like.columns)
    mixed = b"\n".join(line.encode("cp1252" if at % 3 else "utf-8") for at, line in enumerate(lines))
    yield Form("lines of two encodings", mixed, like.sessions, like.truth, like.columns)


def _comma(wh: int) -> str:
    return f"{wh / 1000:.2f}".replace(".", ",")


def _day_count(when: datetime) -> list[str]:
    """Write a local time as the days of a spreadsheet."""
    civil = when.astimezone(ZoneInfo(HOME)).replace(tzinfo=UTC)
    return [f"{(civil - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1):.9f}".replace(".", ",")]


def swedish() -> list[tuple[str, str]]:
    """Return the Swedish headings by their facts."""
    return list(zip(FACTS, LANGUAGES["sv"], strict=True))


def _of_lines(name: str, lines: list[str], like: Form, *, rejected: int = 0, columns: Any = None) -> Form:
    content = ("\r\n".join(lines) + "\r\n").encode()
    return Form(name, content, like.sessions, like.truth, columns or like.columns, rejected=rejected)


def refused_ones() -> Iterator[Form]:
    """Yield files that are no list of sessions, or that disprove what was said of them."""
    plain = next(spellings("en"))
    for code, content in {
        "json_without_list": b'{"session": {"id": 1},\n"kwh": 2}',
        "file_of_another_kind": b"%PDF-1.7\n...",
        "file_empty": b"\n\n",
        "file_of_delimiters": b";;;;\n;;;;\n",
        "sign_disproved": form_of("", english(), plain, sessions("Mill Road")).content,
    }.items():
        said = {"decimal_sign": "."} if code == "sign_disproved" else {}
        yield Form(f"refused: {code}", content, [], {}, {}, refused=code, said=said)


def english() -> list[tuple[str, str]]:
    """Return the English headings by their facts."""
    return list(zip(FACTS, LANGUAGES["en"], strict=True))


def _at(known: list[Known], station: str) -> Iterator[Known]:
    for one in known:
        yield Known(one.number, one.start, one.end, one.wh, station, one.card)


def _item(one: Known) -> dict[str, Any]:
    return {
        "sessionID": f"S-{one.number + 1000}", "stationID": one.station, "userID": one.card,
        "connectionTime": f"{one.start:%a, %d %b %Y %H:%M:%S} GMT", "disconnectTime": f"{one.end:%a, %d %b %Y %H:%M:%S} GMT",
        "kWhDelivered": one.wh / 1000,
    }  # fmt: skip
