import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeadlineScanner, errorVerdict, type Verdict } from "../../../src/scanning/index.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import { chunks, icapRequest } from "../../support/icap-request.ts";
import { type ScanServiceChanges, scannerOf, startScanning } from "../../support/scan-service.ts";
import { head } from "../../support/wire-text.ts";

const request = icapRequest({
  method: "RESPMOD",
  path: "/scan",
  fields: ["Allow: 204"],
  body: "hello",
});

/** The answer to a message, and the record that was made of it. */
async function askWith(changes: ScanServiceChanges, bytes = request) {
  await using under = await startScanning([changes]);
  using connection = await under.connect();
  await connection.send(bytes);
  const answer = await connection.readAnswer();
  return { answer, record: await under.record(0) };
}

const httpStatus = (answer: IcapAnswer) => answer.responseHead?.split(" ")[1];

describe("while the scanner is down", () => {
  const scanner = scannerOf(errorVerdict("engine-error", "connection refused"));

  it("a service that blocks answers a page that says so, never 204 [conformance 186, 196]", async () => {
    const { answer, record } = await askWith({ scanner });
    expect([answer.status, httpStatus(answer)]).toEqual([200, "503"]);
    expect(record).toMatchObject({ outcome: "blocked", cause: "error" });
  });

  it("a service for browsers that tells errors answers a page with 503 [conformance 186]", async () => {
    const { answer } = await askWith({ scanner, on: { error: "Error" } });
    expect([answer.status, httpStatus(answer)]).toEqual([200, "503"]);
  });

  it("a service for storage that tells errors answers ICAP 500 [conformance 186]", async () => {
    const { answer } = await askWith({
      scanner,
      on: { error: "Error" },
      clientProfile: "Storage",
    });
    expect([answer.status, answer.sections]).toEqual([500, [["null-body", 0]]]);
  });

  it("a service that allows passes the message and tells that it did not look [conformance 187]", async () => {
    const { answer, record } = await askWith({ scanner, on: { error: "Allow" } });
    expect(answer.status).toBe(204);
    expect(icapField(answer, "x-response-info")).toBe("Allowed");
    expect(icapField(answer, "x-response-desc")).toMatch(/cause=error/);
    expect(record).toMatchObject({ outcome: "unmodified", cause: "error" });
  });

  it("a service that allows sends the message back to a client that does not take 204 [conformance 187]", async () => {
    const bytes = icapRequest({ method: "RESPMOD", path: "/scan", body: "hello" });
    const { answer } = await askWith({ scanner, on: { error: "Allow" } }, bytes);
    expect([answer.status, answer.body?.toString()]).toEqual([200, "hello"]);
  });

  it("a scanner that throws is one that is down [conformance 186]", async () => {
    const broken = scannerOf(() => Promise.reject(new Error("planted")));
    const { answer, record } = await askWith({ scanner: broken });
    expect([answer.status, httpStatus(answer)]).toEqual([200, "503"]);
    expect(record).toMatchObject({ outcome: "blocked", cause: "error" });
  });
});

describe("when the scanner takes too long", () => {
  const stuck = scannerOf(() => new Promise<Verdict>(() => {}));

  it("the answer comes at the scanner's deadline [conformance 188]", async () => {
    const { answer, record } = await askWith({
      scanner: new DeadlineScanner(stuck, { timeoutMs: 20 }),
    });
    expect([answer.status, httpStatus(answer)]).toEqual([200, "503"]);
    expect(record).toMatchObject({ outcome: "blocked", cause: "timeout" });
  });

  it("the answer comes at the transaction's deadline at the latest [conformance 188]", async () => {
    const { answer, record } = await askWith({ scanner: stuck, transactionTimeoutMs: 20 });
    expect([answer.status, httpStatus(answer)]).toEqual([200, "503"]);
    expect(record).toMatchObject({ outcome: "blocked", cause: "timeout" });
  });

  it("a service for storage that tells errors answers ICAP 503: try again [conformance 188]", async () => {
    const { answer } = await askWith({
      scanner: stuck,
      transactionTimeoutMs: 20,
      clientProfile: "Storage",
      on: { timeout: "Error" },
    });
    expect(answer.status).toBe(503);
  });
});

describe("a body above the limit", () => {
  const scanner = scannerOf({ kind: "clean", threats: [] });

  it("is blocked, and the answer tells why [conformance 189]", async () => {
    const { answer, record } = await askWith({ scanner, maxEntityBytes: 4 });
    expect([answer.status, httpStatus(answer)]).toEqual([200, "403"]);
    expect(icapField(answer, "x-response-desc")).toMatch(/cause=oversize/);
    expect(record).toMatchObject({ outcome: "blocked", cause: "oversize" });
  });

  it("passes where that is configured, and the answer tells that nobody looked [conformance 189]", async () => {
    const { answer, record } = await askWith({
      scanner,
      maxEntityBytes: 4,
      on: { oversize: "Allow" },
    });
    expect(answer.status).toBe(204);
    expect(icapField(answer, "x-response-desc")).toMatch(/cause=oversize/);
    expect(record).toMatchObject({ outcome: "unmodified", cause: "oversize" });
  });
});

describe("what is found", () => {
  const evil = (name: string) =>
    scannerOf({ kind: "blocked", reason: "malware", threats: [{ name }] });

  it("is told with ICAP 200, and to a person with HTTP 403 [conformance 196]", async () => {
    const { answer } = await askWith({ scanner: evil("Evil") });
    expect([answer.status, httpStatus(answer)]).toEqual([200, "403"]);
  });

  it("splits no head, whatever its name [conformance 172]", async () => {
    const { answer } = await askWith({
      scanner: evil(
        "Evil\r\nISTag: forged\r\n\r\nHTTP/1.1 200 OK\r\n\r\n<script>alert(1)</script>\0",
      ),
    });
    expect(answer.status).toBe(200);
    expect(answer.fields.filter(([name]) => name === "ISTag")).toHaveLength(1);
    expect(answer.fields.at(-1)?.[0]).toBe("Encapsulated");
    expect(answer.raw.toString("latin1")).not.toContain("\0");
    expect(answer.body?.toString()).not.toContain("<script>alert(1)");
  });

  it("splits no head with the address of the message [conformance 172]", async () => {
    const requestHead = head(
      'GET http://h/"><script>alert(1)</script> HTTP/1.1',
      "Host: h",
      "Accept: text/html",
    );
    const icapHead = head(
      "REQMOD icap://h/scan ICAP/1.0",
      `Encapsulated: req-hdr=0, req-body=${requestHead.length}`,
    );
    const bytes = icapHead + requestHead + chunks("hello");
    const { answer } = await askWith({ scanner: evil("Evil") }, bytes);
    expect(httpStatus(answer)).toBe("403");
    expect(answer.body?.toString()).not.toContain("<script>alert(1)");
  });

  it("leaves the answer in good form, whatever its name and place [conformance 172, 193]", async () => {
    let threat = { name: "", path: "" };
    await using under = await startScanning([
      {
        scanner: scannerOf(async () => ({ kind: "blocked", threats: [threat] })),
        violations: true,
      },
    ]);
    using connection = await under.connect();
    const text = fc.string({ unit: "binary", maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(text, text, async (name, path) => {
        threat = { name, path };
        await connection.send(request);
        const answer = await connection.readAnswer();
        expect(answer.sections.map(([section]) => section)).toEqual(["res-hdr", "res-body"]);
        expect(answer.raw.indexOf("\r\n\r\n")).toBeLessThan(8192);
      }),
      { numRuns: 200 },
    );
  });
});
