import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ScanServiceOptions } from "../../../src/services/index.ts";
import { icapField } from "../../support/icap-answer.ts";
import { optionsRequest } from "../../support/icap-request.ts";
import { marker, ScanBench } from "../../support/scan-bench.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, head, lastChunk } from "../../support/wire-text.ts";

let bench: ScanBench;
let under: ServerUnderTest;
beforeEach(async () => {
  bench = new ScanBench();
  await bench.open();
});
afterEach(async () => {
  await under.close();
  await bench.close();
});

async function serve(changes: Partial<ScanServiceOptions> = {}): Promise<void> {
  under = await ServerUnderTest.start({ services: [bench.service(changes)] });
}

const request = head("GET /page HTTP/1.1", "Host: files.example");

/** A RESPMOD whose response has these fields and this body, Latin-1. */
async function respmod(fields: readonly string[], body: string) {
  using connection = await under.connect();
  const response = head("HTTP/1.1 200 OK", ...fields);
  const offsets = [request.length, request.length + response.length];
  const icap = head(
    "RESPMOD icap://127.0.0.1/tested ICAP/1.0",
    "Host: 127.0.0.1",
    `Encapsulated: req-hdr=0, res-hdr=${offsets[0]}, res-body=${offsets[1]}`,
  );
  await connection.send(icap + request + response + chunk(body) + lastChunk);
  const answer = await connection.readAnswer();
  await connection.send(optionsRequest("/tested"));
  await connection.readAnswer();
  return { answer, response };
}

const gzipped = (text: string): string => gzipSync(text).toString("latin1");

it("gives an encoded body back as it came, though it was decoded to be scanned", async () => {
  await serve();
  const body = gzipped("harmless");
  const { answer, response } = await respmod(["Content-Encoding: gzip"], body);
  expect(answer.responseHead).toBe(response);
  expect(answer.body?.toString("latin1")).toBe(body);
  expect(bench.scanner.texts).toEqual(["harmless"]);
});

it("blocks what an encoding hides", async () => {
  await serve();
  const { answer } = await respmod(["Content-Encoding: gzip"], gzipped(marker));
  expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
  expect(icapField(answer, "x-infection-found")).toBe("Type=0; Resolution=2; Threat=Test.Marker;");
  expect(under.records[0]).toMatchObject({
    outcome: "blocked",
    cause: "verdict",
    verdict: "blocked",
    threats: ["Test.Marker"],
  });
});

it("shows the incident of the record on the page", async () => {
  await serve();
  const { answer } = await respmod([], marker);
  expect(answer.body?.toString()).toContain(under.records[0]?.incidentId);
});

it("records size and hash of what was scanned", async () => {
  await serve();
  await respmod([], "harmless");
  expect(under.records[0]).toMatchObject({
    entitySize: 8,
    sha256: "98fc5211ecf54bc9bd57f0045e0d0ee488c5472c94ee22cc1580b081d04cc4ac",
  });
});

it("tells a client of another network 403, and OPTIONS the same", async () => {
  await serve({ allowedClients: ["192.0.2.0/24"] });
  using connection = await under.connect();
  await connection.send(optionsRequest("/tested"));
  expect((await connection.readAnswer()).status).toBe(403);
  const { answer } = await respmod([], "harmless");
  expect(answer.status).toBe(403);
  expect(bench.scanner.texts).toEqual([]);
});

it("tells a storage client of a failed check with an ICAP error, and goes on", async () => {
  await serve({ clientProfile: "Storage" });
  const { answer } = await respmod([], "FAILS");
  expect([answer.status, icapField(answer, "connection")]).toEqual([500, "keep-alive"]);
});

it("passes what it would have blocked where it only monitors, and records it", async () => {
  await serve({ mode: "Monitor" });
  const { answer } = await respmod([], marker);
  expect(answer.body?.toString()).toBe(marker);
  expect(under.records[0]).toMatchObject({ outcome: "unmodified", withheld: "blocked" });
});

it("times a scan out, tells the scanner and answers", async () => {
  await serve({
    transactionTimeoutMs: 30,
    scanner: Object.assign(Object.create(bench.scanner), { scan: () => new Promise(() => {}) }),
  });
  const { answer } = await respmod([], "harmless");
  expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
  expect(under.records[0]).toMatchObject({ outcome: "blocked", cause: "timeout" });
});

it("leaves nothing held when all is over", async () => {
  await serve();
  await respmod(["Content-Encoding: gzip"], gzipped("x".repeat(50_000)));
  await respmod([], marker);
  await expect.poll(() => bench.heldBytes).toBe(0);
  expect(under.spools.budget.diskBytes).toBe(0);
});
