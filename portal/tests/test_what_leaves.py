"""What leaves the house is named: code that reaches out, files for others and scopes of keys have their recipient.

A library may be imported when it stands here, as one that keeps to itself or as one that reaches out; whoever imports
the latter is entered with the recipient it serves, in a floor's `registers.py`.
"""

import ast
import sys
from pathlib import Path

import pytest

from billing.models import Export
from portal.words.privacy import RECIPIENTS
from tenants.privacy.purposes import Purpose
from tenants.privacy.recipients import all_recipients
from tenants.roles import API_SCOPES

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("portal", "billing", "charging", "tenants")
OWN = {*FLOORS, "launcher"}
#: By these a connection to elsewhere can be opened, or a letter sent.
REACHES_OUT = {
    "ftplib", "http.client", "imaplib", "nntplib", "poplib", "smtplib", "socket", "socketserver", "telnetlib",
    "urllib.request", "xmlrpc", "asyncssh", "django.core.mail", "websockets.asyncio.client", "websockets.client",
    "websockets.sync", "webbrowser",
}  # fmt: skip
#: Calls that do the same without such an import.
OPENS = {"open_connection", "create_connection", "open_unix_connection", "check_vies"}
#: Libraries that send nothing anywhere, or only to our own PostgreSQL and Redis.
KEEPS_INSIDE = {
    "PIL", "_typeshed", "asyncssh", "auditlog", "babel", "cbor2", "celery", "cryptography", "django", "django_htmx",
    "django_otp", "django_otp_webauthn", "drf_spectacular", "guardian", "gunicorn", "kombu", "lxml", "msgspec",
    "numpy", "orjson", "pikepdf", "polars", "psycopg", "pypdfium2", "pyrage", "python_calamine", "rcssmin", "redis",
    "rest_framework", "rjsmin", "stdnum", "typst", "uuid6", "webauthn", "websockets", "whitenoise", "zxingcpp",
}  # fmt: skip
#: Reach our own processes and nobody else: the demonstration's stations, and the check of the house itself.
WITHIN = {"portal.demo.stations"}


def modules():
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            if not {"tests", "migrations"} & {*path.parts}:
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts), ast.parse(path.read_text())


def imported(tree):
    """Every module or part of one that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{each.name}" for each in node.names)


def starts(name, packages):
    return any(name == each or name.startswith(f"{each}.") for each in packages)


def reaches_out(tree):
    opens = any(isinstance(node, ast.Attribute) and node.attr in OPENS for node in ast.walk(tree))
    return opens or any(starts(name, REACHES_OUT) for name in imported(tree))


def entered(kind):
    return {by.removeprefix(f"{kind}:") for each in all_recipients() for by in each.by if by.startswith(f"{kind}:")}


def test_who_reaches_out_is_entered_with_whom_it_reaches():
    found = {name for name, tree in modules() if reaches_out(tree)} - WITHIN
    assert sorted(found - entered("module")) == [], "enter a recipient in the floor's registers.py"


def test_a_library_that_nobody_has_looked_at_is_noticed():
    found = {name.partition(".")[0] for _module, tree in modules() for name in imported(tree)}
    assert sorted(found - KEEPS_INSIDE - OWN - sys.stdlib_module_names) == []


def test_what_is_entered_is_there():
    names = {name for name, _tree in modules()}
    assert entered("module") <= names


@pytest.mark.parametrize(
    ("code", "reaches"),
    [
        ("import smtplib", True),
        ("from django.core import mail", True),
        ("from django.core.mail import EmailMessage", True),
        ("import urllib.request", True),
        ("from urllib.parse import quote", False),
        ("import asyncio\nasync def f(): await asyncio.open_connection('a', 1)", True),
        ("from websockets.asyncio.client import connect", True),
        ("from websockets.asyncio.server import serve", False),
    ],
)
def test_ways_out_are_seen(code, reaches):
    assert reaches_out(ast.parse(code)) is reaches


def test_every_kind_of_file_for_others_has_its_recipient():
    assert entered("export") == set(Export.Kind.values)


def test_every_scope_of_a_key_has_its_recipient():
    assert entered("scope") == {scope.value for scope in API_SCOPES}


def test_every_recipient_has_its_word_and_a_purpose():
    assert {each.code for each in all_recipients()} == set(RECIPIENTS)
    assert all(set(each.serves) <= set(Purpose) and each.serves for each in all_recipients())
