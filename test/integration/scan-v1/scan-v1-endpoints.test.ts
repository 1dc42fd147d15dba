import { beforeEach, describe, expect, it } from "vitest";
import { createScanV1Scanner } from "../../../src/scanning/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { describeScannerContract } from "../../contracts/scanner.contract.ts";
import {
  afterUpload,
  answers,
  answersStatus,
  FakeScanner,
  inTurn,
} from "../../support/fake-scanner.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { clean, options, useFakeScanner } from "./scanner-under-test.ts";

describe("ScanV1Scanner", () => {
  const { running, scannerOf } = useFakeScanner();
  let fake: FakeScanner;
  beforeEach(() => {
    fake = running();
  });

  describe("in trouble", () => {
    it("answers timeout as soon as it is told to stop", async () => {
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      fake.script = () => resolve();
      const scanner = await scannerOf();
      const stop = new AbortController();
      const verdict = scanner.scan(entityOf("x"), scanContext(stop.signal));
      await asked;
      stop.abort();
      expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
    });

    it("asks again where a connection broke without an answer", async () => {
      fake.script = inTurn(
        (request) => void request.socket.destroy(),
        answers({ verdict: "clean" }),
      );
      const scanner = await scannerOf({ retry: { ...options.retry, attempts: 2 } });
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    });

    it("asks another endpoint where a connection broke without an answer", async () => {
      await using other = await FakeScanner.start();
      fake.script = (request) => void request.socket.destroy();
      const scanner = await scannerOf({
        urls: [fake.url, other.url],
        retry: { ...options.retry, attempts: 2 },
      });
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
      expect([fake.received.length, other.received.length]).toEqual([1, 1]);
    });

    it("asks again so seldom that a scanner in trouble is not buried", async () => {
      fake.script = (request) => void request.socket.destroy();
      const wanted: string[] = [];
      const metrics = {
        ...options.metrics,
        retryWanted: (_scanner: string, result: string) => void wanted.push(result),
      };
      const retry = { attempts: 2, budgetPercent: 20, backoffMs: 0 };
      const scanner = await scannerOf({ retry, metrics });
      for (let scan = 0; scan < 40; scan += 1) await scanner.scan(entityOf("x"), scanContext());
      const made = wanted.filter((result) => result === "made").length;
      // A fifth of the scans, and the reserve of three.
      expect(made).toBeGreaterThan(3);
      expect(made).toBeLessThanOrEqual(40 / 5 + 3);
      expect(fake.received).toHaveLength(40 + made);
      expect(wanted).toContain("over-budget");
    });

    it("asks another endpoint when one is busy, and leaves the busy one alone", async () => {
      await using other = await FakeScanner.start();
      fake.script = answersStatus(503, { "retry-after": "30" });
      const scanner = await scannerOf({
        urls: [fake.url, other.url],
        retry: { ...options.retry, attempts: 2 },
      });
      for (let round = 0; round < 4; round += 1) {
        expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
      }
      expect([fake.received.length, other.received.length]).toEqual([1, 4]);
    });

    it("says overload when the only endpoint is busy", async () => {
      fake.script = answersStatus(429, { "retry-after": "30" });
      const scanner = await scannerOf();
      const busy = { kind: "error", reason: "overload" };
      expect(await scanner.scan(entityOf("x"), scanContext())).toMatchObject(busy);
      expect(await scanner.scan(entityOf("x"), scanContext())).toMatchObject(busy);
      expect(fake.received).toHaveLength(1);
    });

    it("does not ask one that kept failing", async () => {
      fake.script = answersStatus(500);
      const scanner = await scannerOf({ circuitBreaker: { failures: 2, openForMs: 60_000 } });
      for (let round = 0; round < 5; round += 1) {
        expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("error");
      }
      expect(fake.received).toHaveLength(2);
    });

    it("says so once when it is left alone, and when it works again", async () => {
      const lines: unknown[] = [];
      const line = (message: string, fields?: object) => lines.push({ message, ...fields });
      const logger = { ...silentLogger, info: line, warn: line };
      fake.script = inTurn(answersStatus(500), answersStatus(500), answers(clean));
      const circuitBreaker = { failures: 2, openForMs: 0 };
      const scanner = await scannerOf({ logger, circuitBreaker });
      for (let round = 0; round < 4; round += 1) await scanner.scan(entityOf("x"), scanContext());
      expect(lines).toEqual([
        {
          message: "scanner keeps failing, left alone",
          scanner: "fake",
          url: fake.url,
          why: "it answered 500",
        },
        { message: "scanner works again", scanner: "fake", url: fake.url },
      ]);
    });

    it("asks the endpoint with the fewest scans under way", async () => {
      await using other = await FakeScanner.start();
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      fake.script = () => resolve();
      const scanner = await scannerOf({ urls: [fake.url, other.url] });
      const stop = new AbortController();
      const slow = scanner.scan(entityOf("x"), scanContext(stop.signal));
      await asked;
      for (let round = 0; round < 3; round += 1) {
        expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
      }
      stop.abort();
      await slow;
      expect(other.received).toHaveLength(3);
    });

    it("prefers an endpoint that answers to one that refuses", async () => {
      await using down = await FakeScanner.start();
      await down.stop();
      const scanner = await scannerOf({ urls: [down.url, fake.url] });
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    });

    it("is an error while nobody listens, and a verdict as soon as somebody does", async () => {
      await fake.stop();
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("error");
      await fake.listen();
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
    });
  });

  describe("has the epoch", () => {
    it("that the scanner tells", async () => {
      expect((await scannerOf()).epoch).toBe("fake-1");
    });

    it("that an answer shows, at once, and the one before for a while", async () => {
      fake.script = answers(clean, { "scan-epoch": "fake-2" });
      const scanner = await scannerOf();
      await scanner.scan(entityOf("x"), scanContext());
      expect(scanner.epoch).toBe("fake-1,fake-2");
    });

    it("that does not flap while replicas behind one address differ", async () => {
      const shows = (epoch: string) => answers(clean, { "scan-epoch": epoch });
      fake.script = inTurn(...["2", "1", "2", "2", "1"].map((n) => shows(`fake-${n}`)));
      const scanner = await scannerOf();
      const epochs = new Set<string>();
      for (let round = 0; round < 5; round += 1) {
        const { epoch } = await scanner.scan(entityOf("x"), scanContext());
        epochs.add(scanner.epoch);
        expect(epoch).toBe(`fake-${["2", "1", "2", "2", "1"][round]}`);
      }
      expect([...epochs]).toEqual(["fake-1,fake-2"]);
    });

    it("of all endpoints, whatever their order", async () => {
      await using other = await FakeScanner.start();
      other.info = { protocol: "scan/v1", epoch: "fake-0" };
      expect((await scannerOf({ urls: [fake.url, other.url] })).epoch).toBe("fake-0,fake-1");
    });

    it("unknown when the scanner tells none", async () => {
      fake.info = undefined;
      expect((await scannerOf()).epoch).toBe("unknown");
    });
  });

  it("closes its connections", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    fake.script = inTurn((request, response) => {
      request.socket.once("close", resolve);
      return answers(clean)(request, response);
    });
    const scanner = await scannerOf();
    await scanner.scan(entityOf("x"), scanContext());
    await scanner.close();
    await closed;
  });
});

describeContract();

function describeContract(): void {
  const blocked = Buffer.from("block me");
  let fake: FakeScanner | undefined;
  describeScannerContract("ScanV1Scanner", {
    create: async () => {
      fake ??= await FakeScanner.start(
        afterUpload((_request, response) => {
          const isBlocked = fake?.received.at(-1)?.body.equals(blocked);
          response.writeHead(200, { "content-type": "application/json" });
          response.end(
            JSON.stringify(
              isBlocked
                ? { verdict: "blocked", threats: [{ name: "Test" }] }
                : { verdict: "clean" },
            ),
          );
        }),
      );
      return createScanV1Scanner({ ...options, urls: [fake.url] });
    },
    blocked,
    harmless: Buffer.from("harmless"),
    harmlessVerdict: "clean",
  });
}
