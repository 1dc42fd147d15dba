import { expect, it } from "vitest";
import { NEEDS_MORE, type Service } from "../../../src/services/index.ts";
import { icapField } from "../../support/icap-answer.ts";
import {
  chunks,
  icapHead,
  icapRequest,
  optionsRequest,
  ownHead,
} from "../../support/icap-request.ts";
import {
  blockedOutcome,
  echoService,
  type Script,
  scriptedService,
  unmodifiedOutcome,
} from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, head, lastChunk } from "../../support/wire-text.ts";

const path = "/scripted";
const method = "RESPMOD";

function failing(): never {
  throw new Error("thrown by the test");
}

const faults: Record<string, Script | Partial<Service>> = {
  "decide throws on the heads": { decide: failing },
  "decide throws on the preview": {
    decide: (preview) => (preview === undefined ? NEEDS_MORE : failing()),
  },
  "judge throws": { judge: failing },
  "judge rejects": { judge: () => Promise.reject(new Error("rejected by the test")) },
};

it.each(Object.entries(faults))(
  "answers 500 and lives on when %s [conformance 194]",
  async (_what, script) => {
    await using under = await ServerUnderTest.start({
      services: [scriptedService(script as Script), echoService()],
    });
    using connection = await under.connect();
    const preview = ["Preview: 4", "Allow: 204"];
    await connection.send(icapHead({ method, path, body: "x", fields: preview }) + chunks("body"));
    let answer = await connection.readAnswer();
    if (answer.status === 100) {
      await connection.send(lastChunk);
      answer = await connection.readAnswer();
    }
    expect(answer.status).toBe(500);
    await connection.expectEnd();
    expect(under.records).toMatchObject([
      { outcome: "failed", cause: "error", errorCode: "ICAP_ERR_INTERNAL", icapStatus: 500 },
    ]);
    using other = await under.connect();
    await other.send(icapRequest({ method, path: "/echo", fields: ["Allow: 204"], body: "x" }));
    expect((await other.readAnswer()).status).toBe(204);
  },
);

it.each(["admits", "examine"] as const)("answers 500 when %s throws", async (name) => {
  await using under = await ServerUnderTest.start({
    services: [{ ...scriptedService(), [name]: failing }, echoService()],
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "body" }));
  expect((await connection.readAnswer()).status).toBe(500);
  await connection.expectEnd();
  expect(under.logs.map((line) => line.message)).toContain("service failed");
});

it("answers an OPTIONS request that announces a preview", async () => {
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  const fields = ["Preview: 0", "Encapsulated: opt-body=0"];
  await connection.send(optionsRequest(path, ...fields) + lastChunk + optionsRequest(path));
  expect((await connection.readAnswer()).status).toBe(200);
  expect((await connection.readAnswer()).status).toBe(200);
});

it("answers a client that closes its side behind a whole request, then closes", async () => {
  const { promise, resolve } = Promise.withResolvers<typeof unmodifiedOutcome>();
  await using under = await ServerUnderTest.start({
    services: [scriptedService({ judge: () => promise })],
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "body" }));
  connection.endSending();
  // What reached the server before a later exchange on another connection was seen before it.
  using other = await under.connect();
  await other.send(optionsRequest(path));
  await other.readAnswer();
  resolve(unmodifiedOutcome);
  expect((await connection.readAnswer()).body?.toString()).toBe("body");
  await connection.expectEnd();
});

it("tells a client abort when the answer comes to a client that closed the connection meanwhile", async () => {
  const { promise, resolve } = Promise.withResolvers<typeof unmodifiedOutcome>();
  await using under = await ServerUnderTest.start({
    services: [scriptedService({ judge: () => promise })],
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "x".repeat(20_000_000) }));
  connection.close();
  resolve(unmodifiedOutcome);
  expect(await under.record(0)).toMatchObject({ outcome: "failed", cause: "client-abort" });
});

it("sends all of a long answer to a client that has closed its side", async () => {
  const body = "x".repeat(8_000_000);
  await using under = await ServerUnderTest.start({ services: [echoService()] });
  using connection = await under.connect();
  void connection
    .send(icapRequest({ method, path: "/echo", body }))
    .then(() => connection.endSending());
  expect((await connection.readAnswer()).body?.toString()).toBe(body);
  await connection.expectEnd();
});

it("tells a client abort when the client goes away in the middle of a body [conformance 93]", async () => {
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  await connection.send(icapHead({ method, path, body: "" }) + chunk("the beginning"));
  await under.until(() => under.metrics.started === 1, "the transaction");
  connection.close();
  expect(await under.record(0)).toMatchObject({
    outcome: "failed",
    cause: "client-abort",
    icapStatus: 0,
  });
  expect(under.spools.budget.memoryBytes).toBe(0);
});

it("tells a client abort when the client closes its side in the middle of a body", async () => {
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  await connection.send(icapHead({ method, path, body: "" }) + chunk("the beginning"));
  connection.endSending();
  await connection.expectEnd();
  expect(under.records).toMatchObject([{ outcome: "failed", cause: "client-abort" }]);
});

it("tells a client abort when the client closes its side while scanners look at its preview", async () => {
  const asked = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<typeof NEEDS_MORE>();
  const screen = (): Promise<typeof NEEDS_MORE> => {
    asked.resolve();
    return decided.promise;
  };
  await using under = await ServerUnderTest.start({
    services: [scriptedService({ screen }), echoService()],
  });
  using connection = await under.connect();
  const fields = ["Preview: 4"];
  await connection.send(icapHead({ method, path, body: "x", fields }) + chunks("body"));
  await asked.promise;
  connection.endSending();
  // Its answer comes behind the end of the other connection.
  using other = await under.connect();
  await other.send(icapRequest({ method, path: "/echo", fields: ["Allow: 204"], body: "x" }));
  await other.readAnswer();
  decided.resolve(NEEDS_MORE);
  expect(await under.record(1)).toMatchObject({ outcome: "failed", cause: "client-abort" });
  expect(under.spools.budget.memoryBytes).toBe(0);
});

it("tells the scan when the client goes away [conformance 93]", async () => {
  const aborted = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  await using under = await ServerUnderTest.start({
    services: [
      scriptedService({
        judge: (_body, signal) => {
          began.resolve();
          signal.addEventListener("abort", () => aborted.resolve());
          return new Promise(() => {});
        },
      }),
    ],
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "body" }));
  await began.promise;
  connection.reset();
  await aborted.promise;
  expect(await under.record(0)).toMatchObject({ cause: "client-abort" });
  expect(under.records).toHaveLength(1);
});

it("tells the outcome, not an abort, when the client leaves behind an early block page", async () => {
  await using under = await ServerUnderTest.start({
    services: [scriptedService({ decide: () => blockedOutcome })],
  });
  using connection = await under.connect();
  await connection.send(icapHead({ method, path, body: "" }) + chunk("the beginning"));
  expect((await connection.readAnswer()).status).toBe(200);
  connection.close();
  expect(await under.record(0)).toMatchObject({
    outcome: "blocked",
    cause: "verdict",
    icapStatus: 200,
  });
});

it("aborts the judgement's signal when the transaction's time is up", async () => {
  await using under = await ServerUnderTest.start({
    services: [
      scriptedService({
        transactionTimeoutMs: 500,
        judge: (_body, signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => resolve(blockedOutcome));
          }),
      }),
    ],
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, body: "body" }));
  expect((await connection.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403/);
});

it("counts a fault of the wire inside a body with its code", async () => {
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  await connection.send(`${icapHead({ method, path, body: "" })}zz\r\n`);
  expect((await connection.readAnswer()).status).toBe(400);
  await connection.expectEnd();
  expect(under.records).toMatchObject([
    { cause: "protocol", errorCode: "ICAP_ERR_CHUNK_SIZE", service: "scripted" },
  ]);
  expect(under.metrics.parserErrors).toEqual(["ICAP_ERR_CHUNK_SIZE"]);
});

it("cuts an echo under way when the body turns out malformed", async () => {
  await using under = await ServerUnderTest.start({ services: [echoService()] });
  using connection = await under.connect();
  await connection.send(icapHead({ method, path: "/echo", body: "" }) + chunk("the beginning"));
  await connection.readThrough("the beginning");
  await connection.send("zz\r\n");
  expect((await connection.readToEnd()).toString()).toBe("\r\n");
  expect(under.records).toMatchObject([{ outcome: "failed", cause: "protocol", icapStatus: 200 }]);
});

it("answers 400 to a body that is malformed in its first read, though its echo was decided", async () => {
  await using under = await ServerUnderTest.start({ services: [echoService()] });
  using connection = await under.connect();
  const body = `${chunk("the beginning")}zz\r\n`;
  await connection.send(icapHead({ method, path: "/echo", body: "" }) + body);
  const answer = await connection.readAnswer();
  expect([answer.status, icapField(answer, "connection")]).toEqual([400, "close"]);
  await connection.expectEnd();
  expect(under.records).toMatchObject([
    { cause: "protocol", errorCode: "ICAP_ERR_CHUNK_SIZE", icapStatus: 400 },
  ]);
});

it("does not show a query string anywhere in the record", async () => {
  await using under = await ServerUnderTest.start({ services: [echoService()] });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path: "/echo?token=t0p", body: "body" }));
  expect((await connection.readAnswer()).responseHead).toBe(ownHead(method));
  const text = JSON.stringify([under.records, under.logs]);
  expect(text).not.toMatch(/secret|t0p/);
  expect(under.records).toMatchObject([{ host: "files.example", httpMethod: "POST" }]);
});

const identified = ["X-Client-IP: 192.0.2.7", "X-Authenticated-User: TG9jYWw6Ly91c2VyMQ=="];

it("records who the client's client is where the service opts in", async () => {
  await using under = await ServerUnderTest.start({
    services: [scriptedService({ recordsIdentity: true })],
  });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, fields: identified }));
  await connection.readAnswer();
  expect(under.records).toMatchObject([{ clientIp: "192.0.2.7", user: "user1" }]);
});

it("records nothing of the client's client where the service does not opt in", async () => {
  await using under = await ServerUnderTest.start({ services: [scriptedService()] });
  using connection = await under.connect();
  await connection.send(icapRequest({ method, path, fields: identified }));
  await connection.readAnswer();
  expect(JSON.stringify(under.records)).not.toMatch(/192\.0\.2\.7|user1/);
});

it("answers a request behind a refused one on the same connection", async () => {
  await using under = await ServerUnderTest.start({ services: [echoService()] });
  using connection = await under.connect();
  const refused = icapRequest({ method, path: "/nowhere", body: "body" });
  await connection.send(refused + head("OPTIONS icap://h/echo ICAP/1.0", "Host: h"));
  expect((await connection.readAnswer()).status).toBe(404);
  expect((await connection.readAnswer()).status).toBe(200);
});
