"""Real workers, as the launcher starts them: operators take turns, and who waits is not behind a month's work."""

import re
from datetime import UTC, date, datetime

import pytest

from billing.models import Export, Rendering
from billing.services import exports
from billing.tests.factories import connector, driver, issued, session, tariff
from launcher.running import WORKERS, worker_programs
from portal.celery import LANES, app
from portal.tests.workers import Worker, wait_for
from tenants import work
from tenants.models import Turn
from tenants.scoping import tenant_scope
from tenants.work import Lane

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("our_redis")]
OCTOBER = date(2026, 10, 1)


def test_every_lane_has_a_worker_and_only_one():
    served = [queue for queues, _ in WORKERS.values() for queue in queues.split(",")]
    assert sorted(served) == sorted(["clock", *LANES])
    assert set(LANES) == set(Lane)
    assert {queue.name for queue in app.conf.task_queues} == set(served)
    commands = {program.name: " ".join(map(str, program.command)) for program in worker_programs({})}
    assert re.search(r"nice -n 10 .*--queues=bulk", commands["worker-bulk"])
    assert "nice" not in commands["worker-waited"]


#: After how long of silence a worker is taken to be dead and its row is done by another: what a person waits for at
#: most, when that happens. As long as one step may take, and no longer.
MINUTES = {
    "search_index": 2,
    "password_letter": 2,
    "notice_letters": 2,
    "person_package": 10,
    "retention": 10,
    "erasure": 10,
    "incident_list": 10,
    "incident_letters": 2,
    "incident_bundle": 10,
    "audit_check": 30,
    "import_look": 5,
    "import": 3,
    "run_part": 2,
    "pricing": 10,
    "price_effect": 2,
    "payment_file": 5,
    "document_letter": 2,
    "rerating": 2,
    "settlement": 10,
    "ledger": 2,
    "document": 2,
    "e_invoice": 2,
    "import_undo": 30,
    "export_delivery": 2,
    "export_table": 5,
    "export_vat_return": 5,
    "export_ec_return": 5,
    "export_xlsx": 5,
    "export_pdf_zip": 5,
    "export_xml_zip": 5,
    "export_sie": 5,
}


def test_a_dead_worker_s_row_is_taken_over_within_the_reviewed_time():
    assert {kind.name: kind.lease.total_seconds() / 60 for kind in work.kinds()} == MINUTES


@pytest.fixture
def workers(redis):
    started = [Worker(redis, processes=1, queues=queues) for queues, _ in WORKERS.values()]
    yield started
    for each in started:
        each.kill()


def billed(operator, documents: int) -> None:
    """Issued documents that wait to be rendered."""
    with tenant_scope(operator.pk):
        tariff()
        at = connector()
        for _ in range(documents):
            session(at, driver())
        issued()


def rendering(operator) -> int:
    with tenant_scope(operator.pk):
        return Rendering.objects.count()


def test_one_operator_s_documents_never_starve_another_s_and_a_workbook_waits_for_neither(
    north, south, workers, monkeypatch, settings, tmp_path
):
    many, few = 300, 3
    senders = list(work._senders)
    monkeypatch.setattr(work, "_senders", [])
    billed(north, many)
    billed(south, few)
    monkeypatch.setattr(work, "_senders", senders)
    work.wake(Lane.BULK)
    with tenant_scope(south.pk):
        export = exports.request(kind=Export.Kind.XLSX, month=OCTOBER, by=None, at=datetime.now(UTC))

    def is_made() -> bool:
        with tenant_scope(south.pk):
            export.refresh_from_db()
        return export.state == Export.State.DONE

    wait_for(is_made, "the workbook")
    assert rendering(north), "the workbook was behind the documents"
    wait_for(lambda: rendering(south) == 0, "south's documents")
    assert rendering(north), "south's few documents were behind north's many"
    wait_for(lambda: rendering(north) == 0, "north's documents")
    # The last one is done before its worker has looked again and found nothing.
    wait_for(lambda: not Turn.objects.filter(wanted_at__isnull=False, kind="document").exists(), "the end of the line")
