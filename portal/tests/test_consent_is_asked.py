"""Code that does what needs a consent asks one function, `consents.agreed`; code that speaks of it and does not shows.

Marketing and analysis go by many names, so a module is looked at for any of them, in its names and in its texts. Which
modules only describe or ask for consent, and use nobody's data for it, stands here with why.
"""

import ast
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.tests.test_what_leaves import modules
from tenants.models import ConsentPurpose, ProcessingLimit
from tenants.scoping import tenant_scope
from tenants.selectors import consents as asked
from tenants.services import mail
from tenants.services.people import consents, person_requests

NEEDS_CONSENT = re.compile(
    r"marketing|newsletter|nyhetsbrev|campaign|advert|analytics|segment_drivers|profil(?:e|ing)_of_driver|remarket",
    re.I,
)
ASKS = re.compile(r"\bagreed\b")
#: Speak of it, and use nobody's data for it.
ONLY_SPEAK = {
    "tenants.privacy.purposes": "names the purposes and their ground",
    "tenants.registers": "says which rows they could concern",
    "charging.registers": "says which rows they could concern",
    "tenants.services.people.consents": "has the words that drivers are asked",
    "portal.web.staff.privacy.notices": "gives an example of a code",
}
#: Letters that somebody gets for their contract, their account or the law. Any other one needs a consent.
OF_SERVICE = {
    "FACTOR_RESET_STOPPED", "FACTOR_RESET_DONE", "PASSWORD_LINK", "PASSWORD_SET", "FOUR_EYES_OFF",
    "CONSENT_ASKED_AGAIN", "NOTICE_CHANGED", "REQUEST_RECEIVED", "REQUEST_EXTENDED", "REQUEST_ANSWERED",
    "REQUEST_REFUSED", "PACKAGE_READY", "LIMIT_LIFTED", "INCIDENT", "EMAIL_CHANGE_ASKED", "EMAIL_CHANGE_PROVED",
    "EMAIL_CHANGED",
}  # fmt: skip


def said(tree):
    """Every name and text of a module but its docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {id(_doc(node)) for node in ast.walk(tree) if isinstance(node, documented)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value
        for field in ("id", "attr", "name", "arg", "module"):
            if isinstance(getattr(node, field, None), str):
                yield getattr(node, field)


def _doc(node):
    first = node.body[0] if node.body else None
    return first.value if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else None


def is_unasked(tree):
    words = list(said(tree))
    return any(NEEDS_CONSENT.search(word) for word in words) and not any(ASKS.search(word) for word in words)


def test_whoever_does_what_needs_consent_asks():
    assert {name for name, tree in modules() if is_unasked(tree)} == set(ONLY_SPEAK)


@pytest.mark.parametrize(
    ("source", "unasked"),
    [
        ('"""Send the newsletter."""\n', False),
        ("def send_newsletter(drivers): ...", True),
        ("from shop import campaign", True),
        ("rows = by_hour(Purpose.ANALYTICS)", True),
        ('send("marketing-email", drivers)', True),
        ("for driver in consents.agreed(Purpose.MARKETING): ...", False),
        ("def invoice(drivers): ...", False),
    ],
)
def test_the_wall_can_see(source, unasked):
    assert is_unasked(ast.parse(source)) is unasked


def test_every_letter_is_one_of_service():
    assert {letter.name for letter in mail.Letter} == OF_SERVICE


@pytest.fixture
def agree(north, danas_driver, dana):
    """dana answers about the newsletter; whether she is among those who agreed."""
    with tenant_scope(north.pk):
        consents.install_defaults(north)

    def answer(decision):
        with tenant_scope(north.pk):
            purpose = ConsentPurpose.objects.get(code="marketing-email")
            facts = {"channel": "portal", "language": "sv", "by": dana, "at": timezone.now()}
            consents.record(danas_driver, purpose, decision, **facts)
            return is_agreed(north)

    return answer


def is_agreed(north):
    with tenant_scope(north.pk):
        return asked.agreed("marketing-email").exists()


def test_only_a_yes_in_force_is_one(agree, north, danas_driver, dana):
    assert not is_agreed(north)
    assert agree("given")
    assert not agree("withdrawn")
    assert agree("given")
    with tenant_scope(north.pk):
        purpose = ConsentPurpose.objects.get(code="marketing-email")
        words = {"sv": consents.Words("Annat", "Något nytt.")}
        consents.publish_notice(purpose, words, at=timezone.now(), asks_again=True)
    assert not is_agreed(north)
    assert agree("given")
    with tenant_scope(north.pk):
        request = person_requests.receive(danas_driver, "access", by=dana, at=timezone.now())
        limit = ProcessingLimit.objects.create(
            driver=danas_driver, request=request, kind="objection", since=timezone.now() - timedelta(days=1)
        )
    assert not is_agreed(north)
    with tenant_scope(north.pk):
        ProcessingLimit.objects.filter(pk=limit.pk).update(until=timezone.now())
    assert is_agreed(north)
    with tenant_scope(north.pk):
        ConsentPurpose.objects.update(is_active=False)
    assert not is_agreed(north)


def test_another_purpose_is_another_question(agree, north):
    assert agree("given")
    with tenant_scope(north.pk):
        assert not asked.agreed("usage-analytics").exists()
