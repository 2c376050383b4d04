"""Notices and wordings of consents: written, published as versions, told to whom they concern, shown to anybody."""

import re

import pytest
from django.core import mail as outbox
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from tenants import work
from tenants.models import AuditEntry, ConsentEvent, ConsentPurpose, NoticeDraft, NoticeLetters, PrivacyNotice
from tenants.scoping import tenant_scope
from tenants.selectors import consents as asked
from tenants.selectors import notices
from tenants.services.people import consents
from tenants.services.people.notices import LETTERS_A_STEP

PAGE, PUBLIC = "/o/north/privacy/notices/", "/privacy/north/"
WORDS = {"title_en": "Your data", "text_en": "What we do.\n\nAnd why.", "title_sv": "Dina uppgifter", "text_sv": "Vad."}


@pytest.fixture
def purpose(north):
    with tenant_scope(north.pk):
        consents.install_defaults(north)
        return ConsentPurpose.objects.get(code="marketing-email")


def say_yes(driver, purpose, north, language="sv"):
    with tenant_scope(north.pk):
        return consents.record(
            driver, purpose, "given", channel=ConsentEvent.Channel.PORTAL, at=timezone.now(), language=language
        )


def published(client, code, words, answer="yes"):
    assert client.post(f"{PAGE}{code}/", words).status_code == 302
    page = client.get(f"{PAGE}{code}/publish/")
    seen = page.context["form"]["seen"].value()
    return page, client.post(f"{PAGE}{code}/publish/", {"seen": seen, "asks_again": answer})


def given(driver, purpose, north):
    with tenant_scope(north.pk):
        return {each.purpose.code: each.is_given for each in asked.questions(driver, language="sv")}[purpose.code]


def carry_out(north):
    while work.do_next(work.kind_named(NoticeLetters.work_kind), north.pk, clock=timezone.now):
        pass


def test_a_first_notice_is_made_of_the_record_in_each_language(sign_in, pri):
    page = sign_in(pri).get(f"{PAGE}privacy-notice/").content.decode()
    assert "What people read" not in page
    assert "Price each session by its tariff" in page
    assert "Prissätt" in page


def test_the_notice_is_published_and_anybody_reads_it_with_its_history(sign_in, pri, north):
    client = sign_in(pri)
    assert Client().get(PUBLIC).status_code == 404, "nobody learns who uses the portal"
    assert published(client, "privacy-notice", WORDS)[1].status_code == 302
    page = Client().get(PUBLIC, headers={"accept-language": "en"})
    with tenant_scope(north.pk):
        notice = PrivacyNotice.objects.get(language="en")
        assert notices.is_intact(notice)
        assert not NoticeDraft.objects.exists()
        assert AuditEntry.objects.filter(event="notice.published", additional_data__version=1).count() == 1
    assert "<p>And why.</p>" in page.content.decode()
    assert notice.text_sha256 in page.content.decode()
    published(client, "privacy-notice", WORDS | {"text_en": "Something else."})
    again = Client().get(PUBLIC, headers={"accept-language": "en"}).content.decode()
    assert "Something else." in again
    assert notice.text_sha256 in again
    earlier = Client().get(f"{PUBLIC}1/", headers={"accept-language": "en"}).content.decode()
    assert "And why." in earlier
    assert "This is an earlier version" in earlier
    assert Client().get(f"{PUBLIC}3/").status_code == 404


def test_who_has_no_words_in_a_language_gets_the_others(sign_in, pri):
    published(sign_in(pri), "privacy-notice", {"title_sv": "Dina uppgifter", "text_sv": "Vad."})
    assert "Vad." in Client().get(PUBLIC, headers={"accept-language": "en"}).content.decode()


@pytest.mark.parametrize("words", [{}, {"title_en": "Alone"}, {"text_sv": "Ensam"}])
def test_half_of_the_words_are_refused_and_nothing_is_kept(sign_in, pri, north, words):
    assert sign_in(pri).post(f"{PAGE}privacy-notice/", words).status_code == 400
    with tenant_scope(north.pk):
        assert not NoticeDraft.objects.exists()


def test_a_published_notice_can_neither_be_changed_nor_removed(sign_in, pri, north):
    published(sign_in(pri), "privacy-notice", WORDS)
    for act in ("UPDATE tenants_privacynotice SET text = 'x'", "DELETE FROM tenants_privacynotice"):
        with (
            tenant_scope(north.pk), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor,
        ):  # fmt: skip
            cursor.execute(act)


def test_words_that_say_something_new_ask_again_and_others_do_not(sign_in, pri, danas_driver, purpose, north):
    client = sign_in(pri)
    say_yes(danas_driver, purpose, north)
    page, _answer = published(client, purpose.code, WORDS, answer="no")
    assert page.context["reached"] == 1
    assert given(danas_driver, purpose, north), "the same, better"
    published(client, purpose.code, WORDS | {"text_sv": "Något nytt."})
    assert not given(danas_driver, purpose, north)
    with tenant_scope(north.pk):
        tally = next(each for each in asked.tallies(language="sv") if each.purpose == purpose)
        assert (tally.given, tally.asked_again, tally.silent) == (0, 1, 0)
        assert asked.is_asked_again(danas_driver)
    published(client, purpose.code, WORDS | {"text_sv": "Något nytt, bättre sagt."}, answer="no")
    assert not given(danas_driver, purpose, north), "a better wording of it brings the old yes not back"
    say_yes(danas_driver, purpose, north)
    assert given(danas_driver, purpose, north)
    with tenant_scope(north.pk):
        assert not asked.is_asked_again(danas_driver)


def test_who_is_asked_again_sees_it_on_their_pages(sign_in, pri, dana, danas_driver, purpose, north):
    say_yes(danas_driver, purpose, north)
    client = sign_in(dana)
    assert "You are asked again" not in client.get("/o/north/my/").content.decode()
    published(sign_in(pri), purpose.code, WORDS)
    assert "You are asked again" in client.get("/o/north/my/").content.decode()
    page = client.get("/o/north/my/privacy/").content.decode()
    assert "Your yes no longer counts" in page
    assert re.search(r'value="given".*value="withdrawn"', page, re.S), "yes and no are offered alike"


def test_letters_go_to_each_once_and_a_stretch_that_was_kept_is_not_sent_again(
    sign_in, pri, danas_driver, north, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.EMAIL_HOST = "mail.example"
    monkeypatch.setattr("tenants.services.people.notices.LETTERS_A_STEP", 1)
    published(sign_in(pri), "privacy-notice", WORDS)
    with django_capture_on_commit_callbacks(execute=True):
        carry_out(north)
    assert [letter.to for letter in outbox.outbox] == [["dana@example.com"]]
    assert "http://testserver/privacy/north/" in outbox.outbox[0].body
    with tenant_scope(north.pk):
        row = NoticeLetters.objects.get()
        assert (row.state, row.done, row.total, row.up_to) == ("done", 1, 1, danas_driver.pk)
        NoticeLetters.objects.update(state="queued")
    with django_capture_on_commit_callbacks(execute=True):
        carry_out(north)
    assert len(outbox.outbox) == 1
    assert LETTERS_A_STEP > 1


def test_a_draft_that_a_colleague_changed_is_not_published_unread(sign_in, pri, olga, north):
    client = sign_in(pri)
    client.post(f"{PAGE}privacy-notice/", WORDS)
    seen = client.get(f"{PAGE}privacy-notice/publish/").context["form"]["seen"].value()
    sign_in(olga).post(f"{PAGE}privacy-notice/", WORDS | {"text_en": "Other words."})
    answer = client.post(f"{PAGE}privacy-notice/publish/", {"seen": seen, "asks_again": "no"})
    assert answer.status_code == 400
    assert "colleague" in answer.content.decode()
    with tenant_scope(north.pk):
        assert not PrivacyNotice.objects.exists()


def test_something_else_is_asked_and_no_more(sign_in, pri, danas_driver, north):
    client = sign_in(pri)
    assert client.post(f"{PAGE}add/", {"code": "privacy-notice"}).status_code == 400
    assert client.post(f"{PAGE}add/", {"code": "street-party"}).status_code == 302
    assert client.post(f"{PAGE}add/", {"code": "street-party"}).status_code == 400
    with tenant_scope(north.pk):
        assert asked.questions(danas_driver, language="sv") == [], "not before there are words"
    published(client, "street-party", WORDS)
    with tenant_scope(north.pk):
        assert [each.purpose.code for each in asked.questions(danas_driver, language="sv")] == ["street-party"]
    client.post(f"{PAGE}street-party/ask/", {"ask": "no"})
    with tenant_scope(north.pk):
        assert asked.questions(danas_driver, language="sv") == []


def test_one_operator_s_notice_is_not_another_s(sign_in, pri, south):
    published(sign_in(pri), "privacy-notice", WORDS)
    assert Client().get("/privacy/south/").status_code == 404
