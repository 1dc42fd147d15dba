import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Overrides } from "../../../src/cache/index.ts";
import type { Scanner, Screening } from "../../../src/scanning/index.ts";
import { NEEDS_MORE, type ScanServiceOptions } from "../../../src/services/index.ts";
import { noOverrideMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { type MessageText, marker, messageOf, ScanBench } from "../../support/scan-bench.ts";
import { head } from "../../support/wire-text.ts";

const DAY_MS = 86_400_000;
const bench = new ScanBench();
let overrides: Overrides;
beforeAll(() => bench.open());
afterAll(() => bench.close());
beforeEach(() => {
  bench.scanner.texts.length = 0;
  overrides = new Overrides({
    shared: undefined,
    metrics: noOverrideMetrics,
    logger: silentLogger,
  });
});

const bad = `xx ${marker}`;
const good = "harmless";
const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

function say(action: "allow" | "block", text: string, services?: readonly string[]) {
  const reason = action === "allow" ? "checked by hand" : "leaked document";
  return overrides.set({
    sha256: hashOf(text),
    action,
    reason,
    author: "ada",
    expiresAt: Date.now() + DAY_MS,
    services,
  });
}

const service = (changes: Partial<ScanServiceOptions> = {}) =>
  bench.service({ overrides, ...changes });

function form(...bodies: readonly string[]): MessageText {
  const parts = bodies.map(
    (body, index) =>
      `--edge\r\n${head(`Content-Disposition: form-data; name="p${index}"; filename="f${index}"`)}${body}\r\n`,
  );
  return {
    method: "REQMOD",
    fields: ["Content-Type: multipart/form-data; boundary=edge"],
    body: `${parts.join("")}--edge--\r\n`,
  };
}

describe("a content that an operator allows", () => {
  it("passes without a scan, by the operator's word", async () => {
    await say("allow", bad);
    const outcome = await bench.outcome(service(), { body: bad });
    expect(outcome).toMatchObject({
      kind: "unmodified",
      report: {
        cause: "override",
        sha256: hashOf(bad),
        override: { action: "allow", reason: "checked by hand", author: "ada" },
      },
    });
    expect(bench.scanner.texts).toEqual([]);
  });

  it("is blocked by a rule all the same", async () => {
    await say("allow", bad);
    const rules = [{ name: "no", when: "entity.size > 0", action: "Block" }] as const;
    const outcome = await bench.outcome(service({ rules }), { body: bad });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "policy", rule: "no" } });
  });

  it("does not take another part of the form with it", async () => {
    await say("allow", bad);
    const outcome = await bench.outcome(service(), form(bad, `other ${marker}`));
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "verdict" } });
  });

  it("passes with a clean part, by the operator's word", async () => {
    await say("allow", bad);
    const outcome = await bench.outcome(service(), form(good, bad));
    expect(outcome).toMatchObject({ kind: "unmodified", report: { cause: "override" } });
    expect(bench.scanner.texts).toEqual([good]);
  });

  it("is scanned in a service that is not meant", async () => {
    await say("allow", bad, ["other"]);
    expect((await bench.outcome(service(), { body: bad })).kind).toBe("blocked");
  });

  it("is scanned again once that is taken back", async () => {
    await say("allow", bad);
    await overrides.remove(hashOf(bad));
    expect((await bench.outcome(service(), { body: bad })).kind).toBe("blocked");
  });
});

describe("a content that an operator blocks", () => {
  it("is blocked without a scan, and the page says why", async () => {
    await say("block", good);
    const outcome = await bench.outcome(service(), { body: good });
    expect(outcome).toMatchObject({
      kind: "blocked",
      report: { cause: "override", override: { action: "block", author: "ada" } },
    });
    const page = outcome.kind === "blocked" ? String(outcome.replacement.body) : "";
    expect(page).toContain("leaked document");
    expect(bench.scanner.texts).toEqual([]);
  });

  it("is blocked as a part of a form", async () => {
    await say("block", good);
    const outcome = await bench.outcome(service(), form("other", good));
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "override" } });
  });

  it("is told and not done in a service that only watches", async () => {
    await say("block", good);
    const outcome = await bench.outcome(service({ mode: "Monitor" }), { body: good });
    expect(outcome).toMatchObject({
      kind: "unmodified",
      report: { cause: "override", withheld: "blocked" },
    });
  });

  it("passes where nothing is scanned", async () => {
    await say("block", good);
    const outcome = await bench.outcome(service({ scanner: undefined }), { body: good });
    expect(outcome).toMatchObject({ kind: "unmodified", report: { cause: "none" } });
  });
});

describe("scanners that decide on a beginning", () => {
  const screening = (kind: "clean" | "blocked"): Screening =>
    ({ has: () => true, decide: async () => ({ kind, threats: [] }) }) as unknown as Screening;
  const screened = (kind: "clean" | "blocked") => {
    const examination = service({ screening: screening(kind) }).examine(messageOf({ body: good }), {
      peer: "192.0.2.1",
      incidentId: "TEST",
    });
    const signal = new AbortController().signal;
    return examination.screen?.(Buffer.from(good), signal);
  };

  it("decide where operators say nothing", async () => {
    expect(await screened("clean")).toMatchObject({ kind: "unmodified" });
  });

  it("do not let pass what an operator may have blocked", async () => {
    await say("block", "something");
    expect(await screened("clean")).toBe(NEEDS_MORE);
  });

  it("block at once where operators only block", async () => {
    await say("block", "something");
    expect(await screened("blocked")).toMatchObject({ kind: "blocked" });
  });

  it("do not block what an operator may have allowed", async () => {
    await say("allow", "something");
    expect(await screened("blocked")).toBe(NEEDS_MORE);
  });
});

describe("scans that begin while the body arrives", () => {
  /** Whether a block may end the transaction before the whole body is there. */
  const decides = (): boolean | undefined => {
    let told: boolean | undefined;
    const scanner: Scanner = {
      name: "early",
      epoch: "1",
      maxBytes: Number.POSITIVE_INFINITY,
      scan: async () => ({ kind: "clean", threats: [] }),
      begin: (_arriving, context) => {
        told = context.decides;
      },
      close: async () => {},
    };
    const source = { peer: "192.0.2.1", incidentId: "TEST" };
    const examination = service({ scanner }).examine(messageOf({ body: good }), source);
    const head = Buffer.from(good);
    const read = async function* () {
      yield head;
    };
    examination.arrive?.(() => ({ head, read, retain: () => () => {} }))?.end();
    return told;
  };

  it("decide where operators say nothing, or block", async () => {
    const before = decides();
    await say("block", "something");
    expect([before, decides()]).toEqual([true, true]);
  });

  it("wait for the end where an operator may have allowed the whole", async () => {
    await say("allow", "something");
    expect(decides()).toBe(false);
  });
});

describe("the ISTag", () => {
  it("changes when something is said, and back when it is taken back", async () => {
    const tested = service();
    const before = tested.istag;
    await say("block", good);
    const meanwhile = tested.istag;
    await overrides.remove(hashOf(good));
    expect([meanwhile === before, tested.istag === before]).toEqual([false, true]);
  });

  it("does not change for a service that is not meant", async () => {
    const tested = service();
    const before = tested.istag;
    await say("block", good, ["other"]);
    expect(tested.istag).toBe(before);
  });

  it("is the same on two pods that were told the same", async () => {
    await say("block", good);
    const one = service().istag;
    overrides = new Overrides({
      shared: undefined,
      metrics: noOverrideMetrics,
      logger: silentLogger,
    });
    await say("block", good);
    expect(service().istag).toBe(one);
  });
});
