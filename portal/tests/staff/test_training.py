"""Training: its questions and the year, reading and confirming it, who is late, and personal data that opens by it."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.tests.cast import with_key
from portal.tests.doors import doors
from portal.tests.test_doors import address
from portal.words import training as words
from tenants import training
from tenants.errors import Refused
from tenants.models import AuditEntry, Membership, Operator, TrainingDone, TrainingText
from tenants.permissions import Permission
from tenants.scoping import tenant_scope
from tenants.selectors import training as selector
from tenants.services.people import training as services
from tenants.training import Course, Question, State, standing

PAGE, PEOPLE, RULE, WRITE = (f"/o/north/training/{each}" for each in ("", "people/", "rule/", "write/"))
#: What opens without the training: no person but the reader is on it.
WITHOUT_PEOPLE = {
    "finance:tariff_detail",
    "finance:tariff_edit",
    "finance:tariff_export",
    "finance:tariff_list",
    "finance:tariff_new",
    "finance:tariff_preview",
    "staff:card_rules",
    "staff:credit_reasons",
    "staff:letterhead",
    "staff:seller_numbers",
    "staff:letterhead_preview",
    "staff:mail_rules",
    "staff:reminder_steps",
    "staff:overview",
    "staff:overview_days",
    "staff:meter_hold",
    "staff:meter_register",
    "staff:meter_remove",
    "staff:meter_rule",
    "staff:sending_way",
    "staff:settings",
    "staff:site_detail",
    "staff:site_edit",
    "staff:site_export",
    "staff:site_limit",
    "staff:site_limit_set",
    "staff:site_list",
    "staff:site_new",
    "staff:station_certificate",
    "staff:station_certificate_remove",
    "staff:station_certificate_set",
    "staff:station_edit",
    "staff:station_export",
    "staff:station_list",
    "staff:station_meters",
    "staff:station_new",
    "staff:station_settings",
    "staff:stations_order",
    "staff:stations_together",
    "staff:template_align",
    "staff:template_detail",
    "staff:template_edit",
    "staff:template_list",
    "staff:template_new",
    "staff:template_read",
    "staff:template_remove",
    "staff:training",
}
OF_CUSTOMERS = {Permission.USE_DRIVER_PAGES, Permission.USE_PAYER_PAGES}
FOUR = "Lend it?\n- yes\n+ no\n\nLook?\n+ no\n- yes\n\nWrite?\n- yes\n+ no\nCall?\n+ yes\n- no"
DAY = date(2026, 3, 1)


def right(course, **changes):
    """What a form sends that answers everything rightly."""
    answers = {f"question_{at}": question.right for at, question in enumerate(course.questions)}
    return {"seen": course.sha256, **answers, **changes}


def in_force(operator):
    with tenant_scope(operator.pk):
        return words.in_force("en")


def done(user, operator, *, ago=timedelta(), version=0):
    with tenant_scope(operator.pk):
        at = timezone.now() - ago
        facts = {"language": "en", "text_sha256": "0" * 64, "confirmed_at": at}
        return TrainingDone.objects.create(user=user, version=version, **facts)


def state_of(user, operator):
    with tenant_scope(operator.pk):
        found: Any = selector.of_member(user, Operator.objects.get(pk=operator.pk), at=timezone.now())
        return found.state


def long_ago(operator):
    """As if everybody had come, and the training been asked for, long ago."""
    with tenant_scope(operator.pk):
        Membership.objects.filter(operator=operator).update(created_at=timezone.now() - timedelta(days=400))
        Operator.objects.filter(pk=operator.pk).update(training_since=date(2020, 1, 1))


def depends(operator):
    with tenant_scope(operator.pk):
        Operator.objects.filter(pk=operator.pk).update(training_opens_data=True)


# Questions and days


def test_questions_are_read_as_they_are_written():
    questions = training.read(FOUR)
    assert questions[0] == Question("Lend it?", ("yes", "no"), 1)
    assert [question.right for question in questions] == [1, 0, 1, 0]
    assert training.read(training.written(questions)) == questions


@pytest.mark.parametrize(
    ("wrong", "code", "facts"),
    [
        ("- no\n" + FOUR, "training_line", {"line": 1}),
        (FOUR + "\n+", "training_line", {"line": 15}),
        ("Only one?\n+ yes\n- no", "training_questions", {"count": 1}),
        (f"{FOUR}\n{FOUR}", "training_questions", {"count": 8}),
        (FOUR + "\nMore?\n- a\n- b", "training_answers", {"question": "More?"}),
        (FOUR + "\nMore?\n+ a\n+ b", "training_answers", {"question": "More?"}),
        (FOUR + "\nMore?\n+ a", "training_answers", {"question": "More?"}),
        (FOUR + "\nMore?\n+ a\n- a", "training_answers", {"question": "More?"}),
        ("", "training_questions", {"count": 0}),
    ],
)
def test_questions_that_nobody_could_answer_are_refused(wrong, code, facts):
    with pytest.raises(Refused) as refusal:
        training.read(wrong)
    assert refusal.value.code == code
    assert refusal.value.facts.items() >= facts.items()


@pytest.mark.parametrize(
    ("confirmed", "asked_again", "today", "state", "due_on", "opens"),
    [
        (None, None, DAY, State.DUE, date(2026, 3, 31), False),
        (None, None, date(2026, 3, 31), State.DUE, date(2026, 3, 31), False),
        (None, None, date(2026, 4, 1), State.OVERDUE, date(2026, 3, 31), False),
        (date(2026, 3, 5), None, date(2026, 3, 6), State.DONE, date(2027, 3, 5), True),
        (date(2026, 3, 5), None, date(2027, 2, 3), State.DUE, date(2027, 3, 5), True),
        (date(2026, 3, 5), None, date(2027, 3, 6), State.OVERDUE, date(2027, 3, 5), False),
        (date(2028, 2, 29), None, date(2028, 3, 1), State.DONE, date(2029, 2, 28), True),
        (date(2026, 3, 5), date(2026, 6, 1), date(2026, 6, 2), State.DUE, date(2026, 7, 1), True),
        (date(2026, 3, 5), date(2026, 6, 1), date(2026, 7, 2), State.OVERDUE, date(2026, 7, 1), False),
        (date(2026, 3, 5), date(2027, 3, 1), date(2027, 3, 2), State.DUE, date(2027, 3, 5), True),
    ],
)
def test_a_confirmation_holds_for_a_year_and_new_words_leave_a_month(
    confirmed, asked_again, today, state, due_on, opens
):
    found = standing(came=DAY, confirmed=confirmed, asked_again=asked_again, today=today)
    assert (found.state, found.due_on, found.opens_data) == (state, due_on, opens)


def test_the_portals_own_stands_in_both_languages_with_questions_that_can_be_written():
    english, swedish = (words.portals_own(code) for code in ("en", "sv"))
    assert english.title != swedish.title
    assert english.sha256 != swedish.sha256
    for course in (english, swedish):
        assert training.read(training.written(course.questions)) == course.questions


# Reading and confirming


def test_a_member_confirms_by_answering_rightly_and_the_log_says_so(sign_in, otto, north):
    client = sign_in(otto)
    course = in_force(north)
    assert client.post(PAGE, right(course, question_2=course.questions[2].right ^ 1)).status_code == 400
    assert client.post(PAGE, {"seen": course.sha256}).status_code == 400
    with tenant_scope(north.pk):
        assert not TrainingDone.objects.exists()
    assert client.post(PAGE, right(course))["Location"] == "/o/north/"
    with tenant_scope(north.pk):
        kept = TrainingDone.objects.get()
        entry: Any = AuditEntry.objects.get(event="training.confirmed")
    assert (kept.user_id, kept.version, kept.text_sha256) == (otto.pk, 0, course.sha256)
    assert (entry.actor_id, entry.additional_data["sha256"]) == (otto.pk, course.sha256)
    assert state_of(otto, north) == State.DONE


def test_wrong_answers_are_marked_where_they_are_and_nothing_chosen_is_lost(sign_in, otto, north):
    course = in_force(north)
    page = sign_in(otto).post(PAGE, right(course, question_1=0))
    assert set(page.context["form"].errors) == {"question_1"}
    assert len(re.findall(r'name="question_\d"[^>]* checked', page.content.decode())) == len(course.questions)


def test_words_that_changed_meanwhile_are_read_again(sign_in, otto, north):
    client, course = sign_in(otto), in_force(north)
    with tenant_scope(north.pk):
        own = Course(0, "en", "Ours", "Read.", training.read(FOUR))
        services.publish({"en": own}, seen=0, asks_again=False, at=timezone.now())
    answer = client.post(PAGE, right(own, seen=course.sha256))
    assert "The training has changed" in answer.content.decode()
    assert client.post(PAGE, right(own)).status_code == 302


def test_a_visitor_and_a_customer_confirm_nothing(sign_in, dana):
    assert sign_in(dana).get(PAGE).status_code == 403


# Who is late


def test_an_owner_sees_who_has_confirmed_who_is_due_and_who_is_late(sign_in, olga, otto, fina, pri, north):
    long_ago(north)
    done(otto, north)
    done(fina, north, ago=timedelta(days=350))
    done(olga, north, ago=timedelta(days=366))
    page = sign_in(olga).get(PEOPLE)
    found = {line.user: line.standing.state for line, _, _ in page.context["lines"]}
    assert (found[otto], found[fina], found[olga], found[pri]) == (
        State.DONE, State.DUE, State.OVERDUE, State.OVERDUE,
    )  # fmt: skip
    assert page.context["overdue"] == sum(state == State.OVERDUE for state in found.values())
    assert sign_in(otto).get(PEOPLE).status_code == 403


def test_the_overview_reminds_each_of_their_own_and_owners_of_who_is_late(sign_in, olga, otto, north, world):
    long_ago(north)
    done(olga, north)
    mine = {task.url for task in sign_in(otto).get("/o/north/").context["tasks"]}
    owners = {task.url for task in sign_in(olga).get("/o/north/").context["tasks"]}
    assert PAGE in mine
    assert PEOPLE not in mine
    assert PEOPLE in owners
    assert PAGE not in owners


def test_nobody_is_late_for_what_was_not_asked(otto, north):
    with tenant_scope(north.pk):
        Membership.objects.filter(operator=north).update(created_at=timezone.now() - timedelta(days=400))
    assert state_of(otto, north) == State.DUE


def test_what_another_operator_s_member_confirmed_counts_there_alone(otto, north, south):
    done(otto, south)
    assert state_of(otto, north) == State.DUE
    with tenant_scope(south.pk):
        assert selector.of_member(otto, south, at=timezone.now()) is None


# The operator's own words


def test_the_privacy_role_publishes_words_of_its_own_and_everybody_confirms_anew(sign_in, pri, otto, north):
    done(otto, north)
    form = {"seen": 0, "asks_again": "yes", "title_sv": "Vårt", "text_sv": "Läs.", "questions_sv": FOUR}
    assert sign_in(pri).post(WRITE, form)["Location"] == PAGE
    with tenant_scope(north.pk):
        row = TrainingText.objects.get()
        assert (row.version, row.language, row.asks_again) == (1, "sv", True)
        entry: Any = AuditEntry.objects.get(event="training.published")
        assert entry.additional_data["version"] == 1
    assert state_of(otto, north) == State.DUE
    done(otto, north, version=1)
    assert state_of(otto, north) == State.DONE
    assert sign_in(otto).get(PAGE).context["course"].title == "Vårt"  # no English words: those that there are


def test_better_words_ask_nobody_anew(sign_in, pri, otto, north):
    done(otto, north)
    form = {"seen": 0, "asks_again": "no", "title_en": "Ours", "text_en": "Read.", "questions_en": FOUR}
    assert sign_in(pri).post(WRITE, form).status_code == 302
    assert state_of(otto, north) == State.DONE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"questions_en": ""}, "questions_en"),
        ({"title_en": ""}, "title_en"),
        ({"questions_en": "One?\n+ a\n- b"}, "questions_en"),
        ({"title_en": "", "text_en": "", "questions_en": ""}, "__all__"),
        ({"seen": 4}, "__all__"),
    ],
)
def test_words_that_cannot_be_published_stay_in_the_form(sign_in, pri, north, changes, field):
    form = {"seen": 0, "asks_again": "no", "title_en": "Ours", "text_en": "Read.", "questions_en": FOUR, **changes}
    answer = sign_in(pri).post(WRITE, form)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    with tenant_scope(north.pk):
        assert not TrainingText.objects.exists()


# Personal data that opens by it


def test_which_doors_open_without_the_training_is_as_it_was_reviewed():
    open_ones = {door.name for door in doors() if getattr(door.callback, "without_people", False)}
    of_customers = {door.name for door in doors() if door.access in OF_CUSTOMERS}
    assert open_ones - of_customers == WITHOUT_PEOPLE
    assert of_customers <= open_ones


def test_every_other_door_sends_who_has_not_confirmed_to_the_training(sign_in, olga, north):
    client = sign_in(olga)
    client.raise_request_exception = False
    depends(north)
    wrong = {}
    for door in doors():
        if not isinstance(door.access, Permission) or door.access in OF_CUSTOMERS:
            continue
        answers = [client.get(address(door)), client.post(address(door))]
        codes = [answer.status_code for answer in answers if answer.status_code != 405]
        is_open = 403 not in codes
        is_shut = bool(codes) and set(codes) == {403}
        if not (is_open if door.name in WITHOUT_PEOPLE else is_shut):
            wrong[door.name] = codes
    assert wrong == {}


def test_the_way_leads_to_the_training_and_it_opens_what_was_shut(sign_in, olga, north):
    client = sign_in(olga)
    assert client.post(RULE, {"rule": "on"}).status_code == 302
    refused = client.get("/o/north/drivers/")
    assert refused.status_code == 403
    assert f'href="{PAGE}"' in refused.content.decode()
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="access.refused", additional_data__reason="training").exists()
    assert client.post(PAGE, right(in_force(north))).status_code == 302
    assert client.get("/o/north/drivers/").status_code == 200
    assert client.post(RULE, {"rule": "off"}).status_code == 302


def test_a_confirmation_that_is_over_shuts_again(sign_in, olga, north):
    depends(north)
    done(olga, north, ago=timedelta(days=370))
    assert sign_in(olga).get("/o/north/drivers/").status_code == 403
    done(olga, north)
    assert sign_in(olga).get("/o/north/drivers/").status_code == 200


def test_the_overview_shows_no_driver_before(sign_in, otto, north, world):
    world.session(external_id="running", state="ACTIVE", ended_at=None, series_wh=None)
    client = sign_in(otto)
    assert "Dana Driver" in client.get("/o/north/").content.decode()
    depends(north)
    page = client.get("/o/north/").content.decode()
    assert "Dana Driver" not in page
    assert PAGE in page


def test_customers_programs_and_other_operators_are_not_asked(sign_in, dana, olga, sven, north, make_key):
    key = make_key(north, olga)
    depends(north)
    assert sign_in(dana).get("/o/north/my/").status_code == 200
    assert with_key(key).get("/o/north/api/v1/audit-events").status_code == 200
    assert sign_in(sven).get("/o/south/drivers/").status_code == 200


def test_the_api_asks_a_person_as_the_pages_do(sign_in, olga, north):
    client = sign_in(olga)
    assert client.get("/o/north/api/v1/audit-events").status_code == 200
    depends(north)
    answer = client.get("/o/north/api/v1/audit-events")
    assert answer.status_code == 403
    assert "training" in answer.json()["detail"]
    assert client.get("/o/north/api/v1/me").status_code == 200


def test_an_owner_who_looks_as_a_role_is_asked_for_their_own(sign_in, olga, north):
    done(olga, north)
    depends(north)
    client = sign_in(olga)
    client.post("/o/north/people/view-as/", {"role": "support"})
    assert client.get("/o/north/drivers/").status_code == 200
