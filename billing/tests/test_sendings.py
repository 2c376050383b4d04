"""E-invoices on their way: each leaves once, whatever ends a worker, and no way leads inside."""

import base64
import hmac
import json
import socket
import ssl
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from billing.domain.errors import BillingError, Code
from billing.e_invoices import ways
from billing.e_invoices.rules import Rule
from billing.e_invoices.ways import Answer, Became
from billing.models import Invoice, Sending, SendingWay
from billing.selectors import sendings as selector
from billing.services import e_invoices, sendings
from billing.services.credit_notes import credit
from billing.tests.factories import NOVEMBER
from billing.tests.test_e_invoices import charged
from tenants import outside, work
from tenants.errors import Refused
from tenants.models import Account
from tenants.outside import NotReached
from tenants.scoping import current_operator_id

Stage = Sending.Stage
KIND = Sending.work_kind


def go_on(at: datetime = NOVEMBER) -> int:
    """How many steps the background takes."""
    done = 0
    while work.do_next(work.kind_named(KIND), current_operator_id(), clock=lambda: at):
        done += 1
    return done


@pytest.fixture
def folder(tmp_path, settings, seller):
    settings.E_INVOICE_FOLDER = str(tmp_path)
    sendings.choose(SendingWay.Kind.FOLDER, at=NOVEMBER)
    return tmp_path / seller.slug


class Taker(BaseHTTPRequestHandler):
    """Who takes e-invoices: knows a key again, and answers what it is told to."""

    server: Any

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["webhook-id"]
        self.server.posts[key] += 1
        told = f"{key}.{self.headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(self.server.secret, told, "sha256")).decode()
        assert self.headers["webhook-signature"] == f"v1,{expected}"
        self.server.taken[key] = body
        self._answer(*self.server.answers)

    def do_GET(self):
        key = self.path.rpartition("/")[2]
        if key not in self.server.taken:
            return self._answer(404, {})
        return self._answer(*self.server.states)

    def _answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def certificate(folder):
    """A certificate for localhost that signs itself; the paths of it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(17)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def server(tmp_path, monkeypatch):
    cert, key = certificate(tmp_path)
    found: Any = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    found.socket = context.wrap_socket(found.socket, server_side=True)
    found.posts, found.taken = Counter(), {}
    found.answers, found.states = (202, {}), (200, {"state": "sent"})
    threading.Thread(target=found.serve_forever, daemon=True).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    monkeypatch.setattr(outside, "is_public", lambda _address: True)
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def address(server, seller) -> Any:
    secret = sendings.choose(SendingWay.Kind.HTTPS, address=f"https://localhost:{server.server_port}/in", at=NOVEMBER)
    server.secret = secret.encode()
    return server


def test_what_is_issued_to_who_gets_e_invoices_appears_in_the_folder_once(folder):
    invoice = charged()
    credit(invoice, reason="Fel mätare", by=None, at=NOVEMBER)
    assert go_on() == 2
    files = sorted(folder.glob("*.xml"))
    assert [file.name.partition("-")[0] for file in files] == ["F1", "F2"]
    assert files[0].read_bytes() == e_invoices.xml(invoice, at=NOVEMBER)
    assert set(Sending.objects.values_list("stage", flat=True)) == {Stage.SENT}
    assert go_on(NOVEMBER + timedelta(hours=1)) == 2
    assert sorted(folder.glob("*.xml")) == files


@pytest.mark.parametrize("facts", [{"delivery": Account.Delivery.EMAIL}, {"kind": Account.Kind.HOUSING}])
def test_who_gets_none_is_sent_none(folder, facts):
    charged(**{"delivery": Account.Delivery.EMAIL, **facts})
    assert not Sending.objects.exists()


def test_without_a_way_nothing_is_queued_and_one_can_be_sent_later(seller, tmp_path, settings):
    invoice = charged()
    assert not Sending.objects.exists()
    with pytest.raises(BillingError) as refused:
        sendings.send(invoice, at=NOVEMBER)
    assert refused.value.code == Code.NO_WAY_TO_SEND
    settings.E_INVOICE_FOLDER = str(tmp_path)
    sendings.choose(SendingWay.Kind.FOLDER, at=NOVEMBER)
    sendings.send(invoice, at=NOVEMBER)
    assert go_on() == 1
    with pytest.raises(BillingError) as refused:
        sendings.send(invoice, at=NOVEMBER)
    assert refused.value.code == Code.SENT_ALREADY


def test_what_breaks_a_rule_is_held_back_and_says_which(folder):
    charged(buyer_reference="")
    go_on()
    row = Sending.objects.get()
    assert (row.stage, row.reason, row.state) == (Stage.HELD, Rule.REFERENCE, Sending.State.FAILED)
    assert not list(folder.glob("*"))


class Killed(BaseException):
    """As a kill: nothing of ours runs after it."""


@pytest.mark.parametrize("place", ["_begin", "_note"])
@pytest.mark.parametrize("moved", [True, False])
def test_a_worker_that_dies_leaves_no_file_twice(folder, monkeypatch, place, moved):
    charged()

    def dies(*_args, **_facts):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(sendings, place, dies)
        with pytest.raises(Killed):
            go_on()
    taken = list(folder.glob("*.xml"))
    assert len(taken) == (place == "_note")
    if moved:
        for file in taken:
            file.unlink()
    go_on(NOVEMBER + timedelta(minutes=3))
    assert Sending.objects.get().stage == Stage.SENT
    assert len(list(folder.glob("*.xml"))) == (0 if moved and place == "_note" else 1)


@pytest.mark.parametrize("place", ["_begin", "_note"])
def test_a_worker_that_dies_posts_nothing_twice(address, monkeypatch, place):
    charged()

    def dies(*_args, **_facts):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(sendings, place, dies)
        with pytest.raises(Killed):
            go_on()
    go_on(NOVEMBER + timedelta(minutes=3))
    assert list(address.posts.values()) == [1]
    assert Sending.objects.get().stage == Stage.SENT


def test_it_is_posted_signed_and_asked_after_until_it_is_answered(address):
    invoice = charged()
    go_on()
    row = Sending.objects.get()
    assert address.taken == {str(row.key): e_invoices.xml(invoice, at=NOVEMBER)}
    assert (row.stage, row.answered_at) == (Stage.SENT, None)
    assert go_on(NOVEMBER + timedelta(minutes=29)) == 0
    address.states = (200, {"state": "refused", "code": "BR-CO-10 <script>"})
    later = NOVEMBER + timedelta(minutes=31)
    assert go_on(later) == 1
    row.refresh_from_db()
    assert (row.stage, row.reason, row.answered_at) == (Stage.REFUSED, "BR-CO-10script", later)
    assert go_on(later + timedelta(days=1)) == 0
    assert list(address.posts.values()) == [1]


@pytest.mark.parametrize(
    ("answer", "stage", "reason"),
    [
        ((200, {"state": "accepted"}), Stage.ACCEPTED, ""),
        ((202, ["odd"]), Stage.SENT, ""),
        ((409, {}), Stage.SENT, ""),
        ((422, {"state": "refused", "code": "R003"}), Stage.REFUSED, "R003"),
        ((400, {}), Stage.REFUSED, "http_400"),
        ((401, {}), Stage.WAITING, "http_401"),
        ((500, {}), Stage.WAITING, "http_500"),
        ((302, {}), Stage.WAITING, "http_302"),
    ],
)
def test_what_the_address_answers_is_what_becomes_of_it(address, answer, stage, reason):
    address.answers = answer
    charged()
    go_on()
    row = Sending.objects.get()
    assert (row.stage, row.reason) == (stage, reason)


def test_nobody_there_is_tried_again_more_and_more_seldom_and_then_set_aside(address):
    address.answers = address.states = (503, {})
    charged()
    at, tries = NOVEMBER, 0
    while Sending.objects.get().state != Sending.State.SET_ASIDE:
        tries += go_on(at)
        at += timedelta(hours=4)
        assert tries < 100
    assert tries > 30
    assert Sending.objects.get().error == Code.NOBODY_TAKES_IT
    address.answers, address.states = (202, {}), (404, {})
    assert work.try_again(Sending.objects.get(), at=at)
    address.taken.clear()
    go_on(at)
    assert Sending.objects.get().stage == Stage.SENT


def test_after_the_way_is_gone_it_waits(address):
    charged()
    sendings.stop()
    go_on()
    assert Sending.objects.get().stage == Stage.WAITING
    assert not address.posts


def test_the_secret_is_made_once_kept_sealed_and_renewed_when_asked(seller):
    first = sendings.choose("https", address="https://taker.example/in", at=NOVEMBER)
    assert first.encode() not in bytes(SendingWay.objects.get().secret)
    assert sendings.choose("https", address="https://taker.example/in", at=NOVEMBER) == ""
    assert sendings.choose("https", address="https://taker.example/in", renew=True, at=NOVEMBER) not in ("", first)
    assert sendings.choose("https", address="https://other.example/in", at=NOVEMBER)
    assert SendingWay.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    ["", "http://a.example/", "https://", "ftp://a.example", "https://me:pw@a.example/", "https://a.example/#x",
     "https://a.example/?q=1", "https://a.example:port/", "https://a b.example/", "https://a.example/å"],
)  # fmt: skip
def test_an_address_is_https_and_names_a_place_alone(address):
    with pytest.raises(Refused):
        outside.target(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:a00:1::1",
     "255.255.255.255", "ff02::1"],
)  # fmt: skip
def test_no_way_leads_inside(address):
    assert not outside.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_ways_lead_to_the_public(address):
    assert outside.is_public(address)


def test_a_name_with_one_address_inside_is_not_reached(monkeypatch):
    found = [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(NotReached, match="not_public"):
        outside.request("GET", outside.target("https://a.example/"), headers={})


def test_a_certificate_that_nobody_vouches_for_is_refused(server, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NotReached, match="certificate"):
        outside.request("GET", outside.target(f"https://localhost:{server.server_port}/"), headers={})


def test_whoever_answers_slowly_is_cut_off(monkeypatch):
    monkeypatch.setattr(outside, "DEADLINE", 0.3)
    monkeypatch.setattr(outside, "is_public", lambda _address: True)
    silent = socket.create_server(("127.0.0.1", 0))
    begun = datetime.now(UTC)
    with pytest.raises(NotReached):
        outside.request("GET", outside.target(f"https://localhost:{silent.getsockname()[1]}/"), headers={})
    silent.close()
    assert datetime.now(UTC) - begun < timedelta(seconds=10)


@pytest.mark.parametrize("text", [b"", b"[", b"[" * 100_000, b'{"state": 5}', b'{"state": "eaten"}', b"\xff"])
def test_an_answer_that_is_none_says_that_it_was_sent(text):
    assert ways.read(text) == Answer(Became.SENT)


def test_counts_are_by_stage(folder):
    charged()
    assert selector.counts() == {Stage.WAITING: 1}
    go_on()
    assert selector.counts() == {Stage.SENT: 1}
    assert [row.invoice for row in selector.listing(Stage.SENT)] == [Invoice.objects.get()]
