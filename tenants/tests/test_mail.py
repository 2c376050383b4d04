"""Letters: what a name can do to one."""

import logging

import pytest
from django.core import mail as django_mail

from tenants.models import User
from tenants.services import mail
from tenants.services.mail import Letter


@pytest.fixture
def sent(settings, db, monkeypatch, django_capture_on_commit_callbacks):
    """Send a letter with this subject to this address."""
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setattr(mail, "_writers", [lambda letter, facts, language: (facts["subject"], "Hello")])

    def send(subject, address="olga@example.com"):
        with django_capture_on_commit_callbacks(execute=True):
            mail.send(User(pk=7, email=address), Letter.PASSWORD_SET, subject=subject)
        return django_mail.outbox

    return send


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_a_line_break_in_a_name_begins_no_header(sent, end):
    (letter,) = sent(f"Your place at North{end}Bcc: all@evil.example")
    assert letter.subject == "Your place at North Bcc: all@evil.example"
    assert letter.recipients() == ["olga@example.com"]


def test_a_letter_that_cannot_be_written_is_logged_and_stops_nothing(sent, caplog):
    with caplog.at_level(logging.ERROR):
        assert sent("Your place", "olga@example.com\nBcc: all@evil.example") == []
    assert "Mail to person 7 was not delivered." in caplog.text
    assert "evil" not in caplog.records[0].getMessage()
