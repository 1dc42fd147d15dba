import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NEEDS_MORE, type Outcome } from "../../../src/services/index.ts";
import { Cause } from "../../../src/telemetry/index.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { chunks, icapHead, icapRequest } from "../../support/icap-request.ts";
import { scriptedService, unmodifiedOutcome } from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, endOfPreviewedBody } from "../../support/wire-text.ts";

const newResponse = "HTTP/1.1 200 OK\r\nX-New: yes\r\n\r\n";
const newRequest = "POST /new HTTP/1.1\r\nHost: h\r\n\r\n";
const report = { cause: Cause.Verdict, fields: "" };
const modified = (head: string, prefix: string, offset: number): Outcome => ({
  kind: "modified",
  head,
  body: { kind: "original", prefix: Buffer.from(prefix), offset },
  report,
});
/** A new beginning in place of the first three bytes. */
const newBeginning = modified(newResponse, "NEW ", 3);

let under: ServerUnderTest;
beforeAll(async () => {
  under = await ServerUnderTest.start({
    services: [
      scriptedService({
        path: "/at-preview",
        decide: (preview) => (preview === undefined ? NEEDS_MORE : newBeginning),
        judge: () => Promise.resolve(newBeginning),
      }),
      scriptedService({ path: "/at-end", judge: () => Promise.resolve(newBeginning) }),
      scriptedService({
        path: "/head-only",
        decide: () => modified(newResponse, "", 0),
      }),
      scriptedService({
        path: "/request",
        judge: (body) =>
          Promise.resolve(
            body.kind === "none"
              ? { kind: "modified", head: newRequest, body: { kind: "none" }, report }
              : modified(newRequest, "NEW ", 3),
          ),
      }),
      scriptedService({
        path: "/replace",
        judge: () => {
          const data = Buffer.from("another body");
          const pieces = [{ kind: "memory", data } as const];
          const content = { pieces, size: data.length, dispose: () => {} };
          return Promise.resolve({
            kind: "modified",
            head: newResponse,
            body: { kind: "replaced", content },
            report,
          });
        },
      }),
      scriptedService({ path: "/unmodified", judge: () => Promise.resolve(unmodifiedOutcome) }),
    ],
  });
});
afterAll(() => under.close());

const method = "RESPMOD";
const preview = (path: string, ...fields: string[]) =>
  icapHead({ method, path, fields: ["Preview: 4", ...fields], body: "any" }) + chunks("abcd");

async function answerTo(connection: IcapConnection, request: string): Promise<IcapAnswer> {
  await connection.send(request);
  return connection.readAnswer();
}
const bodyOf = (answer: IcapAnswer) => answer.body?.toString("latin1");

describe("a client that allows 206", () => {
  it("gets it at the preview: head, new beginning, where the original goes on [conformance 117, 120]", async () => {
    using connection = await under.connect();
    const answer = await answerTo(connection, preview("/at-preview", "Allow: 206"));
    expect([answer.status, answer.reason]).toEqual([206, "Partial Content"]);
    expect(answer.responseHead).toBe(newResponse);
    expect(bodyOf(answer)).toBe("NEW ");
    expect(answer.lastChunkExtension).toBe("; use-original-body=3");
  });

  it("gets it for a preview that is the whole body [conformance 117, 120]", async () => {
    using connection = await under.connect();
    const request = icapHead({
      method,
      path: "/at-end",
      fields: ["Preview: 9", "Allow: 206"],
      body: "any",
    });
    const answer = await answerTo(connection, request + chunk("abcd") + endOfPreviewedBody);
    expect([answer.status, answer.lastChunkExtension]).toEqual([206, "; use-original-body=3"]);
  });

  it("does not get it behind the preview when it does not allow 204 too [conformance 117]", async () => {
    using connection = await under.connect();
    expect((await answerTo(connection, preview("/at-end", "Allow: 206"))).status).toBe(100);
    const answer = await answerTo(connection, chunks("efgh"));
    expect([answer.status, bodyOf(answer)]).toEqual([200, "NEW defgh"]);
  });

  it("does not get it without a preview when it does not allow 204 too [conformance 117]", async () => {
    using connection = await under.connect();
    const request = icapRequest({ method, path: "/at-end", fields: ["Allow: 206"], body: "abcd" });
    const answer = await answerTo(connection, request);
    expect([answer.status, bodyOf(answer)]).toEqual([200, "NEW d"]);
  });

  it("and 204 gets it behind 100 as well [conformance 118]", async () => {
    using connection = await under.connect();
    expect((await answerTo(connection, preview("/at-end", "Allow: 204, 206"))).status).toBe(100);
    const answer = await answerTo(connection, chunks("efgh"));
    expect([answer.status, answer.lastChunkExtension]).toEqual([206, "; use-original-body=3"]);
  });

  it("gets a 206 of nothing but the head where only the head changes [conformance 121]", async () => {
    using connection = await under.connect();
    const answer = await answerTo(connection, preview("/head-only", "Allow: 206"));
    expect([answer.status, answer.responseHead, bodyOf(answer)]).toEqual([206, newResponse, ""]);
    expect(answer.lastChunkExtension).toBe("; use-original-body=0");
  });

  it("gets 204, not 206, where nothing changes [conformance 114]", async () => {
    using connection = await under.connect();
    const request = icapRequest({
      method,
      path: "/unmodified",
      fields: ["Allow: 204, 206"],
      body: "x",
    });
    expect((await answerTo(connection, request)).status).toBe(204);
  });
});

describe("a client that does not allow 206", () => {
  it.each(["Allow: 204", "Allow: trailers", "Allow: 2060", "X-None: 0"])(
    "gets the whole message under %s [conformance 119]",
    async (allow) => {
      using connection = await under.connect();
      expect((await answerTo(connection, preview("/at-preview", allow))).status).toBe(100);
      const answer = await answerTo(connection, chunks("efgh"));
      expect([answer.status, bodyOf(answer)]).toEqual([200, "NEW defgh"]);
      expect(answer.lastChunkExtension).toBe("");
    },
  );
});

describe("a modified request", () => {
  it("comes back as a request with a body [conformance 162]", async () => {
    using connection = await under.connect();
    const answer = await answerTo(
      connection,
      icapRequest({ method: "REQMOD", path: "/request", body: "abcd" }),
    );
    expect(answer.sections).toEqual([
      ["req-hdr", 0],
      ["req-body", newRequest.length],
    ]);
    expect([answer.requestHead, bodyOf(answer)]).toEqual([newRequest, "NEW d"]);
  });

  it("without a body comes back without one [conformance 162]", async () => {
    using connection = await under.connect();
    const answer = await answerTo(connection, icapRequest({ method: "REQMOD", path: "/request" }));
    expect(answer.sections).toEqual([
      ["req-hdr", 0],
      ["null-body", newRequest.length],
    ]);
    expect(answer.raw.toString("latin1").endsWith(newRequest)).toBe(true);
  });
});

describe("trailers", () => {
  const withTrailers = icapRequest({ method, path: "/at-end", body: "abcd" }).replace(
    /0\r\n\r\n$/,
    "0\r\nX-Scan: done\r\n\r\n",
  );

  it("are read, and not sent back [conformance 90, 122]", async () => {
    using connection = await under.connect();
    const answer = await answerTo(connection, withTrailers);
    expect(icapField(answer, "trailer")).toBeUndefined();
    expect(answer.raw.toString("latin1").endsWith("\r\n0\r\n\r\n")).toBe(true);
  });

  it("leave the connection in step [conformance 90]", async () => {
    using connection = await under.connect();
    await answerTo(connection, withTrailers);
    expect((await answerTo(connection, withTrailers)).status).toBe(200);
  });
});
