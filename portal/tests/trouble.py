"""What goes wrong at an operator, all of it: every problem of a price, every reason of a rejection, failed work.

A house in which all went well shows few of the sentences that people read when it did not. Rows are made as the
services leave them; nothing here is an act.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditlog.registry import auditlog
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from billing.domain.errors import Code as BillingCode
from billing.domain.sessions.columns import Flag as PriceFlag
from billing.exports.tables import TABLES
from billing.models import (
    Export,
    Invoice,
    InvoiceRun,
    PaymentFile,
    PriceEffect,
    Pricing,
    Rendering,
    Rerating,
    RunChunk,
    RunProblem,
    SessionPrice,
    Settlement,
    Tariff,
)
from billing.models.billing_status import CREDITED
from billing.services.approved import CREDIT, ISSUE, PUBLISH, REMIND, RERATE, SETTLE, WRITE_OFF
from billing.services.disputes import DISPUTED
from billing.tests import factories
from charging.domain.errors import Code as ChargingCode
from charging.domain.reasons import Flag, Reject
from charging.models import ChargingSession, Connector, FileImport, ImportLook, RejectedRow, Token
from portal.tests.examples import example
from portal.words.log.events import EVENTS, TASKS
from portal.words.say import SENTENCES
from tenants import work
from tenants.actor import acting
from tenants.log import audit
from tenants.models import Account, Approval, AuditCheck, AuditEntry, Driver, Operator, User
from tenants.models.work import Work
from tenants.permissions import Permission
from tenants.services import four_eyes
from tenants.services.people.driver_exports import ACTION as EXPORT
from tenants.services.people.security import SWITCH_OFF

#: Facts of sentences that are more than a text or a number.
ODD: dict[str, Any] = {
    "lacking": {"started_at": ["A"]},
    "hours": {"daily": ["08:00–10:00"]},
    "roles": ["support"],
    "permission": "view_drivers",
    "approval_state": "expired",
    "operator_state": "suspended",
    "import_state": "failed",
    "fact": "started_at",
    "dimension": "ENERGY",
    "booked_sum": [2, "SEK"],
    "told_sum": [2, "SEK"],
    "wanted": {"code": "wanted_number"},
    "question": {"code": "which_zone"},
}
#: Files that cannot be imported, as people bring them.
FILES: dict[str, bytes] = {
    "empty.csv": b"",
    "zeros.csv": b"id;start\0\n" * 50,
    "delimiters.csv": b";;;;\n;;;;\n",
    "wide.csv": b";".join(b"c%d" % number for number in range(5000)) + b"\n",
    "damaged.csv.gz": gzip.compress(b"id;start\n" * 5000)[:40],
    "workbook.xlsx": b"PK\x03\x04 no workbook",
    "lines.jsonl": b'{"a": {"b": 1}}\n[1, 2]\n',
    "strange.csv": b"a;b;c\n1;2;3\n",
    "headless.csv": b"id;start;slut\n1;2026-10-01 08:00;2026-10-01 09:00\n",
    "latin.csv": b"id;start;slut;kWh\n\x81;2026-10-01 08:00;2026-10-01 09:00;10\n",
    "both.csv": b"id;start;slut;energy\n1;13/01/2026 08:00;01/13/2026 09:00;1.234\n",
}


def facts_of(code: str) -> dict[str, Any]:
    """Facts for the sentence of a code: what it names."""
    asked = _Asked()
    str(SENTENCES[code] % asked)
    return {name: ODD.get(name, 2) for name in asked.names}


class _Asked(dict[str, int]):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __missing__(self, name: str) -> int:
        self.names.add(name)
        return 2


def befall(north: Operator, people: dict[str, User]) -> None:
    """Let all of it befall the operator, in whose scope one is."""
    driver = Driver.objects.get(user=people["dana"])
    sessions(Connector.objects.earliest("pk"), driver)
    files(people["otto"])
    failed_work(people)
    runs(driver)
    approvals(people)
    events(people)
    changes()


def sessions(at: Connector, driver: Driver) -> None:
    """A session for each problem of a price and each flag, and one whose price notes all that can be noted."""
    session = factories.session(at, driver)
    factories.rate_all()
    SessionPrice.objects.filter(session=session).update(flags=sum(flag.value for flag in PriceFlag))
    for code in BillingCode:
        session = factories.session(at, driver)
        price = {"state": "problem", "problem": code, "problem_facts": facts_of(code), "rated_at": timezone.now()}
        SessionPrice.objects.create(session=session, **price)
    for flag in [*Flag, CREDITED, DISPUTED]:
        for review in ChargingSession.Review:
            factories.session(at, driver, flags=[flag], review=review)
    factories.session(at, None, state=ChargingSession.State.ACTIVE, ended_at=None)
    factories.session(at, None, token=Token.objects.create(uid="04DDEEFF"))


def files(otto: User) -> None:
    """An import with every reason of a rejection, one for each way to fail, and looks at files nobody can read."""
    done = example(
        FileImport, state="done", file="october.csv", rejected=len(Reject), rows_read=len(Reject), accepted=0
    )
    for number, reason in enumerate(Reject, 2):
        RejectedRow.objects.create(
            file_import=done, line_number=number, cells=["1", "x"], reason=reason, reasons=[reason], energy_wh=None
        )
    for code in ChargingCode:
        more = {"error": code, "error_facts": facts_of(code), "uploaded_by": otto}
        example(FileImport, state="failed", file="october.csv", **more)
    for state in FileImport.State:
        example(FileImport, state=state, file="october.csv", error="unexpected", error_facts={"error": "ValueError"})
    for name, content in FILES.items():
        path = Path(settings.MEDIA_ROOT) / name
        path.write_bytes(content)
        row = example(FileImport, state="uploaded", file=name, file_name=name, file_size=len(content))
        ImportLook.objects.create(file_import=row, requested_by_id=otto.pk)
    while work.do_next(work.kind_named("import_look"), done.operator_id, clock=timezone.now):
        pass


def failed_work(people: dict[str, User]) -> None:
    """A piece of each kind of work that was set aside, failed and waits."""
    run, invoice = InvoiceRun.objects.latest("pk"), Invoice.objects.latest("pk")
    gone = {"error": "unexpected", "error_facts": {"error": "ValueError"}, "attempts": 5}
    lost = {**gone, "error": work.WORKER_LOST, "error_facts": {}, "state": Work.State.SET_ASIDE}
    asked = {"requested_by": people["fina"], "month": factories.OCTOBER.date()}
    for kind in Export.Kind:
        for state in (Work.State.SET_ASIDE, Work.State.FAILED, Work.State.DONE, Work.State.WAITING):
            Export.objects.create(kind=kind, form="csv" if kind in TABLES else "", state=state, **gone, **asked)
    Pricing.objects.update_or_create(share=0, defaults=lost)
    months = {"month": factories.OCTOBER.date(), "last_month": factories.OCTOBER.date()}
    for purpose in PriceEffect.Purpose:
        PriceEffect.objects.update_or_create(
            tariff=Tariff.objects.latest("pk"), purpose=purpose, defaults=lost | months
        )
    Rendering.objects.update_or_create(invoice=invoice, defaults=lost)
    example(Rerating, **lost)
    example(Settlement, **lost)
    RunChunk.objects.create(run=run, first_account_id=10**9, last_account_id=10**9, sessions=3, **lost)
    for verdict in AuditCheck.State:
        for finding in ({}, {"kind": "changed", "seal": 1, "entry_id": 2}, {"kind": "removed", "seal": 1}):
            AuditCheck.objects.create(state=verdict, requested_at=timezone.now(), finding=finding, **gone)
    ImportLook.objects.create(file_import=FileImport.objects.latest("pk"), **lost)
    PaymentFile.objects.create(file_name="bank.xml", **lost)


def runs(driver: Driver) -> None:
    """A run in each state that could not bill a driver, for each reason."""
    codes = list(BillingCode)
    payers = [driver, *(factories.driver(f"Driver {number}") for number in range(len(codes) // 2))]
    for number, state in enumerate((InvoiceRun.State.READY, InvoiceRun.State.RUNNING)):
        month = factories.EPOCH.date().replace(year=2000 + number)
        run = InvoiceRun.objects.create(month=month, until=factories.EPOCH, started_at=factories.EPOCH, state=state)
        for payer, code in zip(payers, codes[number::2], strict=False):
            RunProblem.objects.create(run=run, account=payer.accounts.get(), code=code, facts=facts_of(code))


def approvals(people: dict[str, User]) -> None:
    """An approval of each act, in each state, with each note."""
    invoice, run = Invoice.objects.latest("pk"), InvoiceRun.objects.earliest("pk")
    version = Tariff.objects.latest("pk").versions.latest("pk")
    facts: dict[str, tuple[Any, dict[str, Any]]] = {
        PUBLISH: (
            version,
            {"tariff": "T", "version": 2, "valid_from": "2026-11-02T09:00:00+00:00", "document_sha256": "ab" * 32},
        ),
        ISSUE: (
            run,
            {"month": "2026-10", "invoices": 1, "sessions": 2, "amounts": {"SEK": "10.00"}, "bankgiro": ""}
            | {"seller_sha256": "ab" * 32, "drafts_sha256": "cd" * 32},
        ),
        CREDIT: (
            invoice,
            {"invoice": str(invoice), "amount_due": "10.00", "currency": "SEK", "sessions": 1, "reason": "Fel"},
        ),
        WRITE_OFF: (
            invoice,
            {"invoice": str(invoice), "amount": "10.00", "currency": "SEK", "vat": "2.00"}
            | {"why": "bankruptcy", "reason": "Konkurs"},
        ),
        RERATE: (
            example(Rerating, stage="ready"),
            {"reason": "Fel", "since": "2026-10-01", "until": "2026-10-31", "invoices": 2, "amounts": {"SEK": "-10.00"}}
            | {"items_sha256": "ab" * 32},
        ),
        SETTLE: (
            example(Settlement, stage="ready"),
            {"month": "2026-10", "statements": 2, "amounts": {"SEK": "10.00"}, "statements_sha256": "ab" * 32},
        ),
        REMIND: (
            invoice,
            {"as_of": "2026-11-02", "invoices": [str(invoice)], "reminders": 1, "handed_over": 0}
            | {"amounts": {"SEK": "60.00"}, "items_sha256": "ab" * 32},
        ),
        EXPORT: (people["olga"], {"count": 3, "former": True}),
        SWITCH_OFF: (people["olga"], {"acts": ["issue_run", "publish_tariff"]}),
    }
    now = timezone.now()
    asked = {"requested_by": people["fina"], "requested_at": now, "expires_at": now + four_eyes.WAITS}
    notes = {"outdated": four_eyes.CHANGED, "expired": four_eyes.REQUESTER_GONE}
    for act, (subject, what) in facts.items():
        open_one = Approval.objects.filter(action=act, subject=subject.public_id, state__in=["waiting", "approved"])
        for state in Approval.State:
            if state == "approved" or (state == "waiting" and open_one.exists()):
                continue
            decided = {"decided_by": people["olga"], "decided_at": now} if state == "used" else {}
            row = Approval.objects.create(
                action=act,
                subject=subject.public_id,
                facts=what,
                state=state,
                note=notes.get(state, ""),
                **asked,
                **decided,
            )
            audit.record("approval.asked", about=row, act=act, requested_by=people["fina"].pk, **what)


def events(people: dict[str, User]) -> None:
    """Every event of the audit log with the facts its service gives it, by people and by every task."""
    told = {event: [facts] for event, facts in _FACTS.items()}
    told["key.refused"] = [{"reason": why} for why in ("unknown", "revoked", "wrong secret", "expired")]
    told["export.requested"] = [{"kind": kind, "month": "2026-10"} for kind in Export.Kind]
    told["export.downloaded"] = [{"kind": kind, "month": "2026-10"} for kind in ("invoices", "invoice-lines")]
    told["work.set_aside"] = [{"kind": kind.name, "code": "unexpected"} for kind in work.kinds()]
    about: dict[str, Any] = {"driver": Driver, "invoice": Invoice, "run": InvoiceRun, "export": Export, "token": Token}
    about |= {"account": Account, "payments": PaymentFile}
    about |= {"session": ChargingSession, "sessions": FileImport, "import": FileImport}
    for event in EVENTS:
        subject = about.get(event.split(".")[0])
        for facts in told.get(event, [{}]):
            audit.record(event, about=subject.objects.latest("pk") if subject else None, **facts)
    for row in _work_of_each_kind():
        audit.record("work.tried_again", about=row, kind=row.work_kind, code=row.error)
    for task in TASKS:
        with acting(task=task):
            audit.record("run.drafted")


def _work_of_each_kind() -> Iterator[Any]:
    for model in (
        PriceEffect,
        Pricing,
        Rendering,
        Rerating,
        Settlement,
        RunChunk,
        ImportLook,
        AuditCheck,
        FileImport,
        PaymentFile,
        Export,
    ):
        yield model.objects.filter(state=Work.State.SET_ASIDE).latest("pk")


_FACTS: dict[str, dict[str, Any]] = {
    "payments.booked": {"form": "BgMax", "payments": 3, "booked": 2, "known": 1, "matched": 2, "sums": {"SEK": 57500}},
    "payments.refused": {"code": "payment_file_cut", "sha256": "ab12"},
    "approval.asked": {"act": "issue_run", "amounts": {"SEK": "10.00"}, "invoices": 2},
    "security.four_eyes_off": {"acts": ["issue_run", "publish_tariff"]},
    "access.refused": {"permission": "manage_keys", "reason": "read only", "attempts": 100},
    "access.stranger": {"stranger": "ab12", "attempts": 20},
    "key.made": {"key_id": "wl1", "scopes": list(Permission), "until": "2026-11-02T09:00:00+00:00"},
    "key.rotated": {"key_id": "wl1", "until": "2026-11-02T09:00:00+00:00"},
    "view_as.began": {"role": "support"},
    "view_as.ended": {"role": "driver"},
    "platform.page_opened": {"page": "staff:driver_list", "sent": True},
    "consent.given": {"purpose": "marketing", "version": 1, "channel": "portal"},
    "consent.withdrawn": {"purpose": "marketing", "version": 1, "channel": "staff"},
    "consent.notice_published": {"version": 2, "languages": ["en", "sv"]},
    "invitation.made": {"role": "support", "mailed": True, "sites": 2},
    "invitation.accepted": {"role": "operations", "sites": 2},
    "member.sites_changed": {"gained": ["Torget"], "lost": [], "sites": 1},
    "second_factor.reset_asked": {"due_at": "2026-11-02T09:00:00+00:00"},
    "audit.exported": {"form": "csv", "query": {"act": "work", "kind": "tenants.driver"}},
    "audit.export_sent": {"form": "jsonl", "count": 3, "sha256": "ab"},
    "audit.restore_accepted": {"reason": "Prov", "lost_head": "ab", "kept_head": "cd"},
    "audit.seals_exported": {"by": "command"},
    "drivers.exported": {"count": 3, "former": True, "sha256": "ab"},
    "sessions.exported": {"query": "state=review"},
    "invoice.exported": {"query": "state=open"},
    "list.exported": {"list": "cards", "query": "condition=blocked"},
    "export.made": {"sha256": "ab", "missing": 2, "rows": 3},
    "run.drafted": {"invoices": 1, "sessions": 2, "amount_due": "10.00", "problems": 1},
    "run.discarded": {"invoices": 1, "discarded_by": 1},
    "invoice.credited": {"credit_note": "2", "sessions": 1, "amount_due": "10.00", "credited_by": 1},
    "invoice.seller_numbers_changed": {"vat_numbers": ["DE136695976", "FI20774740"]},
    "invoice.reasons_changed": {"reasons": ["Fel pris / Wrong price", "Fel"]},
    "dispute.raised": {"disputed": "energy"},
    "dispute.granted": {"disputed": "price"},
    "dispute.refused": {"disputed": "twice"},
    "dispute.withdrawn": {"disputed": "other"},
    "letters.queued": {"letters": 3},
    "letters.bounced": {},
    "reminders.steps_changed": {"steps": ["5 reminder", "40 collection"]},
    "reminders.sent": {"reminders": 2, "handed_over": 1, "amounts": {"SEK": "510.00"}, "first_number": 3},
    "rerating.asked": {"reason": "Fel pris"},
    "rerating.decided": {"reason": "Fel pris", "decided_by": 1},
    "rerating.finished": {"invoices": 2, "amount_due": "-10.00", "problems": 1},
    "settlement.closed": {"statements": 2, "amount_due": "10.00", "problems": 1},
    "session.approved": {"reason": "Bra"},
    "import.undone": {
        "sha256": "ab",
        "sessions": 2,
        "energy_wh": 7,
        "left_to_others": 1,
        "taken_in": 1,
        "tokens": 1,
        "connectors": 1,
        "stations": 1,
        "sites": 1,
    },
    "account.member_moved": {
        "account": "1001",
        "driver": "1002",
        "card": "",
        "since": "",
        "until": "",
        "sessions": 2,
        "billed": 0,
    },
    "token.sessions_given": {"driver": "1001", "since": "", "until": "", "sessions": 2, "billed": 0},
}


def changes() -> None:
    """A change of every field of every kind of row that is logged row by row, to every choice it has."""
    for model in auditlog.get_models():
        for pair in _pairs(model):
            AuditEntry.objects.create(
                content_type=ContentType.objects.get_for_model(model),
                object_pk="1",
                object_id=10**9,
                object_repr="",
                action=AuditEntry.Action.UPDATE,
                changes=pair,
            )


def _pairs(model: Any) -> Iterator[dict[str, Any]]:
    fields = [field for field in model._meta.concrete_fields if field.name in _logged(model)]
    choices = {field.name: [value for value, _ in field.flatchoices] for field in fields if field.choices}
    most = max([len(values) for values in choices.values()], default=1)
    for number in range(most):
        yield {
            field.name: [None, choices[field.name][number % len(choices[field.name])]]
            if field.name in choices
            else [False, True]
            if field.get_internal_type() == "BooleanField"
            else [None, 1]
            for field in fields
        }


def _logged(model: Any) -> set[str]:
    names = {field.name for field in model._meta.concrete_fields}
    return names - set(auditlog.get_model_fields(model)["exclude_fields"])
