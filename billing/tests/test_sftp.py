"""Files to an SFTP server: a real one, which is known by its key, takes each file once, and fails as servers do."""

import asyncio
import socket
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest

from billing.domain.errors import BillingError, Code
from billing.e_invoices.ways import Answer, Became, Parcel
from billing.e_invoices.ways import sftp as way
from billing.e_invoices.ways.sftp import Sftp
from billing.models import Export, ExportTimetable
from billing.services import export_timetables as services
from billing.tests.test_export_timetables import DECEMBER, added, ask, delivery, worked
from tenants import outside
from tenants.errors import Refused
from tenants.outside import NotReached, SftpTarget
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.usefixtures("files")

USER, PASSWORD = "books", "Hemligt åäö 7"
HOST_KEYS = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(2)]


class Door(asyncssh.SSHServer):
    """Lets one in, by a password or by the keys that are entered."""

    def __init__(self, server):
        self.server = server

    def connection_made(self, conn):
        self.server.connections += 1
        self.conn = conn

    def begin_auth(self, username):
        self.server.tried.append(username)
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):
        return key.public_data in self.server.entered


@dataclass
class Server:
    """An SFTP server in a thread of its own, whose root is a folder of the test's."""

    root: Path
    port: int = 0
    connections: int = 0

    def __post_init__(self):
        self.tried, self.entered = [], []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def _run(self, act):
        return asyncio.run_coroutine_threadsafe(act, self.loop).result(20)

    def open(self, key):
        async def listen():
            self.listener = await asyncssh.listen(
                "127.0.0.1",
                self.port,
                server_factory=lambda: Door(self),
                server_host_keys=[key],
                sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(self.root).encode()),
            )

        self._run(listen())
        self.port = self.listener.get_port()

    def close(self):
        async def end():
            self.listener.close()
            await self.listener.wait_closed()

        self._run(end())

    def stop(self):
        self.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()

    @property
    def address(self):
        return f"sftp://{USER}@localhost:{self.port}/in"


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(outside, "is_public", lambda _address: True)
    (tmp_path / "in").mkdir()
    found = Server(tmp_path)
    found.open(HOST_KEYS[0])
    yield found
    found.stop()


@pytest.fixture
def to(server):
    target = outside.sftp_target(server.address)
    return Sftp(target, way.host_key(target), password=PASSWORD)


PARCEL = Parcel("0a8c", "invoices-0a8c.csv", b"number\r\nF1\r\n" * 50_000, DECEMBER)


def names(server):
    return sorted(path.name for path in (server.root / "in").iterdir())


def why(act, *given):
    with pytest.raises(NotReached) as problem:
        act(*given)
    return problem.value.code


def test_a_file_is_written_beside_and_appears_whole(server, to):
    to.prepare(PARCEL)
    assert names(server) == [".0a8c.part"]
    assert to.ask(PARCEL) is None
    assert to.send(PARCEL) == Answer(Became.SENT)
    assert names(server) == [PARCEL.name]
    assert (server.root / "in" / PARCEL.name).read_bytes() == PARCEL.content
    assert to.ask(PARCEL) == Answer(Became.SENT)


def test_whoever_takes_it_away_at_once_does_not_get_it_twice(server, to):
    to.prepare(PARCEL)
    to.send(PARCEL)
    (server.root / "in" / PARCEL.name).unlink()
    assert to.ask(PARCEL) == Answer(Became.SENT)


def test_half_a_file_of_an_earlier_try_is_written_anew(server, to):
    (server.root / "in" / ".0a8c.part").write_bytes(b"x" * (len(PARCEL.content) + 100))
    to.prepare(PARCEL)
    to.send(PARCEL)
    assert (server.root / "in" / PARCEL.name).read_bytes() == PARCEL.content


def test_a_server_with_another_key_is_told_nothing(server, to):
    server.close()
    server.open(HOST_KEYS[1])
    server.tried.clear()
    assert {why(act, PARCEL) for act in (to.prepare, to.send, to.ask)} == {"host_key"}
    assert server.tried == []
    assert names(server) == []


def test_who_is_not_let_in_is_told_so(server, to):
    assert why(replace(to, password="fel").prepare, PARCEL) == "login"
    private, _public = way.new_key()
    assert why(replace(to, password="", key=private).prepare, PARCEL) == "login"


def test_a_key_of_ours_lets_us_in(server, to):
    private, public = way.new_key()
    server.entered.append(asyncssh.import_public_key(public).public_data)
    to = replace(to, password="", key=private)
    to.prepare(PARCEL)
    assert to.send(PARCEL).became is Became.SENT


def test_nothing_of_this_machine_is_tried(server, to, tmp_path, monkeypatch):
    """Neither its configuration nor its keys: whoever runs the portal is not the one who sends."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    own = asyncssh.generate_private_key("ssh-ed25519")
    own.write_private_key(str(home / ".ssh" / "id_ed25519"))
    (home / ".ssh" / "config").write_text("Host *\n  User root\n")
    monkeypatch.setenv("HOME", str(home))
    server.entered.append(own.public_data)
    assert why(replace(to, password="fel").prepare, PARCEL) == "login"
    assert set(server.tried) == {USER}


def test_a_folder_that_is_not_there_or_may_not_be_written(server, to):
    elsewhere = replace(to, target=replace(to.target, folder="/elsewhere"))
    assert {why(act, PARCEL) for act in (elsewhere.prepare, elsewhere.send, elsewhere.ask)} == {"folder"}
    (server.root / "in" / ".0a8c.part").mkdir()
    assert why(to.prepare, PARCEL) == "folder"


def test_nobody_is_there(server, to):
    server.close()
    assert why(to.prepare, PARCEL) == "no_answer"
    assert why(way.host_key, to.target) == "no_answer"
    server.open(HOST_KEYS[0])


def test_who_says_nothing_is_not_waited_for(monkeypatch, to):
    silent = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(way, "LOOKING", 0.3)
    assert why(way.host_key, replace(to.target, port=silent.getsockname()[1])) == "timeout"
    silent.close()


def test_only_public_machines_are_spoken_to(server, monkeypatch):
    target = outside.sftp_target(server.address)
    monkeypatch.undo()
    before = server.connections
    assert why(way.host_key, target) == "not_public"
    assert server.connections == before


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("sftp://books@files.example/in/", SftpTarget("files.example", 22, "books", "/in/")),
        ("sftp://books@files.example:2222", SftpTarget("files.example", 2222, "books", ".")),
        ("sftp://a%40b@files.example/~/in", SftpTarget("files.example", 22, "a@b", "in")),
        ("sftp://books@files.example/~/", SftpTarget("files.example", 22, "books", ".")),
        (" sftp://books@räksmörgås.example/ ", SftpTarget("xn--rksmrgs-5wao1o.example", 22, "books", "/")),
    ],
)
def test_addresses_are_read(address, target):
    assert outside.sftp_target(address) == target


@pytest.mark.parametrize(
    "address",
    [
        *("https://files.example/in", "sftp://files.example/in", "sftp://books:secret@files.example/in", "books"),
        *("sftp://books@files.example/in?x=1", "sftp://books@files.example:x/", "sftp://books@/in", "sftp://b@h/i n"),
        "sftp://books@files.example/in%0A",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Refused):
        outside.sftp_target(address)


# A timetable


@pytest.fixture
def timetable(server, month, fina):
    return added(month, fina, to="sftp", address=server.address, password=PASSWORD)[0]


def confirmed(operator, row):
    with tenant_scope(operator.pk):
        row.refresh_from_db()
        services.confirm(row, row.fingerprint, at=DECEMBER)


def made(operator, row):
    confirmed(operator, row)
    ask(operator, DECEMBER)
    worked(operator, "export_table")


def test_nothing_is_made_for_a_server_that_nobody_has_confirmed(server, month, timetable):
    assert timetable.waits_for_confirmation
    assert timetable.fingerprint == HOST_KEYS[0].get_fingerprint()
    assert ask(month, DECEMBER) == 0
    with tenant_scope(month.pk), pytest.raises(BillingError) as refused:
        services.confirm(timetable, HOST_KEYS[1].get_fingerprint(), at=DECEMBER)
    assert refused.value.code == Code.FINGERPRINT_CHANGED
    confirmed(month, timetable)
    assert ask(month, DECEMBER) == 1


def test_the_file_reaches_the_server_once(server, month, timetable):
    made(month, timetable)
    worked(month, "export_delivery")
    row = delivery(month)
    assert (row.state, bool(row.sent_at)) == ("done", True)
    assert names(server) == [f"invoices-booked-2026-11-01-2026-11-30-{row.key}.csv"]
    with tenant_scope(month.pk), Export.objects.get().file.open("rb") as kept:
        assert (server.root / "in" / names(server)[0]).read_bytes() == kept.read()


def test_the_secret_is_sealed_and_a_key_is_made_where_there_is_none(server, month, timetable, fina):
    assert PASSWORD.encode() not in bytes(timetable.secret)
    assert timetable.public_key == ""
    by_key, _secret = added(month, fina, to="sftp", address=server.address)
    server.entered.append(asyncssh.import_public_key(by_key.public_key).public_data)
    assert b"PRIVATE KEY" not in bytes(by_key.secret)
    with tenant_scope(month.pk):
        services.end(timetable, at=DECEMBER)
    made(month, by_key)
    worked(month, "export_delivery")
    assert delivery(month).sent_at


@pytest.mark.parametrize("at", ["prepared", "sent"])
def test_killed_in_between_it_is_handed_over_once(server, month, timetable, monkeypatch, at):
    """A worker that ends without a word, before or after the file appears."""
    made(month, timetable)

    class Killed(BaseException):
        """Ends the worker as a signal does: nothing of it is handled."""

    real = Sftp.send

    def send(self, parcel):
        if at == "sent":
            real(self, parcel)
        raise Killed

    monkeypatch.setattr(Sftp, "send", send)
    with pytest.raises(Killed):
        worked(month, "export_delivery")
    monkeypatch.setattr(Sftp, "send", real)
    assert names(server)[0].endswith(".part" if at == "prepared" else ".csv")
    taken = names(server) if at == "sent" else []
    for name in taken:
        (server.root / "in" / name).unlink()
    worked(month, "export_delivery", at=DECEMBER + timedelta(minutes=10))
    assert delivery(month).sent_at
    assert [name for name in names(server) if name not in taken] == ([] if taken else names(server))
    assert len(names(server)) == (0 if taken else 1)


def test_why_it_waits_is_said_and_another_key_is_confirmed_anew(server, month, timetable):
    made(month, timetable)
    server.close()
    server.open(HOST_KEYS[1])
    worked(month, "export_delivery")
    assert delivery(month).reason == "host_key"
    with tenant_scope(month.pk):
        row = ExportTimetable.objects.get()
        services.look_again(row)
        assert row.waits_for_confirmation
    later = DECEMBER + timedelta(hours=1)
    worked(month, "export_delivery", at=later)
    assert delivery(month).reason == "host_key_unseen"
    confirmed(month, row)
    worked(month, "export_delivery", at=later + timedelta(hours=4))
    with tenant_scope(month.pk):
        before = row.confirmed_at
        services.look_again(row)
        assert row.confirmed_at == before
    assert delivery(month).sent_at
