import pytest
from django.test import Client
from django.utils import timezone

from tenants.actor import acting
from tenants.log import audit
from tenants.models import ConsentEvent, ConsentPurpose
from tenants.scoping import tenant_scope
from tenants.services.people import consents, drivers
from tenants.services.people.consents import Words

PRIVACY = "/o/north/my/privacy/"


@pytest.fixture
def purpose(north):
    with tenant_scope(north.pk):
        consents.install_defaults(north)
        return ConsentPurpose.objects.get(code="marketing-email")


@pytest.fixture
def browser(dana, purpose):
    client = Client(headers={"accept-language": "sv"})
    client.force_login(dana)
    return client


def answer(browser, purpose, decision):
    """What the page's form sends."""
    page = browser.get(PRIVACY)
    words = next(each for each in page.context["questions"] if each.purpose == purpose).notice.text_sha256
    assert f'name="words" value="{words}"' in page.content.decode()
    return {"decision": decision, "words": words}


def test_silence_is_no_consent(browser):
    questions = browser.get(PRIVACY).context["questions"]
    assert [question.is_given for question in questions] == [False, False]


def test_giving_and_taking_back_are_one_click_each_and_leave_proof(browser, purpose, north, dana):
    for decision in ("given", "withdrawn"):
        assert browser.post(f"{PRIVACY}{purpose.public_id}/", answer(browser, purpose, decision))["Location"] == PRIVACY
    page = browser.get(PRIVACY)
    question = next(each for each in page.context["questions"] if each.purpose == purpose)
    assert not question.is_given
    assert [proof.event.decision for proof in page.context["proofs"]] == ["withdrawn", "given"]
    with tenant_scope(north.pk):
        event = ConsentEvent.objects.select_related("notice").latest("pk")
    assert (event.notice.language, event.channel, event.recorded_by_id) == ("sv", "portal", dana.pk)
    assert (event.address, event.text_sha256) == ("127.0.0.1", event.notice.text_sha256)


def test_consent_is_never_recorded_for_words_that_came_after_the_page(browser, purpose, north):
    given = answer(browser, purpose, "given")
    with tenant_scope(north.pk):
        consents.publish_notice(purpose, {"sv": Words("Mer", "Vi säljer allt.")}, at=timezone.now())
    told = browser.post(f"{PRIVACY}{purpose.public_id}/", given, follow=True).content.decode()
    browser.post(f"{PRIVACY}{purpose.public_id}/", {"decision": "given"})
    assert "Your answer is kept" not in told
    with tenant_scope(north.pk):
        assert not ConsentEvent.objects.exists()
    browser.post(f"{PRIVACY}{purpose.public_id}/", {"decision": "withdrawn"})
    with tenant_scope(north.pk):
        assert ConsentEvent.objects.get().decision == "withdrawn"


def test_an_answer_that_is_neither_changes_nothing(browser, purpose, north):
    browser.post(f"{PRIVACY}{purpose.public_id}/", {"decision": "perhaps"})
    with tenant_scope(north.pk):
        assert not ConsentEvent.objects.exists()


def test_what_is_no_longer_asked_cannot_be_answered(browser, purpose, north):
    with tenant_scope(north.pk):
        purpose.is_active = False
        purpose.save()
    assert browser.post(f"{PRIVACY}{purpose.public_id}/", {"decision": "given"}).status_code == 404


def test_with_nothing_asked_the_page_says_so(dana, north):
    client = Client()
    client.force_login(dana)
    assert client.get(PRIVACY).context["questions"] == []


def test_a_driver_sees_who_has_looked_at_their_data_by_role(browser, sign_in, sara, otto, danas_driver, north):
    page = f"/o/north/drivers/{danas_driver.public_id}/"
    sign_in(sara).get(page)
    sign_in(otto).get(f"{page}edit/")
    looks = browser.get(PRIVACY, headers={"accept-language": "en"}).context["looks"]
    assert [(look.who, look.what) for look in looks] == [
        ("Operations at North Charging AB", "Opened the form with a driver's details"),
        ("Support at North Charging AB", "Looked at a driver's page"),
    ]
    text = browser.get(PRIVACY).content.decode()
    assert "Sara" not in text
    assert "Otto" not in text


def test_a_driver_sees_nothing_of_others(browser, sign_in, sara, north):
    with tenant_scope(north.pk):
        other = drivers.create(name="Erik")
    sign_in(sara).get(f"/o/north/drivers/{other.public_id}/")
    assert browser.get(PRIVACY).context["looks"] == []


def test_a_long_list_of_looks_is_paged(browser, danas_driver, north, sara):
    with tenant_scope(north.pk), acting(user=sara):
        for _ in range(25):
            audit.record("driver.viewed", about=danas_driver)
    first = browser.get(PRIVACY)
    rest = browser.get(f"{PRIVACY}?{first.context['page'].older}")
    assert (len(first.context["looks"]), len(rest.context["looks"])) == (20, 5)
