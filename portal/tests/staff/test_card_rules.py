"""The page of what cards may do when nobody can be asked about them."""

import pytest
from django.utils import timezone

from charging.models import CardRule, StationCharge
from portal.tests.examples import example
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
SENT = {
    "card-is_open": "on", "card-most": "3000", "card-reckoned": "150",
    "app-most": "0", "app-reckoned": "200",
    "partner-is_open": "on", "partner-most": "500", "partner-reckoned": "250",
    "unknown-is_open": "on", "unknown-most": "400", "unknown-reckoned": "400",
}  # fmt: skip


def text(response):
    return " ".join(response.content.decode().split())


def test_the_usual_rules_stand_there_and_others_are_kept_and_logged(world, sign_in, olga):
    client, page = sign_in(olga), world.url("settings/cards/")
    shown = [(used.rule.is_open, used.rule.most) for used, _ in client.get(page).context["rows"]]
    assert shown == [(True, 2000), (True, 2000), (True, 2000), (False, 0)]
    assert client.post(page, SENT).status_code == 302
    with tenant_scope(world.operator.pk):
        rows = CardRule.objects.order_by("pk").values_list("kind", "is_open", "most", "reckoned")
        assert list(rows) == [
            ("card", True, 3000, 150),
            ("app", False, 0, 200),
            ("partner", True, 500, 250),
            ("unknown", True, 400, 400),
        ]
        assert AuditEntry.objects.filter(actor=olga, content_type__model="cardrule").count() == 4


def test_what_was_let_in_this_month_is_counted(world, sign_in, olga):
    with tenant_scope(world.operator.pk):
        for kind in ("card", "card", ""):
            facts = {"unasked": kind, "unasked_cost": None, "received_at": timezone.now()}
            example(StationCharge, station=world.connector.station, **facts)
    page = text(sign_in(olga).get(world.url("settings/cards/")))
    assert "2 charges, for" in page
    assert "400.00" in page


def test_what_was_counted_stands_in_place_of_what_is_reckoned(world, sign_in, olga):
    with tenant_scope(world.operator.pk):
        for cost in (35, 0, None):
            example(
                StationCharge, station=world.connector.station, unasked="card", unasked_cost=cost,
                received_at=timezone.now(),
            )  # fmt: skip
    page = text(sign_in(olga).get(world.url("settings/cards/")))
    assert "3 charges, for" in page
    assert "235.00" in page


@pytest.mark.parametrize("wrong", [{"card-most": "-1"}, {"app-reckoned": "0"}, {"unknown-most": "x"}])
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(world, sign_in, olga, wrong):
    answer = sign_in(olga).post(world.url("settings/cards/"), SENT | wrong)
    assert answer.status_code == 400
    with tenant_scope(world.operator.pk):
        assert not CardRule.objects.exists()
