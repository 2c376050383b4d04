"""What a charging session costs, and why: pure Python and NumPy, no Django, no clock, no I/O.

One kernel prices everything: the running session, the invoice, the simulation and a foreign charge detail record.

    tariff = parse_tariff(document)                      # tariff.model: OCPI 2.2.1 object -> Tariff, typed errors
    sessions = from_slots(start=…, end=…, zone=…, …)     # sessions.metering: our meters -> Sessions (columns)
    rated = rate(sessions, tariff)                       # kernel.rating: Sessions x Tariff(s) -> Rated (columns)
    price = session_price(rated, 0)                      # explained.price_of: one session as plain values
    price_lines(rated)                                   # invoice.lines: what stands on the invoice

The rooms, from the ground up; none imports one above it (`pyproject.toml` holds the contract):

- ground: `errors`, `arrays`, `money` (nothing else rounds), `zones`, `calendar`, `documents` (reading JSON).
- `sessions`: sessions as columns, from meters (`metering`) or from received charging periods (`periods`).
- `tariff`: the tariff and its windows of the week.
- `kernel`: from a batch of sessions to slices and totals. Amounts are integers: see `rated.Rated`.
- `explained`, `lint`, `invoice`: three readers of the kernel, which do not know each other.
- `cdr`: the whole way of the `price` command.
"""
