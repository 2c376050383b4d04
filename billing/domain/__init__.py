"""What a charging session costs, and why: pure Python and NumPy, no Django, no clock, no I/O.

One kernel prices everything: the running session, the invoice, the simulation and a foreign charge detail record.

    tariff = parse_tariff(document)                          # tariff.py: OCPI 2.2.1 object -> Tariff, typed errors
    sessions = from_slots(start=…, end=…, zone=…, …)         # metering.py: our meters -> Sessions (columns)
    rated = rate(sessions, tariff)                           # rating.py: Sessions x Tariff(s) -> Rated (columns)
    price = rated.session(0)                                 # price.py: SessionPrice, plain values of one session
    price.to_json(); SessionPrice.from_json(document)        # stored with the session
    sentences(price, "Europe/Stockholm", "sv")               # explain.py: the price in words

The names other code may use:

- `tariff`: `Tariff`, `Element`, `PriceComponent`, `Restrictions`, `Price`, `Dimension`, `ReservationKind`,
  `parse_tariff(document, version="", has_vat=True)`, `Tariff.to_ocpi()`.
- `metering`: `from_slots(start=, end=, zone=, slots_from=, wh=, offsets=, slot_s=900, charging_end=, energy_wh=,
  meter_start_wh=, tariff=)`, `from_readings(start=, end=, zone=, at=, register_wh=, offsets=, …)`,
  `from_totals(start=, end=, zone=, energy_wh=, charging_end=)`. `zone` is one IANA name or one a session; unknown
  totals and ends of charging are `columns.ABSENT` (-1). `periods.from_periods` does the same for charging periods.
- `columns`: `Sessions`, `Flag`, `Fault`, `ABSENT`.
- `rating`: `rate(sessions, tariff | tariffs) -> Rated`. `Rated`: per session `fault`, `flags`, `excl`, `incl`
  (integers: divide by `unit`, and `unit * vat_unit`), `limit_excl`, `limit_incl`, `offsets`; per slice `owner`,
  `start`, `end`, `meter_from`, `meter_to`, `quantity`, `component`, `is_step`, `amount`.
  `rated.session(i) -> SessionPrice`, `rated.error(i) -> BillingError | None`.
- `price`: `SessionPrice`, `Slice`, `Adjustment`, `Cost`.
- `explain`: `sentences(price, zone, language)`.
- `invoice`: `price_lines(rated, …)`, `draft(lines, …)`; `vat`, `numbering`, `calendar` (`month_bounds`).
- `lint`: `lint_tariff(tariff) -> list[Finding]`.
- `errors`: `BillingError` and everything under it; `str(error)` may be shown to a user.
- `money`: `round_half_up`, `minor_digits`, `to_minor`, `from_minor`; nothing else rounds.
"""
