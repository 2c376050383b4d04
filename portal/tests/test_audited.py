"""What the audit log holds, and that it holds it for good."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from auditlog.registry import auditlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from billing.models import (
    BilledSession,
    InvoiceDocument,
    InvoiceLine,
    InvoiceVat,
    NumberSeries,
    RunChunk,
    RunProblem,
    SessionPrice,
)
from charging.models import ChargingSession, RejectedRow, Site, SiteAccess
from portal.tests.examples import example, owned_models
from portal.web.audit_words import EVENTS, KINDS
from tenants.actor import acting
from tenants.models import (
    Approval,
    AuditCheck,
    AuditEntry,
    AuditSeal,
    ConsentEvent,
    ConsentNotice,
    DriverIdentity,
    Membership,
    Operator,
    User,
)
from tenants.scoping import tenant_scope
from tenants.selectors import audit_log
from tenants.services import drivers, memberships

# Models without an entry for each row, and what tells the story instead.
NOT_ROW_BY_ROW = {
    AuditEntry: "it is the log",
    AuditSeal: "signed itself; made by the timetable, seen by everybody who may read the log",
    AuditCheck: "an event says who asked for it",
    Approval: "each step records an event with what exactly was asked for",
    ConsentEvent: "append-only itself; an event is recorded with each",
    ConsentNotice: "append-only itself; an event is recorded with each version",
    ChargingSession: "imported in bulk; the import records one event with counts, sums and a hash",
    RejectedRow: "imported in bulk, as above",
    SiteAccess: "an event names the sites a person gained and lost",
    SessionPrice: "derived; worked out anew until it is billed",
    InvoiceLine: "written by a run, which records one event",
    InvoiceVat: "written by a run",
    BilledSession: "written by a run",
    InvoiceDocument: "rendered from an invoice that cannot change",
    NumberSeries: "a counter; each number stands on its invoice",
    RunChunk: "work list of a run",
    RunProblem: "work list of a run",
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


def test_every_event_has_a_sentence():
    """Codes are literals at the call, so they can be found; a new one needs its words on the audit page."""
    said = set()
    for floor in ("tenants", "charging", "billing", "portal"):
        for path in Path(settings.BASE_DIR, floor).rglob("*.py"):
            if "tests" not in path.parts:
                said.update(re.findall(r'\brecord\(\s*"([a-z_]+\.[a-z_.]+)"', path.read_text(encoding="utf-8")))
    assert said
    assert sorted(said - set(EVENTS)) == []


def test_every_kind_of_row_has_a_word():
    assert {model._meta.label_lower for model in audit_log.kinds()} == set(KINDS)


def test_identities_are_registered_with_every_personal_field_masked():
    masked = set(auditlog.get_model_fields(DriverIdentity)["mask_fields"])
    assert masked >= {"name", "email", "phone", "street", "postal_code", "city"}
