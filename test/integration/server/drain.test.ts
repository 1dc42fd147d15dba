import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { accepts } from "../../support/free-port.ts";
import { icapField } from "../../support/icap-answer.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { icapHead, icapRequest, optionsRequest } from "../../support/icap-request.ts";
import { echoService, scriptedService, unmodifiedOutcome } from "../../support/scripted-service.ts";
import { type ServerChanges, ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";

const options = optionsRequest("/echo");
const method = "RESPMOD";
const longMs = 60_000;

/** A server whose `/scripted` answers when `judge` resolves. */
async function start(drain: ServerChanges["drain"] = {}) {
  const judged = Promise.withResolvers<typeof unmodifiedOutcome>();
  const under = await ServerUnderTest.start({
    services: [echoService(), scriptedService({ judge: () => judged.promise })],
    server: { icap: [{ host: "127.0.0.1", port: 0 }], drain },
  });
  return {
    under,
    judge: () => judged.resolve(unmodifiedOutcome),
    [Symbol.asyncDispose]: () => under.close(),
  };
}

async function closing(connection: IcapConnection): Promise<string | undefined> {
  return icapField(await connection.readAnswer(), "connection");
}

/** A connection that was used and is idle. */
async function idleConnection(under: ServerUnderTest): Promise<IcapConnection> {
  const connection = await under.connect();
  await connection.send(options);
  expect(await closing(connection)).toBe("keep-alive");
  return connection;
}

it("ends transactions in flight, announces the end in their answers, then resolves [conformance 152]", async () => {
  await using server = await start();
  const { under } = server;
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path: "/scripted", body: "body" }));
  await under.until(() => under.metrics.started === 1, "the transaction");
  const drained = under.server.drain();
  server.judge();
  expect(await closing(connection)).toBe("close");
  await connection.expectEnd();
  await drained;
  expect(under.server.openConnections).toBe(0);
});

it("ends a body that is still arriving", async () => {
  await using server = await start();
  const { under } = server;
  using connection = await under.connect();
  await connection.send(icapHead({ method, path: "/scripted", body: "" }) + chunk("the "));
  await under.until(() => under.metrics.started === 1, "the transaction");
  const drained = under.server.drain();
  server.judge();
  await connection.send(chunk("whole") + lastChunk);
  const answer = await connection.readAnswer();
  expect([answer.body?.toString(), icapField(answer, "connection")]).toEqual([
    "the whole",
    "close",
  ]);
  await drained;
});

it("closes idle connections one after the other, and serves those that are still open", async () => {
  await using server = await start({ idleSpreadMs: 20_000, delayMs: 100 });
  const { under } = server;
  using first = await idleConnection(under);
  using second = await idleConnection(under);
  const drained = under.server.drain();
  await first.expectEnd();
  await second.send(options);
  expect(await closing(second)).toBe("close");
  await second.expectEnd();
  await drained;
});

it("goes on listening for a while: a new connection is served once", async () => {
  await using server = await start({ delayMs: 2000 });
  const { under } = server;
  const { port } = under;
  const drained = under.server.drain();
  using connection = await under.connect({ port });
  await connection.send(options);
  expect(await closing(connection)).toBe("close");
  await drained;
  expect(await accepts(port)).toBe(false);
});

it("is not held up by a connection that came late and asks for nothing", async () => {
  await using server = await start({ delayMs: 1000 });
  const { under } = server;
  const { port } = under;
  const drained = under.server.drain();
  using late = await under.connect({ port });
  await late.expectEnd();
  await drained;
});

it("answers 503 at its deadline where no answer had begun", async () => {
  await using server = await start({ timeoutMs: 60 });
  const { under } = server;
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path: "/scripted", body: "body" }));
  await under.until(() => under.metrics.started === 1, "the transaction");
  const drained = under.server.drain();
  const answer = await connection.readAnswer();
  expect([answer.status, icapField(answer, "connection")]).toEqual([503, "close"]);
  await connection.expectEnd();
  await drained;
  expect(under.records).toMatchObject([
    { outcome: "failed", cause: "draining", errorCode: "ICAP_ERR_DRAINING" },
  ]);
});

it("cuts at its deadline where an answer had begun", async () => {
  await using server = await start({ timeoutMs: 60 });
  const { under } = server;
  using connection = await under.connect();
  await connection.send(icapHead({ method, path: "/echo", body: "" }) + chunk("the beginning"));
  await connection.readThrough("the beginning\r\n");
  const drained = under.server.drain();
  expect((await connection.readToEnd()).length).toBe(0);
  await drained;
  expect(under.records).toMatchObject([{ cause: "draining", icapStatus: 200 }]);
});

describe("abort", () => {
  it("answers 503 at once and lets the drain resolve", async () => {
    await using server = await start({ timeoutMs: longMs, delayMs: longMs });
    const { under } = server;
    using idle = await idleConnection(under);
    using busy = await under.connect();
    await busy.send(icapRequest({ method, path: "/scripted", body: "body" }));
    await under.until(() => under.metrics.started === 2, "the transaction");
    const drained = under.server.drain();
    under.server.abort();
    expect((await busy.readAnswer()).status).toBe(503);
    await idle.expectEnd();
    await drained;
  });

  it("does not wait for a client that reads nothing", async () => {
    await using server = await start({ timeoutMs: longMs });
    const { under } = server;
    using connection = await under.connect();
    connection.pauseReading();
    const body = "x".repeat(20_000_000);
    void connection
      .send(
        icapRequest({ method, path: "/echo", body }),
        icapRequest({ method, path: "/scripted", body: "body" }),
      )
      .catch(() => {});
    await under.until(() => under.metrics.sent > 1_000_000, "a clogged answer");
    const drained = under.server.drain();
    under.server.abort();
    await drained;
  });
});

it("resolves for everybody who asked, when it is over", async () => {
  await using server = await start();
  const { under } = server;
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path: "/scripted", body: "body" }));
  await under.until(() => under.metrics.started === 1, "the transaction");
  let over = 0;
  const drains = [under.server.drain(), under.server.drain()].map((drained) =>
    drained.then(() => over++),
  );
  server.judge();
  await connection.readAnswer();
  expect(over).toBe(0);
  await connection.expectEnd();
  await Promise.all(drains);
});

it("is not held up by a client that has connected and says nothing of its PROXY preface", async () => {
  await using under = await ServerUnderTest.start({ server: { trustedProxies: ["127.0.0.1"] } });
  const silent = connect(under.port, "127.0.0.1");
  await once(silent, "connect");
  await under.until(() => under.metrics.opened === 1, "the connection");
  silent.resume();
  await under.server.drain();
});
