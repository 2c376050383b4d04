"""Requests at the gateway as strangers write them: whoever sends bytes that are no text is no station."""

import pytest

from portal.gateway import door


@pytest.mark.parametrize(
    "said",
    [
        ("/ocpp/north/\udcff", "", "", ""),
        ("/ocpp/\udcff/SE-1", "", "", ""),
        ("/ocpp/north/SE-1", "", "ocpp1.6\udcff", ""),
        ("/ocpp/north/SE-1", "", "", "10.0.0.1\udcff"),
    ],
)
def test_bytes_that_are_no_text_are_nobody_s(said):
    assert door.visitor(*said) is None


@pytest.mark.parametrize("given", ["Basic \udcff", "Basic åäö", "Basic ===", "Basic", ""])
def test_credentials_that_cannot_be_read_are_none(given):
    who = door.visitor("/ocpp/north/SE-1", given, "ocpp1.6", "10.0.0.1")
    assert who is not None
    assert not who.password
