"""The benchmark of the gateway, small: it measures both processes, and every message it sent was kept."""

import pytest

from benchmarks import gateway
from portal.tests.gateway.conftest import address_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_both_processes_are_measured_for_real(north, django_user_model, capsys):
    by = django_user_model.objects.create_user("bench@example.com")
    names, password = gateway.furnish(north, 8)
    addresses = {role: address_of(role) for role in ("gateway", "app")}
    figures = gateway.measure(north, by, names, password, addresses, (4, 20, 8, 6))
    assert len(figures.answers) == figures.sent > 0
    assert figures.sent + figures.missed == 160
    assert figures.kept >= figures.sent
    assert figures.connected == 6
    assert figures.sessions >= 4, "each that talks has begun at least once"
    assert all((figures.verdicts, figures.commands, figures.lags, figures.silent_mb))
    gateway.show(figures, 4, 20)
    assert "| a command there and back, p50 / p99 |" in capsys.readouterr().out
