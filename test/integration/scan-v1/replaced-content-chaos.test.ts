import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createScanV1Scanner, DeadlineScanner, type Scanner } from "../../../src/scanning/index.ts";
import { afterUpload, FakeScanner } from "../../support/fake-scanner.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { options } from "./scanner-under-test.ts";

const TRANSACTIONS = 200;
const AT_ONCE = 10;
const modified = Buffer.from('{"verdict":"modified"}').toString("base64url");

/** Gives content of any size, of which much never ends, is late or too large. */
const unreliable = afterUpload(async (_request, response) => {
  const fate = Math.random();
  const content = "new".repeat(Math.random() * 250_000);
  const half = content.length / 2;
  if (fate < 0.1) return void response.destroy();
  const tooLong = { "content-length": String(content.length + 5) };
  const headers = { "scan-verdict": "modified", "scan-result": modified };
  response.writeHead(200, { ...headers, ...(fate < 0.2 && tooLong) });
  response.write(content.slice(0, half));
  await pause(Math.random() * 20);
  if (fate < 0.3) response.destroy();
  else if (fate > 0.35) response.end(content.slice(half));
});

let fake: FakeScanner;
let under: ServerUnderTest;
let scanner: Scanner;
beforeAll(async () => {
  fake = await FakeScanner.start(unreliable);
  const made: { scanner?: Scanner } = {};
  const late: Scanner = {
    name: "late",
    epoch: "1",
    maxBytes: Number.POSITIVE_INFINITY,
    scan: (entity, context) => (made.scanner as Scanner).scan(entity, context),
    close: () => Promise.resolve(),
  };
  under = await startScanning([{ path: "/scan", scanner: late, transactionTimeoutMs: 2000 }]);
  const remote = await createScanV1Scanner({
    ...options,
    connections: AT_ONCE,
    urls: [fake.url],
    circuitBreaker: { failures: 1_000_000, openForMs: 1 },
    replacements: { spools: under.spools, maxBytes: 600_000 },
  });
  scanner = new DeadlineScanner(remote, { timeoutMs: 1000, modifies: true });
  made.scanner = scanner;
});
afterAll(async () => {
  await under?.close();
  await scanner?.close();
  await fake?.stop();
});

/** The new content, `failed`, or that the client went away before it knew. */
async function transact(): Promise<"new" | "failed" | "left"> {
  const connection = await under.connect();
  const body = "old".repeat(Math.random() * 100_000);
  await connection.send(icapRequest({ method: "RESPMOD", path: "/scan", body }));
  if (Math.random() < 0.3) {
    await pause(Math.random() * 60);
    connection.reset();
    return "left";
  }
  const { responseHead = "", body: answer } = await connection.readAnswer();
  connection.close();
  if (!responseHead.startsWith("HTTP/1.1 200 ")) return "failed";
  expect(answer?.toString()).toMatch(/^(?:new)*$/);
  expect(responseHead).toContain(`\r\nContent-Length: ${answer?.length}\r\n`);
  return "new";
}

it("New content that breaks, is late or unwanted never passes in part, and none of it is kept", async () => {
  const ends: string[] = [];
  const many = async (): Promise<void> => {
    for (let i = 0; i < TRANSACTIONS / AT_ONCE; i += 1) ends.push(await transact());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, many));
  await under.until(() => under.records.length === TRANSACTIONS, "all records");
  expect(new Set(ends)).toEqual(new Set(["new", "failed", "left"]));
  const { budget } = under.spools;
  await expect
    .poll(() => [budget.diskBytes, budget.memoryBytes], { timeout: 10_000 })
    .toEqual([0, 0]);
});
