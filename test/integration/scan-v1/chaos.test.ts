import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ConcurrencyLimit,
  createScanV1Scanner,
  DeadlineScanner,
  type Scanner,
} from "../../../src/scanning/index.ts";
import type { TransactionRecord } from "../../../src/telemetry/index.ts";
import { randomNumbers } from "../../fuzz/random-numbers.ts";
import { eicar } from "../../support/eicar.ts";
import { afterUpload, FakeScanner, type ScannerScript } from "../../support/fake-scanner.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { options } from "./scanner-under-test.ts";

/** Another seed is another course of events; what must hold is the same. */
const SEED = Number(process.env["CHAOS_SEED"] ?? 4);
const TRANSACTIONS = 1000;
const CLIENTS = 20;
const SCAN_TIMEOUT_MS = 400;
const TRANSACTION_TIMEOUT_MS = 5000;
const MAX_BODY_BYTES = 40_000;

/** Blocks what holds EICAR. */
const judges = (fake: () => FakeScanner): ScannerScript =>
  afterUpload((request, response) => {
    const scan = fake().received.findLast(({ headers }) => headers === request.headers);
    const verdict = scan?.body.includes(eicar) ? "blocked" : "clean";
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ verdict }));
  });

/** Ways to fail, some of which look like the beginning of an answer. */
const troubles: readonly ScannerScript[] = [
  afterUpload(() => {}),
  afterUpload((_request, response) => void response.writeHead(503, { "retry-after": "0" }).end()),
  afterUpload((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end('{"verdict":"cle');
  }),
  (request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "19" });
    response.write('{"verdict":"clean"', () => request.socket.resetAndDestroy());
  },
];

interface Sent {
  readonly path: string;
  readonly status: number;
}

describe("1,000 transactions while endpoints are killed and restarted", () => {
  const random = randomNumbers(SEED);
  let fakes: FakeScanner[];
  let scanner: Scanner;
  let under: ServerUnderTest;
  let sent: Sent[];
  let retries = 0;
  let ejections = 0;

  beforeAll(async () => {
    fakes = await Promise.all([1, 2, 3].map(() => startJudge()));
    const remote = await createScanV1Scanner({
      ...options,
      urls: fakes.map(({ url }) => url),
      retry: { attempts: 3, budgetPercent: 20, backoffMs: 1 },
      circuitBreaker: { failures: 3, openForMs: 20 },
      metrics: {
        ...options.metrics,
        retryWanted: () => {
          retries += 1;
        },
        endpointEjected: () => {
          ejections += 1;
        },
      },
    });
    const limited = new ConcurrencyLimit(remote, { concurrency: 16, queue: 64 });
    scanner = new DeadlineScanner(limited, { timeoutMs: SCAN_TIMEOUT_MS });
    const common = { scanner, transactionTimeoutMs: TRANSACTION_TIMEOUT_MS };
    const on = { error: "Error", timeout: "Block" } as const;
    under = await startScanning([
      { ...common, on, name: "good", path: "/good" },
      { ...common, on, name: "bad", path: "/bad" },
    ]);
    sent = await trafficUnderFire();
    await under.until(() => under.records.length >= TRANSACTIONS, "all transactions");
  }, 60_000);
  afterAll(async () => {
    await under?.close();
    await scanner?.close();
    await Promise.all((fakes ?? []).map((fake) => fake.stop()));
  });

  async function startJudge(): Promise<FakeScanner> {
    let fake: FakeScanner | undefined;
    fake = await FakeScanner.start(judges(() => fake as FakeScanner));
    return fake;
  }

  async function trafficUnderFire(): Promise<Sent[]> {
    const answers: Sent[] = [];
    let begun = 0;
    const client = async (): Promise<void> => {
      const connection = await under.connect();
      while (begun < TRANSACTIONS) {
        begun += 1;
        const path = random(3) === 0 ? "/bad" : "/good";
        const padding = "x".repeat(random(MAX_BODY_BYTES));
        const body = path === "/bad" ? padding + eicar : padding;
        const request = { method: "RESPMOD", path, fields: ["Allow: 204"], body } as const;
        await connection.send(icapRequest(request));
        answers.push({ path, status: (await connection.readAnswer()).status });
      }
      connection.close();
    };
    const fire = async (): Promise<void> => {
      while (answers.length < TRANSACTIONS) await misfortune(fakes[random(3)] as FakeScanner);
    };
    await Promise.all([fire(), ...Array.from({ length: CLIENTS }, client)]);
    return answers;
  }

  /** Something happens to an endpoint, lasts a few milliseconds and is over. */
  async function misfortune(fake: FakeScanner): Promise<void> {
    const what = random(3);
    if (what === 0) fake.crash();
    if (what === 1) await fake.stop();
    if (what === 2) fake.script = troubles[random(troubles.length)] as ScannerScript;
    await pause(random(25));
    if (what === 0) fake.recover();
    if (what === 1) await fake.listen();
    fake.script = judges(() => fake);
    await pause(random(10));
  }

  const recordsOf = (service: string): TransactionRecord[] =>
    under.records.filter((record) => record.service === service);
  const outcomesOf = (service: string): string[] => [
    ...new Set(recordsOf(service).map(({ outcome, cause }) => `${outcome}/${cause}`)),
  ];

  it("are each answered", () => {
    expect(sent).toHaveLength(TRANSACTIONS);
    expect(sent.filter(({ status }) => ![200, 204, 500, 503].includes(status))).toEqual([]);
  });

  it("let nothing bad pass", () => {
    expect(sent.filter(({ path, status }) => path === "/bad" && status === 204)).toEqual([]);
    expect(recordsOf("bad").filter(({ outcome }) => outcome === "unmodified")).toEqual([]);
  });

  it("let nothing pass unscanned", () => {
    const passed = recordsOf("good").filter(({ outcome }) => outcome === "unmodified");
    expect(passed.length).toBeGreaterThan(0);
    expect(passed.filter(({ cause, verdict }) => cause !== "clean" || verdict !== "clean")).toEqual(
      [],
    );
  });

  it("block nothing that is good but for want of time", () => {
    expect(outcomesOf("good").sort()).toEqual(
      expect.arrayContaining(["unmodified/clean", "failed/error"]),
    );
    const configured = ["unmodified/clean", "failed/error", "blocked/timeout"];
    expect(outcomesOf("good").filter((outcome) => !configured.includes(outcome))).toEqual([]);
  });

  it("end each in an outcome that is configured", () => {
    const configured = ["blocked/verdict", "failed/error", "blocked/timeout"];
    expect(outcomesOf("bad")).toContain("blocked/verdict");
    expect(outcomesOf("bad").filter((outcome) => !configured.includes(outcome))).toEqual([]);
  });

  it("end before their deadline, and give back what they held", () => {
    const late = under.records.filter(({ durationMs }) => durationMs > TRANSACTION_TIMEOUT_MS);
    expect(late).toEqual([]);
    expect(under.spools.budget).toMatchObject({ memoryBytes: 0, diskBytes: 0 });
  });

  it("went through what they were to go through", () => {
    expect(retries).toBeGreaterThan(0);
    expect(ejections).toBeGreaterThan(0);
  });

  it("are followed by ordinary ones", async () => {
    const connection = await under.connect();
    const request = {
      method: "RESPMOD",
      path: "/good",
      fields: ["Allow: 204"],
      body: "x",
    } as const;
    await expect
      .poll(async () => {
        await connection.send(icapRequest(request));
        return (await connection.readAnswer()).status;
      })
      .toBe(204);
    connection.close();
  });
});
