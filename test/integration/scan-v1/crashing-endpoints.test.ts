import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import {
  createScanV1Scanner,
  DeadlineScanner,
  type Verdict,
  VerdictKind,
} from "../../../src/scanning/index.ts";
import { afterUpload, FakeScanner } from "../../support/fake-scanner.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { options } from "./scanner-under-test.ts";

const SCANS = 1000;
const AT_ONCE = 20;
const TIMEOUT_MS = 5000;

/** Blocks what says that it is bad. */
function judging(fake: () => FakeScanner | undefined) {
  return afterUpload((request, response) => {
    const scan = fake()?.received.findLast(({ headers }) => headers === request.headers);
    const isBad = scan?.body.includes("bad") ?? true;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ verdict: isBad ? "blocked" : "clean" }));
  });
}

async function startFake(): Promise<FakeScanner> {
  let fake: FakeScanner | undefined;
  fake = await FakeScanner.start(judging(() => fake));
  return fake;
}

it("ends every one of 1,000 scans with a verdict while endpoints crash and recover", async () => {
  const fakes = await Promise.all([startFake(), startFake(), startFake()]);
  const remote = await createScanV1Scanner({
    ...options,
    urls: fakes.map(({ url }) => url),
    retry: { attempts: 3, budgetPercent: 20, backoffMs: 1 },
    circuitBreaker: { failures: 3, openForMs: 20 },
  });
  const scanner = new DeadlineScanner(remote, { timeoutMs: TIMEOUT_MS });

  const verdicts: (readonly [isBad: boolean, verdict: Verdict])[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < SCANS) {
      const number = begun;
      begun += 1;
      const isBad = number % 10 === 0;
      const entity = entityOf(`${isBad ? "bad" : "good"} ${"x".repeat((number * 997) % 50_000)}`);
      verdicts.push([isBad, await scanner.scan(entity, scanContext())]);
    }
  };
  const crashes = async (): Promise<void> => {
    for (let round = 0; verdicts.length < SCANS; round += 1) {
      const fake = fakes[round % fakes.length];
      fake?.crash();
      await pause(round % 7);
      fake?.recover();
      await pause(round % 5);
    }
  };
  await Promise.all([crashes(), ...Array.from({ length: AT_ONCE }, worker)]);

  const kindsOf = (bad: boolean): VerdictKind[] => [
    ...new Set(verdicts.filter(([isBad]) => isBad === bad).map(([, { kind }]) => kind)),
  ];
  const other = (kinds: VerdictKind[], right: VerdictKind) =>
    kinds.filter((kind) => kind !== right && kind !== VerdictKind.Error);
  expect(verdicts).toHaveLength(SCANS);
  expect(kindsOf(true)).toContain(VerdictKind.Blocked);
  expect(kindsOf(false)).toContain(VerdictKind.Clean);
  expect(other(kindsOf(true), VerdictKind.Blocked)).toEqual([]);
  expect(other(kindsOf(false), VerdictKind.Clean)).toEqual([]);
  // Late is another thing than failed: none waited for its deadline.
  expect(verdicts.filter(([, { reason }]) => reason === "timeout")).toEqual([]);

  await scanner.close();
  await Promise.all(fakes.map((fake) => fake.stop()));
});
