import { describe, expect, it } from "vitest";
import { answers, answersStatus, inTurn, type ScannerScript } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { byPath, useVendor, within } from "./template-under-test.ts";

const submit = answers({ id: "s-1", pause: 0.05 });
const working = answers({ status: "working", pause: 0.05 });
const done = answers({ status: "done", score: 9 });

const template = (poll: string) => `
steps:
  - { name: submit, request: { method: POST, path: /submit, body: { mode: Raw } }, extract: { id: res.json.id } }
  - { name: report, request: { path: "/report/\${state.id}" }, poll: { until: res.json.status == 'done', ${poll} } }
result: { verdict: "res.json.score > 7 ? 'blocked' : 'clean'" }`;

const entity = entityOf("sample");
/** The job as it is when its next poll has become due. */
const due = (job: string): string => JSON.stringify({ ...JSON.parse(job), dueAt: 0 });

describe("a step that polls", () => {
  const { vendor, scannerOf } = useVendor();
  const reports = () => vendor().received.filter(({ path }) => path === "/report/s-1").length;
  const script = (...polls: readonly ScannerScript[]) => {
    vendor().script = byPath({ "/submit": submit, "/report/s-1": inTurn(...polls) });
  };

  it("asks again until the answer is there", async () => {
    script(working, working, done);
    const scanner = await scannerOf(template("interval: 50ms"));
    const verdict = await scanner.scan(entity, within(60_000));
    expect(verdict.kind).toBe("blocked");
    expect(reports()).toBe(3);
  });

  it("waits as long as the answer says, where the template reads that", async () => {
    script(working, done);
    const scanner = await scannerOf(template("interval: 10m, pause: double(res.json.pause)"));
    expect((await scanner.scan(entity, within(60_000))).kind).toBe("blocked");
  });

  it("waits as long as Retry-After says", async () => {
    script(answers({ status: "working" }, { "retry-after": "0" }), done);
    const scanner = await scannerOf(template("interval: 10m"));
    expect((await scanner.scan(entity, within(60_000))).kind).toBe("blocked");
  });

  it("goes on when the vendor is busy for a while", async () => {
    script(answersStatus(429, { "retry-after": "0" }), answersStatus(503), done);
    const scanner = await scannerOf(template("interval: 50ms"));
    expect((await scanner.scan(entity, within(60_000))).kind).toBe("blocked");
  });

  it("goes on when a connection breaks", async () => {
    script((request) => void request.socket.destroy(), done);
    const scanner = await scannerOf(template("interval: 50ms"));
    expect((await scanner.scan(entity, within(60_000))).kind).toBe("blocked");
  });

  it("fails when connections go on breaking", async () => {
    script((request) => void request.socket.destroy());
    const scanner = await scannerOf(template("interval: 50ms"));
    const verdict = await scanner.scan(entity, within(60_000));
    expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(reports()).toBe(3);
  });

  it("fails when its own time is over", async () => {
    script(working);
    const scanner = await scannerOf(template("interval: 60ms, timeout: 100ms"));
    const verdict = await scanner.scan(entity, within(60_000));
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
  });

  it("ends when an answer is a failure for good", async () => {
    script(working, answersStatus(410));
    const scanner = await scannerOf(template("interval: 50ms"));
    const verdict = await scanner.scan(entity, within(60_000));
    expect(verdict).toMatchObject({ kind: "error", message: "it answered 410" });
  });

  describe("when the scan's time is up", () => {
    it("answers pending, at once when the next poll would come too late", async () => {
      script(working);
      const scanner = await scannerOf(template("interval: 10m"));
      expect(await scanner.scan(entity, within(60_000))).toMatchObject({ kind: "pending" });
      expect(reports()).toBe(1);
    });

    it("gives a job by which another pod goes on", async () => {
      script(working, done);
      const [first, second] = [
        await scannerOf(template("interval: 10m")),
        await scannerOf(template("interval: 10m")),
      ];
      const { job = "" } = await first.scan(entity, within(60_000));
      const verdict = await second.follow?.(due(job), within(60_000));
      expect(verdict?.kind).toBe("blocked");
      expect(vendor().received.filter(({ path }) => path === "/submit")).toHaveLength(1);
    });

    it("gives the job at once where it is wanted so", async () => {
      script(working, done);
      const scanner = await scannerOf(template("interval: 50ms"));
      const context = { ...within(600_000), keepJob: true, jobAtOnce: true };
      const { kind, job = "" } = await scanner.scan(entity, context);
      expect([kind, reports()]).toEqual(["pending", 1]);
      expect(await scanner.follow?.(job, within(60_000))).toMatchObject({ kind: "blocked" });
    });

    it("gives the job again when the follower's time is up too", async () => {
      script(working);
      const scanner = await scannerOf(template("interval: 10m"));
      const { job = "" } = await scanner.scan(entity, within(60_000));
      const followed = await scanner.follow?.(due(job), within(60_000));
      expect(followed).toMatchObject({ kind: "pending", job: expect.any(String) });
    });

    it("puts no more into the job than what goes on needs", async () => {
      script(working);
      const scanner = await scannerOf(template("interval: 10m"));
      const { job = "" } = await scanner.scan(entity, within(60_000));
      expect(JSON.parse(job)).toEqual({
        hash: expect.stringMatching(/^[0-9a-f]{16}$/),
        step: 1,
        state: { id: "s-1" },
        req: {},
        since: expect.any(Number),
        polls: 1,
        dueAt: expect.any(Number),
      });
    });

    it.each(["", "{}", "no JSON", '{"hash":"0000000000000000","step":1,"state":{},"req":{}}'])(
      "takes no job that is not its own: %s",
      async (job) => {
        const scanner = await scannerOf(template("interval: 10m"));
        expect(await scanner.follow?.(job, within(60_000))).toMatchObject({ kind: "error" });
      },
    );

    it("takes no job of the same template with other parameters", async () => {
      script(working);
      const yaml = `params: { n: { type: Integer } }\n${template("interval: 10m")}`;
      const [one, other] = [
        await scannerOf(yaml, { params: { n: 1 } }),
        await scannerOf(yaml, { params: { n: 2 } }),
      ];
      const { job = "" } = await one.scan(entity, within(60_000));
      expect(await other.follow?.(job, within(60_000))).toMatchObject({ kind: "error" });
    });

    it("gives no job where going on takes the bytes", async () => {
      vendor().script = working;
      const scanner = await scannerOf(`
steps:
  - name: again
    request: { method: POST, path: /scan, body: { mode: Raw } }
    poll: { until: res.json.status == 'done', interval: 10m }
result: { verdict: "'clean'" }`);
      const verdict = await scanner.scan(entity, within(60_000));
      expect(verdict.kind).toBe("pending");
      expect(verdict.job).toBeUndefined();
    });
  });
});
