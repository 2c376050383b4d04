"""A house with a little of everything, for walls that try every address: north, all of it dana's if anybody's."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from billing.models import (
    Dispute,
    DocumentLetter,
    Export,
    ExportTimetable,
    Fee,
    HostContract,
    HostStatement,
    Invoice,
    InvoiceRun,
    Payment,
    PaymentFile,
    PaymentMatch,
    Reminder,
    ReminderStep,
    Rerating,
    Settlement,
    Tariff,
    TariffAssignment,
    WriteOff,
)
from billing.services import (
    account_moves,
    documents,
    export_timetables,
    exports,
    fees,
    host_contracts,
    payment_files,
    payments,
    reminders,
    second_person,
    settlements,
    tariffs,
    write_offs,
)
from billing.services.export_timetables import Wanted
from billing.services.fees import Agreed
from billing.tests import factories
from charging.domain.ocpp.commands import Kind
from charging.models import (
    CardNotice,
    ChargingSession,
    FileImport,
    ImportProfile,
    MeterKey,
    RejectedRow,
    SettingTemplate,
    SignedRecord,
    Site,
    Station,
    StationCommand,
    StationKnock,
    Token,
)
from charging.services import meter_keys, partner_links, station_commands, station_links, tokens
from charging.tests.ingest.files import PLAIN
from charging.tests.signing import Meter
from portal.tests import app_role
from portal.tests.cast import PASSWORD, a_driver, begin, member, somebody
from portal.tests.doors import doors
from portal.tests.examples import example
from tenants import work
from tenants.models import (
    Account,
    ApiKey,
    Approval,
    AuditEntry,
    ConsentNotice,
    ConsentPaper,
    ConsentPurpose,
    Driver,
    DriverGroup,
    Erasure,
    Incident,
    IncidentBundle,
    Invitation,
    LegalHold,
    Membership,
    Operator,
    PersonPackage,
    PersonRequest,
    PlatformVisit,
    User,
)
from tenants.privacy import erasure, evidence, packages, retention
from tenants.scoping import tenant_scope
from tenants.selectors import consents as asked
from tenants.services import incidents
from tenants.services.people import accounts, consent_papers, consents, invitations, operators, person_requests

DOORS = [door for door in doors() if door.is_of_operator]
# The word before an identifier in a route, and what it identifies.
OBJECTS = {
    "approvals": Approval,
    "audit": AuditEntry,
    "sessions": ChargingSession,
    "sites": Site,
    "stations": Station,
    "outlets": Station,
    "favourites": Site,
    "meters": MeterKey,
    "settings": SettingTemplate,
    "starts": StationCommand,
    "live": ChargingSession,
    "knocking": StationKnock,
    "odd": CardNotice,
    "drivers": Driver,
    "groups": DriverGroup,
    "partners": Account,
    "payers": Account,
    "accounts": Account,
    "cards": Token,
    "leave": Token,
    "tokens": Token,
    "imports": FileImport,
    "profiles": ImportProfile,
    "tariffs": Tariff,
    "assignments": TariffAssignment,
    "runs": InvoiceRun,
    "invoices": Invoice,
    "fees": Fee,
    "payments": Payment,
    "files": PaymentFile,
    "undo": PaymentMatch,
    "write-offs": WriteOff,
    "match": Invoice,
    "too-much": Invoice,
    "disputes": Dispute,
    "letters": DocumentLetter,
    "reratings": Rerating,
    "hosts": HostContract,
    "settlements": Settlement,
    "statements": HostStatement,
    "exports": Export,
    "downloads": Export,
    "timetables": ExportTimetable,
    "consents": ConsentPurpose,
    "privacy": ConsentPurpose,
    "people": Membership,
    "visits": PlatformVisit,
    "invitations": Invitation,
    "keys": ApiKey,
    "requests": PersonRequest,
    "copies": PersonPackage,
    "holds": LegalHold,
    "incidents": Incident,
    "evidence": IncidentBundle,
    "erasures": Erasure,
    "papers": ConsentPaper,
}
# What the columns of the imported file are called: the file's own words stand on pages as they are.
HEADINGS = {"id": "Nr", "station": "Stolpe", "card": "Bricka", "start": "Började", "end": "Slutade", "kwh": "kWh"}
# Other parts of an address.
VALUES = {
    "month": "2026-10",
    "number": 1,
    "table": "invoices",
    "year": 2026,
    "kind": "invoices",
    "name": "invoices",
    "work_kind": "run_part",
    "list_name": "sessions",
    "line": 2,
    "code": "marketing-email",
    "limit": "restriction",
}


@dataclass(frozen=True)
class House:
    """North and south with their people, and the identifiers of north's rows by the word before them in an address."""

    north: Operator
    south: Operator
    people: dict[str, User]
    rows: dict[str, Any]


def build() -> House:
    """Build it, with petra of the platform on a visit at north."""
    names = {"north": "North Charging AB", "south": "South Charging AB"}
    with app_role.as_platform():
        north, south = (
            operators.create(slug=slug, name=name, legal_name=name, vat_number="SE556677889901")
            for slug, name in names.items()
        )
    roles = {"olga": "owner", "otto": "operations", "fina": "finance", "sara": "support", "axel": "auditor"}
    roles["pri"] = "privacy"
    people = {name: somebody(north, name, role) for name, role in roles.items()}
    people |= {"sven": somebody(south, "sven", "owner"), "dana": a_driver(north), "petra": member("petra")}
    people["pia"] = User.objects.create_user("pia@example.com", PASSWORD, name="Pia")
    begin(north, people["petra"], lasting=timedelta(hours=1))
    with tenant_scope(north.pk):
        rows = _furnish(north, people)
    return House(north, south, people, rows)


def _furnish(north: Operator, people: dict[str, User]) -> dict[str, Any]:
    consents.install_defaults(north)
    dana, fina, now = people["dana"], people["fina"], timezone.now()
    driver = Driver.objects.get(user=dana)
    at = factories.connector()
    partner, other = (
        accounts.create(kind=Account.Kind.ROAMING, name=name, country="NL") for name in ("Laadpas", "Ladekort")
    )
    partner_links.keep(partner, address="https://emsp.example/ocpi", token="4711")
    for of in (partner, other):  # of one UID
        tokens.create(uid="04FFEEDD", issuer=of, whitelist="NEVER")
    draft = tariffs.save_draft(factories.tariff(by=people["olga"]), document=factories.flat("3.00"))  # to publish
    second_person.ask_to_publish(draft, valid_from=factories.NOVEMBER, by=fina, at=now)
    card = Token.objects.create(driver=driver, uid="04AABBCC")
    factories.session(at, driver, token=card, source="ocpp", external_id="4711")
    factories.rate_all()
    factories.issued()
    purpose = ConsentPurpose.objects.earliest("pk")
    consents.record(driver, purpose, "given", channel="portal", at=factories.NOVEMBER, language="sv", by=dana)
    assert asked.proofs(driver)
    notice = ConsentNotice.objects.earliest("pk")
    scan = ContentFile(b"%PDF-1.7")
    on_paper: dict[str, Any] = {"signed_on": now.astimezone(north.zone).date(), "scan": scan, "by": fina, "at": now}
    consent_papers.record(factories.driver("Petra Papper"), notice, "given", **on_paper)
    example(DriverGroup)
    numbers = {"organisation_number": "556677-8899", "vat_number": "SE556677889901"}
    where = {"street": "Gatan 1", "postal_code": "903 26", "city": "Umeå", "country": "SE"}
    company = accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", shows="sessions", **numbers, **where)
    accounts.let_see(company, user=people["pia"])
    account_moves.move(factories.driver("Elsa Anställd"), to=company, since=factories.OCTOBER)
    today = now.date()
    fees.add(company, Agreed(kind="monthly", text="Plats", price=Decimal(99), since=today), today=today)
    since = factories.OCTOBER.date()
    what: dict[str, Any] = {
        "name": "Avtal 1",
        "sites": [at.station.site],
        "since": since,
        "share": Decimal(30),
        "rent": Decimal(100),
    }
    billed: dict[str, Any] = {"is_self_billed": True, "agreed_on": since}
    host_contracts.add(company, host_contracts.Agreed(**what, **billed), at=factories.NOVEMBER)
    month = settlements.ask(since, by=fina, at=factories.NOVEMBER)
    work.do_next(work.kind_named(Settlement.work_kind), north.pk, clock=lambda: factories.NOVEMBER)
    settlements.close(month, by=fina, at=factories.NOVEMBER)
    invoice = Invoice.objects.filter(state="issued").latest("pk")
    documents.render(invoice)
    payments.record(invoice, Decimal(1), paid_on=today, text="Swish", by=fina, today=today)
    write_offs.write_off(invoice, Decimal(1), why="waived", reason="Gåva", by=fina, at=factories.NOVEMBER)
    reminders.keep_steps([ReminderStep(days=1, asks_costs=True), ReminderStep(days=30, what="collection")])
    reminders.keep_terms(None, fee_since=factories.EPOCH.date(), due_day_agreed=True)
    sent: dict[str, Any] = {"sent_on": today, "rest": 100, "currency": "SEK", "sent_by": fina}
    example(DocumentLetter, invoice=invoice, account=invoice.account, state="done")
    example(Reminder, invoice=invoice, account=invoice.account, nth=1, **sent)
    payment_files.take_in(ContentFile(b"<a/>"), name="bank.xml", by=fina, at=now)
    work.do_next(work.kind_named(PaymentFile.work_kind), north.pk, clock=timezone.now)
    october = Path(settings.MEDIA_ROOT) / "october.csv"
    october.write_text("id;start;end;kWh\n1;2026-10-01 08:00;2026-10-01 09:00;10\n")
    columns = {fact: [HEADINGS[name] for name in names] for fact, names in PLAIN.to_json()["columns"].items()}
    how: dict[str, Any] = {
        "mapping": PLAIN.to_json() | {"columns": columns},
        "options": {"header": [*HEADINGS.values()]},
    }
    file = example(FileImport, state="done", file="october.csv", **how)
    why: dict[str, Any] = {"reason": "missing_start", "reasons": ["missing_start"]}
    RejectedRow.objects.create(file_import=file, line_number=2, cells=["1", "A", "", "", "", "5"], **why)
    example(ImportProfile)
    example(ApiKey)
    example(Rerating, stage="ready")
    example(Dispute, driver=driver, session=ChargingSession.objects.filter(driver=driver).latest("pk"))
    example(StationKnock, reason="unknown")
    example(CardNotice, station=at.station, token=card, driver=driver, kind="two_places")
    station_links.make_password(at.station, at=now)
    example(SettingTemplate, wanted={"HeartbeatInterval": "300"})
    meter = Meter()
    meter_keys.register(at, written=meter.der.hex(), curve="", serial=meter.serial, since=today, until=None)
    example(SignedRecord, station=at.station, number=4711, raw=meter.whole(0, 10_000))
    station_commands.ask(at.station, Kind.START, by=dana, at=now, card="04AABBCC", connector=at.number)
    invitations.invite(north, email="ines@example.com", role="support")
    asks = person_requests.receive(factories.driver("Gunnar Gone"), "erasure", by=fina, at=now, identity_checked="Hej.")
    erasure.ask(asks, answer="Klart.", by=fina, at=now)
    work.do_next(work.kind_named("erasure"), north.pk, clock=timezone.now)
    packages.ask(
        person_requests.receive(driver, "access", by=dana, at=now, text="Allt ni har."), language="sv", by=dana, at=now
    )
    person_requests.receive(driver, "restriction", by=dana, at=now)
    retention.hold(driver=driver, reason="Tvist 17", by=fina, at=now)
    incident = {"title": "En lista på villovägar", "kinds": ["confidentiality"], "known_at": now}
    evidence.ask(incidents.open_one(incident, text="Vad vi vet.", by=fina, at=now), by=fina, at=now)
    work.do_next(work.kind_named("incident_bundle"), north.pk, clock=timezone.now)
    wanted = Wanted(kind="invoices", form="csv", dated_by="issued", every="month", to="link")
    export_timetables.add(wanted, by=fina, at=now)
    exports.request(kind="xlsx", month=factories.OCTOBER.date(), by=fina, at=now)
    work.do_next(work.kind_named("export_xlsx"), north.pk, clock=timezone.now)
    newest = {name: _newest(model, people["otto"]) for name, model in OBJECTS.items()}
    return newest | {"partners": partner.public_id}


def _newest(model, otto):
    if model is Membership:
        return Membership.objects.get(user=otto).public_id
    rows: Any = model.objects.exclude(kind=Account.Kind.PRIVATE) if model is Account else model.objects
    return rows.order_by("-pk").first().public_id


def address(door, world):
    parameters = {"operator_slug": "north"}
    for before, kind, name in re.findall(r"([a-z-]*)/?<(\w+):(\w+)>", door.route):
        if name == "operator_slug":
            continue
        if kind == "uuid":
            assert before in world, f"Name the example object of {door.route} in OBJECTS."
            parameters[name] = world[before]
        else:
            values = {**VALUES, **world}
            assert name in values, f"Name an example of <{kind}:{name}> of {door.route} in VALUES."
            parameters[name] = values[name]
    return reverse(door.name, kwargs=parameters)


def status(client, path):
    """What the page answers, by POST where it takes nothing else. Nothing of it is kept."""
    with transaction.atomic():
        answer = client.get(path)
        if answer.status_code == 405:
            answer = client.post(path)
        for close in answer._resource_closers:  # not answer.close(): that would end the test's connection
            close()
        transaction.set_rollback(True)
    to_account = answer.status_code == 302 and answer["Location"].startswith("/account/")
    return f"302 {answer['Location'].split('?')[0]}" if to_account else answer.status_code
