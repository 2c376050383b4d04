// A station made with a client of others, strict about every message: node station.mjs '{"endpoint", "identity", "password", "protocol", "card", "at"}'.
// It charges once, waits to be reset, and prints what it was answered, one JSON document.

import { RPCClient } from "ocpp-rpc";

const { endpoint, identity, password, protocol, card, at } = JSON.parse(process.argv[2]);
const station = new RPCClient({
  endpoint,
  identity,
  password,
  protocols: [protocol],
  strictMode: true,
  reconnect: false,
  callTimeoutMs: 30_000,
});

const FLOWS = {
  async "ocpp1.6"(call) {
    await call("BootNotification", { chargePointVendor: "Acme", chargePointModel: "X" });
    await call("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Preparing" });
    await call("Authorize", { idTag: card });
    const began = await call("StartTransaction", { connectorId: 1, idTag: card, meterStart: 100, timestamp: at });
    const transactionId = began.transactionId;
    const read = { timestamp: at, sampledValue: [{ value: "500" }] };
    await call("MeterValues", { connectorId: 1, transactionId, meterValue: [read] });
    await call("StopTransaction", { transactionId, meterStop: 1000, timestamp: at, reason: "Local" });
    await call("DataTransfer", { vendorId: "Acme" });
    await call("Heartbeat", {});
  },
  async "ocpp2.0.1"(call) {
    const idToken = { idToken: card, type: "ISO14443" };
    const transactionInfo = { transactionId: "from-npm" };
    const said = (eventType, seqNo, value) => ({
      eventType,
      seqNo,
      timestamp: at,
      triggerReason: "Authorized",
      transactionInfo,
      evse: { id: 1, connectorId: 1 },
      idToken,
      meterValue: [{ timestamp: at, sampledValue: [{ value }] }],
    });
    await call("BootNotification", {
      reason: "PowerUp",
      chargingStation: { vendorName: "Acme", model: "X2" },
    });
    await call("StatusNotification", { evseId: 1, connectorId: 1, connectorStatus: "Occupied", timestamp: at });
    await call("Authorize", { idToken });
    await call("TransactionEvent", said("Started", 0, 100));
    await call("TransactionEvent", said("Updated", 1, 500));
    await call("TransactionEvent", said("Ended", 2, 1000));
    await call("Heartbeat", {});
  },
};

const answers = {};
const wasReset = new Promise((resolve) => {
  station.handle("Reset", ({ params }) => {
    setTimeout(() => resolve(params), 100); // the answer leaves first
    return { status: "Accepted" };
  });
});
await station.connect();
await FLOWS[protocol](async (action, params) => (answers[action] = await station.call(action, params)));
process.stderr.write("charged\n");
answers.Reset = await wasReset;
await station.close();
console.log(JSON.stringify(answers));
