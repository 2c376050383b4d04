"""What a station said, for those who may not know whose cards are whose."""

import pytest

from charging.domain.ocpp import frames


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('[2,"1","Authorize",{"idTag":"04A1B2C3D4"}]', '[2,"1","Authorize",{"idTag":"04A••••D4"}]'),
        ('{"idTag" : "04\\"A1B2", "meterStart":7}', '{"idTag" : "04••••2", "meterStart":7}'),
        ('{"parentIdTag":"04A1B2C3D4"', '{"parentIdTag":"04A••••D4"'),
        ('{"idToken":{"idToken":"04A1B2C3D4","type":"X"}}', '{"idToken":{"idToken":"04A••••D4","type":"X"}}'),
        (
            r'{"value":"OCMF|{\"IS\":true,\"ID\":\"04A1B2C3D4\"}|"}',
            r'{"value":"OCMF|{\"IS\":true,\"ID\":\"04A••••D4\"}|"}',
        ),
        (r'{"value":"{\"ID\":\"\"}"}', r'{"value":"{\"ID\":\"\"}"}'),
        ('[2,"1","Heartbeat",{}]', '[2,"1","Heartbeat",{}]'),
    ],
)
def test_a_card_is_masked(raw, shown):
    assert frames.without_cards(raw) == shown
