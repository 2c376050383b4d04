"""What one act does to the others of its transaction, which ask together, and one row to the others of its journey."""

import asyncio
import base64
from dataclasses import dataclass, replace
from typing import Any

import orjson
import psycopg
import pytest
from django.utils import timezone

from charging.domain.ocpp import frames, secrecy
from charging.domain.ocpp.commands import Kind
from charging.domain.ocpp.frames import Answer
from charging.models import Station, StationCharge, StationCommand, StationLink, StationMessage
from charging.services import station_commands
from portal.gateway import door
from portal.gateway.answers import ROWS, Heard
from portal.gateway.cards import card_keys
from portal.gateway.commands import BUSY_S, Line
from portal.gateway.door import Guest
from portal.gateway.store import Cursor, Look, Step, Store, Work, now
from portal.tests.gateway.conftest import PATIENCE_S, address_of
from tenants import crypto
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
START = {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 0, "timestamp": "2026-11-20T08:00:00Z"}


class Together(Store):
    """Does what is asked of it in one transaction, once so much was asked: `many`, of an operator's."""

    def __init__(self) -> None:
        super().__init__(address_of("gateway"), ROWS)
        self.many, self.asked = 1, list[Work]()

    async def do(self, operator_id: int, act: Any, *, is_told: bool = False, may_wait: bool = False) -> Any:
        work = Work(operator_id, act, is_told)
        self.asked.append(work)
        if len(self.asked) >= self.many or not operator_id:
            together, self.asked = self.asked, []
            await self._acts.do_together(together)
        return await work.done


@dataclass(eq=False)
class Socket:
    """Takes what is sent to a station."""

    sent: asyncio.Queue[Any]

    async def send(self, frame: str) -> None:
        await self.sent.put((self, orjson.loads(frame)))


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.setenv("CARD_KEYS", " ".join(base64.b64encode(key).decode() for key in crypto.card_keys()))
    card_keys.cache_clear()
    yield
    card_keys.cache_clear()


@pytest.fixture
def runner(keys):
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def store(runner, transactional_db):
    made = Together()
    yield made
    for lane in (made._acts, made._alone, made._rows, made._asked, made._steps):
        runner.run(lane._drop())


@pytest.fixture
def visitor(street):
    basic = "Basic " + base64.b64encode(f"Torget-1:{street.password}".encode()).decode()
    return door.visitor("/ocpp/north/Torget-1", basic, "ocpp1.6", "192.0.2.1")


def heard(guest: Guest, *frame: Any) -> Heard:
    raw = orjson.dumps(frame).decode()
    return Heard(guest, now(), raw, frames.read(raw))


def look_of(asking: Heard) -> Look:
    """What is looked up for a card."""
    look = asking.look()
    assert look is not None
    return look


@pytest.fixture
def unlock(street, store, runner, visitor, django_user_model):
    """A connection of the station, its key, and something that it is asked."""
    olga, key = django_user_model.objects.create_user("olga@example.com", "x", name="Olga"), secrecy.Key()
    guest = runner.run(door.let_in(store, visitor, now(), key=key.public))
    with tenant_scope(street.operator.pk):
        command = station_commands.ask(street.station, Kind.UNLOCK, by=olga, at=timezone.now(), connector="1")
    return guest, key, command


def line(store: Store, guest: Guest, socket: Any, key: secrecy.Key) -> Line:
    """A connection whose station has booted, and for which something waits."""
    made = Line(store, guest, socket, key)
    made.is_up()
    made.look()
    return made


def test_a_command_is_taken_by_one_statement_and_its_answer_kept_by_another(street, store, runner, unlock):
    guest, key, command = unlock
    journeys = list[str]()

    class Counted(Store):
        async def step(self, operator_id: int, step: Step, *, is_told: bool = False) -> list[Any]:
            journeys.append(step.statement.split(" AS")[0].strip())
            return await super().step(operator_id, step, is_told=is_told)

    async def ask() -> None:
        counted = Counted(address_of("gateway"), ROWS)
        running = asyncio.create_task(counted._steps.run())
        sent: asyncio.Queue[Any] = asyncio.Queue()
        asked = line(counted, guest, Socket(sent), key)
        _, (_, message_id, *_) = await asyncio.wait_for(sent.get(), PATIENCE_S)
        answer = heard(guest, 3, message_id, {"status": "Unlocked"})
        assert isinstance(answer.said, Answer)
        answer.asked = asked.asks(answer.said)
        step = answer.in_one_step()
        assert step is not None
        assert await counted.step(guest.operator_id, step)
        asked.end()
        running.cancel()
        await counted._steps._drop()

    runner.run(ask())
    assert journeys == ["WITH held", "WITH asked"]
    with tenant_scope(street.operator.pk):
        kept = StationCommand.objects.get(pk=command.pk)
        assert (kept.state, kept.status, kept.epoch) == ("answered", "Unlocked", guest.epoch)
        assert orjson.loads(kept.answer) == [3, str(command.public_id), {"status": "Unlocked"}]
        assert [message.action for message in StationMessage.objects.all()] == ["UnlockConnector"]


def test_a_command_is_sent_once_and_by_the_connection_that_comes_as_the_older_one_takes_it(
    street, store, runner, unlock
):
    older, key, command = unlock

    async def hop() -> str:
        running = asyncio.create_task(store._steps.run())
        sent: asyncio.Queue[Any] = asyncio.Queue()
        sockets = [Socket(sent), Socket(sent)]
        async with await psycopg.AsyncConnection.connect(address_of("gateway")) as coming:
            await coming.execute("SELECT set_config('app.operator_id', %s, true)", [str(older.operator_id)])
            await coming.execute("UPDATE charging_stationlink SET epoch = epoch + 1, connected_at = now()")
            lines = [line(store, older, sockets[0], key)]
            await asyncio.sleep(10 * BUSY_S)
            assert sent.empty()
        lines.append(line(store, replace(older, epoch=older.epoch + 1), sockets[1], key))
        by, (_, message_id, *_) = await asyncio.wait_for(sent.get(), PATIENCE_S)
        await asyncio.sleep(10 * BUSY_S)
        for each in lines:
            each.end()
        running.cancel()
        assert by is sockets[1]
        assert sent.empty()
        return str(message_id)

    assert runner.run(hop()) == str(command.public_id)
    with tenant_scope(street.operator.pk):
        assert StationCommand.objects.get().state == "sent"


def test_a_command_waits_for_nobody_who_has_another_stations_row(street, store, runner, unlock):
    guest, key, command = unlock
    with tenant_scope(street.operator.pk):
        busy = Station.objects.create(site=street.station.site, identifier="Torget-2")
        StationLink.objects.create(station=busy, epoch=1, password_at=timezone.now())

    async def ask() -> str:
        running = asyncio.create_task(store._steps.run())
        sent: asyncio.Queue[Any] = asyncio.Queue()
        async with await psycopg.AsyncConnection.connect(address_of("gateway")) as holding:
            await holding.execute("SELECT set_config('app.operator_id', %s, true)", [str(guest.operator_id)])
            await holding.execute("UPDATE charging_stationlink SET seen_at = now() WHERE station_id = %s", [busy.pk])
            lines = [line(store, replace(guest, station_id=busy.pk, epoch=1), Socket(sent), key)]
            lines.append(line(store, guest, Socket(sent), key))
            _, (_, message_id, *_) = await asyncio.wait_for(sent.get(), PATIENCE_S)
        for each in lines:
            each.end()
        running.cancel()
        return str(message_id)

    assert runner.run(ask()) == str(command.public_id)


def test_a_stop_that_has_to_wait_goes_aside_also_where_another_act_is_refused(street, store, runner, visitor):
    guest = runner.run(door.let_in(store, visitor, now(), key=""))
    started = heard(guest, 2, "start", "StartTransaction", START)
    number = orjson.loads(runner.run(store.do(guest.operator_id, started.keep)))[2]["transactionId"]
    stop = {"transactionId": number, "meterStop": 5_000, "timestamp": "2026-11-20T09:00:00Z"}

    async def refused(cursor: Cursor) -> None:
        for _ in range(3):  # when the stop has found that it has to wait
            await cursor.execute("SELECT 1")
        raise ValueError

    async def together() -> list[Work]:
        works = [Work(guest.operator_id, heard(guest, 2, "stop", "StopTransaction", stop).keep)]
        works.append(Work(guest.operator_id, refused))
        await asyncio.wait_for(store._acts.do_together(works), PATIENCE_S)
        return works

    async def alone(work: Work) -> str:
        running = asyncio.create_task(store._alone.run())
        answer = await asyncio.wait_for(work.done, PATIENCE_S)
        running.cancel()
        return str(answer)

    with tenant_scope(street.operator.pk):
        StationCharge.objects.select_for_update().get(number=number)
        aside, other = runner.run(together())
        assert isinstance(other.done.exception(), ValueError)
        assert not aside.done.done()
    assert orjson.loads(runner.run(alone(aside))) == [3, "stop", {}]
    with tenant_scope(street.operator.pk):
        assert StationCharge.objects.get().is_stopped


def test_who_shows_a_card_waits_for_no_charge_that_is_looked_up(street, store, runner, visitor):
    guest = runner.run(door.let_in(store, visitor, now(), key=""))
    asking = heard(guest, 2, "ask", "Authorize", {"idTag": "04A1B2C3D4"})

    async def ask_while_another_looks() -> Any:
        looking, may_go_on = asyncio.Event(), asyncio.Event()

        async def looks(cursor: Cursor) -> None:
            await cursor.execute("SELECT 1")
            looking.set()
            await may_go_on.wait()

        running = [asyncio.create_task(lane.run()) for lane in (store._acts, store._asked)]
        await store._acts.take(slow := Work(guest.operator_id, looks))
        await looking.wait()
        try:
            return await asyncio.wait_for(store.look_and_keep(guest.operator_id, look_of(asking)), PATIENCE_S)
        finally:
            assert not slow.done.done()
            may_go_on.set()
            await slow.done
            for lane in running:
                lane.cancel()

    row, is_kept = runner.run(ask_while_another_looks())
    assert is_kept
    assert orjson.loads(row.answer)[2]["idTagInfo"]["status"] == "Accepted"
    with tenant_scope(street.operator.pk):
        kept = StationMessage.objects.get(action="Authorize")
        assert (kept.answer, kept.card_mark) == (row.answer, row.card)


def test_what_an_older_connection_asks_of_a_card_is_not_kept_and_what_the_newer_one_asks_is(
    street, store, runner, visitor
):
    older, newer = [runner.run(door.let_in(store, visitor, now(), key="")) for _ in range(2)]

    async def together() -> list[Work]:
        asking = [heard(guest, 2, "ask", "Authorize", {"idTag": "04A1B2C3D4"}) for guest in (older, newer)]
        works = [Work(each.guest.operator_id, look=look_of(each)) for each in asking]
        await store._asked.do_together(works)
        return works

    late, fine = runner.run(together())
    assert [is_kept for _, is_kept in (late.done.result(), fine.done.result())] == [False, True]
    with tenant_scope(street.operator.pk):
        assert [row.epoch for row in StationMessage.objects.filter(action="Authorize")] == [newer.epoch]


def test_where_the_partner_of_a_card_decides_nothing_is_kept_yet(street, store, runner, visitor):
    guest = runner.run(door.let_in(store, visitor, now(), key=""))

    nothing = Look(Step("SELECT %(one)s", {"one": 1}), lambda _: None)

    async def together() -> list[Work]:
        asking = heard(guest, 2, "ask", "Authorize", {"idTag": "04A1B2C3D4"})
        works = [Work(guest.operator_id, look=look) for look in (nothing, look_of(asking))]
        await store._asked.do_together(works)
        await store._asked.do_together(alone := [Work(guest.operator_id, look=nothing)])
        return [*works, *alone]

    of_a_partner, own, alone = runner.run(together())
    assert of_a_partner.done.result() == alone.done.result() == (None, False)
    assert own.done.result()[1] is True
    with tenant_scope(street.operator.pk):
        assert StationMessage.objects.filter(action="Authorize").count() == 1


def test_rows_of_others_are_kept_once_where_one_cannot_be_written(street, south, store, runner, visitor):
    """Half a sign is refused in this process, when those of other operators have gone out."""
    guest = runner.run(door.let_in(store, visitor, now(), key=""))
    row = heard(guest, 2, "1", "StatusNotification", {"connectorId": 1, "status": "Available"}).at_once()

    assert row is not None
    broken_row = row._replace(message_id="\ud800")

    async def together() -> list[Work]:
        works = [Work(guest.operator_id, row=row), Work(south.pk, row=broken_row)]
        await store._rows.do_together(works)
        return works

    fine, broken = runner.run(together())
    assert fine.done.result() is True
    assert broken.done.exception() is not None
    with tenant_scope(street.operator.pk):
        assert StationMessage.objects.count() == 1


@pytest.mark.parametrize(("lane", "together"), [("_rows", [3, 4]), ("_acts", [3, 4]), ("_asked", [3, 1, 1, 1, 1])])
def test_what_comes_after_several_is_gathered_but_no_question_about_a_card(store, runner, monkeypatch, lane, together):
    monkeypatch.setattr("portal.gateway.store.GATHERED_S", 1.0)
    done, here = list[int](), getattr(store, lane)

    async def do(works: list[Work]) -> None:
        done.append(len(works))

    async def come() -> None:
        for _ in range(3):
            await here.take(Work(1))
        running = asyncio.create_task(here.run())
        for _ in range(4):
            for _turn in range(5):
                await asyncio.sleep(0)
            await here.take(Work(1))
        async with asyncio.timeout(PATIENCE_S):
            while sum(done) < sum(together):
                await asyncio.sleep(0.01)
        running.cancel()

    monkeypatch.setattr(here, "do_together", do)
    runner.run(come())
    assert done == together
