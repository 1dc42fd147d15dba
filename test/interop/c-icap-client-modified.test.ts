/** c-icap-client of Debian is given new content by a scanner over HTTP, in its modes. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createScanV1Scanner, type Scanner } from "../../src/scanning/index.ts";
import { noEndpointMetrics, silentLogger } from "../../src/telemetry/index.ts";
import { ChildProgram } from "../support/child-program.ts";
import { afterUpload, FakeScanner } from "../support/fake-scanner.ts";
import { describeWith } from "../support/programs.ts";
import { startScanning } from "../support/scan-service.ts";
import type { ServerUnderTest } from "../support/server-under-test.ts";
import { TempDirectory } from "../support/temp-directory.ts";

const result = Buffer.from('{"verdict":"modified"}').toString("base64url");
const newContent = "what is left of it ".repeat(20_000);

describeWith(["/usr/bin/c-icap-client"], "c-icap-client and new content", () => {
  let fake: FakeScanner;
  let scanner: Scanner;
  let under: ServerUnderTest;
  beforeAll(async () => {
    fake = await FakeScanner.start(
      afterUpload((_request, response) => {
        response.writeHead(200, { "scan-verdict": "modified", "scan-result": result });
        response.end(newContent);
      }),
    );
    const asked: { scanner?: Scanner } = {};
    under = await startScanning([
      {
        scanner: {
          name: "late",
          epoch: "1",
          maxBytes: Number.POSITIVE_INFINITY,
          scan: (entity, context) => (asked.scanner as Scanner).scan(entity, context),
          close: () => Promise.resolve(),
        },
      },
    ]);
    scanner = await createScanV1Scanner({
      name: "fake",
      urls: [fake.url],
      connections: 4,
      retry: { attempts: 1, budgetPercent: 20, backoffMs: 0 },
      circuitBreaker: { failures: 100, openForMs: 60_000 },
      credentials: {},
      metrics: noEndpointMetrics,
      logger: silentLogger,
      replacements: { spools: under.spools, maxBytes: 1_000_000 },
    });
    asked.scanner = scanner;
  });
  afterAll(async () => {
    await under?.close();
    await scanner?.close();
    await fake?.stop();
  });

  it.each([
    ["no flags", []],
    ["a small preview", ["-w", "10"]],
    ["no preview", ["-nopreview"]],
    ["no 204", ["-no204"]],
    ["206", ["-206"]],
    ["no head of a response", ["-noreshdr"]],
    ["a response", ["-resp", "http://origin.test/report.pdf"]],
    ["a request", ["-req", "http://origin.test/upload", "-method", "POST"]],
  ])("writes it down whole, with %s", async (_name, mode) => {
    using directory = new TempDirectory();
    const [input, output] = [directory.join("input"), directory.join("output")];
    writeFileSync(input, "old ".repeat(5000));
    const program = new ChildProgram("/usr/bin/c-icap-client", [
      ...["-i", "127.0.0.1", "-p", String(under.port), "-s", "scan"],
      ...["-f", input, "-o", output, "-v", ...mode],
    ]);
    const { code } = await program.exited;
    expect(code).toBe(0);
    expect(readFileSync(output, "utf8")).toBe(newContent);
    await expect.poll(() => under.spools.budget.diskBytes).toBe(0);
  });
});
