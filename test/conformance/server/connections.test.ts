import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readContent } from "../../../src/entity/index.ts";
import { Cause } from "../../../src/telemetry/index.ts";
import { icapField } from "../../support/icap-answer.ts";
import { chunks, icapHead, icapRequest, optionsRequest } from "../../support/icap-request.ts";
import {
  blockedOutcome,
  blockedPage,
  echoService,
  pageOf,
  scriptedService,
  unmodifiedOutcome,
} from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, head, lastChunk } from "../../support/wire-text.ts";

const method = "RESPMOD";

let under: ServerUnderTest;
beforeAll(async () => {
  under = await ServerUnderTest.start({
    services: [
      echoService("/echo"),
      scriptedService({ path: "/all", judge: () => Promise.resolve(unmodifiedOutcome) }),
      scriptedService({ path: "/block-at-once", decide: () => blockedOutcome }),
      scriptedService({
        path: "/tell",
        judge: async (body) => {
          const parts: Buffer[] = [];
          if (body.kind === "complete") {
            for await (const part of readContent(body.body.content)) parts.push(Buffer.from(part));
          }
          const replacement = pageOf(403, Buffer.concat(parts).toString());
          return { kind: "blocked", replacement, report: { cause: Cause.Verdict, fields: "" } };
        },
      }),
    ],
  });
});
afterAll(() => under.close());

describe("a connection", () => {
  it("takes a hundred requests, one after the other, of every kind [conformance 142]", async () => {
    using connection = await under.connect();
    for (let i = 0; i < 100; i += 4) {
      const requests = [
        optionsRequest("/echo"),
        icapRequest({ method: "REQMOD", path: "/echo" }),
        icapRequest({ method, path: "/all", body: `body ${i}` }),
        icapRequest({ method, path: "/all", fields: ["Allow: 204"], body: `body ${i}` }),
      ];
      for (const [index, request] of requests.entries()) {
        await connection.send(request);
        const answer = await connection.readAnswer();
        expect(answer.status).toBe(index === 3 ? 204 : 200);
        expect(icapField(answer, "connection")).toBe("keep-alive");
      }
    }
  });

  it.each(["close", " close", "CLOSE", "keep-alive, close", "Keep-Alive,Close "])(
    "ends behind the answer to a request with Connection: %j [conformance 143]",
    async (words) => {
      using connection = await under.connect();
      await connection.send(
        head("OPTIONS icap://h/echo ICAP/1.0", "Host: h", `Connection: ${words}`),
      );
      const answer = await connection.readAnswer();
      expect([answer.status, icapField(answer, "connection")]).toEqual([200, "close"]);
      await connection.expectEnd();
    },
  );

  it("that the client ends behind an empty file is read on to its end [conformance 92]", async () => {
    using connection = await under.connect();
    const fields = ["Connection: close"];
    await connection.send(icapRequest({ method, path: "/all", fields, body: "" }), lastChunk);
    expect((await connection.readAnswer()).status).toBe(200);
    await connection.expectEnd();
  });

  it("that is given up in a body leaves nothing behind [conformance 93]", async () => {
    const before = under.records.length;
    using connection = await under.connect();
    await connection.send(icapHead({ method, path: "/all", body: "any" }) + chunk("begun"));
    connection.close();
    expect(await under.record(before)).toMatchObject({ cause: "client-abort", outcome: "failed" });
    expect(under.spools.budget).toMatchObject({ memoryBytes: 0 });
  });
});

describe("requests sent ahead of their answers", () => {
  it("are answered in their order, bodies not mixed, though they came in one segment [conformance 145]", async () => {
    using connection = await under.connect();
    const bodies = ["first", "second", "third"];
    const requests = bodies.map((body) => icapRequest({ method, path: "/tell", body }));
    await connection.send(requests.join(""));
    for (const body of bodies) {
      expect((await connection.readAnswer()).body?.toString()).toBe(body);
    }
  });

  it("are no part of a preview that is being answered [conformance 146]", async () => {
    using connection = await under.connect();
    const preview = icapHead({ method, path: "/echo", fields: ["Preview: 4"], body: "any" });
    await connection.send(preview + chunks("abcd") + optionsRequest("/echo"));
    expect((await connection.readAnswer()).status).toBe(204);
    expect(icapField(await connection.readAnswer(), "methods")).toBeDefined();
  });

  it("are no chunks of a body that was asked for: 400 and the end [conformance 146]", async () => {
    using connection = await under.connect();
    const preview = icapHead({ method, path: "/all", fields: ["Preview: 4"], body: "any" });
    await connection.send(preview + chunks("abcd") + optionsRequest("/echo"));
    expect((await connection.readAnswer()).status).toBe(100);
    expect((await connection.readAnswer()).status).toBe(400);
    await connection.expectEnd();
  });
});

describe("many connections at the same time", () => {
  it("get each the body that they sent: 400 previews, continued [conformance 147]", async () => {
    const connections = await Promise.all(Array.from({ length: 400 }, () => under.connect()));
    const exchanges = connections.map(async (connection, i) => {
      const body = `body of connection ${i} `.repeat(50);
      const request = icapHead({ method, path: "/tell", fields: ["Preview: 100"], body });
      await connection.send(request + chunks(body.slice(0, 100)));
      const first = await connection.readAnswer();
      await connection.send(chunks(body.slice(100)));
      const answer = await connection.readAnswer();
      connection.close();
      return first.status === 100 && answer.body?.toString() === body;
    });
    expect((await Promise.all(exchanges)).filter((same) => !same)).toEqual([]);
  }, 60_000);
});

describe("an answer before the request has ended", () => {
  const early = icapHead({ method, path: "/block-at-once", body: "any" });

  it("comes while the client still sends, and what it sends is read away [conformance 157]", async () => {
    using connection = await under.connect();
    await connection.send(early + chunk("begun"));
    expect((await connection.readAnswer()).body?.toString()).toBe(blockedPage);
    await connection.send(chunk("a".repeat(500_000)), lastChunk, optionsRequest("/echo"));
    expect((await connection.readAnswer()).status).toBe(200);
  });

  it("is not destroyed by a reset when the server closes behind it [conformance 159]", async () => {
    using connection = await under.connect();
    const request = icapHead({ method, path: "/all", body: "any" });
    // 400 for the size; the rest is under way when the server says so.
    await connection.send(`${request}zz\r\n`, "a".repeat(500_000));
    const answer = await connection.readAnswer();
    expect([answer.status, icapField(answer, "connection")]).toEqual([400, "close"]);
    await connection.expectEnd();
  });
});

describe("garbage", () => {
  it("ends its own connection and no other [conformance 195]", async () => {
    using other = await under.connect();
    const garbage = [
      "\0\0\0\0",
      "\x16\x03\x01\x02\0",
      "GET / HTTP/1.1\r\n\r\n",
      "\r\n\r\n\r\n\r\n",
    ];
    for (const bytes of garbage) {
      using connection = await under.connect();
      await connection.send(bytes);
      expect((await connection.readAnswer()).status).toBe(400);
      await connection.expectEnd();
    }
    await other.send(optionsRequest("/echo"));
    expect((await other.readAnswer()).status).toBe(200);
  });
});
