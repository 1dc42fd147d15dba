import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningScanner } from "../../../src/app/scanners/scanner-server.ts";
import { atEnd, FakeClamd } from "./fake-clamd.ts";
import { page, scan, startScanner, urlOf } from "./scanner-under-test.ts";

const maxBytes = 1024 * 1024;

describe("the scan/v1 server", () => {
  let clamd: FakeClamd;
  let scanner: RunningScanner;
  beforeAll(async () => {
    clamd = await FakeClamd.start(atEnd((socket) => socket.end("stream: OK\0")));
    scanner = await startScanner([clamd.flag], { maxBytes, drainTimeoutMs: 0 });
  });
  afterAll(async () => {
    await scanner.drain();
    await clamd.stop();
  });

  /** Sends bytes, and resolves with all that comes back until the server closes. */
  async function exchange(bytes: string): Promise<string> {
    const socket = connect(scanner.address.port, scanner.address.host);
    socket.write(bytes);
    return await text(socket);
  }

  it("takes a body of exactly its limit", async () => {
    expect((await scan(scanner, Buffer.alloc(maxBytes, "a"))).document.verdict).toBe("clean");
  });

  it("refuses a longer one by its head, and nothing of it goes to the engine", async () => {
    const streams = clamd.streams;
    const { status, headers, document } = await scan(scanner, Buffer.alloc(maxBytes + 1, "a"));
    expect(status).toBe(413);
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(document).toEqual({
      type: "about:blank",
      title: "Content Too Large",
      status: 413,
      detail: `more than the ${maxBytes} bytes that this scanner takes`,
    });
    expect(clamd.streams).toBe(streams);
  });

  it("refuses a longer one whose length shows as it comes", async () => {
    const pieces = Array.from({ length: 20 }, () => Buffer.alloc(64 * 1024, "a"));
    expect((await scan(scanner, pieces)).status).toBe(413);
  });

  it("refuses content with a coding, for nobody would look into it", async () => {
    expect((await scan(scanner, "x", { "Content-Encoding": "gzip" })).status).toBe(415);
  });

  it.each(["soon", "-1", "1e3", "", "12345678901"])(
    "refuses the deadline %j rather than ignoring it",
    async (deadline) => {
      expect((await scan(scanner, "x", { "Scan-Deadline-Ms": deadline })).status).toBe(400);
    },
  );

  it("asks for the body of a client that waits to be asked", async () => {
    const { headers } = scannerHead(
      "POST",
      "/v1/scan",
      "Expect: 100-continue",
      "Content-Length: 1",
    );
    const answer = await exchange(`${headers}x`);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it("does not ask for one that is too long", async () => {
    const length = `Content-Length: ${maxBytes + 1}`;
    const { headers } = scannerHead("POST", "/v1/scan", "Expect: 100-continue", length);
    expect(await exchange(headers)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("gives no verdict on a body that ends before its time", async () => {
    const { headers } = scannerHead("POST", "/v1/scan", "Content-Length: 100000");
    const socket = connect(scanner.address.port, scanner.address.host);
    socket.end(`${headers}only this`);
    expect(await text(socket)).not.toContain("Scan-Verdict");
  });

  it.each([
    ["GET", "/v1/scan", 405, "POST"],
    ["POST", "/v1/info", 405, "GET, HEAD"],
    ["GET", "/", 404, null],
    ["GET", "/constructor", 404, null],
  ])("answers %s %s with %d", async (method, path, status, allow) => {
    const response = await fetch(urlOf(scanner, path), { method });
    expect([response.status, response.headers.get("allow")]).toEqual([status, allow]);
  });

  it("answers a target that is no path with an error, and lives on", async () => {
    expect(await exchange(scannerHead("GET", "//[").headers)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await page(scanner, "/healthz")).toBe("ok\n");
  });

  it("tells what it takes", async () => {
    expect(JSON.parse(await page(scanner, "/v1/info"))).toMatchObject({
      protocol: "scan/v1",
      name: "clamav",
      engine: { version: "1.4.6", signatures: "27500" },
      epoch: "clamav 1.4.6;daily=27500",
      maxBytes,
    });
  });

  it("counts verdicts, refusals and bytes", async () => {
    const metrics = await page(scanner, "/metrics");
    expect(metrics).toMatch(/^sluice_scan_verdicts_total\{verdict="clean"\} [1-9]/m);
    expect(metrics).toMatch(/^sluice_scan_refusals_total\{status="413"\} [1-9]/m);
    expect(metrics).toMatch(/^sluice_scan_bytes_total [1-9]\d{6}/m);
    expect(metrics).toMatch(/^sluice_scan_in_flight 0$/m);
  });

  it("cannot have an address that is taken", async () => {
    const { port } = scanner.address;
    const second = startScanner([clamd.flag], { port });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

/** The head of a request on a connection that is closed after it. */
function scannerHead(method: string, target: string, ...fields: readonly string[]) {
  const lines = [`${method} ${target} HTTP/1.1`, "Host: scanner", "Connection: close", ...fields];
  return { headers: `${lines.join("\r\n")}\r\n\r\n` };
}
