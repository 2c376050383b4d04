"""The benchmark of pages measures the page that is meant, or nothing; and its rows can be written."""

import re

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from benchmarks import history, questions
from benchmarks.questions import Question
from portal.management.commands import benchmark
from portal.web.staff.sessions.filter import SessionFilter
from tenants.models import Operator


def asked(**query):
    form = type("Form", (), {"fields": SessionFilter.base_fields})
    return questions._question("sessions", Client(), "/o/x/sessions/", query, form, Operator(pk=1))


def test_a_parameter_that_the_filter_does_not_know_ends_the_program():
    assert asked(since="2026-01-01", until="").addresses == ["/o/x/sessions/?since=2026-01-01&until="]
    with pytest.raises(SystemExit, match="no field from"):
        asked(**{"from": "2026-01-01"})


@pytest.mark.parametrize(
    ("status", "body", "ends"),
    [
        (200, b"<table><tbody>\n <tr><td>1</td></tr></tbody></table>", False),
        (200, b"<table><tbody>\n</tbody></table>", True),
        (200, b"<p>No sessions</p>", True),
        (404, b"<table><tbody>\n <tr></tr></tbody></table>", True),
    ],
)
def test_a_list_without_a_row_and_another_page_end_the_program(status, body, ends):
    question = Question("sessions", Client(), ["/x/"], has_rows=True)
    answer = HttpResponse(body, status=status)
    if ends:
        with pytest.raises(SystemExit):
            question.check(answer, "/x/")
    else:
        question.check(answer, "/x/")


def test_results_are_put_into_the_page_and_others_stay(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    page = tmp_path / "docs" / "benchmarks.md"
    page.parent.mkdir()
    page.write_text("# Benchmarks\n\nOld words.\n\n## audit\n\n### a part\n\n| kept |\n\n## pages\n\n| old |\n")
    benchmark.write_page({"pages": "| new |"})
    text = page.read_text()
    assert "| kept |" in text
    assert "### a part" in text
    assert "| new |" in text
    assert "| old |" not in text
    assert text.index("## pages") < text.index("## audit")


#: What a column needs that a statement does not name: no value of its own, and none may be missing.
_NEEDED = """
SELECT column_name FROM information_schema.columns
WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
    AND is_generated = 'NEVER'
"""


def test_the_rows_of_the_large_operators_have_what_their_tables_need(db):
    """They are written in SQL, beside the models: a column that is added later is not filled in by itself."""
    statements = [*history.NETWORK.values(), history.SESSIONS, history.PRICES, *history.INVOICES.values()]
    inserts = [found for each in statements for found in re.findall(r"INSERT INTO (\w+) \(([^)]*)\)", each)]
    missing = {}
    for table, columns in inserts:
        with connection.cursor() as cursor:
            cursor.execute(_NEEDED, [table])
            needed = {name for (name,) in cursor.fetchall()}
        if lacking := needed - {name.strip() for name in columns.split(",")}:
            missing[table] = lacking
    assert len(inserts) > 15
    assert missing == {}
