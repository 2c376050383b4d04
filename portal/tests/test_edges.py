"""Who opens a scope, reads the clock, reads the environment: each place with its reason.

Three things that a reader must be able to find, and that nobody may do in passing. A new place fails here until
somebody has said why it is one.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("tenants", "charging", "billing", "portal")

# A scope is opened by the doors, for the whole of a page or a call; by *stepped* work, whose every step is a
# transaction and whose first argument is `operator_id`; by streams, which go on when the page's scope is over; and by
# what people do, who are global while the log of it is an operator's. Everything else runs in its caller's scope.
OPENS_SCOPES = {
    # doors
    "portal/gate/access.py": "a page or a call of the API",
    "portal/gate/training.py": "whether a person sees people's data is asked before the page's own scope",
    "portal/gate/viewing.py": "view-as begins and ends on pages of no operator",
    "portal/management/commands/audit.py": "a command, operator by operator",
    "portal/management/commands/bill_month.py": "a command for one operator",
    "portal/management/commands/import_sessions.py": "a command for one operator",
    "portal/management/commands/rotate_encryption.py": "a command, operator by operator",
    "portal/management/commands/read_stations.py": "the reader, operator by operator",
    "portal/management/commands/reconcile.py": "a command for one operator",
    "portal/management/commands/simulate_stations.py": "a command for one operator's stations",
    "portal/demo/paying.py": "stepped: what the demonstration's customers pay",
    "portal/demo/complaints.py": "the demonstration",
    "portal/demo/hosting.py": "the demonstration",
    "portal/demo/story.py": "the demonstration acts as its people would",
    "portal/web/platform/instance_health.py": "counts what stands still, operator by operator",
    "portal/web/bounces.py": "a letter of one operator came back",
    "portal/web/notices.py": "a public page of one operator",
    "portal/web/outlets.py": "a public page of one operator's outlet",
    # streams
    "portal/files/streamed.py": "a stream goes on when its page's scope is over",
    "charging/selectors/imports.py": "a stream of rejected rows",
    # stepped work
    "tenants/work.py": "claims, keeps and ends each piece of work",
    "tenants/tasks.py": "the timetable's small duties, operator by operator",
    "tenants/log/sealing.py": "stepped: a transaction a seal",
    "tenants/services/log_checks.py": "stepped: a check of the log",
    "charging/services/imports.py": "stepped: an import",
    "billing/services/rerating_steps.py": "stepped: a re-rating",
    "billing/services/settlement_steps.py": "stepped: a month of all hosts",
    "charging/services/station_steps.py": "stepped: what stations said",
    "charging/services/looks.py": "stepped: a look at a file",
    "billing/services/payer_marks.py": "stepped: accounts are marked again, batch by batch",
    "charging/services/said.py": "stepped: sealed anew, batch by batch",
    "charging/services/card_numbers.py": "stepped: cards are marked again, operator by operator",
    "charging/ingest/apply.py": "stepped: stretches of an import, each by a connection of its own",
    "charging/ingest/history.py": "what connectors usually gave, read between the stretches of an import",
    "charging/ingest/staging.py": "a savepoint within the import's scope",
    "charging/tasks.py": "letters about charges that came late, an operator at a time",
    "billing/tasks.py": "sums of days and months, a stretch at a time",
    "billing/services/export_steps.py": "stepped: a file for accounting",
    "billing/services/export_timetables.py": "stepped: such a file on its way",
    "billing/services/effect_steps.py": "stepped: the effect of new prices",
    "billing/services/import_undo.py": "stepped: undoing an import",
    "billing/services/rating_steps.py": "stepped: pricing",
    "billing/services/ledger.py": "stepped: booking what is older than the ledger",
    "billing/services/payment_files.py": "stepped: booking a file of payments",
    "billing/services/letter_steps.py": "stepped: letters with a document",
    "billing/services/rendering_steps.py": "stepped: documents",
    "billing/services/sendings.py": "stepped: an e-invoice on its way",
    "billing/services/run_steps.py": "stepped: drafting a month",
    # people, who are global
    "tenants/log/refused_access.py": "a refusal, in the log of the operator that refused; of none, taken back",
    "billing/services/bookings.py": "stepped: a file of vouchers, read a stretch at a time",
    "tenants/log/audit.py": "an entry in the log of the operator that the act names",
    "tenants/services/people/onboarding.py": "the first rows of a new operator",
    "tenants/services/people/invitations.py": "the invited person stands outside; the invitation names the operator",
    "tenants/services/people/memberships.py": "a person's place at one operator",
    "tenants/services/people/operators.py": "the operator itself",
    "tenants/services/platform/visits.py": "a visit to one operator",
    "tenants/services/proof/factor_resets.py": "stopped by a link in a letter, carried out by the timetable",
    "tenants/services/proof/api_key_authentication.py": "a key names its operator before anybody is let in",
    "charging/services/site_memberships.py": "the place together with its sites",
    "tenants/privacy/erasure.py": "stepped: the erasure of a person, and again after a restore",
    "tenants/privacy/retention.py": "stepped: what was kept long enough",
    "tenants/privacy/affected.py": "stepped: whom an incident concerns, and letters to them",
    "tenants/privacy/evidence.py": "stepped: the evidence of an incident",
    "tenants/privacy/closing.py": "a person's own account, at each operator they leave",
    "tenants/services/people/email_changes.py": "a person's new address, at each operator where they drive",
    "tenants/privacy/packages.py": "stepped: a copy of what is held about a person",
    "tenants/services/people/notices.py": "stepped: letters about new words",
    "tenants/services/operator_keys.py": "a file is sealed and opened wherever it is, with the key of its own operator",
    "tenants/services/books_keys.py": "stepped: keys are wrapped again, operator by operator",
    "tenants/services/person_keys.py": "stepped: the keys of people are wrapped again, operator by operator",
    "tenants/services/backups/restoring.py": "a check of each operator's log after a restore",
    "tenants/services/indexing.py": "stepped: the index of what is searched",
}

# Below the doors a moment is an argument, `at` or `clock`, so that a test can choose it and all of one act has one.
# These take the moment at which they run, and nothing else hangs on it.
READS_CLOCK = {
    "billing/services/merging.py": "since when a card is blocked that turned out to be a blocked one",
    "charging/ingest/apply.py": "progress of an import, for the page that waits",
    "charging/ingest/staging.py": "the time in the public ids of a batch (UUID version 7)",
    "charging/services/imports.py": "up to when a session in a file can have begun, for a look at it",
    "tenants/log/refused_access.py": "the minute to which an attempt is counted",
    "tenants/models/audit_entry.py": "a default: when the row was made",
    "tenants/models/browser_session.py": "a default: when the row was made",
    "tenants/models/factor.py": "the time step of a code (RFC 6238)",
    "tenants/models/incident.py": "a default: when the row was made",
    "tenants/models/membership.py": "a default: when the row was made",
    "tenants/models/operator_key.py": "a default: when the row was made",
    "tenants/models/person_key.py": "a default: when the row was made",
    "tenants/models/operator.py": "a default: since when training is asked for",
    "tenants/models/platform.py": "a default: when the row was made",
    "tenants/models/work.py": "a default: when the row was made",
    "tenants/selectors/invitations.py": "what can be accepted now",
    "tenants/selectors/people.py": "which keys work now",
    "tenants/selectors/visits.py": "whether a visit goes on now",
    "tenants/services/people/consents.py": "when the first notices of a new operator hold from",
    "tenants/services/people/invitations.py": "when a link was made, accepted or withdrawn",
    "tenants/services/people/memberships.py": "since when a place is held",
    "tenants/services/platform/visits.py": "for how long from now visitors may change something",
    "tenants/services/people/email_changes.py": "whether a link is still young",
    "tenants/services/proof/api_keys.py": "when the keys of somebody who leaves end",
    "tenants/sessions.py": "Django's interface of a session has no moment to hand over",
}

READS_ENVIRONMENT = {
    "manage.py": "which settings, and which role of the database a command has",
    "portal/celery.py": "which settings",
    "portal/as_platform.py": "hands its own on to a process of the platform's role",
    "portal/env.py": "the one reader of the portal's settings",
    "portal/wsgi.py": "which settings",
    "tenants/services/backups/programs.py": "hands its own on to PostgreSQL's programs",
}


@cache
def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


def product(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield path and syntax tree of each product file below the folders."""
    for folder in folders:
        top = ROOT / folder
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            name = path.relative_to(ROOT).as_posix()
            if "/tests/" not in name and "/migrations/" not in name:
                yield name, parsed(path)


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a chain of attributes, or what there is of one."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def opens_scope(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "tenant_scope"


CLOCKS = {
    "timezone.now",
    "datetime.now",
    "datetime.utcnow",
    "date.today",
    "time.time",
    "time.time_ns",
    "timezone.localdate",
}


def reads_clock(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and dotted(node) in CLOCKS


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(name.name in {"environ", "getenv"} for name in node.names)
    return isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.getenv", "os.environb"}


def knows_http(node: ast.AST) -> bool:
    """A request, an answer, an address or a template belongs to a door; what a service says is told there."""
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
    return any(re.match(r"django\.(http|shortcuts|urls|template|contrib\.messages)\b", name) for name in modules)


def is_below_the_doors(name: str) -> bool:
    """Tasks, commands and pages are where a moment begins."""
    return not name.startswith("portal/") and name.rpartition("/")[2] not in {"tasks.py", "tasks_base.py"}


WALLS = {
    "scope": (FLOORS, opens_scope, lambda name: True, OPENS_SCOPES),
    "clock": (FLOORS, reads_clock, is_below_the_doors, READS_CLOCK),
    "environment": ((*FLOORS, "manage.py"), reads_environment, lambda name: True, READS_ENVIRONMENT),
}


@pytest.mark.parametrize("wall", WALLS)
def test_only_these_places_do(wall):
    folders, does, counts, allowed = WALLS[wall]
    places = {name for name, tree in product(*folders) if counts(name) and any(map(does, ast.walk(tree)))}
    assert sorted(places - set(allowed)) == [], "say why in the table, or take it from the caller"
    assert sorted(set(allowed) - places) == [], "no longer: take it off the table"


def test_the_floors_below_the_doors_know_no_http():
    floors = product("tenants", "charging", "billing")
    assert [name for name, tree in floors if any(map(knows_http, ast.walk(tree)))] == []


def test_a_floor_that_knew_http_would_be_seen():
    for line in ("from django.http import Http404", "import django.urls", "from django.contrib.messages import info"):
        assert knows_http(ast.parse(line).body[0])


def test_the_domains_read_no_clock_at_all():
    domains = product("billing/domain", "charging/domain")
    assert [name for name, tree in domains if any(map(reads_clock, ast.walk(tree)))] == []
