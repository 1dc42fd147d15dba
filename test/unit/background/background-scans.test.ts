import { beforeEach, describe, expect, it } from "vitest";
import { CacheScope, type Verdict } from "../../../src/scanning/index.ts";
import { BackgroundMessage } from "../../support/background-message.ts";
import { verdictOf } from "../../support/job-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { type Bench, blocked, file, overload, useBench } from "./bench.ts";

const make = useBench();

describe("a scan in the background", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = make();
  });

  describe("of an entity without a known verdict", () => {
    it("is pending at once", async () => {
      expect(await bench.ask(new BackgroundMessage())).toMatchObject({ kind: "pending" });
    });

    it("begins when the message is let pass", async () => {
      const message = new BackgroundMessage();
      await bench.ask(message);
      expect(bench.sandbox.uploads).toEqual([]);
      message.pass();
      await bench.uploading();
    });

    it("begins when the message is held back until the verdict", async () => {
      const message = new BackgroundMessage();
      await bench.ask(message);
      message.park();
      await bench.uploading();
    });

    it("does not begin when another scanner blocks the message", async () => {
      const message = new BackgroundMessage();
      await bench.ask(message);
      message.condemn();
      await expect.poll(() => message.held).toBe(0);
      expect([bench.sandbox.uploads, bench.scans.usage]).toEqual([[], { scans: 0, bytes: 0 }]);
    });

    it("wants the job at once, and has its own time", async () => {
      await bench.passed();
      await bench.uploading();
      const { keepJob, jobAtOnce, deadlineAt = 0 } = bench.sandbox.uploads[0]?.context ?? {};
      expect({ keepJob, jobAtOnce }).toEqual({ keepJob: true, jobAtOnce: true });
      expect(deadlineAt - performance.now()).toBeGreaterThan(600_000);
    });

    it("goes on when its transaction is over", async () => {
      const transaction = new AbortController();
      const message = new BackgroundMessage({ signal: transaction.signal });
      await bench.ask(message);
      message.pass();
      transaction.abort();
      await bench.following();
    });

    it("is no scan above what the scanner takes", async () => {
      expect(await bench.ask(new BackgroundMessage(), entityOf("x".repeat(1001)))).toMatchObject({
        kind: "unscannable",
        reason: "size",
      });
    });

    it("is an error where its bytes cannot be kept", async () => {
      const message = new BackgroundMessage({ retain: undefined });
      expect(await bench.ask(message)).toMatchObject({ kind: "error" });
    });
  });

  describe("of an entity with a known verdict", () => {
    it("is that verdict, and asks nobody", async () => {
      Object.assign(bench.sandbox, { recall: async () => blocked });
      expect(await bench.ask(new BackgroundMessage())).toBe(blocked);
      expect(bench.scans.usage.scans).toBe(0);
    });

    it("asks for the verdict under its own policy, not for one that makes new content", async () => {
      const asked: unknown[] = [];
      const recall = async (_entity: unknown, context: object) => void asked.push(context);
      Object.assign(bench.sandbox, { recall });
      await bench.ask(new BackgroundMessage({ policy: "of another", takesReplacement: true }));
      expect(asked).toMatchObject([{ policy: undefined, takesReplacement: false }]);
    });
  });

  describe("holds the bytes", () => {
    it("until the scanner has them", async () => {
      const uploaded = Promise.withResolvers<Verdict>();
      bench.sandbox.upload = () => uploaded.promise;
      const message = new BackgroundMessage();
      await bench.passed(message);
      await bench.uploading();
      expect([message.held, bench.scans.usage.bytes]).toEqual([1, file.size]);
      uploaded.resolve(verdictOf("pending", { job: "7" }));
      await expect.poll(() => bench.sandbox.follows).toEqual(["7"]);
      expect([message.held, bench.scans.usage]).toEqual([0, { scans: 1, bytes: 0 }]);
    });

    it("and lets go of them when the upload fails", async () => {
      bench.sandbox.upload = () => Promise.reject(new Error("broken"));
      const message = new BackgroundMessage();
      await bench.passed(message);
      await bench.ended();
      expect([message.held, bench.scans.usage]).toEqual([0, { scans: 0, bytes: 0 }]);
    });
  });

  describe("of the same content, while one runs,", () => {
    it("is not begun", async () => {
      await bench.passed();
      await bench.following();
      const second = new BackgroundMessage();
      expect((await bench.ask(second)).kind).toBe("pending");
      second.pass();
      bench.sandbox.conclude(blocked);
      await bench.ended();
      expect([bench.sandbox.uploads.length, second.held]).toEqual([1, 0]);
    });

    it("names both who asked", async () => {
      await bench.passed(new BackgroundMessage({ transactionId: "1" }));
      await bench.following();
      const second = new BackgroundMessage({ transactionId: "2", service: "other" });
      await bench.ask(second);
      bench.sandbox.conclude(blocked);
      // The end waits until it is known whether this one was let pass.
      second.park();
      await bench.ended();
      expect(bench.ends[0]?.recipients).toMatchObject([
        { transactionId: "1", service: "scan", delivered: true },
        { transactionId: "2", service: "other", delivered: false },
      ]);
    });

    it("names a URL without end by its beginning", async () => {
      await bench.passed(new BackgroundMessage({ url: `http://a.example/${"x".repeat(100_000)}` }));
      bench.sandbox.conclude(blocked);
      await bench.ended();
      const { url = "" } = bench.ends[0]?.recipients[0] ?? {};
      expect([url.length, url.at(-1)]).toEqual([2049, "…"]);
    });

    it("goes on for the second when the first was blocked by others", async () => {
      const first = new BackgroundMessage({ transactionId: "1" });
      const second = new BackgroundMessage({ transactionId: "2" });
      await bench.ask(first);
      await bench.ask(second);
      first.condemn();
      second.pass();
      bench.sandbox.conclude(blocked);
      await bench.ended();
      expect(bench.ends[0]?.recipients).toMatchObject([{ transactionId: "2" }]);
    });

    it("is begun for another URL where verdicts depend on it", async () => {
      Object.assign(bench.sandbox, { cacheScope: CacheScope.ContentAndUrl });
      await bench.passed(new BackgroundMessage({ url: "http://a.example/" }));
      await bench.passed(new BackgroundMessage({ url: "http://b.example/" }));
      await bench.uploading(2);
    });

    it("is begun each time where verdicts hold for one message", async () => {
      Object.assign(bench.sandbox, { cacheScope: CacheScope.None });
      await bench.passed();
      await bench.passed();
      await bench.uploading(2);
    });
  });

  describe("for which there is no room", () => {
    it.each([
      ["in number", { maxScans: 1, maxBytes: 1000, uploads: 1 }],
      ["in bytes", { maxScans: 9, maxBytes: file.size, uploads: 1 }],
    ])("%s is an error, counted and logged once", async (_what, limits) => {
      bench = make({ limits });
      await bench.ask(new BackgroundMessage());
      const refused = new BackgroundMessage();
      const verdicts = [
        await bench.ask(refused, entityOf("another")),
        await bench.ask(refused, entityOf("and another")),
      ];
      expect(verdicts).toMatchObject([overload, overload]);
      expect(refused.held).toBe(0);
      expect(await bench.metric("sluice_background_scans_total")).toEqual([
        'sluice_background_scans_total{service="scan",scanner="cape",result="refused"} 2',
      ]);
      expect(bench.lines).toMatchObject([
        { level: "warn", msg: "no room for another background scan" },
      ]);
    });

    it("waits for its turn where only uploads are many", async () => {
      bench = make({ limits: { maxScans: 9, maxBytes: 1000, uploads: 1 } });
      const first = Promise.withResolvers<Verdict>();
      bench.sandbox.upload = () => first.promise;
      await bench.passed();
      await bench.passed(new BackgroundMessage(), entityOf("another"));
      await bench.uploading();
      first.resolve(blocked);
      await bench.ended(2);
      expect(bench.sandbox.uploads.length).toBe(2);
    });
  });
});
