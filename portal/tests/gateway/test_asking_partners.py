"""Partners that are asked about their cards: what they answer counts, what they do not holds nobody up."""

import asyncio
import json
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection

from billing.tests.test_sendings import certificate
from charging.domain.ocpp import keeping, partners
from charging.domain.ocpp.admission import Said
from charging.domain.ocpp.partners import Place, Told
from charging.domain.ocpp.unasked import IN_TIME_S, Kind, Rule
from charging.models import Connector, PartnerLink, Station, StationCharge
from charging.services import card_rules, partner_links, station_links, tokens
from portal.tests.gateway.conftest import NOW, Gateway
from portal.tests.gateway.test_gateway import START
from portal.tests.gateway.test_unasked import learnt
from portal.tests.gateway.test_v201 import SPEAKS, event
from tenants import crypto, outside
from tenants.models import Account
from tenants.outside import NotReached
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

pytestmark = [pytest.mark.django_db(transaction=True)]
TOKEN, OWN, SLOW_S = "t0p-secret", "04A1B2C3D4", 10
#: A busy machine may take so much longer.
SLACK_S = 2
#: The gateway, for which every address is a public one: the partner is on this machine.
_ANYWHERE = """
import asyncio
from tenants import outside
outside.is_public = lambda _address: True
from portal.gateway.__main__ import main
asyncio.run(main())
"""


class AnywhereGateway(Gateway):
    program = ("-c", _ANYWHERE)


#: How a partner refuses a question with a place, and answers one without.
REFUSALS = {
    "bad request": (400, b"<html>"),
    "unsupported": (415, b""),
    "unprocessable": (422, b"{}"),
    "invalid": (200, b'{"status_code": 2001}'),
    "too little": (200, b'{"status_code": 2002}'),
}


class Partner(BaseHTTPRequestHandler):
    """Answers about each card what the test has said."""

    protocol_version = "HTTP/1.1"
    server: Any  # with what the fixture adds

    def do_POST(self):
        self.server.heard.append((self.path, dict(self.headers)))
        told = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.places.append(json.loads(told) if told else None)
        self.server.times.append(time.monotonic())
        uid = self.path.split("/tokens/")[1].split("/")[0]
        self.say(self.server.says.get(uid, "ALLOWED"))

    def say(self, what):
        if what == "slow":
            self.server.ended.wait(SLOW_S)
        is_placeless = self.server.places[-1] is None
        allowed = "ALLOWED" if what == "nowhere" or what in REFUSALS else what
        told = {"status_code": 1000, "timestamp": "2026-11-20T08:00:00Z", "data": {"allowed": allowed}}
        bodies = {
            "garbage": b"\xff{[",
            "huge": b" " * (outside.MOST * 4),
            "no such word": json.dumps({**told, "data": {"allowed": "PERHAPS"}}).encode(),
            "unknown": json.dumps({"status_code": 2004}).encode(),
            "nowhere": json.dumps(told if is_placeless else {"status_code": 2003}).encode(),
            "some": json.dumps({**told, "data": {"allowed": "ALLOWED", "location": self.server.some}}).encode(),
        }
        status = {"refuses": 401, "unknown": 404, "away": 307, "never": 400}.get(what, 200)
        if what in REFUSALS and not is_placeless:
            status, bodies[what] = REFUSALS[what]
        self.send_response(status)
        if status == 307:
            self.send_header("Location", "https://localhost/elsewhere")
        body = bodies.get(what, json.dumps(told).encode())
        if what == "chunks" or what == "EXPIRED":
            body = json.dumps({**told, "data": {"allowed": "EXPIRED"}}).encode()
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        return


@pytest.fixture
def server(tmp_path, monkeypatch):
    cert, key = certificate(tmp_path)
    found: Any = ThreadingHTTPServer(("127.0.0.1", 0), Partner)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    found.socket = context.wrap_socket(found.socket, server_side=True, do_handshake_on_connect=False)
    found.daemon_threads, found.cert = True, str(cert)
    found.heard, found.places, found.times, found.says, found.some = [], [], [], {}, {}
    found.ended = threading.Event()
    found.address = f"https://localhost:{found.server_port}/ocpi/emsp/2.2.1"
    threading.Thread(target=found.serve_forever, daemon=True).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    yield found
    found.ended.set()
    found.shutdown()
    found.server_close()


@pytest.fixture
def anywhere(server):
    found = AnywhereGateway(SSL_CERT_FILE=server.cert)
    yield found
    found.stop()


@pytest.fixture
def partner(street, server):
    with tenant_scope(street.operator.pk):
        account = accounts.create(kind=Account.Kind.ROAMING, name="One", country="NL")
        partner_links.keep(account, address=server.address, token=TOKEN)
    return account


def issued(street, partner, *uids, whitelist="NEVER"):
    with tenant_scope(street.operator.pk):
        for uid in uids:
            tokens.create(uid=uid, issuer=partner, whitelist=whitelist)


def asked(station, uid):
    """The verdict, and how long it took."""
    began = time.monotonic()
    return station.call("Authorize", idTag=uid)["idTagInfo"]["status"], time.monotonic() - began


def noted(street, condition):
    """What the page says of the partner, as soon as it meets the condition."""
    deadline = time.monotonic() + 30
    while True:
        with tenant_scope(street.operator.pk):
            link = PartnerLink.objects.get()
        if condition(link) or time.monotonic() > deadline:
            return link
        time.sleep(0.1)


def test_what_the_partner_says_counts_and_is_the_ground_of_the_charge(anywhere, street, server, partner):
    says = {
        "04C0FFEE01": ("ALLOWED", "Accepted", "partner"),
        "04C0FFEE02": ("BLOCKED", "Blocked", "partner_blocked"),
        "04C0FFEE03": ("EXPIRED", "Invalid", "partner_expired"),
        "04C0FFEE04": ("NO_CREDIT", "Invalid", "partner_no_credit"),
        "04C0FFEE05": ("NOT_ALLOWED", "Invalid", "partner_refused"),
        "04C0FFEE06": ("unknown", "Invalid", "partner_refused"),
    }
    issued(street, partner, *says)
    server.says = {uid: what for uid, (what, _, _) in says.items()}
    with anywhere.station("Torget-1", street.password) as station:
        assert [asked(station, uid.lower())[0] for uid in says] == [verdict for _, verdict, _ in says.values()]
        paths = [path for path, _ in server.heard]
        assert paths == [f"/ocpi/emsp/2.2.1/tokens/{uid}/authorize?type=RFID" for uid in says]
        assert {headers["Authorization"] for _, headers in server.heard} == {"Token dDBwLXNlY3JldA=="}
        for minute, uid in enumerate(says, 10):
            begins = {**START, "idTag": uid, "timestamp": f"2026-11-20T08:{minute}:00Z"}
            for _time in range(2):  # as a station does whose answer is lost
                station.call("StartTransaction", **begins)
        assert len(server.heard) == len(says), "what was said as the card was shown holds for its charge"
        asked(station, "04C0FFEE01")
        assert len(server.heard) == len(says) + 1, "and not for the next"
        station.call("StartTransaction", **{**START, "idTag": "04C0FFEE01", "timestamp": "2026-11-20T09:00:00Z"})
        station.call("StartTransaction", **{**START, "idTag": "04C0FFEE01", "timestamp": "2026-11-20T09:30:00Z"})
        assert len(server.heard) == len(says) + 2, "nor for two"
    with tenant_scope(street.operator.pk):
        bases = list(StationCharge.objects.order_by("pk").values_list("basis", flat=True))
    assert bases == [*(basis for _, _, basis in says.values()), "partner", "partner"]
    link = noted(street, lambda link: link.answered_at)
    assert link.answered_at
    assert link.failures == 0


@pytest.mark.parametrize("what", ["slow", "garbage", "huge", "refuses", "no such word", "away"])
def test_a_partner_that_gives_no_answer_is_silent_in_time_and_the_page_says_why(
    anywhere, street, server, partner, what
):
    issued(street, partner, "04C0FFEE01")
    issued(street, partner, "04C0FFEE02", whitelist="ALLOWED_OFFLINE")
    with tenant_scope(street.operator.pk):
        card_rules.keep({Kind.PARTNER: Rule(is_open=True, most=2000, reckoned=200)})
    server.says = {"04C0FFEE01": what, "04C0FFEE02": what}
    with anywhere.station("Torget-1", street.password) as station:
        learnt(station)
        told = [asked(station, uid) for uid in ("04C0FFEE01", "04C0FFEE02")]
        assert [verdict for verdict, _ in told] == ["Invalid", "Accepted"]
        assert max(took for _, took in told) < IN_TIME_S + SLACK_S
    link = noted(street, lambda link: link.failures >= 2)
    expected = {"slow": "timeout", "huge": "no_answer"}.get(what, "unreadable")
    assert (link.failures, link.failure) == (2, expected)


def test_many_that_wait_for_a_slow_partner_hold_up_nobody_else(anywhere, street, server, partner):
    uids = [f"04C0FFEE{n:02X}" for n in range(50)]
    issued(street, partner, *uids)
    server.says = dict.fromkeys(uids, "slow")
    with tenant_scope(street.operator.pk):
        rows = [Station.objects.create(site=street.station.site, identifier=f"S-{n}") for n in range(len(uids))]
        passwords = [station_links.make_password(row, at=NOW) for row in rows]
    with ExitStack() as open_, ThreadPoolExecutor(len(uids)) as pool:
        other = open_.enter_context(anywhere.station("Torget-1", street.password))
        lines = []
        for n, password in enumerate(passwords):
            lines.append(open_.enter_context(anywhere.station(f"S-{n}", password)))
            time.sleep(1 / 30)  # so many may come a second
        waiting = [pool.submit(asked, line, uid) for line, uid in zip(lines, uids, strict=True)]
        time.sleep(0.3)
        own = [asked(other, OWN) for _ in range(5)]
        told = [each.result() for each in waiting]
    assert {verdict for verdict, _ in told} == {"Invalid"}
    assert max(took for _, took in told) < IN_TIME_S + SLACK_S
    assert {verdict for verdict, _ in own} == {"Accepted"}
    assert min(took for _, took in own) < 0.5, "who is no partner's waits for no partner"
    first = min(server.times)
    assert sum(at - first < partners.LIMIT_S / 2 for at in server.times) <= partners.AT_ONCE, "at a time"
    assert noted(street, lambda link: link.failures >= len(uids)).failures == len(uids)


def outlets_of(street, *numbers):
    """The station's outlets, and what partners know them by."""
    with tenant_scope(street.operator.pk):
        Connector.objects.filter(station=street.station).delete()
        for number in numbers:
            Connector.objects.create(station=street.station, number=number)
    return Place.of(street.station.site.public_id, street.station.public_id, numbers)


def test_a_partner_is_told_where_its_card_is_shown(anywhere, street, server, partner):
    issued(street, partner, "04C0FFEE01")
    place = outlets_of(street, "1", "2")
    start = {**START, "idTag": "04C0FFEE01", "connectorId": 2}
    with anywhere.station("Torget-1", street.password) as station:
        assert asked(station, "04C0FFEE01")[0] == "Accepted"
        station.call("StartTransaction", **{**start, "timestamp": "2026-11-20T09:00:00Z"})
        station.call("StartTransaction", **{**start, "timestamp": "2026-11-20T09:30:00Z"})
    where = {"location_id": str(street.station.site.public_id)}
    assert server.places == [where | {"evse_uids": [*place.evses]}, where | {"evse_uids": [place.evses[1]]}]
    assert {headers["Content-Type"] for _, headers in server.heard} == {"application/json"}


@pytest.mark.parametrize("connector", [None, 0, -1, "x"])
def test_a_start_that_does_not_say_where_is_let_in_where_the_partner_allows_all_outlets(
    anywhere, street, server, partner, connector
):
    """It was taken for one at the first outlet."""
    place = outlets_of(street, "1", "2")
    cards = {"04C0FFEE01": (place.evses[:1], "Invalid"), "04C0FFEE02": (place.evses, "Accepted")}
    issued(street, partner, *cards)
    server.says = dict.fromkeys(cards, "some")
    with anywhere.station("Torget-1", street.password) as station:
        for uid, (outlets, verdict) in cards.items():
            server.some = {"location_id": place.location, "evse_uids": [*outlets]}
            told = station.call("StartTransaction", **{**START, "idTag": uid, "connectorId": connector})
            assert told["idTagInfo"]["status"] == verdict
            assert told["transactionId"] > 0
            assert server.places[-1]["evse_uids"] == [*place.evses]


def test_a_partner_that_allows_some_outlets_alone_has_its_cards_let_in_there(anywhere, street, server, partner):
    issued(street, partner, "04C0FFEE01")
    place = outlets_of(street, "1", "2")
    server.says = {"04C0FFEE01": "some"}
    server.some = {"location_id": place.location.upper(), "evse_uids": [place.evses[1].upper()]}
    with anywhere.station("Torget-1", street.password) as station:
        for outlet, verdict in ((1, "Invalid"), (2, "Accepted")):
            assert asked(station, "04C0FFEE01")[0] == "Accepted", "as it may charge at one of them"
            start = {**START, "idTag": "04C0FFEE01", "connectorId": outlet, "timestamp": f"2026-11-20T09:{outlet}0:00Z"}
            assert station.call("StartTransaction", **start)["idTagInfo"]["status"] == verdict
        assert len(server.heard) == 2
        server.some = {"location_id": "elsewhere"}
        assert asked(station, "04C0FFEE01")[0] == "Invalid"


def test_a_card_is_let_in_where_the_cable_is_though_only_the_first_event_of_the_charge_says_where(
    anywhere, street, server, partner
):
    """The partner allows a card at the first outlet, and another at the second, in which the cable is."""
    cards = TwoCards(street, server, partner)
    with anywhere.station("Torget-1", street.password, **SPEAKS) as station:
        for uid, verdict in cards.verdicts:
            station.call("TransactionEvent", **cards.event(uid, "Started", evse={"id": 2}))
            assert cards.shown(station, uid) == (verdict, cards.at_second)


class TwoCards:
    """Cards of a partner that allows one at each of the station's outlets, shown where the cable is in the second."""

    verdicts = (("04C0FFEE01", "Invalid"), ("04C0FFEE02", "Accepted"))

    def __init__(self, street, server, partner):
        self.server, self.place = server, outlets_of(street, "1", "2")
        self.allowed = {"04C0FFEE01": self.place.evses[:1], "04C0FFEE02": self.place.evses[1:]}
        self.at_second = self.place.evses[1:]
        issued(street, partner, *self.allowed)
        server.says = dict.fromkeys(self.allowed, "some")

    def event(self, uid, kind, **more):
        return event(kind, 0, 0, info={"transactionId": f"tx-{uid}"}, **more)

    def shown(self, station, uid):
        """The verdict, and of which outlets the partner was told."""
        self.server.some = {"location_id": self.place.location, "evse_uids": [*self.allowed[uid]]}
        card = {"idToken": {"idToken": uid, "type": "ISO14443"}}
        said = station.call("TransactionEvent", **self.event(uid, "Updated", **card))["idTokenInfo"]["status"]
        return said, tuple(self.server.places[-1]["evse_uids"])


@pytest.mark.parametrize("is_killed", [False, True])
@pytest.mark.parametrize("is_first_lost", [False, True])
def test_a_card_is_let_in_where_the_cable_is_also_when_the_station_or_the_gateway_came_back_meanwhile(
    anywhere, street, server, partner, is_killed, is_first_lost
):
    cards = TwoCards(street, server, partner)
    with anywhere.station("Torget-1", street.password, **SPEAKS) as station:
        for uid, _ in cards.verdicts:
            if is_first_lost:  # then whichever event says where
                station.call("TransactionEvent", **cards.event(uid, "Updated"))
            kind = "Updated" if is_first_lost else "Started"
            station.call("TransactionEvent", **cards.event(uid, kind, evse={"id": 2}))
        if is_killed:
            anywhere.kill()
    if is_killed:
        anywhere.start()
    with anywhere.station("Torget-1", street.password, **SPEAKS) as station:
        for uid, verdict in cards.verdicts:
            assert cards.shown(station, uid) == (verdict, cards.at_second)
    assert len(server.places) == len(cards.verdicts)


def test_a_card_is_let_in_at_an_outlet_that_nobody_knows_where_its_partner_allows_all(
    anywhere, street, server, partner
):
    place = outlets_of(street, "1", "2")
    cards = {"04C0FFEE01": place.evses[:1], "04C0FFEE02": place.evses[1:], "04C0FFEE03": place.evses}
    issued(street, partner, *cards)
    server.says = dict.fromkeys(cards, "some")
    with anywhere.station("Torget-1", street.password, **SPEAKS) as station:
        for uid, outlets in cards.items():
            server.some = {"location_id": place.location, "evse_uids": [*outlets]}
            card = {"idToken": {"idToken": uid, "type": "ISO14443"}}
            if uid == "04C0FFEE02":  # what was said to the question holds for the charge
                assert station.call("Authorize", **card)["idTokenInfo"]["status"] == "Accepted"
            late = event("Updated", 1, 1, info={"transactionId": f"tx-{uid}"}, **card)
            said = station.call("TransactionEvent", **late)["idTokenInfo"]["status"]
            assert said == ("Accepted" if outlets == place.evses else "Invalid")
            assert server.places[-1]["evse_uids"] == [*place.evses]
    assert len(server.places) == len(cards)


def test_a_partner_that_does_not_know_the_place_is_asked_without_it(anywhere, street, server, partner):
    issued(street, partner, "04C0FFEE01")
    server.says = {"04C0FFEE01": "nowhere"}
    with anywhere.station("Torget-1", street.password) as station:
        assert [asked(station, "04C0FFEE01")[0] for _ in range(2)] == ["Accepted", "Accepted"]
    assert [place is None for place in server.places] == [False, True, True], "and is not told of it again for a while"


def test_a_partner_that_refuses_a_question_with_a_place_is_asked_without(anywhere, street, server, partner):
    for what in REFUSALS:
        with tenant_scope(street.operator.pk):
            account = accounts.create(kind=Account.Kind.ROAMING, name=what, country="NL")
            partner_links.keep(account, address=server.address, token=TOKEN)
        uid = f"04C0FFEE{len(server.says):02X}"
        issued(street, account, uid)
        server.says[uid] = what
    with anywhere.station("Torget-1", street.password) as station:
        assert [asked(station, uid)[0] for uid in server.says] == ["Accepted"] * len(REFUSALS)
    assert [place is None for place in server.places] == [False, True] * len(REFUSALS)


def test_a_partner_that_refuses_also_without_a_place_is_told_of_it_again(anywhere, street, server, partner):
    issued(street, partner, "04C0FFEE01", "04C0FFEE02", "04C0FFEE03")
    server.says = {"04C0FFEE01": "never", "04C0FFEE02": "refuses"}
    with anywhere.station("Torget-1", street.password) as station:
        said = [asked(station, f"04C0FFEE0{number}")[0] for number in (1, 2, 3)]
    assert said == ["Invalid", "Invalid", "Accepted"]
    assert [place is None for place in server.places] == [False, True, False, False], "nor is 401 for the place"
    for status in (401, 403, 429):
        with pytest.raises(partners.Unreadable):
            partners.read(status, b'{"status_code": 2001}', Place("a", ()))


def test_who_says_nowhere_that_it_is_asked_has_no_card_let_in_that_is_to_be_asked_about(gateway, street):
    with tenant_scope(street.operator.pk):
        account = accounts.create(kind=Account.Kind.ROAMING, name="One", country="NL")
        card_rules.keep({Kind.PARTNER: Rule(is_open=True, most=2000, reckoned=200)})
    issued(street, account, "04C0FFEE02", whitelist="ALLOWED_OFFLINE")
    issued(street, account, "04C0FFEE03", whitelist="ALLOWED")
    with gateway.station("Torget-1", street.password) as station:
        learnt(station)
        assert [asked(station, uid)[0] for uid in ("04C0FFEE02", "04C0FFEE03")] == ["Invalid", "Accepted"]


def test_a_partner_on_a_network_of_our_own_is_not_asked(gateway, street, server, partner):
    issued(street, partner, "04C0FFEE01")
    with gateway.station("Torget-1", street.password) as station:
        assert asked(station, "04C0FFEE01")[0] == "Invalid"
    assert server.heard == []
    assert noted(street, lambda link: link.failures).failure == "not_public"


def test_the_token_lies_sealed(street, partner):
    with tenant_scope(street.operator.pk):
        link = PartnerLink.objects.get()
        assert link.token == TOKEN
    with tenant_scope(street.operator.pk), connection.cursor() as cursor:
        cursor.execute("SELECT token FROM charging_partnerlink")
        box = bytes(cursor.fetchone()[0])
    assert TOKEN.encode() not in box
    assert keeping.unseal(box, keeping.PROVEN_BY, street.operator.pk, crypto.card_keys()) == TOKEN


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"[" * 100_000),
        (200, b"null"),
        (200, b'{"status_code": "1000", "data": {"allowed": "ALLOWED"}}'),
        (200, b'{"status_code": true, "data": {"allowed": "ALLOWED"}}'),
        (200, b'{"status_code": 3000, "data": {"allowed": "ALLOWED"}}'),
        (200, b'{"status_code": 1000, "data": [{"allowed": "ALLOWED"}]}'),
        (200, b'{"status_code": 1000, "data": {"allowed": ["ALLOWED"]}}'),
        (500, b'{"status_code": 1000, "data": {"allowed": "ALLOWED"}}'),
        (404, b'{"status_code": 1000, "data": {"allowed": "ALLOWED"}}'),
    ],
)
def test_what_is_no_answer_lets_nobody_in(status, body):
    with pytest.raises(partners.Unreadable):
        partners.read(status, body)


def test_an_answer_is_read_as_ocpi_writes_it():
    assert partners.read(200, b'{"status_code": 1000, "data": {"allowed": "ALLOWED", "token": {}}}') == Told(
        Said.ALLOWED
    )
    for base in ("/ocpi", "/ocpi/", "/ocpi/tokens", "/ocpi/tokens/"):
        assert partners.path(base, "04/A?B") == "/ocpi/tokens/04%2FA%3FB/authorize?type=RFID"


def test_a_name_whose_server_is_silent_is_looked_up_once_at_a_time(monkeypatch):
    begun, ends = [], threading.Event()

    def silent(host, _port):
        begun.append(host)
        ends.wait(10)
        raise NotReached("unknown_name")

    monkeypatch.setattr(outside, "_address", silent)

    async def all_ask():
        where = outside.target("https://silent.example/")
        asks = [outside.request_in_time("POST", where, headers={}, within=0.1) for _ in range(40)]
        return await asyncio.gather(*asks, return_exceptions=True)

    try:
        for _time in range(2):
            assert {str(each) for each in asyncio.run(all_ask())} == {"timeout"}
        assert begun == ["silent.example"]
    finally:
        ends.set()


def test_what_is_trusted_is_read_once(monkeypatch):
    monkeypatch.setattr(outside, "_address", lambda _host, _port: "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    made: list[ssl.SSLContext] = []
    secure = ssl.create_default_context

    def make():
        made.append(secure())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", make)
    for _time in range(3):
        with pytest.raises(NotReached), _silent() as port:
            asyncio.run(_ask(port, within=0.05))
    assert len(made) == 1


def test_who_answers_a_byte_at_a_time_is_cut_off(monkeypatch):
    monkeypatch.setattr(outside, "is_public", lambda _address: True)
    with pytest.raises(NotReached, match="timeout"), _silent() as port:
        asyncio.run(_ask(port, within=0.3))


async def _ask(port, within):
    where = outside.target(f"https://localhost:{port}/")
    return await outside.request_in_time("POST", where, headers={}, within=within)


def _silent():
    import socket  # noqa: PLC0415

    class Silent:
        def __enter__(self):
            self.socket = socket.create_server(("127.0.0.1", 0))
            return self.socket.getsockname()[1]

        def __exit__(self, *_):
            self.socket.close()

    return Silent()
