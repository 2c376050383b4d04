"""Staff limited to some sites: nothing of another site shows, on any page, in any file, in any sum.

What is asked follows from the code: every model that leads to a site, every raw query that names such a
model's table, every page whose permission may be limited.
"""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import Dispute, LedgerRow, PriceEffect, SessionPrice
from billing.selectors import revenue, session_ledger
from billing.services import rating
from billing.tests import factories
from charging.domain.errors import NetworkRefused
from charging.models import (
    CardNotice,
    ChargingSession,
    Connector,
    Favourite,
    MeterKey,
    SettingTemplate,
    Site,
    Station,
    StationKnock,
    Token,
)
from charging.selectors import sessions
from charging.services import site_access, site_memberships
from charging.services import sites as site_services
from charging.services import stations as station_services
from charging.site_scope import OutsideSiteScope, SiteBound, SiteScopeManager, limited_to, visible_sites
from portal.tests.cast import somebody
from portal.tests.doors import doors
from portal.tests.examples import example, owned_models, references, with_reference
from portal.tests.house import address
from tenants import permissions, roles
from tenants.models import Membership
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, memberships

#: Stands in whatever could name the site out of sight: no page of a limited person may hold it.
CANARY = "zqxj"
# Models that lead to a site without being narrowed, and why nobody limited can read them.
NOT_NARROWED: dict[type, str] = {
    Favourite: "a driver's own choice, whom no site limits; no page of staff shows it",
    Dispute: "VIEW_INVOICES is not AT_SITES; drivers and payers see their own",
    LedgerRow: "VIEW_INVOICES is not AT_SITES",
    PriceEffect: "who makes prices sees the whole operator",
}
# Modules with raw SQL over such tables that do not narrow it, and why nobody limited reaches it.
WHOLE_OPERATOR = {
    "billing/batches.py": "reads the sessions it is told to: rating, or one that the page found in sight",
    "billing/exports/tables.py": "accounts of the whole operator: EXPORT_FINANCE is not AT_SITES",
    "billing/sql/ledger.py": "books of the whole operator: a document is booked whole",
    "billing/sql/ledger_checks.py": "books of the whole operator: VIEW_INVOICES is not AT_SITES",
    "billing/sql/vat_abroad.py": "documents of the whole operator: a run is checked, and a document issued, whole",
    "billing/sql/bookings.py": "books of the whole operator: EXPORT_FINANCE is not AT_SITES",
    "billing/selectors/invoice_people.py": "a document is shown whole: VIEW_INVOICES is not AT_SITES",
    "billing/selectors/compartments.py": "where sessions stand in the reconciliation: VIEW_INVOICES is not AT_SITES",
    "billing/selectors/reconciliation.py": "VIEW_INVOICES is not AT_SITES",
    "billing/selectors/payers.py": "what an account pays for, wherever it was charged",
    "billing/selectors/other_rates.py": "looks at all that a run bills",
    "billing/selectors/run_checks.py": "looks at all that a run bills",
    "billing/selectors/unbilled.py": "what a run bills",
    "billing/selectors/waiting.py": "what waits for rating",
    "billing/services/day_sums.py": "counts the sums of every site; readers take those in sight",
    "billing/services/effect_steps.py": "tries prices on the sessions it is told to",
    "billing/services/import_undo.py": "takes an import back whole",
    "billing/services/rating.py": "rates every session",
    "billing/sql/invoices.py": "drafts the invoices of a run",
    "billing/sql/credit_notes.py": "credits an invoice: ISSUE_INVOICES is not AT_SITES",
    "billing/sql/rerating.py": "credits and bills anew: ISSUE_INVOICES is not AT_SITES",
    "billing/sql/hosting.py": "what hosts are owed: ISSUE_INVOICES is not AT_SITES",
    "billing/sql/rules.py": "a document is held to the rules whole",
    "billing/sql/payers.py": "a fragment: whoever asks narrows the sessions it is joined to",
    "billing/sql/day_sums.py": "fragments: `billing.selectors.day_sums` narrows them",
    "billing/sql/past_hours.py": "ends what is kept long enough, at every site",
    "billing/sql/status.py": "a fragment: whoever asks narrows the sessions it is joined to",
    "charging/ingest/finishing.py": "imports",
    "charging/ingest/history.py": "imports",
    "charging/ingest/staging.py": "imports",
    "charging/domain/ocpp/keeping.py": "names columns that are sealed, and asks for no row",
    "charging/domain/ocpp/admission.py": "a fragment: the gateway asks it, for a station",
    "charging/services/station_commands.py": "counts what waits at the station that the page found in sight",
    "charging/services/station_steps.py": "reads what stations said, for no member",
    "portal/gateway/answers.py": "stations speak here, no member",
    "portal/gateway/commands.py": "the same",
    "portal/gateway/door.py": "the same",
    "portal/gateway/partners.py": "the same",
    "portal/gateway/unasked.py": "the same",
}
AT_SITES = [door for door in doors() if door.is_of_operator and door.access in {*roles.AT_SITES, "members"}]
PLACES = ("sites", "stations", "sessions")
#: How a statement is narrowed to some sites.
BY_SITE = re.compile(r'("site_id"|"charging_site"\."id") = (ANY|\d)')
#: Pages about no site there is: refused to whoever works for some.
OF_THE_WHOLE = {"staff:site_new", "staff:station_new", "staff:knock_list", "staff:knock_adopt"}
OF_THE_WHOLE |= {f"staff:template_{act}" for act in ("align", "detail", "edit", "list", "new", "read", "remove")}
BY_ROW = [door for door in AT_SITES if door.name not in OF_THE_WHOLE]


def leads_to_site(model, *, seen=frozenset()):
    """Whether the model refers to a site, or to something that does."""
    targets = {field.related_model for field in references(model)} - seen
    return Site in targets or any(leads_to_site(target, seen=seen | {model, target}) for target in targets)


OF_SITES = [Site, *(model for model in owned_models() if leads_to_site(model))]


def test_models_of_sites_are_found():
    assert {Site, Station, Connector, ChargingSession, SessionPrice} <= set(OF_SITES)


def test_every_model_that_leads_to_a_site_is_narrowed_or_says_why_not():
    bare = {model for model in OF_SITES if not issubclass(model, SiteBound)}
    assert bare == set(NOT_NARROWED)
    for model in set(OF_SITES) - bare:
        assert isinstance(model._default_manager, SiteScopeManager), model
        assert isinstance(model._base_manager, SiteScopeManager), model


def site_of(row):
    while not isinstance(row, Site):
        row = getattr(row, row.seen_through)
    return row


def of_some_site(model):
    """A row of a site of its own, also where the reference may be empty."""
    if model is Site:
        return example(Site)
    field = model._meta.get_field(model.seen_through)
    if not field.null:
        return example(model)
    return example(model, **{field.name: example(field.related_model)}, **with_reference(model, field.name))


@pytest.mark.parametrize("model", [each for each in OF_SITES if each not in NOT_NARROWED], ids=lambda m: m._meta.label)
def test_rows_of_other_sites_are_not_there(in_north, model):
    here, there = of_some_site(model), of_some_site(model)
    sites = [site_of(here).pk]
    for manager in (model._default_manager, model._base_manager):
        assert set(manager.filter(pk__in=[here.pk, there.pk])) == {here, there}
        with limited_to(sites):
            assert list(manager.filter(pk__in=[here.pk, there.pk])) == [here]
            assert not manager.filter(pk=there.pk).exists()
            assert manager.filter(pk=there.pk).update(operator=in_north) == 0
        with limited_to([]):
            assert manager.count() == 0
    with limited_to(sites), pytest.raises(OutsideSiteScope):
        there.save()


def test_a_query_built_without_the_limit_is_narrowed_when_it_runs_inside(in_north):
    site = example(Site)
    built_before = Site.objects.all()
    with limited_to([]):
        assert site not in built_before


def test_raw_queries_over_rows_of_sites_are_narrowed_or_say_why_not():
    tables = "|".join(rf"\b{model._meta.db_table}\b" for model in OF_SITES)
    found = set()
    for floor in ("tenants", "charging", "billing", "portal"):
        for path in Path(settings.BASE_DIR, floor).rglob("*.py"):
            if {"tests", "migrations"} & set(path.parts):
                continue
            text = path.read_text(encoding="utf-8")
            if re.search(tables, text) and "visible_sites" not in text:
                found.add(path.relative_to(settings.BASE_DIR).as_posix())
    assert found == set(WHOLE_OPERATOR)


class Place:
    """A site with a station and one session of each kind, all of whose names hold `mark`."""

    def __init__(self, mark, *, at):
        self.site = Site.objects.create(name=f"{mark} site", city=mark, street=mark)
        self.station = Station.objects.create(site=self.site, identifier=f"{mark}-1", name=f"{mark} station")
        outlet = Connector.objects.create(station=self.station, number=mark, status="OUTOFORDER")
        self.driver = drivers.create(name=f"{mark} driver", customer_number=f"{mark}-7")
        card = Token.objects.create(uid=f"{mark}04AA", visual_number=f"{mark} card", driver=self.driver)
        facts = {"token": card, "start": at - timedelta(hours=3)}
        self.session = factories.session(outlet, self.driver, external_id=f"{mark}-closed", **facts)
        self.flagged = factories.session(
            outlet, self.driver, external_id=f"{mark}-flagged", review="pending", flags=["overlap"], **facts
        )
        self.active = factories.session(outlet, self.driver, external_id=f"{mark}-active", state="ACTIVE", **facts)
        ChargingSession.objects.filter(pk=self.active.pk).update(ended_at=None)
        self.ids = {name: getattr(self, name[:-1]).public_id for name in PLACES}
        facts = {"public_key": mark, "valid_from": at.date()}
        self.ids["meters"] = MeterKey.objects.create(connector=outlet, serial=f"{mark} meter", **facts).public_id
        self.ids["settings"] = SettingTemplate.objects.create(name=f"{mark} template").public_id
        knock = StationKnock.objects.create(identity=f"{mark}-2", reason="unknown", first_at=at, last_at=at)
        self.ids["knocking"] = knock.public_id
        odd = CardNotice.objects.create(
            kind="two_places", station=self.station, token=card, driver=self.driver, since=at, at=at
        )
        self.ids["odd"] = odd.public_id

    @property
    def names(self):
        """What no page may hold for whoever does not see the place."""
        own = (self.flagged.public_id, self.active.public_id, self.driver.public_id)
        return [str(name) for name in (*self.ids.values(), *own)]


@pytest.fixture
def nils(north):
    """Operations at north, limited to some sites."""
    user = somebody(north, "nils", "operations")
    with tenant_scope(north.pk):
        site_memberships.change(Membership.objects.get(user=user), role="operations", site_public_ids=[])
    return user


@pytest.fixture
def here(north, nils):
    with tenant_scope(north.pk):
        factories.tariff(factories.flat("3.00"))
        place = Place("Hamnen", at=timezone.now())
        site_access.give(nils, site_public_ids=[place.site.public_id])
    return place


@pytest.fixture
def there(north, here):
    with tenant_scope(north.pk):
        place = Place(CANARY, at=timezone.now())
        factories.tariff(factories.flat("7.77"), site=place.site)
        factories.rate_all()
    return place


def body(answer):
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode()


#: What a door is sent that answers an empty form with another page than it leads to.
SENT = {"staff:site_limit_set": {"lift": "1"}}


def opened(client, path, **data):
    """What the page answers, by POST where it takes nothing else; nothing of it is kept."""
    with transaction.atomic():
        answer = client.get(path)
        if answer.status_code == 405:
            answer = client.post(path, data)
        text = body(answer)
        transaction.set_rollback(True)
    return answer.status_code, text


@pytest.mark.parametrize("door", AT_SITES, ids=str)
def test_pages_for_some_sites_show_nothing_of_the_others(door, here, there, nils, sign_in):
    status, text = opened(sign_in(nils), address(door, here.ids), **SENT.get(door.name, {}))
    expected = {403} if door.name in OF_THE_WHOLE else {200, 302}
    assert status in expected, text
    assert CANARY not in text
    assert not [name for name in there.names if name in text]


#: Parameters that name no row.
WORDS = {"operator_slug", "work_kind", "list_name"}


@pytest.mark.parametrize("door", [d for d in BY_ROW if set(d.parameters) - WORDS], ids=str)
def test_what_stands_elsewhere_is_not_found(door, here, there, nils, otto, sign_in):
    path = address(door, there.ids)
    assert opened(sign_in(otto), path)[0] != 404
    assert opened(sign_in(nils), path)[0] == 404
    with transaction.atomic():
        assert sign_in(nils).post(path).status_code in {404, 405}
        transaction.set_rollback(True)


ASKED = [
    ("staff:session_list", "period=all&totals=now"),
    ("staff:session_list", f"station={CANARY}-1"),
    ("staff:session_list", f"q={CANARY}"),
    ("staff:session_list", "billing=unrated&period=all"),
    ("staff:session_export", "period=all"),
    ("staff:session_export", "billing=waiting_for_run&period=all"),
    ("staff:review_list", "flag=overlap"),
    ("staff:site_list", "closed=on"),
    ("staff:site_list", f"q={CANARY}"),
    ("staff:overview_days", "days=90"),
]


@pytest.mark.parametrize(("page", "query"), ASKED)
def test_no_question_finds_another_site(page, query, here, there, nils, sign_in):
    status, text = opened(sign_in(nils), f"{reverse(page, args=['north'])}?{query}")
    assert status == 200
    named = re.sub(rf'value="{CANARY}(-1)?"|“{CANARY}-1”|={CANARY}(-1)?', "", text)  # what was asked is said again
    assert CANARY not in named
    assert not [name for name in there.names if name in text]


def test_the_unlimited_see_both_in_the_same_places(here, there, otto, sign_in):
    """Otherwise the tests above would pass for pages that show nothing at all."""
    client = sign_in(otto)
    for page in ("staff:session_list", "staff:session_export", "staff:review_list", "staff:site_list"):
        text = opened(client, f"{reverse(page, args=['north'])}?period=all")[1]
        assert CANARY in text
        assert "Hamnen" in text


def test_sums_count_what_is_in_sight_alone(north, here, there):
    today = timezone.now().astimezone(north.zone).date()
    days: dict[str, Any] = {"first": today - timedelta(days=2), "last": today}
    with tenant_scope(north.pk):
        everything = session_ledger.totals(ChargingSession.objects.all())
        all_days = revenue.by_day(**days)
        with limited_to([here.site.pk]):
            seen = session_ledger.totals(ChargingSession.objects.all())
            days_seen = revenue.by_day(**days)
            elsewhere = revenue.by_day(**days, site=there.site)
            counts = sessions.review_counts()
    assert (everything.sessions, seen.sessions) == (6, 3)
    assert everything.amounts != seen.amounts
    assert dict(seen.amounts)["SEK"] == 10 * 3 * Decimal("1.25")
    assert sum(day.sessions for day in all_days) == 2 * sum(day.sessions for day in days_seen) > 0
    assert sum(day.amount_incl_vat for day in days_seen) == dict(seen.amounts)["SEK"]
    assert sum(day.sessions for day in elsewhere) == 0
    assert counts == {"overlap": 1}


def test_a_streamed_file_keeps_the_limit_of_its_page(here, there, nils, sign_in):
    """It is written when the page is over, in a scope of its own."""
    answer = sign_in(nils).get(reverse("staff:session_export", args=["north"]) + "?period=all")
    assert answer.streaming
    assert visible_sites() is None
    lines = body(answer).splitlines()
    assert len(lines) == 1 + 3
    assert all("Hamnen" in line for line in lines[1:])


def test_without_a_site_nothing_is_seen(north, here, there, nils, sign_in):
    with tenant_scope(north.pk):
        site_access.give(nils, site_public_ids=[])
    client = sign_in(nils)
    for page in ("staff:overview", "staff:session_list", "staff:review_list", "staff:site_list", "staff:overview_days"):
        status, text = opened(client, reverse(page, args=["north"]))
        assert status == 200
        assert "Hamnen" not in text
        assert CANARY not in text
    assert "You see none of the operator's sites" in text
    assert opened(client, address(door_named("staff:site_detail"), here.ids))[0] == 404


def door_named(name):
    return next(door for door in AT_SITES if door.name == name)


def test_the_navigation_says_how_much_one_sees(here, there, nils, otto, sign_in):
    words = "You see 1 of the operator's sites"
    assert words in opened(sign_in(nils), "/o/north/")[1]
    assert "of the operator's sites" not in opened(sign_in(otto), "/o/north/")[1]


def test_customers_stay_numbers_for_who_may_not_see_drivers(here, nils, otto, sign_in):
    path = address(door_named("staff:session_detail"), here.ids)
    for page in (path, "/o/north/sessions/", "/o/north/review/", "/o/north/"):
        text = opened(sign_in(nils), page)[1]
        assert "Hamnen-7" in text
        assert "Hamnen driver" not in text
        assert f"/drivers/{here.driver.public_id}" not in text
        assert "/cards/" not in text
        assert "Hamnen driver" in opened(sign_in(otto), page)[1]


def links(text):
    return {link.split("?")[0] for link in re.findall(r'(?:href|action|hx-get)="(/o/north/[^"#]*)', text)}


def test_no_page_leads_to_a_closed_door(here, there, nils, sign_in):
    client = sign_in(nils)
    pages = [opened(client, address(door, here.ids))[1] for door in AT_SITES if not door.is_api]
    closed = {link for link in set().union(*map(links, pages)) if opened(client, link)[0] in {403, 404}}
    assert closed == set()


# Writing


def test_a_station_is_not_moved_out_of_sight(north, here, there, nils, sign_in):
    client = sign_in(nils)
    path = reverse("staff:station_edit", args=["north", here.station.public_id])
    facts = {"identifier": "Hamnen-1", "outlets-TOTAL_FORMS": 0, "outlets-INITIAL_FORMS": 0, "is_active": "on"}
    answer = client.post(path, {**facts, "site": str(there.site.public_id)})
    assert answer.status_code == 200
    assert "Select a valid choice" in body(answer)
    with tenant_scope(north.pk):
        here.station.refresh_from_db()
        assert here.station.site == here.site
        with limited_to([here.site.pk]), pytest.raises(OutsideSiteScope):
            station_services.change(here.station, site=there.site)
    assert client.post(path, {**facts, "name": "Kajen", "site": str(here.site.public_id)}).status_code == 302


def test_a_new_site_is_not_theirs_to_add(north, here, nils, sign_in):
    client = sign_in(nils)
    assert client.post(reverse("staff:site_new", args=["north"]), {"name": "Ny"}).status_code == 403
    assert reverse("staff:site_new", args=["north"]) not in body(client.get("/o/north/sites/"))
    with tenant_scope(north.pk), limited_to([here.site.pk]):
        with pytest.raises(NetworkRefused):
            site_services.create(name="Ny")
        with pytest.raises(OutsideSiteScope):
            Site(name="Ny").save()


def test_a_name_out_of_sight_is_taken_all_the_same(north, here, there):
    with tenant_scope(north.pk), limited_to([here.site.pk]):
        with pytest.raises(NetworkRefused):
            site_services.change(here.site, name=there.site.name)
        with pytest.raises(NetworkRefused):
            station_services.create(site=here.site, identifier=there.station.identifier)


def test_sessions_elsewhere_are_not_theirs_to_decide(north, here, there, nils, sign_in):
    data = {"sessions": str(there.flagged.public_id), "decision": "approve", "reason": "because"}
    sign_in(nils).post(reverse("staff:review_decide", args=["north"]), data)
    with tenant_scope(north.pk):
        there.flagged.refresh_from_db()
        assert there.flagged.review == "pending"
    data["sessions"] = str(here.flagged.public_id)
    sign_in(nils).post(reverse("staff:review_decide", args=["north"]), data)
    with tenant_scope(north.pk):
        here.flagged.refresh_from_db()
        assert here.flagged.review == "approved"


def test_rating_sees_every_site_and_every_tariff_whoever_asks(north, here, there):
    """Otherwise a session would silently be priced by the tariff that holds everywhere instead of its site's."""
    with tenant_scope(north.pk):
        before = {price.session_id: price.amount_incl_vat for price in SessionPrice.objects.all()}
        assert len(before) == 2
        SessionPrice.objects.all().delete()
        with limited_to([here.site.pk]):
            assert rating.rate_beyond()[0] == 2
        assert {price.session_id: price.amount_incl_vat for price in SessionPrice.objects.all()} == before


# Who is limited


def place_of(user):
    found = permissions.access(user, slug="north")
    assert found is not None
    return found


def test_a_second_role_that_holds_everywhere_lifts_the_limit(north, here, there, nils, sign_in):
    memberships.add(nils, operator=north, role="support")
    access = place_of(nils)
    assert not access.is_limited
    operations, support = (roles.PERMISSIONS[role] for role in (roles.Role.OPERATIONS, roles.Role.SUPPORT))
    assert access.permissions == operations & roles.AT_SITES | support
    assert CANARY in opened(sign_in(nils), "/o/north/sites/")[1]


def test_a_role_that_only_looks_everywhere_changes_nothing_elsewhere(north, here, there, nils, sign_in):
    """The permission decides, not the person: an auditor sees both sites, the operations role changes one."""
    memberships.add(nils, operator=north, role="auditor")
    client = sign_in(nils)
    statuses = {}
    for site in (here.site, there.site):
        page = reverse("staff:site_detail", args=["north", site.public_id])
        edit = reverse("staff:site_edit", args=["north", site.public_id])
        statuses[site.pk] = [client.get(page).status_code, client.get(edit).status_code, client.post(edit).status_code]
    assert statuses == {here.site.pk: [200, 200, 200], there.site.pk: [200, 404, 404]}
    for name in ("staff:overview", "staff:session_list", "staff:site_list"):
        assert opened(client, reverse(name, args=["north"]))[0] == 200
    assert CANARY in opened(client, reverse("staff:site_list", args=["north"]))[1]


def test_every_permission_of_a_mixed_place_is_asked_for_by_itself(north, here, nils):
    memberships.add(nils, operator=north, role="auditor")
    access = place_of(nils)
    narrow = {each for each in permissions.Permission if access.may(each) and not roles.holds_everywhere(access, each)}
    operations, auditor = (roles.PERMISSIONS[role] for role in (roles.Role.OPERATIONS, roles.Role.AUDITOR))
    assert narrow == (operations & roles.AT_SITES) - auditor
    assert narrow == {permissions.Permission.MANAGE_NETWORK, permissions.Permission.REVIEW_SESSIONS}


def test_who_drives_too_is_limited_all_the_same(north, here, there, nils):
    with tenant_scope(north.pk):
        drivers.link_user(there.driver, user=nils)
    access = place_of(nils)
    assert access.is_limited
    assert not roles.holds_everywhere(access, permissions.Permission.VIEW_SESSIONS)


def test_two_limited_roles_stay_limited(north, here, there, nils, sign_in):
    memberships.add(nils, operator=north, role="support", limited_to_sites=True)
    assert place_of(nils).is_limited
    assert CANARY not in opened(sign_in(nils), "/o/north/sites/")[1]


def test_a_limited_role_opens_no_page_of_the_whole_operator(north, here, nils, sign_in):
    client = sign_in(nils)
    for page in ("staff:driver_list", "staff:import_list", "staff:token_list", "finance:tariff_list", "staff:people"):
        assert opened(client, reverse(page, args=["north"]))[0] == 403


def test_a_limited_role_is_shown_no_template_that_all_share(here, there, nils, sign_in):
    path = reverse("staff:station_settings", args=["north", here.station.public_id])
    status, text = opened(sign_in(nils), f"{path}?template={there.ids['settings']}")
    assert status == 200
    assert CANARY not in text


def test_what_somebody_charged_is_theirs_wherever_it_was(north, here, there, nils, sign_in):
    """Nils also drives: his own sessions elsewhere stay his, and nobody else's show."""
    with tenant_scope(north.pk):
        drivers.link_user(there.driver, user=nils)
    status, text = opened(sign_in(nils), reverse("driver:history", args=["north"]))
    assert status == 200
    assert str(there.session.public_id) in text
    assert CANARY not in opened(sign_in(nils), "/o/north/sites/")[1]


@pytest.mark.parametrize("page", ["staff:overview", "staff:session_list", "staff:site_list", "staff:review_list"])
def test_the_limit_costs_one_query_and_the_others_nothing(page, here, there, nils, otto, sign_in):
    path = reverse(page, args=["north"])
    statements = {}
    for person in (nils, otto):
        client = sign_in(person)
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        # What was set aside is counted for who answers for all of the operator; the keys of those whom a page names
        # are read once, where it names somebody; odd uses of cards are told who looks after cards.
        others = ("set_aside", "tenants_personkey", "charging_cardnotice")
        statements[person.pk] = [query["sql"] for query in captured if not any(each in query["sql"] for each in others)]
    assert len(statements[nils.pk]) == len(statements[otto.pk]) + 1
    assert [sql for sql in statements[nils.pk] if BY_SITE.search(sql)]
    assert not [sql for sql in statements[otto.pk] if BY_SITE.search(sql)]
