"""The process that stations connect to: keeps what they say, answers, and does nothing else.

Plain asyncio and the library `websockets`, without Django. Its database role reads whose card it is and writes what
stations say (`tenants.rls.rights.gateway_may`); sessions are made of it by `charging.services.station_steps`.

- `server`: sockets, bounds, and which connection of a station holds;
- `door`: who is let in;
- `answers`: what is answered, and what is looked up for it;
- `unasked`: what is known about cards when the database does not answer in time;
- `commands`: what people ask of stations, sent to them;
- `listening`: what the database calls out;
- `memory`: seldom looked through, and given back;
- `store`: the connections to PostgreSQL, on which all that waits is written in one transaction.
"""
