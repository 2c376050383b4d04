"""Stations of the demonstration that really connect: they charge, and do what they are asked from afar.

What real ones get wrong they get wrong on demand (`FAULTS`). One outlet a station. Times and energy are as they are;
a minute of charging takes `minute_s` seconds.
"""

import asyncio
import base64
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from charging.domain.ocpp import v16

#: What a station may do wrong, each once in so many charges. `forged`: a signed value was changed on its way.
FAULTS = ("no_stop", "twice", "dead_clock", "backwards", "deaf", "forged")
ONE_IN = 4
#: Three phases of 230 V.
_W_PER_A = 690
_LONGEST_CHARGE_MINUTES, _READ_EVERY_MINUTES = 90, 5


@dataclass(slots=True)
class Simulated:
    """A station with its address, password, power and the cards that are held to it. faults: of `FAULTS`."""

    url: str
    identity: str
    password: str
    power_w: int
    cards: list[str]
    faults: tuple[str, ...] = ()
    minute_s: float = 1.0
    register_wh: int = 1_000_000
    chance: Random = field(default_factory=Random)  # plausible, not secret
    meter: "SigningMeter | None" = None
    settings: dict[str, str] = field(default_factory=lambda: {"HeartbeatInterval": "300", "ConnectionTimeOut": "60"})
    _said: int = 0
    _answers: dict[str, "asyncio.Future[dict[str, Any]]"] = field(default_factory=dict)
    _asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue)  # cards for which a start was asked
    _number: int | None = None  # of the charge that goes on
    _is_ended: asyncio.Event = field(default_factory=asyncio.Event)
    _is_in_use: bool = True
    _limit_w: int | None = None  # the most that it may draw
    _reserved: tuple[int, str, str] | None = None  # number, card and end of the reservation that holds
    _errands: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # what it tells of how it goes on
    _running: set["asyncio.Task[None]"] = field(default_factory=set)

    async def live(self) -> None:
        """Connect, charge one car after the other, and come again when the connection is lost. Until cancelled."""
        basic = base64.b64encode(f"{self.identity}:{self.password}".encode()).decode()
        while True:
            with contextlib.suppress(OSError, WebSocketException):
                async with connect(
                    self.url,
                    subprotocols=[v16.SUBPROTOCOL],  # type: ignore[list-item]
                    additional_headers={"Authorization": f"Basic {basic}"},
                ) as socket:
                    await self._until_lost(socket)
            await asyncio.sleep(self.chance.uniform(2, 10))

    async def _until_lost(self, socket: ClientConnection) -> None:
        self._answers.clear()
        self._number = None
        living = asyncio.create_task(self._charge_for_ever(socket))
        try:
            async for raw in socket:
                await self._hear(socket, orjson.loads(raw))
        finally:
            living.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await living

    async def _charge_for_ever(self, socket: ClientConnection) -> None:
        await self._boot(socket)
        while True:
            card, is_remote = await self._next_card()
            if self._is_in_use:
                await self._charge(socket, card, is_remote=is_remote)

    async def _boot(self, socket: ClientConnection) -> None:
        await self._call(socket, "BootNotification", chargePointVendor="Wattledger", chargePointModel="Simulated")
        await self._status(socket)

    async def _next_card(self) -> tuple[str, bool]:
        """The card of whoever comes by, or of whoever asks from afar."""
        try:
            async with asyncio.timeout(self.chance.uniform(1, 30) * self.minute_s):
                return await self._asked.get(), True
        except TimeoutError:
            return self.chance.choice(self.cards), False

    async def _charge(self, socket: ClientConnection, card: str, *, is_remote: bool) -> None:
        wrong = self._fault()
        if self._is_kept_from(card):
            return
        self._reserved = None
        if not is_remote:
            said = await self._call(socket, "Authorize", idTag=card)
            if said.get("idTagInfo", {}).get("status") != "Accepted":
                return
        await self._status(socket, "Preparing")
        began_wh = self.register_wh
        start = {"connectorId": 1, "idTag": card, "meterStart": began_wh, "timestamp": _clock(wrong)}
        answer = await self._call(socket, "StartTransaction", **start)
        if "transactionId" not in answer:
            return
        self._number = number = answer["transactionId"]
        self._is_ended.clear()
        if wrong == "twice":
            await self._call(socket, "StartTransaction", **start)
        if answer.get("idTagInfo", {}).get("status") == "Accepted":
            await self._status(socket, "Charging")
            await self._draw(socket, number, for_long=is_remote)
        self._number = None
        if wrong != "no_stop":
            meter = 0 if wrong == "backwards" else self.register_wh
            reason = "Remote" if self._is_ended.is_set() else "EVDisconnected"
            stop = {"transactionId": number, "meterStop": meter, "timestamp": _clock(wrong), "reason": reason}
            stop |= self._signed(card, began_wh, wrong)
            await self._call(socket, "StopTransaction", **stop)
        await self._status(socket)

    async def _draw(self, socket: ClientConnection, number: int, *, for_long: bool) -> None:
        """Charge until the car is full or the charge is ended from afar."""
        most = _LONGEST_CHARGE_MINUTES // _READ_EVERY_MINUTES
        for _ in range(most if for_long else self.chance.randint(2, most)):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_READ_EVERY_MINUTES * self.minute_s):
                    await self._is_ended.wait()
                    return
            hours = _READ_EVERY_MINUTES * self.minute_s / 3600
            power_w = self.power_w if self._limit_w is None else min(self.power_w, self._limit_w)
            self.register_wh += round(power_w * self.chance.uniform(0.4, 0.9) * hours)
            await self._call(socket, "MeterValues", connectorId=1, transactionId=number, meterValue=[self._reading()])

    def _fault(self) -> str:
        return self.chance.choice(self.faults) if self.faults and self.chance.randrange(ONE_IN) == 0 else ""

    def _signed(self, card: str, began_wh: int, wrong: str) -> dict[str, Any]:
        """What the meter signed about the charge that ends, where it is one that signs."""
        if self.meter is None:
            return {}
        record = self.meter.record(card, began_wh, self.register_wh)
        if wrong == "forged":
            record = record.replace(f'"RV":{self.register_wh}', f'"RV":{self.register_wh + 1000}')
        sample = {"value": record, "format": "SignedData", "context": "Transaction.End"}
        return {"transactionData": [{"timestamp": _clock(), "sampledValue": [sample]}]}

    def _reading(self) -> dict[str, Any]:
        return {"timestamp": _clock(), "sampledValue": [{"value": str(self.register_wh), "unit": "Wh"}]}

    async def _status(self, socket: ClientConnection, status: str = "") -> None:
        status = status or ("Available" if self._is_in_use else "Unavailable")
        await self._call(socket, "StatusNotification", connectorId=1, status=status, errorCode="NoError")

    async def _call(self, socket: ClientConnection, action: str, **payload: Any) -> dict[str, Any]:
        self._said += 1
        message_id = str(self._said)
        self._answers[message_id] = asyncio.get_running_loop().create_future()
        await socket.send(orjson.dumps([2, message_id, action, payload]).decode())
        return await self._answers[message_id]

    async def _hear(self, socket: ClientConnection, frame: list[Any]) -> None:
        """Take an answer, or do what is asked and answer that."""
        kind, message_id, *rest = frame
        if kind != 2:  # OCPP-J: an answer
            if waiting := self._answers.pop(message_id, None):
                waiting.set_result(rest[0] if kind == 3 else {})
            return
        if self._fault() == "deaf":
            return
        act = _ASKED.get(rest[0])
        answer = act(self, rest[1]) if act else None
        frame = [3, message_id, answer] if answer is not None else [4, message_id, "NotImplemented", "", {}]
        await socket.send(orjson.dumps(frame).decode())
        while self._errands:
            task = asyncio.create_task(self._tell(socket, *self._errands.pop()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _tell(self, socket: ClientConnection, action: str, words: tuple[str, ...]) -> None:
        """Say how far it has come with something, word by word."""
        with contextlib.suppress(ConnectionClosed):
            for word in words:
                await asyncio.sleep(self.minute_s)
                await self._call(socket, action, status=word)

    # --- what can be asked from afar ---

    def _start(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self._number is not None or not self._is_in_use:
            return {"status": "Rejected"}
        self._asked.put_nowait(asked["idTag"])
        return {"status": "Accepted"}

    def _stop(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["transactionId"] != self._number:
            return {"status": "Rejected"}
        self._is_ended.set()
        return {"status": "Accepted"}

    def _change_use(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._is_in_use = asked["type"] == "Operative"
        return {"status": "Accepted" if self._number is None else "Scheduled"}

    def _change(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["key"] not in self.settings:
            return {"status": "NotSupported"}
        self.settings[asked["key"]] = asked["value"]
        return {"status": "Accepted"}

    def _update(self, _asked: dict[str, Any]) -> dict[str, Any]:
        words = ("Downloading", "Downloaded", "Installing", "Installed")
        self._errands.append(("FirmwareStatusNotification", words))
        return {}

    def _send_log(self, _asked: dict[str, Any]) -> dict[str, Any]:
        self._errands.append(("DiagnosticsStatusNotification", ("Uploading", "Uploaded")))
        return {"fileName": f"{self.identity}.log"}

    def _reserve(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self._number is not None or self._is_kept_from(asked["idTag"]):
            return {"status": "Occupied"}
        self._reserved = asked["reservationId"], asked["idTag"], asked["expiryDate"]
        return {"status": "Accepted"}

    def _cancel(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self._reserved is None or self._reserved[0] != asked["reservationId"]:
            return {"status": "Rejected"}
        self._reserved = None
        return {"status": "Accepted"}

    def _is_kept_from(self, card: str) -> bool:
        """Whether the outlet is reserved for another card now."""
        return self._reserved is not None and self._reserved[1] != card and _clock() < self._reserved[2]

    def _limit(self, asked: dict[str, Any]) -> dict[str, Any]:
        period = asked["csChargingProfiles"]["chargingSchedule"]
        per_unit = 1 if period["chargingRateUnit"] == "W" else _W_PER_A
        self._limit_w = round(period["chargingSchedulePeriod"][0]["limit"] * per_unit)
        return {"status": "Accepted"}

    def _lift(self, _asked: dict[str, Any]) -> dict[str, Any]:
        was, self._limit_w = self._limit_w, None
        return {"status": "Unknown" if was is None else "Accepted"}

    def _told(self, asked: dict[str, Any]) -> dict[str, Any]:
        names = asked.get("key") or list(self.settings)
        told = [{"key": k, "readonly": False, "value": self.settings[k]} for k in names if k in self.settings]
        return {"configurationKey": told, "unknownKey": [name for name in names if name not in self.settings]}

    def _scheduled(self, asked: dict[str, Any]) -> dict[str, Any]:
        most = self.power_w if self._limit_w is None else min(self.power_w, self._limit_w)
        periods = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": most}]}
        where = {"connectorId": asked["connectorId"], "scheduleStart": _clock()}
        return {"status": "Accepted", **where, "chargingSchedule": {"duration": asked["duration"], **periods}}


class SigningMeter:
    """A meter that signs what it measured, as OCMF. Its key follows from its number: the next time it is the same."""

    def __init__(self, serial: str) -> None:
        self.serial, self._page = serial, 0
        self._key = ec.derive_private_key(int.from_bytes(sha256(serial.encode()).digest()[:31]), ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """Its public key as its plate would show it."""
        key = self._key.public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()

    def record(self, card: str, began_wh: int, ended_wh: int) -> str:
        """One charge, from one reading of the register to the other, signed."""
        self._page += 1
        now = f"{_clock()[:-1]},000+0000 S"
        every = {"RI": "1-0:1.8.0", "RU": "Wh", "EF": "", "ST": "G", "TM": now}
        payload = orjson.dumps(
            {
                "FV": "1.0",
                "PG": f"T{self._page}",
                "MS": self.serial,
                "IS": True,
                "ID": card,
                "RD": [{"TX": "B", "RV": began_wh, **every}, {"TX": "E", "RV": ended_wh, **every}],
            }
        )
        signature = self._key.sign(payload, ec.ECDSA(SHA256())).hex()
        return f'OCMF|{payload.decode()}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'


_ASKED: dict[str, Callable[[Simulated, dict[str, Any]], dict[str, Any]]] = {
    "RemoteStartTransaction": Simulated._start,
    "RemoteStopTransaction": Simulated._stop,
    "ChangeAvailability": Simulated._change_use,
    "ChangeConfiguration": Simulated._change,
    "GetConfiguration": Simulated._told,
    "UpdateFirmware": Simulated._update,
    "GetDiagnostics": Simulated._send_log,
    "ReserveNow": Simulated._reserve,
    "CancelReservation": Simulated._cancel,
    "SetChargingProfile": Simulated._limit,
    "ClearChargingProfile": Simulated._lift,
    "GetCompositeSchedule": Simulated._scheduled,
    "ClearCache": lambda _station, _asked: {"status": "Accepted"},
    "SendLocalList": lambda _station, _asked: {"status": "Accepted"},
    "UnlockConnector": lambda _station, _asked: {"status": "Unlocked"},
    "Reset": lambda _station, _asked: {"status": "Accepted"},
    "TriggerMessage": lambda _station, _asked: {"status": "NotImplemented"},
}


def _clock(wrong: str = "") -> str:
    now = datetime(1970, 1, 1, tzinfo=UTC) if wrong == "dead_clock" else datetime.now(UTC)  # noqa: TID251
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
