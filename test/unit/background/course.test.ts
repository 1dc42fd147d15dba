import { beforeEach, describe, expect, it } from "vitest";
import type { Verdict } from "../../../src/scanning/index.ts";
import { BackgroundMessage } from "../../support/background-message.ts";
import { JobScanner, verdictOf } from "../../support/job-scanner.ts";
import { type Bench, blocked, failure, file, overload, useBench } from "./bench.ts";

const make = useBench();

describe("a background scan", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = make();
  });

  describe("whose scanner", () => {
    it("gives a verdict instead of a job has ended", async () => {
      bench.sandbox.upload = () => blocked;
      await bench.passed();
      await bench.ended();
      expect([bench.ends[0]?.verdict, bench.sandbox.follows]).toEqual([blocked, []]);
    });

    it("is busy is asked again, with longer bench.pauses, until the time is up", async () => {
      bench.sandbox.upload = () => overload;
      await bench.passed();
      await bench.ended();
      expect(bench.pauses.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1000));
      expect(bench.now - 1_000_000).toBeGreaterThan(840_000);
      expect(bench.ends[0]?.verdict).toMatchObject(overload);
    });

    it("fails is asked five times in all", async () => {
      bench.sandbox.upload = () => failure;
      await bench.passed();
      await bench.ended();
      expect([bench.sandbox.uploads.length, bench.ends[0]?.verdict.kind]).toEqual([5, "error"]);
    });

    it("loses the job is asked five times in all", async () => {
      bench.sandbox.conclude(failure);
      await bench.passed();
      await bench.ended();
      expect([bench.sandbox.follows.length, bench.ends[0]?.verdict.kind]).toEqual([5, "error"]);
    });

    it("is not done in time leaves it pending", async () => {
      bench.sandbox.conclude(verdictOf("pending", { job: "8" }));
      await bench.passed();
      await bench.ended();
      expect(bench.ends[0]?.verdict).toMatchObject({
        kind: "pending",
        message: "no verdict came in time",
      });
      // What the scanner adds to the job is kept.
      expect(new Set(bench.sandbox.follows)).toEqual(new Set([`job of ${file.sha256}`, "8"]));
    });

    it("is not served any more is an error", async () => {
      const message = new BackgroundMessage();
      await bench.ask(message);
      bench.served = undefined;
      message.pass();
      await bench.ended();
      expect(bench.ends[0]?.verdict).toMatchObject({
        kind: "error",
        message: "its scanner is gone",
      });
    });

    it("was replaced by one of the same key is followed there", async () => {
      const uploaded = Promise.withResolvers<Verdict>();
      bench.sandbox.upload = () => uploaded.promise;
      await bench.passed();
      await bench.uploading();
      const next = new JobScanner();
      bench.served = next;
      uploaded.resolve(verdictOf("pending", { job: "7" }));
      await expect.poll(() => next.follows).toEqual(["7"]);
    });
  });

  describe("that has come to its verdict", () => {
    const end = async (message: BackgroundMessage, verdict = blocked): Promise<void> => {
      await bench.passed(message);
      await bench.following();
      bench.now += 5000;
      bench.sandbox.conclude(verdict);
      await bench.ended();
    };

    it("is remembered for the next request", async () => {
      await end(new BackgroundMessage());
      expect(bench.sandbox.remembered).toMatchObject([
        {
          entity: { sha256: file.sha256, size: file.size, fileName: "a.exe" },
          context: {
            url: "http://files.example/report",
            cacheTtl: { cleanMs: 1000, blockedMs: 2000 },
          },
          verdict: blocked,
        },
      ]);
    });

    it("is not remembered anew when it was remembered already", async () => {
      await end(new BackgroundMessage(), { ...blocked, cached: true });
      expect(bench.sandbox.remembered).toEqual([]);
    });

    it("is told in the log, with who received it", async () => {
      const recipient = { address: "10.1.2.3", user: "anna" };
      await end(new BackgroundMessage({ recipient }));
      expect(bench.lines).toMatchObject([
        {
          level: "warn",
          msg: "late verdict",
          service: "scan",
          scanner: "cape",
          verdict: "blocked",
          threats: ["Trojan"],
          sha256: file.sha256,
          delivered: true,
          durationMs: 5000,
          recipients: [
            {
              incidentId: "01JTESTTRANSACTION",
              delivered: true,
              clientIp: "10.1.2.3",
              user: "anna",
            },
          ],
        },
      ]);
    });

    it("names nobody where the service records nobody", async () => {
      await end(new BackgroundMessage({ identity: { address: "10.1.2.3", user: "anna" } }));
      expect(JSON.stringify([bench.lines, bench.ends[0]?.recipients])).not.toMatch(
        /anna|10\.1\.2\.3/,
      );
    });

    it("is no warning when it is clean", async () => {
      await end(new BackgroundMessage(), verdictOf("clean"));
      expect(bench.lines).toMatchObject([{ level: "info", msg: "late verdict" }]);
    });

    it("is counted", async () => {
      await end(new BackgroundMessage());
      expect(await bench.metric("sluice_background_verdicts_total")).toEqual([
        'sluice_background_verdicts_total{service="scan",scanner="cape",verdict="blocked",delivered="true"} 1',
      ]);
    });
  });

  describe("of a process that ends", () => {
    it("has the time to give its bytes to the scanner", async () => {
      const uploaded = Promise.withResolvers<Verdict>();
      const waiting = Promise.withResolvers<void>();
      bench = make({ wait: () => waiting.promise });
      bench.sandbox.upload = () => uploaded.promise;
      await bench.passed();
      await bench.uploading();
      const drained = bench.scans.drain(30_000);
      uploaded.resolve(blocked);
      await drained;
      expect(bench.ends).toMatchObject([{ verdict: { kind: "blocked" } }]);
    });

    it("is told as an error when it was not done, with who received it", async () => {
      await bench.passed();
      await bench.following();
      await bench.scans.drain(30_000);
      expect(bench.ends).toMatchObject([
        { verdict: { kind: "error" }, recipients: [{ delivered: true }] },
      ]);
    });

    it("is not taken on any more", async () => {
      await bench.scans.close();
      expect(await bench.ask(new BackgroundMessage())).toMatchObject(overload);
    });
  });
});
