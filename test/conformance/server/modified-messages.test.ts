import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppendResult } from "../../../src/entity/index.ts";
import type { Scanner } from "../../../src/scanning/index.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import { chunks, icapHead, icapRequest, responseHead } from "../../support/icap-request.ts";
import { startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, endOfPreviewedBody, head, lastChunk } from "../../support/wire-text.ts";

const small = "new content";
const large = "new content in a file ".repeat(50_000);

let under: ServerUnderTest;
let heldBefore = 0;
const held = (): number => under.spools.budget.diskBytes;

/** Keeps the text in a spool of the server, as a scanner over HTTP does. */
function scannerOf(text: string, mediaType?: string): Scanner {
  return {
    name: "modifier",
    epoch: "1",
    maxBytes: Number.POSITIVE_INFINITY,
    scan: async () => {
      const spool = under.spools.create(Number.POSITIVE_INFINITY);
      const bytes = Buffer.from(text);
      if (spool.append(bytes, 0, bytes.length) === AppendResult.Refused) throw new Error("refused");
      const finished = await spool.finish();
      if (!finished.ok) throw new Error("not kept");
      const replacement = {
        body: finished.body,
        ...(mediaType !== undefined && { mediaType }),
        dispose: () => spool.dispose(),
      };
      return { kind: "modified", threats: [], replacement };
    },
    close: () => Promise.resolve(),
  };
}

beforeAll(async () => {
  under = await startScanning([
    { path: "/small", scanner: scannerOf(small) },
    { path: "/large", scanner: scannerOf(large) },
    { path: "/typed", scanner: scannerOf(small, "application/pdf") },
  ]);
  heldBefore = held();
});
afterAll(() => under.close());

async function answerTo(request: string): Promise<IcapAnswer> {
  const connection = await under.connect();
  await connection.send(request);
  const answer = await connection.readAnswer();
  connection.close();
  return answer;
}

const ownHeadOf = (answer: IcapAnswer): string =>
  `${answer.requestHead ?? ""}${answer.responseHead ?? ""}`;
const lengths = (answer: IcapAnswer): string[] =>
  [...ownHeadOf(answer).matchAll(/^content-length: (.*)$/gim)].map(([, value]) => value as string);

/** An upload whose head contradicts itself. */
function oddUpload(path: string): string {
  const http = head(
    "POST /upload HTTP/1.1",
    "Host: h",
    "Content-Length: 3",
    "content-length: 4",
    "Transfer-Encoding: chunked",
    "Via: 1.1 proxy",
  );
  const encapsulated = `Encapsulated: req-hdr=0, req-body=${http.length}`;
  return `${head(`REQMOD icap://h${path} ICAP/1.0`, "Host: h", encapsulated)}${http}${chunks("old")}`;
}

describe("a message with new content", () => {
  it.each(["REQMOD", "RESPMOD"] as const)(
    "is a 200 with its own head and the new body: %s [conformance 162, 167]",
    async (method) => {
      const answer = await answerTo(icapRequest({ method, path: "/small", body: "old" }));
      const part = method === "REQMOD" ? "req" : "res";
      expect(answer.status).toBe(200);
      expect(answer.sections.map(([name]) => name)).toEqual([`${part}-hdr`, `${part}-body`]);
      expect(answer.body?.toString()).toBe(small);
      expect(lengths(answer)).toEqual([String(small.length)]);
    },
  );

  it("keeps the fields that it does not concern, and names Sluice in Via [conformance 165]", async () => {
    const answer = await answerTo(icapRequest({ method: "RESPMOD", path: "/small", body: "old" }));
    expect(answer.responseHead).toBe(
      responseHead.replace(
        /\r\n\r\n$/,
        `\r\nContent-Length: ${small.length}\r\nVia: ICAP/1.0 sluice\r\n\r\n`,
      ),
    );
  });

  it("has one right Content-Length where there were none, several or chunks [conformance 169]", async () => {
    const answer = await answerTo(oddUpload("/small"));
    expect(lengths(answer)).toEqual([String(small.length)]);
    expect(answer.requestHead).not.toMatch(/transfer-encoding/i);
    expect(answer.requestHead).toContain("\r\nVia: 1.1 proxy\r\n");
  });

  it("says in the head of ICAP how long a request may be cached [conformance 181]", async () => {
    const answer = await answerTo(icapRequest({ method: "REQMOD", path: "/small", body: "old" }));
    expect(icapField(answer, "Cache-Control")).toBe("no-store");
    expect(answer.requestHead).not.toMatch(/cache-control/i);
  });

  it("leaves the directives of a response to the response [conformance 181]", async () => {
    const answer = await answerTo(icapRequest({ method: "RESPMOD", path: "/small", body: "old" }));
    expect(icapField(answer, "Cache-Control")).toBeUndefined();
  });

  it("has the media type that its scanner gives", async () => {
    const answer = await answerTo(icapRequest({ method: "RESPMOD", path: "/typed", body: "old" }));
    expect(answer.responseHead?.match(/^content-type: .*$/gim)).toEqual([
      "Content-Type: application/pdf",
    ]);
  });

  it.each([
    [
      "at the preview that is all of it",
      ["Preview: 1024", "Allow: 204"],
      chunk("old") + endOfPreviewedBody,
    ],
    ["where 204 and 206 are allowed", ["Allow: 204, 206"], chunks("old")],
  ])("is never a 204 or 206: %s", async (_name, fields, body) => {
    const request = icapHead({ method: "RESPMOD", path: "/small", fields, body: "" }) + body;
    const answer = await answerTo(request);
    expect(answer.status).toBe(200);
    expect(answer.body?.toString()).toBe(small);
  });

  it("comes behind 100 Continue where the preview was not all", async () => {
    const connection = await under.connect();
    const fields = ["Preview: 3", "Allow: 204"];
    const text = { method: "RESPMOD", path: "/small", fields, body: "" } as const;
    await connection.send(icapHead(text) + chunk("old") + lastChunk);
    await connection.readThrough("100 Continue\r\n\r\n");
    await connection.send(chunks(" and more"));
    expect((await connection.readAnswer()).body?.toString()).toBe(small);
    connection.close();
  });

  it("is not made of a response to HEAD, which has none to change", async () => {
    const answer = await answerTo(icapRequest({ method: "RESPMOD", path: "/small" }));
    expect(answer.sections.map(([name]) => name)).toEqual(["res-hdr", "null-body"]);
    expect(answer.responseHead).toBe(responseHead);
  });

  it("may be larger than memory, and holds nothing when it is out", async () => {
    const answer = await answerTo(icapRequest({ method: "RESPMOD", path: "/large", body: "old" }));
    expect(answer.body?.toString()).toBe(large);
    await expect.poll(held).toBe(heldBefore);
  });

  it("holds nothing when its client goes away in the middle of it", async () => {
    const connection = await under.connect();
    const before = under.records.length;
    await connection.send(icapRequest({ method: "RESPMOD", path: "/large", body: "old" }));
    connection.reset();
    await under.record(before);
    await expect.poll(held).toBe(heldBefore);
  });

  it("is in the record as what it is", async () => {
    const before = under.records.length;
    await answerTo(icapRequest({ method: "RESPMOD", path: "/small", body: "old" }));
    expect(await under.record(before)).toMatchObject({
      outcome: "modified",
      cause: "verdict",
      verdict: "modified",
      icapStatus: 200,
    });
  });
});
