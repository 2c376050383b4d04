"""The letters: each has words in both languages, and its sender gives the facts that stand in them."""

import ast
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing import letters as billing_letters
from billing.models import Export, HostContract, HostStatement, Invoice, Reminder
from charging import letters as charging_letters
from portal.words import letters
from tenants.models import Approval, Membership, Operator
from tenants.services import mail

ROOT = Path(__file__).resolve().parents[3]
FLOORS = ("tenants", "charging", "billing", "portal")
EVERY = [*mail.Letter, *charging_letters.Letter, *billing_letters.Letter, *letters.Letter]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SENDERS = {"mail.send", "mail.send_to_address", "mail.deliver", "mail.letter_to"}


def facts():
    operator = Operator(name="Exempel AB", slug="north", time_zone="Europe/Stockholm")
    asked = Approval(action="export_personal_data", facts={"former": False, "count": 3})
    return {
        "operator": operator,
        "person": "Olga",
        "link": "https://example.com/here",
        "days": 7,
        "role": Membership.Role.OPERATIONS,
        "due": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "act": asked,
        "acts": ["issue_run", "publish_tariff"],
        "disputed": "energy",
        "raised": date(2026, 3, 1),
        "right": "erasure",
        "received": date(2026, 3, 1),
        "until": date(2026, 4, 1),
        "reason": "Because.",
        "answer": "So.",
        "told": {"sv": "Något hände.", "en": "Something happened."},
        "contact": "privacy@example.com",
        "email": "new@example.com",
        "document": "F1",
        "credited": "F1",
        "export": Export(kind="invoices", form="csv", dated_by="issued", month=date(2026, 3, 1)),
        "downloads": None,
        "charged_on": [date(2026, 3, 1)],
        "history": None,
        "reminder": Reminder(
            rest=1_00, costs=60_00, costs_kind="fee", currency="SEK", charge=Invoice(series="F", number=2)
        ),
        "invoice_subject": "",
        "invoice_text": "",
        "said": {
            "operator": "Exempel AB",
            "invoice": "F1",
            "unpaid": "1",
            "due": "2026-03-01",
            "reference": "18",
            "account": "",
        },
        "statement": "V77-1",
        "settled": HostStatement(
            month=date(2026, 3, 1),
            total=Decimal(9),
            currency="SEK",
            contract=HostContract(name="Avtal"),
            number=1,
            due_on=date(2026, 4, 1),
            object_until=date(2026, 4, 9),
        ),
        "today": date(2026, 3, 2),
        "paid_on": None,
        "left": Decimal(1),
        "waits": Decimal(0),
        "is_overdue": False,
        "amount": Decimal(2),
        "currency": "SEK",
    }


def placeholders(letter):
    worded = letters.LETTERS[letter]
    return {name for text in (worded.subject, *worded.paragraphs) for name in PLACEHOLDER.findall(str(text))}


def sends():
    """Each letter that some code sends, with the facts given."""
    for path in sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if "tests" not in path.parts):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SENDERS:
                # One that is looked up in a table may be any that the module names.
                where = node.args[1] if isinstance(node.args[1], ast.Attribute | ast.IfExp) else module
                named = [one.attr for one in ast.walk(where) if ast.unparse(one).startswith("Letter.")
                         and isinstance(one, ast.Attribute)]  # fmt: skip
                yield from ((name, {word.arg for word in node.keywords}) for name in named)


def test_every_letter_has_words_and_no_name_stands_on_two_floors():
    assert set(letters.LETTERS) == set(EVERY)
    assert len({letter.name for letter in EVERY}) == len(EVERY)


@pytest.mark.parametrize("letter", EVERY)
def test_subject_and_text_are_said_in_both_languages(letter):
    swedish, english = (letters.write(letter, facts(), language) for language in ("sv", "en"))
    assert swedish[0] != english[0]
    assert swedish[1] != english[1]
    assert "%(" not in "".join(swedish + english)


def test_every_letter_is_sent_with_the_facts_that_stand_in_it():
    given = list(sends())
    assert {name for name, _facts in given} == {letter.name for letter in EVERY}
    by_name = {letter.name: letter for letter in EVERY}
    missing = {name: placeholders(by_name[name]) - facts for name, facts in given}
    assert {name: facts for name, facts in missing.items() if facts} == {}


def test_facts_are_said_in_the_language_of_the_letter():
    _subject, text = letters.write(mail.Letter.FOUR_EYES_OFF, facts(), "sv")
    assert "utfärda fakturor" in text or "körning" in text
    _subject, text = letters.write(letters.Letter.INVITED, facts(), "en")
    assert text == (
        "You are invited to work at Exempel AB, in the role operations. Open this link to accept:\n\n"
        "https://example.com/here\n\n"
        "The link works once, within 7 days. If you did not expect this e-mail, you can ignore it.\n"
    )
    _subject, text = letters.write(letters.Letter.FACTOR_RESET_ASKED, facts(), "en")
    assert "March 1, 2026, 1 p.m." in text


@pytest.mark.parametrize(
    ("at", "swedish", "english"),
    [
        (
            {"paid_on": None, "today": date(2026, 4, 1)},
            "Ni får 9,00 kr utbetalt senast 2026-04-01. Om ni inte invänder senast 2026-04-09 räknas den",
            "SEK 9.00 is paid out to you by 1 Apr 2026. If you do not object by 9 Apr 2026, it",
        ),
        (
            {"paid_on": None, "today": date(2026, 4, 10)},
            "9,00 kr skulle ha betalats ut till er senast 2026-04-01. Har ni inte invänt senast 2026-04-09 räknas den",
            "SEK 9.00 was to be paid out to you by 1 Apr 2026. Unless you objected by 9 Apr 2026, it",
        ),
        (
            {"paid_on": date(2026, 3, 30), "today": date(2026, 4, 9)},
            "9,00 kr betalades ut till er 2026-03-30. Om ni inte invänder senast 2026-04-09 räknas den",
            "SEK 9.00 was paid out to you on 30 Mar 2026. If you do not object by 9 Apr 2026, it",
        ),
    ],
)
def test_a_statement_s_letter_speaks_of_a_day_that_has_passed_as_passed(at, swedish, english):
    for language, told in (("sv", swedish), ("en", english)):
        _subject, text = letters.write(billing_letters.Letter.SETTLED, facts() | at, language)
        paid, approved = told.split(". ")
        said = text.replace("\xa0", " ").replace("\u202f", " ")
        assert f"{paid}." in said
        assert approved in said


def said(letter, language, **more):
    _subject, text = letters.write(letter, facts() | more, language)
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("sv", "Av fakturan är 312,50 kr omtvistat. Det beloppet behöver du inte betala förrän vi har svarat."),
        ("en", "SEK 312.50 of the invoice is disputed. You need not pay that until we have answered."),
    ],
)
def test_a_letter_says_what_of_its_invoice_need_not_be_paid_yet(language, words):
    reminder = Reminder(rest=1_412_50, disputed=312_50, currency="SEK")
    told = said(billing_letters.Letter.REMINDED, language, reminder=reminder)
    assert words in told
    assert {"sv": "Betala 1 100,00 kr nu", "en": "Please pay SEK 1,100.00 now"}[language] in told
    own = Reminder(rest=1_412_50, disputed=312_50, currency="SEK", text="Betala!")
    assert said(billing_letters.Letter.REMINDED, language, reminder=own).startswith(f"Betala!\n\n{words}")
    for letter in (billing_letters.Letter.INVOICED, billing_letters.Letter.CREDITED):
        assert words not in said(letter, language)
        for left in (Decimal(0), Decimal(1)):
            assert words in said(letter, language, waits=Decimal("312.50"), left=left)
    nothing = said(billing_letters.Letter.INVOICED, "en", waits=Decimal("312.50"), left=Decimal(0))
    assert "nothing to pay" not in nothing


@pytest.mark.parametrize("room", ["tenants/services", "tenants/log", "charging/services", "billing/services"])
def test_services_have_no_words_of_their_own(room):
    modules = [*(ROOT / room).rglob("*.py")]
    assert modules
    assert [path.name for path in modules if "utils.translation" in path.read_text(encoding="utf-8")] == []
