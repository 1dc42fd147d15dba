import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readContent } from "../../../src/entity/index.ts";
import { NEEDS_MORE } from "../../../src/services/index.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
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
  scriptedService,
  unmodifiedOutcome,
} from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, endOfPreviewedBody, head } from "../../support/wire-text.ts";

const CONTINUE = "ICAP/1.0 100 Continue\r\n\r\n";
const method = "RESPMOD";

/** What the services saw of bodies, in order. */
const seen: string[] = [];
let under: ServerUnderTest;
beforeAll(async () => {
  under = await ServerUnderTest.start({
    services: [
      echoService("/echo"),
      scriptedService({
        path: "/all",
        judge: async (body) => {
          if (body.kind === "complete") {
            for await (const part of readContent(body.body.content))
              seen.push(part.toString("latin1"));
          }
          return unmodifiedOutcome;
        },
      }),
      scriptedService({
        path: "/block-at-preview",
        decide: (preview) => (preview === undefined ? NEEDS_MORE : blockedOutcome),
      }),
    ],
  });
});
afterAll(() => under.close());

/** What comes first: the head, and the chunks that the client sends before it waits. */
const previewed = (path: string, sent: string, ...fields: string[]) =>
  icapHead({ method, path, fields, body: "any" }) + sent;

async function firstAnswer(connection: IcapConnection, ...bytes: string[]): Promise<IcapAnswer> {
  await connection.send(...bytes);
  return connection.readAnswer();
}

function expectEcho(answer: IcapAnswer, body: string): void {
  expect(answer.status).toBe(200);
  expect(answer.responseHead).toBe(ownHead(method));
  expect(answer.requestHead).toBeUndefined();
  expect(answer.body?.toString("latin1")).toBe(body);
}

describe("a preview", () => {
  it("of nothing is answered before anything else is sent [conformance 95]", async () => {
    using connection = await under.connect();
    const request = previewed("/echo", "0\r\n\r\n", "Preview: 0");
    expect((await firstAnswer(connection, request)).status).toBe(204);
  });

  it("is answered with one 100 of no fields, and the rest with the answer [conformance 96, 112]", async () => {
    using connection = await under.connect();
    await connection.send(previewed("/all", chunks("hell"), "Preview: 4"));
    expect((await connection.readThrough("\r\n\r\n")).toString()).toBe(CONTINUE);
    expectEcho(await firstAnswer(connection, chunks("o, world")), "hello, world");
  });

  it("that is the whole body is answered without 100 [conformance 97]", async () => {
    using connection = await under.connect();
    const request = previewed("/all", chunk("hello") + endOfPreviewedBody, "Preview: 1024");
    expect((await firstAnswer(connection, request)).status).toBe(204);
  });

  it("that is the whole body may be answered with 204 without leave [conformance 98]", async () => {
    using connection = await under.connect();
    const request = previewed("/echo", chunk("hello") + endOfPreviewedBody, "Preview: 1024");
    expect((await firstAnswer(connection, request)).status).toBe(204);
  });

  it.each(["Allow: 206, trailers", "Allow: trailers", "Allow: 2041", "Allow: x204", "X-None: 0"])(
    "that was continued is answered with the message under %s, never 204 [conformance 99, 103, 104]",
    async (allow) => {
      using connection = await under.connect();
      const request = previewed("/all", chunks("hell"), "Preview: 4", allow);
      expect((await firstAnswer(connection, request)).status).toBe(100);
      expectEcho(await firstAnswer(connection, chunks("o")), "hello");
    },
  );

  it.each(["Allow: 204", "Allow: 204, 206, trailers", "Allow: trailers,204"])(
    "that was continued may be answered with 204 under %s [conformance 100, 103]",
    async (allow) => {
      using connection = await under.connect();
      const request = previewed("/all", chunks("hell"), "Preview: 4", allow);
      expect((await firstAnswer(connection, request)).status).toBe(100);
      expect((await firstAnswer(connection, chunks("o"))).status).toBe(204);
    },
  );

  it("of a message without a body is answered at once [conformance 105]", async () => {
    using connection = await under.connect();
    const request = icapRequest({ method: "REQMOD", path: "/all", fields: ["Preview: 0"] });
    expect((await firstAnswer(connection, request)).status).toBe(204);
  });

  it("longer than announced is read [conformance 106]", async () => {
    using connection = await under.connect();
    const request = previewed("/all", chunks("hello"), "Preview: 4");
    expect((await firstAnswer(connection, request)).status).toBe(100);
    expectEcho(await firstAnswer(connection, chunks("!")), "hello!");
  });

  it("shorter than announced is a preview [conformance 107]", async () => {
    using connection = await under.connect();
    const request = previewed("/all", chunks("hello"), "Preview: 1024");
    expect((await firstAnswer(connection, request)).status).toBe(100);
    expectEcho(await firstAnswer(connection, chunks("!")), "hello!");
  });

  it.each(["-1", "abc", "99999999999", "", "1e3"])(
    "announced as %j is 400 and the end [conformance 108]",
    async (announced) => {
      using connection = await under.connect();
      const answer = await firstAnswer(connection, previewed("/all", "", `Preview: ${announced}`));
      expect([answer.status, icapField(answer, "connection")]).toEqual([400, "close"]);
      await connection.expectEnd();
    },
  );

  it("whose client leaves in place of sending the rest is an abort [conformance 109]", async () => {
    const before = under.records.length;
    using connection = await under.connect();
    const request = previewed("/all", chunks("hell"), "Preview: 4");
    expect((await firstAnswer(connection, request)).status).toBe(100);
    connection.close();
    expect(await under.record(before)).toMatchObject({ cause: "client-abort", icapStatus: 0 });
  });

  it("that is blocked is answered, the rest never asked for, the connection kept [conformance 110]", async () => {
    using connection = await under.connect();
    const request = previewed("/block-at-preview", chunks("evil"), "Preview: 4");
    const answer = await firstAnswer(connection, request);
    expect([answer.status, answer.responseHead?.split("\r\n")[0]]).toEqual([
      200,
      "HTTP/1.1 403 Page",
    ]);
    expect((await firstAnswer(connection, optionsRequest("/echo"))).status).toBe(200);
  });

  it("ends in ieof, which neither the service nor the echo sees [conformance 111]", async () => {
    using connection = await under.connect();
    const body = chunk("hello").replace("5\r\n", "5; ieof\r\n");
    seen.length = 0;
    const request = previewed("/all", `${body}0; ieof; x=y\r\n\r\n`);
    expectEcho(await firstAnswer(connection, request), "hello");
    expect(seen.join("")).toBe("hello");
  });

  it("that has not ended is not answered with 100 [conformance 158]", async () => {
    using connection = await under.connect();
    await connection.send(previewed("/all", chunk("hell"), "Preview: 1024"));
    // The answer to the whole shows that nothing came before it.
    await connection.send(chunk("o") + endOfPreviewedBody);
    expect((await connection.readAnswer()).status).toBe(204);
  });
});

describe("without a preview", () => {
  it("and without leave the identical message comes back [conformance 101]", async () => {
    using connection = await under.connect();
    const request = icapRequest({ method, path: "/all", body: "hello" });
    expectEcho(await firstAnswer(connection, request), "hello");
  });

  it("204 is the answer where the client allows it [conformance 102]", async () => {
    using connection = await under.connect();
    const request = icapRequest({ method, path: "/all", fields: ["Allow: 204"], body: "hello" });
    expect((await firstAnswer(connection, request)).status).toBe(204);
  });
});

describe("204", () => {
  it("has a tag, no body, no HTTP head, and keeps the connection [conformance 113, 114, 192]", async () => {
    using connection = await under.connect();
    const request = icapRequest({ method, path: "/all", fields: ["Allow: 204"], body: "hello" });
    const answer = await firstAnswer(connection, request);
    expect([answer.status, answer.reason]).toEqual([204, "No Content"]);
    expect(answer.sections).toEqual([["null-body", 0]]);
    expect(answer.raw.toString().endsWith("Encapsulated: null-body=0\r\n\r\n")).toBe(true);
    expect(icapField(answer, "istag")).toBe('"SCRIPTED"');
  });
});

describe("an answer with the message", () => {
  it.each(["REQMOD", "RESPMOD"] as const)(
    "to %s says where its parts are, and is of the same kind [conformance 76, 94, 168]",
    async (kind) => {
      using connection = await under.connect();
      const answer = await firstAnswer(
        connection,
        icapRequest({ method: kind, path: "/echo", body: "hello" }),
      );
      const own = ownHead(kind);
      const part = kind === "REQMOD" ? "req" : "res";
      expect(answer.sections).toEqual([
        [`${part}-hdr`, 0],
        [`${part}-body`, own.length],
      ]);
      expect(kind === "REQMOD" ? answer.requestHead : answer.responseHead).toBe(own);
      expect(answer.fields.at(-1)?.[0]).toBe("Encapsulated");
    },
  );

  it.each(["REQMOD", "RESPMOD"] as const)(
    "without a body to %s has nothing behind its head [conformance 77, 173]",
    async (kind) => {
      using connection = await under.connect();
      const answer = await firstAnswer(connection, icapRequest({ method: kind, path: "/echo" }));
      const own = ownHead(kind);
      expect(answer.sections.at(-1)).toEqual(["null-body", own.length]);
      expect(answer.raw.toString("latin1").endsWith(own)).toBe(true);
    },
  );

  it("to a body without any head has none either [conformance 52, 76]", async () => {
    using connection = await under.connect();
    const request =
      head(`RESPMOD icap://h/echo ICAP/1.0`, "Encapsulated: res-body=0") + chunks("hello");
    const answer = await firstAnswer(connection, request);
    expect(answer.sections).toEqual([["res-body", 0]]);
    expect(answer.body?.toString()).toBe("hello");
  });

  it("to an empty body has an empty body [conformance 79]", async () => {
    using connection = await under.connect();
    expectEcho(await firstAnswer(connection, icapRequest({ method, path: "/all", body: "" })), "");
  });
});
