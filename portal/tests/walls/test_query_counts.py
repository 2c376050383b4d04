"""No page asks the database more often because there is more to show.

Every page is opened, then every kind of row is multiplied, also below the things that pages are about, and every
page is opened again. Read from the URLconf and the models: a new page and a new table are walled by themselves.
"""

import pytest
from django.db import IntegrityError, InternalError, connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext

from portal.tests.examples import example, owned_models, references
from portal.tests.house import DOORS, OBJECTS, address
from tenants.models import Approval, AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.ignore_template_errors  # a page's own test is stricter
MOST = 60
COPIES = 4
#: What a page asks once more when the first row of a kind is there at all (its children, its people).
FIRST_TIME = 6


def counted(client, world):
    found = {}
    for door in DOORS:
        if door.is_api or door.takes_out:
            continue
        with transaction.atomic():
            reset_queries()  # Django keeps so many of all that were ever captured
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(address(door, world))
            reading = [query["sql"][:300] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
            if answer.status_code == 200 and not answer.streaming:
                found[door.name] = (len(reading), reading)
            transaction.set_rollback(True)
    return found


def multiply(world):
    """Add rows of every kind: on their own, and for each thing that a page is about."""
    objects = {model: world[word] for word, model in OBJECTS.items()}
    for model in owned_models():
        if model in (AuditEntry, Approval):  # what the log is full of anyway; what would have to name a true act
            continue
        for _ in range(COPIES):
            _add(model)
            for reference in references(model):
                if reference.related_model in objects:
                    known = reference.related_model.objects.filter(public_id=objects[reference.related_model]).first()
                    _add(model, **({reference.name: known} if known else {}))


def _add(model, **given):
    if any(field.name == "currency" for field in model._meta.fields):
        given["currency"] = "SEK"
    try:
        with transaction.atomic():
            example(model, **given)
            connection.check_constraints()
    except (IntegrityError, InternalError, ValueError):
        pass  # there can be only one, or it is closed


@pytest.mark.parametrize("person", ["olga", "dana"])
def test_the_number_of_queries_does_not_grow_with_the_rows(person, world, north, request, sign_in):
    client = sign_in(request.getfixturevalue(person))
    client.raise_request_exception = False
    before = counted(client, world)
    with tenant_scope(north.pk):
        multiply(world)
    once = counted(client, world)
    with tenant_scope(north.pk):
        multiply(world)
    twice = counted(client, world)
    assert len(twice) > (30 if person == "olga" else 4)
    grown = {
        name: (once[name][0], count, sorted(set(queries) - set(once[name][1]))[:3])
        for name, (count, queries) in twice.items()
        if name in once and count > once[name][0]
    }
    assert grown == {}
    assert {name: count for name, (count, _) in twice.items() if count > MOST} == {}
    assert {n: (before[n][0], c) for n, (c, _) in once.items() if n in before and c > before[n][0] + FIRST_TIME} == {}
