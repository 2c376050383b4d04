"""Stations of the demonstration that really connect: they boot, let drivers in, charge, and get things wrong on demand.

One outlet a station. Times and energy are as they are; a minute of charging takes `minute_s` seconds.
"""

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from charging.domain.ocpp import v16

#: What a station may do wrong, each once in so many charges.
FAULTS = ("no_stop", "twice", "dead_clock", "backwards")
ONE_IN = 4
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
    _said: int = 0

    async def live(self) -> None:
        """Connect, charge one car after the other, and come again when the connection is lost. Until cancelled."""
        basic = base64.b64encode(f"{self.identity}:{self.password}".encode()).decode()
        while True:
            try:
                async with connect(
                    self.url,
                    subprotocols=[v16.SUBPROTOCOL],  # type: ignore[list-item]
                    additional_headers={"Authorization": f"Basic {basic}"},
                ) as socket:
                    await self._boot(socket)
                    while True:
                        await self._charge(socket)
            except (OSError, WebSocketException):
                await asyncio.sleep(self.chance.uniform(2, 10))

    async def _boot(self, socket: ClientConnection) -> None:
        await self._call(socket, "BootNotification", chargePointVendor="Wattledger", chargePointModel="Simulated")
        await self._status(socket, "Available")

    async def _charge(self, socket: ClientConnection) -> None:
        await asyncio.sleep(self.chance.uniform(1, 30) * self.minute_s)
        card, wrong = self.chance.choice(self.cards), self._fault()
        said = await self._call(socket, "Authorize", idTag=card)
        if said.get("idTagInfo", {}).get("status") != "Accepted":
            return
        await self._status(socket, "Preparing")
        start = {"connectorId": 1, "idTag": card, "meterStart": self.register_wh, "timestamp": _clock(wrong)}
        number = (await self._call(socket, "StartTransaction", **start))["transactionId"]
        if wrong == "twice":
            await self._call(socket, "StartTransaction", **start)
        await self._status(socket, "Charging")
        for _ in range(self.chance.randint(2, _LONGEST_CHARGE_MINUTES // _READ_EVERY_MINUTES)):
            await asyncio.sleep(_READ_EVERY_MINUTES * self.minute_s)
            self.register_wh += round(
                self.power_w * self.chance.uniform(0.4, 0.9) * _READ_EVERY_MINUTES * self.minute_s / 3600
            )
            await self._call(socket, "MeterValues", connectorId=1, transactionId=number, meterValue=[self._reading()])
        if wrong != "no_stop":
            meter = 0 if wrong == "backwards" else self.register_wh
            stop = {"transactionId": number, "meterStop": meter, "timestamp": _clock(wrong), "reason": "EVDisconnected"}
            await self._call(socket, "StopTransaction", **stop)
        await self._status(socket, "Available")

    def _fault(self) -> str:
        return self.chance.choice(self.faults) if self.faults and self.chance.randrange(ONE_IN) == 0 else ""

    def _reading(self) -> dict[str, Any]:
        return {"timestamp": _clock(), "sampledValue": [{"value": str(self.register_wh), "unit": "Wh"}]}

    async def _status(self, socket: ClientConnection, status: str) -> None:
        await self._call(socket, "StatusNotification", connectorId=1, status=status, errorCode="NoError")

    async def _call(self, socket: ClientConnection, action: str, **payload: Any) -> dict[str, Any]:
        self._said += 1
        await socket.send(orjson.dumps([2, str(self._said), action, payload]).decode())
        kind, _, *rest = orjson.loads(await socket.recv())
        return dict(rest[0]) if kind == 3 else {}  # OCPP-J: an answer


def _clock(wrong: str = "") -> str:
    now = datetime(1970, 1, 1, tzinfo=UTC) if wrong == "dead_clock" else datetime.now(UTC)  # noqa: TID251
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
