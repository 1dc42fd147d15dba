import { beforeEach, describe, expect, it } from "vitest";
import type { Verdict } from "../../../src/scanning/index.ts";
import {
  afterUpload,
  answers,
  answersStatus,
  type FakeScanner,
  inTurn,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { clean, useFakeScanner, within } from "./scanner-under-test.ts";

const accepted = answersStatus(202, { location: "/v1/scans/7?a=b", "retry-after": "0" });
/** The next poll would come when the time of a scan is long up. */
const never = answersStatus(202, { location: "/v1/scans/7?a=b", "retry-after": "86400" });

describe("a scan that is pending when its time is up", () => {
  const { running, scannerOf } = useFakeScanner();
  let fake: FakeScanner;
  beforeEach(() => {
    fake = running();
    fake.script = never;
  });
  const pendingScan = async (): Promise<Verdict> => {
    const scanner = await scannerOf();
    return scanner.scan(entityOf("x"), { ...within(20_000), keepJob: true });
  };
  const requests = () => fake.received.map(({ method, path }) => `${method} ${path}`);

  it("is a job where somebody will follow it, and goes on at the scanner", async () => {
    const verdict = await pendingScan();
    expect(verdict).toMatchObject({ kind: "pending", job: expect.any(String) });
    expect(requests().filter((request) => request.startsWith("DELETE"))).toEqual([]);
  });

  it("is a job at once where it is wanted so, and nobody asks about it", async () => {
    const scanner = await scannerOf();
    const context = { ...within(600_000), keepJob: true, jobAtOnce: true };
    const verdict = await scanner.scan(entityOf("x"), context);
    expect(verdict).toMatchObject({ kind: "pending", job: expect.any(String) });
    expect(requests()).toEqual(["POST /v1/scan"]);
  });

  it("is waited for as ever where it cannot be a job", async () => {
    const location = `/v1/scans/${"x".repeat(1000)}`;
    fake.script = inTurn(answersStatus(202, { location, "retry-after": "0" }), answers(clean));
    const scanner = await scannerOf();
    const context = { ...within(60_000), keepJob: true, jobAtOnce: true };
    expect(await scanner.scan(entityOf("x"), context)).toMatchObject({ kind: "clean" });
  });

  it("is no job where nobody will", async () => {
    const scanner = await scannerOf();
    const verdict = await scanner.scan(entityOf("x"), within(20_000));
    expect(verdict.kind).toBe("pending");
    expect(verdict).not.toHaveProperty("job");
  });

  it("is no job of a transaction that was given up, and the scanner is told", async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const stop = new AbortController();
    fake.script = inTurn(
      accepted,
      afterUpload((_request, response) => {
        stop.abort();
        response.writeHead(202, { "retry-after": "0" }).end();
      }),
      afterUpload((request, response) => {
        if (request.method === "DELETE") resolve();
        response.writeHead(204).end();
      }),
    );
    const scanner = await scannerOf();
    const context = { ...within(60_000), signal: stop.signal, keepJob: true };
    expect(await scanner.scan(entityOf("x"), context)).toMatchObject({
      kind: "error",
      reason: "timeout",
    });
    await cancelled;
  });

  describe("and is followed by another pod", () => {
    const follow = async (job: string, ms = 60_000): Promise<Verdict | undefined> => {
      fake.received.length = 0;
      const other = await scannerOf();
      return other.follow?.(job, within(ms));
    };
    const jobOf = async (): Promise<string> => {
      const context = { ...within(600_000), keepJob: true, jobAtOnce: true };
      const { job } = await (await scannerOf()).scan(entityOf("x"), context);
      if (job === undefined) throw new Error("the scan became no job");
      return job;
    };

    it("comes to its verdict", async () => {
      const job = await jobOf();
      fake.script = inTurn(accepted, answers({ verdict: "blocked" }, { "scan-epoch": "fake-9" }));
      expect(await follow(job)).toMatchObject({ kind: "blocked", epoch: "fake-9" });
      expect(requests()).toEqual(["GET /v1/scans/7?a=b", "GET /v1/scans/7?a=b"]);
    });

    it("is the same job when the time is up once more", async () => {
      const job = await jobOf();
      expect(await follow(job, 300)).toMatchObject({ kind: "pending", job });
    });

    it.each([
      [404, "lost"],
      [410, "did not keep"],
    ])("is an error when the scanner answers %i", async (status, why) => {
      const job = await jobOf();
      fake.script = answersStatus(status);
      const verdict = await follow(job);
      expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
      expect(verdict?.message).toContain(why);
    });

    it("keeps no connection from scans that are waited for", async () => {
      const job = await jobOf();
      const asked = Promise.withResolvers<void>();
      const silent: ScannerScript = () => asked.resolve();
      fake.script = inTurn(silent, answers(clean));
      const other = await scannerOf({ connections: 1 });
      const stop = new AbortController();
      const followed = other.follow?.(job, { ...within(60_000), signal: stop.signal });
      await asked.promise;
      expect((await other.scan(entityOf("y"), within(60_000))).kind).toBe("clean");
      stop.abort();
      expect((await followed)?.kind).toBe("pending");
    });

    it("is asked about again after a connection broke", async () => {
      const job = await jobOf();
      fake.script = inTurn((request) => void request.socket.destroy(), answers(clean));
      expect((await follow(job))?.kind).toBe("clean");
    });

    it("stays pending when the pod closes its scanners", async () => {
      const job = await jobOf();
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      fake.script = () => resolve();
      const other = await scannerOf();
      const followed = other.follow?.(job, within(60_000));
      await asked;
      await other.close();
      expect(await followed).toMatchObject({ kind: "pending", job });
    });

    it.each([
      ["another host", (job: string) => job.replace("127.0.0.1", "127.0.0.2")],
      ["another port", (job: string) => job.replace(/:\d+"/, ':1"')],
      ["nothing", () => ""],
    ])("is an error, and nobody is asked, when the job names %s", async (_name, forge) => {
      const forged = forge(await jobOf());
      expect(await follow(forged)).toMatchObject({ kind: "error", reason: "engine-error" });
      expect(fake.received).toEqual([]);
    });
  });
});
