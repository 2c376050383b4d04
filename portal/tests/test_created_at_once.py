"""The same thing made twice at the same moment: one is made, and the other gets words, not an error page."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from billing.domain.errors import BillingError
from billing.models import MailRules, ReminderTerms, Tariff
from billing.services import letters, reminders, tariffs
from billing.tests import factories
from charging.domain.errors import ChargingError
from charging.domain.ocpp.unasked import Kind, Rule
from charging.ingest.profiles import ready_made
from charging.models import CardRule, ImportProfile, MeterRule, Site, SiteLimit, Station, StationLink, Token
from charging.services import card_rules, imports, meter_keys, site_limits, sites, station_links, stations, tokens
from tenants.errors import Refused
from tenants.models import (
    ApiKey,
    Driver,
    DriverGroup,
    Invitation,
    Membership,
    NoticeDraft,
    ProcessingPurpose,
    SavedView,
    User,
)
from tenants.scoping import tenant_scope
from tenants.services.people import driver_groups, drivers, invitations, list_views, memberships, notices, processing
from tenants.services.people.consents import Words
from tenants.services.proof import api_keys

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = (Refused, ChargingError, BillingError)
THREADS = 6


def at_once(north, act):
    """What each of so many threads came to: None, or what it raised."""
    ready = threading.Barrier(THREADS)
    outcomes: list[Exception | None] = [None] * THREADS

    def run(number):
        try:
            ready.wait(30)
            with tenant_scope(north.pk):
                act()
        except Exception as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def site(north):
    with tenant_scope(north.pk):
        return Site.objects.create(name="Here")


ONCE = {
    "driver": (lambda _: drivers.create(customer_number="7", name="D"), Driver),
    "group": (lambda _: driver_groups.create(name="G"), DriverGroup),
    "card": (lambda _: tokens.create(uid="04AA"), Token),
    "site": (lambda _: sites.create(name="S"), Site),
    "station": (lambda site: stations.create(identifier="ST-1", site=site), Station),
    "tariff": (lambda _: tariffs.create(name="T", currency="SEK", document=factories.flat("3.00")), Tariff),
}


@pytest.mark.parametrize("what", ONCE)
def test_one_is_made_and_the_others_are_told(what, north, site):
    create, model = ONCE[what]
    with tenant_scope(north.pk):
        before = model.objects.count()
    outcomes = at_once(north, lambda: create(site))
    assert outcomes.count(None) == 1, outcomes
    assert all(isinstance(outcome, WORDS) for outcome in outcomes if outcome is not None), outcomes
    with tenant_scope(north.pk):
        assert model.objects.count() == before + 1


def test_names_are_changed_to_once(north, site):
    with tenant_scope(north.pk):
        groups = [driver_groups.create(name=f"G{number}") for number in range(THREADS)]
    waiting = iter(groups)
    outcomes = at_once(north, lambda: driver_groups.rename(next(waiting), name="one"))
    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, Refused) for outcome in outcomes if outcome)


def test_everybody_without_a_number_gets_one(north):
    assert at_once(north, lambda: drivers.create(name="D")) == [None] * THREADS
    with tenant_scope(north.pk):
        numbers = sorted(Driver.objects.values_list("customer_number", flat=True))
    assert numbers == [str(1001 + number) for number in range(THREADS)]


def test_what_may_be_made_again_is_made_once_or_as_often_as_asked(north, olga):
    """A profile of the same name replaces; a member, an invitation and a key are what they are."""
    layout = next(iter(ready_made().values())).layout
    sven = User.objects.create_user("sven@example.com", None)
    now = timezone.now()
    acts = {
        "profile": lambda: imports.save_profile("P", layout=layout),
        "member": lambda: memberships.add(sven, operator=north, role="auditor"),
        "invitation": lambda: invitations.invite(north, email="new@example.com", role="support"),
        "key": lambda: api_keys.make(
            name="K", scopes=["view_audit"], expires_at=now + timedelta(days=1), by=olga, at=now
        ),
    }
    for what, act in acts.items():
        assert at_once(north, act) == [None] * THREADS, what
    with tenant_scope(north.pk):
        assert ImportProfile.objects.count() == 1
        assert ApiKey.objects.count() == THREADS
    assert Membership.objects.filter(user=sven).count() == Invitation.objects.count() == 1


def test_what_there_is_one_of_is_kept_once_whoever_says_it_first(north, site, olga):
    """Each of them says what it holds; nobody's form ends on an error page, and one row is left."""
    with tenant_scope(north.pk):
        station = stations.create(identifier="ST-1", site=site)
    texts = {"sv": Words("Rubrik", "Text")}
    acts = {
        NoticeDraft: lambda: notices.write(None, texts, by=olga, at=NOW),
        ProcessingPurpose: lambda: processing.say("billing", title="Fakturering"),
        MeterRule: lambda: meter_keys.demand(MeterRule.Demand.ALWAYS),
        SiteLimit: lambda: site_limits.keep(site, limit=Decimal(40), unit="A", at=NOW),
        CardRule: lambda: card_rules.keep({Kind.CARD: Rule(is_open=True, most=1, reckoned=1)}),
        StationLink: lambda: station_links.make_password(station, at=NOW),
        MailRules: lambda: letters.keep_rules(on_issue=True),
        ReminderTerms: lambda: reminders.keep_terms(None, fee_since=None, due_day_agreed=True),
        SavedView: lambda: list_views.save(olga, "sessions", name="Nights", query="q=1", is_shared=False),
    }
    for model, act in acts.items():
        assert at_once(north, act) == [None] * THREADS, model
        with tenant_scope(north.pk):
            assert model.objects.count() == 1, model


def test_a_tariff_is_not_assigned_while_it_is_archived(north):
    with tenant_scope(north.pk):
        made = [
            tariffs.create(name=f"T{number}", currency="SEK", document=factories.flat("3.00")) for number in range(4)
        ]
    for tariff in made:
        acts = iter(
            [lambda t=tariff: tariffs.archive(t, at=NOW)] + [lambda t=tariff: tariffs.assign(t, valid_from=NOW)] * 5
        )
        at_once(north, lambda acts=acts: next(acts)())
        with tenant_scope(north.pk):
            tariff.refresh_from_db()
            assert not (tariff.is_archived and tariff.assignments.exists())


NOW = timezone.now()
