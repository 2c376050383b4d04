"""How many forms of files are understood: without a question, with one, refused rightly, and wrong, which none may be.

Run: `bin/benchmark understanding`. The corpus is made here from known sessions: exporters and ten languages, each in
several encodings, delimiters and spellings of dates and numbers. Every question is answered with the truth, every
answer counted, and each session that comes out is held against the one that went in. The program fails if one differs,
if a file that leaves something open is not asked about, or if one that must be refused is not.
"""

import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from rustpy_xlsxwriter import write_worksheet

from charging.domain.errors import ChargingError
from charging.ingest.convert import Converter
from charging.ingest.evidence import Open
from charging.ingest.layout import Field, Layout
from charging.ingest.reading import understood

NOW = datetime(2026, 6, 1, tzinfo=UTC)
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
    """A file, what is true about it, and what must be asked or refused."""

    name: str
    content: bytes
    sessions: list[Known]
    truth: dict[str, str]
    columns: dict[str, str]
    must_ask: set[Open] = field(default_factory=set)
    refused: str = ""
    said: dict[str, Any] = field(default_factory=dict)


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
}  # fmt: skip


def main() -> None:
    """Read every form, print how many were understood how, and fail when one was wrong."""
    found, wrong = Counter[str](), []
    for form in corpus():
        outcome, why = judged(form)
        found[outcome] += 1
        if outcome == "wrong":
            wrong.append(f"{form.name}: {why}")
    print(f"{found.total()} forms of files\n\n| outcome | forms |\n|---|---|")
    for outcome in ("without a question", "with one question", "with more", "refused rightly", "wrong"):
        print(f"| {outcome} | {found[outcome]} |")
    if wrong:
        print("\n".join(["", *wrong]))
        sys.exit(1)


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
    yield from refused_ones()


def sessions(place: str) -> list[Known]:
    """Return sessions of some weeks, none of which overlaps another; days on both sides of the twelfth."""
    found = []
    for number in range(14):
        start = FIRST + timedelta(days=number, minutes=47 * number)
        end = start + timedelta(minutes=95 + 7 * number)
        found.append(
            Known(number, start, end, 6_420 + 1_370 * number, f"{place} {number % 3 + 1}", f"04A2{number:04X}")
        )
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
        write_worksheet([dict(zip(header, row, strict=True)) for row in rows], content)
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


def judged(form: Form) -> tuple[str, str]:
    """Return how a form was understood, and what was wrong."""
    layout = Layout(columns={}, guess_others=True).saying(**form.said)
    asked: set[Open] = set()
    try:
        reading = understood(io.BytesIO(form.content), layout, home_zone=HOME)
        for _ in range(3):
            if not reading.questions:
                break
            asked |= {question.about for question in reading.questions}
            layout = answered(layout, reading.questions, form)
            reading = understood(io.BytesIO(form.content), layout, home_zone=HOME)
        settled = reading.settled()
    except ChargingError as problem:
        right = form.refused == problem.code
        return ("refused rightly", "") if right else ("wrong", f"refused as {problem.code} {problem.facts}")
    if form.refused:
        return "wrong", f"was not refused as {form.refused}"
    if form.must_ask and asked != form.must_ask:
        return "wrong", f"asked {sorted(asked)}, to be asked {sorted(form.must_ask)}"
    difference = compared(form, reading, settled)
    if difference:
        return "wrong", difference
    return {0: "without a question", 1: "with one question"}.get(len(asked), "with more"), ""


def answered(layout: Layout, questions: list[Any], form: Form) -> Layout:
    """Return the layout with each question answered by the truth."""
    columns = dict(layout.columns)
    for question in questions:
        if question.fact and question.fact in form.columns:
            columns[question.fact] = (form.columns[question.fact],)
        elif question.fact is Field.STATION:
            layout = layout.saying(default_station=form.truth["station"])
        else:
            layout = layout.saying(**{question.about: form.truth.get(question.about)})
    return layout.saying(columns=columns)


def compared(form: Form, reading: Any, layout: Layout) -> str:
    """Return the first difference between what went in and what came out."""
    converter = Converter(layout, at=NOW)
    batches = [converter.convert(chunk) for chunk in reading.source.chunks()]
    if refused := [row for batch in batches for row in batch.rejected]:
        return f"line {refused[0].line} rejected: {refused[0].reasons}"
    came = pl.concat([batch.accepted for batch in batches]).sort("started_at")
    if came.height != len(form.sessions):
        return f"{came.height} sessions of {len(form.sessions)}"
    for one, row in zip(form.sessions, came.iter_rows(named=True), strict=True):
        told = (row["started_at"], row["ended_at"], row["energy_wh"], row["station"], row["token"])
        if told != (one.start, one.end, one.wh, one.station, one.card):
            return f"{one} came as {told}"
    return ""


if __name__ == "__main__":
    main()
