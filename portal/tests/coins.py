"""A tariff and a session whose amounts need rounding: three rows of 12.5 öre with VAT, 37.5 öre in all."""

from typing import Any

_TENTH = {"price": "0.10", "vat": "25"}
TARIFF: dict[str, Any] = {
    "elements": [
        {
            "price_components": [
                {"type": "FLAT", **_TENTH},
                {"type": "ENERGY", **_TENTH},
                {"type": "TIME", **_TENTH},
            ]
        }
    ]
}
#: An hour and 1 kWh. Each row rounded by itself would be 13 öre, and 39 in all.
KWH = 1
ROWS = ["SEK 0.13", "SEK 0.12", "SEK 0.13"]
VAT, TOTAL = "SEK 0.08", "SEK 0.38"
