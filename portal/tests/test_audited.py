"""What the audit log holds, and that it holds it for good."""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from auditlog.registry import auditlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from billing import events as billing_events
from billing.models import (
    BilledFee,
    BilledSession,
    BookedEntry,
    BookedInvoice,
    BookingAccount,
    ClosedMonth,
    CreditReason,
    DaySum,
    Dispute,
    DocumentLetter,
    DocumentOpening,
    EInvoice,
    ExportDelivery,
    ExportTaken,
    HostAnswer,
    HostDocument,
    HostLine,
    HostMonth,
    HostStatement,
    InvoiceDocument,
    InvoiceLine,
    InvoiceVat,
    IssuedStation,
    IssuedTariff,
    LedgerEntry,
    LedgerRow,
    LedgerSum,
    LedgerWork,
    MonthSum,
    NumberSeries,
    PastHour,
    PriceEffect,
    Pricing,
    Receivable,
    Reminder,
    ReminderStep,
    Rendering,
    RerateItem,
    Rerating,
    RunChunk,
    RunProblem,
    RunRemark,
    SellerNumber,
    Sending,
    SessionPrice,
    Settlement,
    StaleDay,
    StaleMonth,
)
from charging import events as charging_events
from charging.models import (
    AccountMember,
    CardNotice,
    ChargingSession,
    ConnectorState,
    Correction,
    EarlierHolder,
    Favourite,
    ImportLook,
    ImportUndo,
    KnownSessions,
    RejectedRow,
    SignedRecord,
    Site,
    SiteAccess,
    StationCharge,
    StationCommand,
    StationHalt,
    StationKnock,
    StationLink,
    StationMessage,
    StationSetting,
)
from portal.gate import events as portal_events
from portal.tests.examples import example, owned_models
from portal.words.log.events import ACTS, EVENTS, KINDS
from portal.words.log.fields import NAMES
from tenants.actor import acting, acting_for
from tenants.log import audit
from tenants.log import events as tenants_events
from tenants.log import reading as audit_log
from tenants.models import (
    Approval,
    AuditCheck,
    AuditEntry,
    AuditSeal,
    BooksKey,
    ConsentEvent,
    ConsentNotice,
    ConsentPaper,
    DriverIdentity,
    EarlierGroup,
    Erasure,
    Incident,
    IncidentAffected,
    IncidentBundle,
    IncidentLetter,
    IncidentLetters,
    IncidentList,
    IncidentNote,
    IncidentReport,
    KeptKey,
    LegalHold,
    ListChoice,
    Membership,
    NoticeDraft,
    NoticeLetters,
    Operator,
    OperatorKey,
    PersonKey,
    PersonPackage,
    PersonRequest,
    PrivacyNotice,
    ProcessingLimit,
    RetentionNight,
    SavedView,
    SearchIndex,
    SearchSegment,
    SearchTerm,
    TrainingDone,
    TrainingText,
    User,
)
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, memberships
from tenants.services.proof import profiles

# Models without an entry for each row, and what tells the story instead.
NOT_ROW_BY_ROW = {
    AuditEntry: "it is the log",
    AuditSeal: "signed itself; made by the timetable, seen by everybody who may read the log",
    AuditCheck: "an event says who asked for it",
    Pricing: "that there is something to price",
    PriceEffect: "a sum that changes nothing; publishing is recorded",
    Receivable: "kept by the database itself, from documents and matches that are told",
    Rendering: "that a document waits; events say when it is set aside",
    Approval: "each step records an event with what exactly was asked for",
    ConsentPaper: "an event says what was given, on paper",
    ConsentEvent: "append-only itself; an event is recorded with each",
    ConsentNotice: "append-only itself; an event is recorded with each version",
    PrivacyNotice: "append-only itself; an event is recorded with each version, with its hashes",
    NoticeDraft: "words that are being written; publishing them is recorded",
    NoticeLetters: "an event says how many were told",
    PersonRequest: "each step records an event",
    Erasure: "events say that it was asked for and done",
    LegalHold: "events say when it began and ended",
    RetentionNight: "an event says how much of each class went",
    PersonPackage: "events say when a copy was asked for and fetched",
    ProcessingLimit: "events say when it began and ended",
    ChargingSession: "imported in bulk; the import records one event with counts, sums and a hash",
    Correction: "an event says what was corrected, or that it was not",
    RejectedRow: "imported in bulk, as above; import.rows_mended and import.rows_left_out say what became of them",
    EarlierGroup: "the driver's own entry says the group and since when",
    EarlierHolder: "an event says whose card it became, from when to when",
    AccountMember: "an event says which account somebody belongs to, from when to when",
    ImportUndo: "import.undone says what is gone",
    KnownSessions: "imported in bulk, as above",
    ImportLook: "a look at a file changes nothing; its import is recorded",
    StationLink: "events say that a password was made or a certificate set; the rest is what the gateway saw",
    Favourite: "what a driver wants to find first: their own, and nobody else's business",
    CardNotice: "events say that it was noticed first, and that somebody has looked after it",
    StationKnock: "what was refused; taking it in records the new station",
    StationMessage: "what stations said, kept as it came",
    SignedRecord: "what meters signed, kept as it came",
    StationCommand: "an event says who asked what; the rest is what the station answered",
    StationCharge: "what stations said of a charge; its session tells the story",
    StationSetting: "what stations tell of themselves",
    StationHalt: "that a message waits for its next try",
    ConnectorState: "the history of a connector, kept by itself",
    SiteAccess: "an event names the sites a person gained and lost",
    SessionPrice: "derived; worked out anew until it is billed",
    CreditReason: "a list kept as a whole: an event says what stands in it",
    SellerNumber: "as above",
    InvoiceLine: "written by a run, which records one event",
    InvoiceVat: "written by a run",
    BilledFee: "written by a run",
    BookedEntry: "that a payment stands in a file, whose making is recorded",
    ClosedMonth: "an event says that it was closed",
    LedgerEntry: "what was booked of a document or payment, which are told; append-only itself",
    LedgerRow: "as above",
    LedgerSum: "kept by the database itself, from rows of the ledger",
    LedgerWork: "that older events are booked",
    BookedInvoice: "that a document stands in a file, whose making is recorded",
    DocumentLetter: "an event says how many were queued; the rest is what the mail server said",
    DocumentOpening: "an event says who took the document, each time",
    Reminder: "an event says how many were sent, with a hash of all; final",
    ReminderStep: "a list kept as a whole: an event says what stands in it",
    BookingAccount: "a chart kept as a whole: an event says what stands in it",
    BilledSession: "written by a run",
    Sending: "its page tells what became of it, step by step",
    EInvoice: "made of an invoice that cannot change",
    InvoiceDocument: "rendered from an invoice that cannot change",
    IssuedStation: "written as a run is issued, and final",
    IssuedTariff: "written as a run is issued, and final",
    NumberSeries: "a counter; each number stands on its invoice",
    RunChunk: "work list of a run",
    DaySum: "counted from sessions and prices, again whenever they change",
    PastHour: "an event of each night says how many sessions became sums",
    StaleDay: "a mark that sums have to be counted again",
    MonthSum: "counted from invoices, again whenever they change",
    StaleMonth: "a mark that sums have to be counted again",
    Dispute: "each step records an event",
    Rerating: "events say that it was asked for, decided and finished",
    RerateItem: "work list of a re-rating",
    Settlement: "events say that it was asked for and closed",
    HostStatement: "written by a settlement, which records its events",
    HostMonth: "written by a settlement",
    HostLine: "written by a settlement",
    HostAnswer: "only added to; an event is recorded with each",
    HostDocument: "rendered from a statement that cannot change",
    RunProblem: "work list of a run",
    RunRemark: "what is odd among drafts, worked out from them",
    ExportDelivery: "that a file was handed over, whose making is recorded",
    ExportTaken: "an event says who took the file",
    Incident: "events say when it was opened, judged anew, closed",
    IncidentNote: "an event says that one was written; it is never changed",
    IncidentReport: "an event says who was told",
    IncidentList: "an event says what was frozen, with its hash",
    IncidentAffected: "frozen with its list",
    IncidentLetter: "an event says how many were written to",
    IncidentLetters: "as above",
    IncidentBundle: "events say when it was made and fetched",
    TrainingText: "an event says what was published",
    TrainingDone: "an event says who confirmed what",
    ListChoice: "how a person wants a list shown",
    SavedView: "what somebody looks at, under a name; nothing it shows is changed",
    OperatorKey: "a key, made when it is first needed",
    PersonKey: "as above",
    KeptKey: "an event says that the person was erased",
    BooksKey: "as above; retention.done says how many were destroyed, books.opened who read what it keeps",
    SearchIndex: "how far what is searched is indexed",
    SearchSegment: "made from what is searched, again whenever it is read",
    SearchTerm: "as above",
}


def test_every_owned_model_is_audited_or_says_why_not():
    missing = {model for model in owned_models() if not auditlog.contains(model)} - set(NOT_ROW_BY_ROW)
    assert missing == set()
    assert {Operator, Membership} <= set(auditlog.get_models())


def newest():
    return AuditEntry.objects.order_by("-pk").first()


def test_an_entry_names_operator_actor_address_and_request(in_north, olga):
    with acting(user=olga, address="192.0.2.7", user_agent="Test/1", request_id="abc12345"):
        Site.objects.create(name="Torget")
    entry = newest()
    assert (entry.operator, entry.actor_id, entry.remote_addr) == (in_north, olga.pk, "192.0.2.7")
    assert (entry.user_agent, entry.cid, entry.task) == ("Test/1", "abc12345", "")
    assert entry.changes["name"] == [None, "Torget"]


def test_a_task_is_named_instead_of_a_person(in_north):
    with acting(task="billing.tasks.bill"):
        Site.objects.create(name="Torget")
    assert (newest().actor_id, newest().task) == (None, "billing.tasks.bill")


def test_personal_fields_are_masked_whole_and_nobody_is_named(in_north):
    driver = drivers.create(name="Astrid Aronsson", email="astrid@example.com", phone="+46 70 123 45 67")
    drivers.change_identity(driver, name="Astrid Berg")
    text = " ".join(str(vars(entry)) for entry in AuditEntry.objects.all())
    for secret in ("Astrid", "Aronsson", "Berg", "astrid@", "123 45"):
        assert secret not in text
    entry = AuditEntry.objects.filter(content_type__model="driveridentity").latest("pk")
    changes = entry.changes or {}
    assert changes["name"] == ["", "•••"]
    assert changes.get("city", ["", ""]) == ["", ""]


def test_a_member_s_name_is_not_in_the_log(north):
    user = User.objects.create_user("karin.karlsson@example.com", None, name="Karin Karlsson")
    with acting(user=user):
        memberships.add(user, operator=north, role="finance")
    with tenant_scope(north.pk):
        text = " ".join(str(vars(entry)) for entry in AuditEntry.objects.all())
    assert "arlsson" not in text


def test_the_same_number_written_differently_is_no_change(in_north):
    site = Site.objects.create(name="Torget", latitude=Decimal("59.330000"))
    before = AuditEntry.objects.count()
    for same in (Decimal("59.33"), "59.33", "59.330000"):
        site.latitude = same
        site.save()
    assert AuditEntry.objects.count() == before
    site.latitude = Decimal("59.34")
    site.save()
    assert newest().changes == {"latitude": ["59.330000", "59.34"]}


def test_removing_a_row_logs_its_own_fields_and_no_reverse_relations(in_north):
    site = Site.objects.create(name="Torget")
    site.delete()
    assert newest().changes["name"] == ["Torget", None]
    assert not [name for name in newest().changes if name in {"stations", "sessions"}]


def test_deleting_a_person_neither_fails_nor_rewrites_history(north):
    user = User.objects.create_user("karin@example.com", None)
    with tenant_scope(north.pk), acting(user=user):
        Site.objects.create(name="Torget")
        number = user.pk
        user.delete()
        assert AuditEntry.objects.filter(actor_id=number).exists()


@pytest.mark.parametrize("model", [AuditEntry, ConsentEvent, ConsentNotice])
@pytest.mark.parametrize("role", ["wattledger_app", "wattledger_owner"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET operator_id = operator_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_nobody_changes_or_removes_what_is_only_added(in_north, model, role, statement):
    example(model)
    table = model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("RESET ROLE")
        cursor.execute(f"SET ROLE {role}")
        with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
            cursor.execute(statement.format(table))
        cursor.execute("SET ROLE wattledger_app")
    assert model.objects.exists()


def test_an_act_that_fails_leaves_no_entry(north):
    with pytest.raises(ValueError, match="after"), tenant_scope(north.pk):  # noqa: PT012
        Site.objects.create(name="Torget")
        raise ValueError("after")
    with tenant_scope(north.pk):
        assert not AuditEntry.objects.filter(object_repr="Torget").exists()


def test_every_event_has_a_sentence_in_both_languages():
    events = {*tenants_events.Event, *charging_events.Event, *billing_events.Event, *portal_events.Event}
    assert set(EVENTS) == {str(event) for event in events}
    with translation.override("en"):
        english = {event: str(EVENTS[event]) for event in events}
    with translation.override("sv"):
        assert [event for event in events if str(EVENTS[event]) == english[event]] == []


def test_every_fact_of_an_event_has_a_name():
    lacking = {
        (path.name, word.arg)
        for floor in ("tenants", "charging", "billing", "portal")
        for path in (settings.BASE_DIR / floor).rglob("*.py")
        if "tests" not in path.parts
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) == "record"
        for word in call.keywords
        if ast.unparse(call.args[0] if call.args else call).startswith("Event") and word.arg not in {None, "about"}
        if word.arg not in NAMES
    }
    assert lacking == set()


def test_events_are_members_of_their_floor_and_stand_nowhere_in_quotes():
    """A code in quotes could be one that no sentence has."""
    quoted = [
        f"{path.relative_to(settings.BASE_DIR)}:{getattr(node, 'lineno', 0)}"
        for floor in ("tenants", "charging", "billing", "portal")
        for path in sorted(Path(settings.BASE_DIR, floor).rglob("*.py"))
        if not {"tests", "migrations", "demo"} & set(path.parts) and path.name != "events.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if quotes_an_event(node)
    ]
    assert quoted == []


def quotes_an_event(node: ast.AST) -> bool:
    """Whether a piece of code names an event by a text, or records one that it makes up."""
    if isinstance(node, ast.Constant):
        return node.value in EVENTS
    if not isinstance(node, ast.Call) or not node.args:
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called == "record" and isinstance(node.args[0], ast.Constant | ast.JoinedStr)


def test_every_kind_of_row_has_a_word():
    assert {model._meta.label_lower for model in audit_log.kinds()} == set(KINDS)


def test_identities_are_registered_with_every_personal_field_masked():
    masked = set(auditlog.get_model_fields(DriverIdentity)["mask_fields"])
    assert masked >= {"name", "email", "phone", "street", "postal_code", "city"}


# Writes that django-auditlog does not see (`update`, `bulk_create`, SQL), and what tells of them instead.
UNSEEN_WRITES = {
    "tenants/services/backups/programs.py:_OF_NOBODY": "wrapped keys of nobody, while an empty database is loaded",
    "billing/sql/ledger.py:post": "what is booked of a document or payment; those are told",
    "billing/services/day_sums.py:_SPREAD": "marks for sums that are counted again",
    "billing/services/day_sums.py:_TAKE": "marks for sums that are counted again",
    "billing/services/day_sums.py:_TAKE_MONTHS": "marks for sums that are counted again",
    "billing/services/day_sums.py:refresh": "sums, counted from sessions and prices",
    "billing/services/day_sums.py:refresh_months": "sums, counted from invoices",
    "billing/services/settlements.py:_work_out": "a draft; closing records an event",
    "billing/services/statement_documents.py:_store": "a rendering; what it renders cannot change",
    "billing/services/documents.py:_store": "a rendering; what it renders cannot change",
    "billing/services/reminders.py:keep_steps": "reminders.steps_changed",
    "billing/services/unasked_costs.py:_note": "what a running charge has come to, counted from its readings",
    "charging/services/signed_values.py:keep_for_books": "the key of what stays when somebody is erased; that is told",
    "billing/services/openings.py:note": "that the payer took their document; its life on its page tells when",
    "billing/services/letters.py:_queue": "letters.queued",
    "billing/services/letters.py:came_back": "letters.bounced",
    "billing/services/reminders.py:send": "reminders.sent",
    "billing/services/booking_accounts.py:keep": "export.accounts_changed",
    "billing/services/e_invoices.py:xml": "a file; what it is made of cannot change",
    "billing/services/drafting.py:_PROBLEM_ROWS": "run.drafted",
    "billing/services/sendings.py:_QUEUE": "that a document is to be sent; its page tells what became of it",
    "billing/services/sendings.py:_QUEUE_STATEMENTS": "the same of a statement",
    "billing/services/issuing.py:_RENDER": "that a document is to be rendered",
    "billing/services/effects.py:ask": "that the effect of a draft is to be worked out; it changes nothing",
    "billing/services/payment_files.py:_book_all": "payments.booked",
    "billing/services/rating.py:ask": "that sessions are to be priced",
    "billing/services/tariffs.py:_note_on_drafts": "a remark on the page of a run; the assignment is told",
    "billing/services/drafted_prices.py:_note": "a remark on the page of a run; what changed the prices is told",
    "billing/services/account_moves.py:_note_on_drafts": "a remark on the page of a run; account.member_moved",
    "billing/services/runs.py:divide": "the work list of a run",
    "billing/services/runs.py:leave_out": "a problem on the page of the run",
    "billing/services/issuing.py:_locked_series": "a counter; each number stands on its invoice",
    "billing/services/credit_reasons.py:keep": "invoice.reasons_changed",
    "billing/services/seller_numbers.py:keep": "invoice.seller_numbers_changed",
    "billing/services/merging.py:_to_account": "token.merged",
    "billing/services/merging.py:_pay": "token.merged, token.parted",
    "billing/services/merging.py:merge_cards": "token.merged",
    "billing/services/merging.py:merge_stations": "station.merged",
    "billing/services/merging.py:part_cards": "token.parted",
    "billing/services/merging.py:part_stations": "station.parted",
    "charging/services/differences.py:_note": "sessions.imported",
    "charging/services/differences.py:settle": "session.corrected, session.correction_kept",
    "billing/services/review.py:_decide": "session.approved, session.energy_only, session.written_off",
    "billing/services/review.py:_give": "session.given",
    "billing/services/review.py:_note": "the same events",
    "billing/services/rating.py:_WRITE": "prices are derived, and worked out anew until they are billed",
    "billing/services/runs.py:_plan": "the work list of a run",
    "billing/services/runs.py:bill_chunk": "progress of a run",
    "billing/services/import_undo.py:_CORRECTIONS": "import.undone",
    "billing/services/import_undo.py:_CARD": "import.undone",
    "billing/services/import_undo.py:_DRIVER": "import.undone",
    "billing/services/import_undo.py:_HAND_OVER": "import.undone",
    "billing/services/import_undo.py:_handed_over": "import.undone",
    "billing/services/import_undo.py:_IDENTITY": "import.undone",
    "billing/services/import_undo.py:_KEY": "import.undone",
    "billing/services/import_undo.py:_PRICES": "import.undone",
    "billing/services/import_undo.py:_SESSIONS": "import.undone",
    "billing/services/import_undo.py:_SUMS": "sums, counted from sessions and prices",
    "billing/services/import_undo.py:_TOKENS": "import.undone",
    "billing/services/import_undo.py:_removed": "import.undone",
    "charging/ingest/apply.py:_count": "sessions.imported",
    "charging/ingest/apply.py:_create": "sessions.imported",
    "charging/ingest/finishing.py:_FLAG": "sessions.imported",
    "charging/ingest/network.py:_create_connectors": "sessions.imported",
    "charging/ingest/network.py:_create_sites": "sessions.imported",
    "charging/ingest/network.py:_create_stations": "sessions.imported",
    "charging/ingest/network.py:_create_tokens": "sessions.imported",
    "charging/ingest/staging.py:_GIVE_IDS": "a temporary table of the import",
    "charging/ingest/staging.py:_INSERT": "sessions.imported",
    "charging/ingest/staging.py:insert_sessions": "sessions.imported",
    "charging/ingest/staging.py:_INSERT_REFUSED": "sessions.imported",
    "charging/services/imports.py:_finish": "sessions.imported",
    "charging/services/imports.py:_import": "progress of an import",
    "charging/services/imports.py:carry_out": "sessions.imported",
    "charging/services/mending.py:_count": "import.rows_mended",
    "charging/services/mending.py:_settle": "import.rows_mended",
    "charging/services/mending.py:_taken_in": "import.rows_mended",
    "charging/services/mending.py:leave_out": "import.rows_left_out",
    "charging/services/looks.py:clear_away": "what looks at a file had to show, which is over",
    "billing/services/rerating.py:leave_out": "rerating.finished counts them",
    "charging/services/site_access.py:give": "an event names the sites gained and lost",
    "billing/services/card_moves.py:give": "token.sessions_given",
    "charging/services/account_members.py:move": "account.member_moved",
    "charging/services/signed_values.py:is_due": "that what meters signed is looked at again",
    "charging/services/signed_values.py:keep": "what meters signed, kept as it came",
    "charging/services/signed_values.py:look_again": "that what meters signed was looked at again",
    "charging/services/card_notices.py:_note": "token.oddity_noticed says it once; here that it happened again",
    "charging/services/station_commands.py:forget_cards": "that a card was blocked is logged with the card",
    "charging/services/station_commands.py:settle": "what has become of a command that nobody answers",
    "charging/services/late_charges.py:note": "that a charge came in late",
    "charging/services/late_charges.py:see": "that its driver has seen it",
    "charging/services/late_charges.py:tell": "that its driver was written to",
    "charging/services/station_messages.py:try_again": "that a message is read again now",
    "charging/services/station_desk.py:read_again": "that messages of a charge are read once more",
    "charging/services/station_desk.py:put_away": "what a session grows by while it goes on",
    "charging/services/station_settings.py:_keep": "what stations tell of themselves",
    "charging/services/station_steps.py:_halt": "that a message waits for its next try",
    "charging/services/station_steps.py:_READ": "that a message was read",
    "charging/services/tokens.py:keep": "token.sessions_given",
    "tenants/permissions.py:set_grants": "a copy of the role, whose membership is logged",
    "tenants/scoping.py:bulk_create": "the manager itself",
    "tenants/services/people/list_views.py:hand_over": "whose a view is; nothing it shows is changed",
    "tenants/services/people/consents.py:publish_notice": "consent.notice_published",
    "tenants/privacy/affected.py:freeze": "incident.frozen",
    "tenants/privacy/affected.py:_write_some": "incident.written",
    "tenants/privacy/erasure.py:_remove_papers": "erasure.done",
    "tenants/privacy/packages.py:opened": "package.fetched",
    "tenants/privacy/endings.py:_remove_requests": "retention.done",
    "tenants/privacy/erasure.py:_empty": "erasure.done",
    "tenants/privacy/erasure.py:erase": "erasure.done",
    "charging/services/erasing.py:_erase": "erasure.done",
    "charging/services/erasing.py:_empty": "erasure.done",
    "charging/services/erasing.py:_forget_merged": "erasure.done",
    "charging/services/erasing.py:_forget_settings": "erasure.done",
    "billing/services/payer_marks.py:mark_again": "by which mark an account is found, after a change of keys",
    "charging/services/card_numbers.py:mark_again": "by which mark a card is found, after a change of keys",
    "billing/services/erasing.py:_let_go": "erasure.done",
    "tenants/services/indexing.py:forget": "the index of what is searched",
    "tenants/privacy/retention.py:forget_files": "retention.done; a copy past its time, that it was made stays known",
    "tenants/services/people/notices.py:_publish_notice": "notice.published",
    "tenants/services/people/training.py:publish": "training.published",
    "tenants/services/people/drivers.py:create_many": "sessions.imported",
    "tenants/services/operator_keys.py:_made": "a key, made when it is first needed",
    "tenants/services/operator_keys.py:rewrap": "the same key, wrapped by another",
    "tenants/services/books_keys.py:_made": "a key, made when it is first needed",
    "tenants/services/books_keys.py:destroy": "retention.done",
    "tenants/services/books_keys.py:rewrap": "the same key, wrapped by another",
    "billing/services/for_books.py:_again": "erasure.done",
    "billing/services/for_books.py:seal_payers": "erasure.done; of what was paid later the match that is told",
    "tenants/services/person_keys.py:_made": "a key, made when it is first needed",
    "tenants/services/person_keys.py:_rewrap": "the same key, wrapped by another",
    "tenants/services/person_keys.py:keep": "erasure.done",
    "tenants/services/person_keys.py:make": "keys, made with the people they are of",
    "tenants/sealed_fields.py:bulk_update": "whoever calls it stands here too",
    "tenants/services/proof/encryption.py:_rotate": "the same secret under another key",
    "tenants/services/proof/factor_resets.py:stop": "second_factor.reset_stopped",
    "tenants/services/proof/api_key_authentication.py:_note_use": "last use of a key, seen on its page",
    "tenants/services/people/operators.py:close": "operator.closed, and an event for each key",
    "tenants/services/people/operators.py:create": "operator.created",
    "tenants/services/platform/members.py:deactivate": "platform_member.taken_off, in the platform's own log",
    "tenants/services/platform/visits.py:end": "platform.visit_ended",
    "tenants/services/proof/two_factor.py:enrol": "second_factor.enrolled",
    "tenants/services/proof/two_factor.py:new_recovery_codes": "second_factor.recovery_codes_made",
    "tenants/services/proof/two_factor.py:verify_recovery": "sign_in.recovery_code_used",
    "tenants/work.py:_NEXT": "whose turn it is",
    "tenants/work.py:_mark": "whose turn it is",
    "tenants/work.py:_nothing_left": "whose turn it is",
    "tenants/work.py:_write": "progress of work; work.set_aside, work.tried_again",
    "tenants/work.py:_write_mine": "progress of work",
    "tenants/services/indexing.py:_INSERT": "the index of what is searched",
    "tenants/services/indexing.py:ask_if_behind": "that there is something to index",
}
BLIND = {"bulk_create", "bulk_update"}
SQL = re.compile(r"\b(INSERT INTO|DELETE FROM|UPDATE \w+ (SET|\w+ SET))\b")


def test_every_write_that_the_library_does_not_see_is_told_otherwise():
    """`update`, `bulk_create`, `bulk_update` and SQL leave no entry by themselves."""
    found = set(_unseen_writes())
    assert sorted(found - set(UNSEEN_WRITES)) == []
    assert sorted(set(UNSEEN_WRITES) - found) == []


def _unseen_writes() -> Iterator[str]:
    for floor in ("tenants", "charging", "billing"):
        for path in Path(settings.BASE_DIR, floor).rglob("*.py"):
            place = path.relative_to(settings.BASE_DIR).as_posix()
            is_about_rows = "tests" not in path.parts and "migrations" not in path.parts and "models" not in path.parts
            if is_about_rows and place not in {"tenants/rls/rights.py", "tenants/sessions.py"}:
                for node in ast.parse(path.read_text(encoding="utf-8")).body:
                    yield from (f"{place}:{name}" for name in _blind_in(node))


def _blind_in(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        for part in node.body:
            yield from _blind_in(part)
    elif isinstance(node, ast.FunctionDef) and any(_is_blind(part) for part in ast.walk(node)):
        yield node.name
    elif isinstance(node, ast.Assign) and any(_is_sql(part) for part in ast.walk(node)):
        yield ast.unparse(node.targets[0])


def _is_blind(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        # `update` of rows names its fields; that of a dictionary or a hash is given one thing.
        return node.func.attr in BLIND or (node.func.attr == "update" and bool(node.keywords) and not node.args)
    return _is_sql(node)


def _is_sql(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SQL.search(node.value))


@pytest.mark.parametrize(("field", "value"), [("name", "Olga Oskarsson"), ("language", "sv")], ids=["name", "language"])
def test_a_person_s_own_change_is_told_at_each_operator_without_its_value(north, south, olga, field, value):
    memberships.add(olga, operator=south, role="auditor")
    with acting(user=olga):
        profiles.change(olga, **{"name": olga.name, "language": olga.language, field: value})
    for operator in (north, south):
        with tenant_scope(operator.pk):
            entry = AuditEntry.objects.get(event="profile.changed")
            assert entry.additional_data == {"fields": [field]}
            assert "Oskarsson" not in str(vars(entry))


def test_a_person_answers_for_themselves_and_a_task_for_who_asked(in_north, olga, fina):
    with acting(user=olga), acting_for(fina.pk):
        assert audit.record("consents.viewed").on_behalf_of is None
    with acting(task="x"), acting_for(fina.pk):
        assert audit.record("consents.viewed").on_behalf_of == fina.pk
    with acting(task="x"), acting_for(None):
        assert audit.record("consents.viewed").on_behalf_of is None


def test_every_group_of_events_has_a_word():
    """The audit page offers each as a filter."""
    assert sorted({code.split(".")[0] for code in EVENTS} - set(ACTS)) == []
