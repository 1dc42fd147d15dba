import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { NEEDS_MORE, type Outcome } from "../../../src/services/index.ts";
import { icapField } from "../../support/icap-answer.ts";
import { chunks, icapHead, icapRequest, optionsRequest } from "../../support/icap-request.ts";
import { blockedOutcome, echoService, scriptedService } from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk } from "../../support/wire-text.ts";

const method = "RESPMOD";
const path = "/scripted";
const shortMs = 80;
/** A deadline that a client is to keep on a busy machine too. */
const keptMs = 1000;

it("closes a connection on which nothing comes, silently [conformance 149]", async () => {
  await using under = await ServerUnderTest.start({
    server: { timeouts: { idleTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  await connection.expectEnd();
  expect(under.records).toEqual([]);
});

it("closes a connection that was used and then left idle, silently", async () => {
  await using under = await ServerUnderTest.start({
    services: [echoService()],
    server: { timeouts: { idleTimeoutMs: keptMs } },
  });
  using connection = await under.connect();
  await connection.send(optionsRequest("/echo"));
  await connection.readAnswer();
  await connection.expectEnd();
  expect(under.records).toHaveLength(1);
});

it.each([
  "OPTIONS icap://h/echo ICAP/1.0\r\nHost: h\r\n",
  icapHead({ method, path }).slice(0, -30),
])("answers 408 to a head that stops coming [conformance 150]", async (head) => {
  await using under = await ServerUnderTest.start({
    services: [echoService(), scriptedService()],
    server: { timeouts: { headTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  await connection.send(head);
  const answer = await connection.readAnswer();
  expect([answer.status, icapField(answer, "connection")]).toEqual([408, "close"]);
  await connection.expectEnd();
  expect(under.metrics.parserErrors).toEqual(["ICAP_ERR_HEAD_TIMEOUT"]);
});

it("answers 408 to a head that comes a byte now and then: its deadline does not move", async () => {
  await using under = await ServerUnderTest.start({
    services: [echoService()],
    server: { timeouts: { headTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  let answered = false;
  const answer = connection.readAnswer().then((read) => {
    answered = true;
    return read;
  });
  await connection.send("OPTIONS icap://h/echo ICAP/1.0\r\nX-Drip: ");
  while (!answered) {
    await connection.send("x").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect((await answer).status).toBe(408);
});

it("answers 408 to a body that stops coming [conformance 150]", async () => {
  await using under = await ServerUnderTest.start({
    services: [scriptedService()],
    server: { timeouts: { bodyTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  await connection.send(icapHead({ method, path, body: "" }) + chunk("the beginning"));
  expect((await connection.readAnswer()).status).toBe(408);
  await connection.expectEnd();
  expect(under.records).toMatchObject([
    { outcome: "failed", cause: "timeout", errorCode: "ICAP_ERR_BODY_TIMEOUT" },
  ]);
});

it("answers 408 when the rest of a body that was asked for does not come", async () => {
  await using under = await ServerUnderTest.start({
    services: [scriptedService()],
    server: { timeouts: { bodyTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  const request = icapHead({ method, path, body: "", fields: ["Preview: 0"] });
  await connection.send(`${request}0\r\n\r\n`);
  expect((await connection.readAnswer()).status).toBe(100);
  expect((await connection.readAnswer()).status).toBe(408);
});

it("cuts an echo whose body stops coming: half of it must not pass for the whole", async () => {
  await using under = await ServerUnderTest.start({
    services: [echoService()],
    server: { timeouts: { bodyTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  await connection.send(icapHead({ method, path: "/echo", body: "" }) + chunk("the beginning"));
  const bytes = await connection.readToEnd();
  expect(bytes.toString()).toMatch(/\r\nthe beginning\r\n$/);
  expect(under.records).toMatchObject([{ cause: "timeout", icapStatus: 200 }]);
});

/** Judges until it is told to stop. */
function endlessService() {
  const began = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const service = scriptedService({
    judge: (_body, signal) => {
      began.resolve();
      signal.addEventListener("abort", () => stopped.resolve());
      return new Promise(() => {});
    },
  });
  return { service, began: began.promise, stopped: stopped.promise };
}

it("stops a scan for a client that has closed its side and does not get its answer in time", async () => {
  const { service, began, stopped } = endlessService();
  await using under = await ServerUnderTest.start({
    services: [service],
    server: { timeouts: { halfClosedTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "body" }));
  connection.endSending();
  await began;
  await stopped;
  expect(await under.record(0)).toMatchObject({ cause: "client-abort", icapStatus: 0 });
  await connection.expectEnd();
});

it("stops a scan for a client that has closed the connection, which looks the same", async () => {
  const { service, began, stopped } = endlessService();
  await using under = await ServerUnderTest.start({
    services: [service],
    server: { timeouts: { halfClosedTimeoutMs: shortMs } },
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "body" }));
  await began;
  connection.close();
  await stopped;
  expect(await under.record(0)).toMatchObject({ cause: "client-abort", icapStatus: 0 });
});

it("answers each request of a client that has closed its side behind several", async () => {
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  await connection.send(
    ["1", "2", "3"].map((body) => icapRequest({ method, path, body })).join(""),
  );
  connection.endSending();
  for (const body of ["1", "2", "3"]) {
    expect((await connection.readAnswer()).body?.toString()).toBe(body);
  }
  await connection.expectEnd();
});

it.each<[string, Outcome | typeof NEEDS_MORE, object]>([
  ["ends with it", NEEDS_MORE, { cause: "client-abort", icapStatus: 0 }],
  ["answers it where that was enough", blockedOutcome, { cause: "verdict", icapStatus: 200 }],
])(
  "waits for the screening of a preview whose client has closed its side, and %s",
  async (_, screened, end) => {
    const screening = Promise.withResolvers<Outcome | typeof NEEDS_MORE>();
    const service = scriptedService({ screen: () => screening.promise });
    await using under = await ServerUnderTest.start({ services: [service] });
    using connection = await under.connect();
    const preview = icapHead({ method, path, fields: ["Preview: 4"], body: "" }) + chunks("body");
    await connection.send(preview);
    await under.until(() => under.metrics.started === 1, "the transaction");
    connection.endSending();
    screening.resolve(screened);
    expect(await under.record(0)).toMatchObject(end);
  },
);

it("does not count the time of a judgement as the client's", async () => {
  const judged = Promise.withResolvers<void>();
  await using under = await ServerUnderTest.start({
    services: [
      scriptedService({
        judge: async () => {
          await judged.promise;
          return { kind: "unmodified", report: { cause: "none", fields: "" } };
        },
      }),
      echoService(),
    ],
    server: {
      timeouts: {
        bodyTimeoutMs: keptMs,
        idleTimeoutMs: keptMs,
        headTimeoutMs: keptMs,
        halfClosedTimeoutMs: keptMs,
      },
    },
  });
  // The second of each is held behind the first, and begins when that has been answered.
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "1" }).repeat(2));
  await under.until(() => under.metrics.started === 1, "the first transaction");
  // Another connection's whole idle time passes meanwhile.
  using idle = await under.connect();
  await idle.expectEnd();
  judged.resolve();
  expect((await connection.readAnswer()).body?.toString()).toBe("1");
  expect((await connection.readAnswer()).body?.toString()).toBe("1");
});

it("does not count the time of a judgement of a held request as the client's", async () => {
  const judged = Promise.withResolvers<void>();
  let judgements = 0;
  await using under = await ServerUnderTest.start({
    services: [
      scriptedService({
        judge: async () => {
          judgements++;
          if (judgements === 1) await new Promise((resolve) => setImmediate(resolve));
          else await judged.promise;
          return { kind: "unmodified", report: { cause: "none", fields: "" } };
        },
      }),
    ],
    server: { timeouts: { bodyTimeoutMs: keptMs, idleTimeoutMs: keptMs } },
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "1" }).repeat(2));
  await connection.readAnswer();
  await under.until(() => under.metrics.started === 2, "the second transaction");
  using idle = await under.connect();
  await idle.expectEnd();
  judged.resolve();
  expect((await connection.readAnswer()).body?.toString()).toBe("1");
});

describe("a client that does not read its answer", () => {
  it("is cut when it takes nothing in time [conformance 151]", async () => {
    await using under = await ServerUnderTest.start({
      services: [echoService()],
      server: { timeouts: { writeTimeoutMs: shortMs } },
    });
    using connection = await under.connect();
    connection.pauseReading();
    const body = "x".repeat(40_000_000);
    connection.send(icapRequest({ method, path: "/echo", body })).catch(() => {});
    expect(await under.record(0)).toMatchObject({ cause: "write-timeout", icapStatus: 200 });
    expect(under.server.openConnections).toBe(0);
  });

  it("is not read from meanwhile: no more is held than the kernel takes", async () => {
    await using under = await ServerUnderTest.start({ services: [echoService()] });
    using connection = await under.connect();
    connection.pauseReading();
    const body = "x".repeat(60_000_000);
    let settled = false;
    void connection.send(icapRequest({ method, path: "/echo", body })).then(
      () => {
        settled = true;
      },
      () => {},
    );
    using other = await under.connect();
    for (let before = -1; before !== under.metrics.received; ) {
      before = under.metrics.received;
      for (let i = 0; i < 20; i++) {
        await other.send(optionsRequest("/nowhere"));
        await other.readAnswer();
      }
      before += optionsRequest("/nowhere").length * 20;
    }
    expect(settled).toBe(false);
    expect(under.metrics.received).toBeLessThan(30_000_000);
  });
});

it("closes a connection whose client does not, a while behind the last answer", async () => {
  await using under = await ServerUnderTest.start({
    services: [echoService()],
    server: { timeouts: { lingerTimeoutMs: shortMs } },
  });
  const client = connect({ port: under.port, host: "127.0.0.1", allowHalfOpen: true });
  client.write(optionsRequest("/echo", "Connection: close"));
  client.resume();
  await once(client, "end");
  await under.until(() => under.metrics.closed === 1, "the connection's end");
  client.destroy();
});

it("reads away what still comes behind the last answer, so that it is not lost [conformance 159]", async () => {
  await using under = await ServerUnderTest.start({ services: [echoService()] });
  using connection = await under.connect();
  const junk = "j".repeat(5_000_000);
  await connection.send(`not ICAP at all\r\n\r\n${junk}`);
  expect((await connection.readAnswer()).status).toBe(400);
  await connection.expectEnd();
});
