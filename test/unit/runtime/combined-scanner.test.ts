import { beforeEach, describe, expect, it } from "vitest";
import type { ServiceEntry } from "../../../src/resources/index.ts";
import { AnswerLog } from "../../../src/runtime/answer-log.ts";
import { combinedScanner } from "../../../src/runtime/combined-scanner.ts";
import {
  DeadlineScanner,
  type Scanner,
  ScannerSet,
  type Verdict,
} from "../../../src/scanning/index.ts";
import { MetricsRegistry, PrometheusCombiningMetrics } from "../../../src/telemetry/index.ts";
import { backgroundScans } from "../../support/background-scans.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { scannerOf } from "../../support/scan-service.ts";

type Listed = ServiceEntry["scanners"][number];

const says = (kind: Verdict["kind"], more: Partial<Verdict> = {}): Verdict => ({
  kind,
  threats: [],
  ...more,
});

describe("the scanners of a service", () => {
  let registry: MetricsRegistry;
  let lines: unknown[];
  let answers: AnswerLog;
  const scanners = new Map<string, Scanner>();
  const background = backgroundScans({ scannerOf: (key) => scanners.get(key) });
  beforeEach(() => {
    lines = [];
    scanners.clear();
    registry = new MetricsRegistry({ processMetrics: false });
    const log = (level: string) => (msg: string, fields?: object) =>
      void lines.push({ level, msg, ...fields });
    answers = new AnswerLog(new PrometheusCombiningMetrics(registry), {
      debug: log("debug"),
      info: log("info"),
      warn: log("warn"),
      error: log("error"),
    });
  });

  /** An entry of the service, and the scanner behind it, which says this. */
  function listed(name: string, verdict: Verdict, more: Partial<Listed> = {}): Listed {
    scanners.set(name, scannerOf(verdict));
    return {
      name,
      scanner: name,
      mode: "Hold",
      role: "Judge",
      required: true,
      timeoutMs: 1000,
      ...more,
    };
  }

  function combined(
    list: readonly Listed[],
    combine: ServiceEntry["combine"] = { strategy: "AnyBlocks" },
  ): Scanner | undefined {
    const on = {
      error: "Block",
      timeout: "Block",
      oversize: "Block",
      unscannable: "Block",
      suspicious: "Allow",
      unknown: "Allow",
      pending: "Block",
    } as const;
    const entry = {
      name: "scan",
      scanners: list,
      combine,
      on,
      mode: "Enforce",
      clientProfile: "Browser",
      cache: { cleanTtlMs: 0, blockedTtlMs: 0 },
    };
    // What else an entry has is nothing to the scanners.
    return combinedScanner(entry as unknown as ServiceEntry, scanners, answers, background);
  }

  const verdictOf = async (scanner: Scanner | undefined): Promise<Verdict | undefined> =>
    scanner?.scan(entityOf("x"), scanContext());

  it("are none where it lists none", () => {
    expect(combined([])).toBeUndefined();
  });

  it.each([
    { strategy: "AnyBlocks" },
    { strategy: "First" },
    { strategy: "Quorum", quorumCount: 1 },
  ] as const)("are the one judge with its deadline and nothing around it: %j", (combine) => {
    expect(combined([listed("av", says("clean"))], combine)).toBeInstanceOf(DeadlineScanner);
  });

  it.each([
    ["its score decides", listed, {}, { strategy: "Score", thresholdPercent: 50 }],
    ["it may be missing", listed, { required: false }, { strategy: "AnyBlocks" }],
  ] as const)("are a set of one where %s", (_, make, more, combine) => {
    expect(combined([make("av", says("clean"), more)], combine)).toBeInstanceOf(ScannerSet);
  });

  it.each([
    [{ strategy: "AnyBlocks" }, "blocked"],
    [{ strategy: "Quorum", quorumCount: 2 }, "clean"],
    [{ strategy: "Score", thresholdPercent: 50 }, "suspicious"],
    [{ strategy: "Score", thresholdPercent: 40 }, "blocked"],
  ] as const)("are combined as the service says: %j", async (combine, expected) => {
    const list = ["b", "c"].map((name) => listed(name, says("clean")));
    const all = [listed("a", says("blocked", { score: 0.45 })), ...list];
    expect((await verdictOf(combined(all, combine)))?.kind).toBe(expected);
  });

  it("let a modifier work on what passes", async () => {
    const replacement = {
      body: { ...entityOf("new"), head: Buffer.from("new") },
      dispose: () => {},
    };
    const cdr = listed("cdr", says("modified", { replacement }), { role: "Modifier" });
    const list = [cdr, listed("av", says("suspicious"))];
    expect(await verdictOf(combined(list))).toMatchObject({
      kind: "modified",
      also: ["suspicious"],
    });
  });

  it("ask no modifier about what the service's outcomes block", async () => {
    const cdr = listed("cdr", says("error"), { role: "Modifier" });
    expect((await verdictOf(combined([cdr, listed("av", says("unscannable"))])))?.kind).toBe(
      "unscannable",
    );
  });

  it("count a judge that modifies as an error", async () => {
    const replacement = {
      body: { ...entityOf("new"), head: Buffer.from("new") },
      dispose: () => {},
    };
    const list = [listed("av", says("modified", { replacement }))];
    expect((await verdictOf(combined(list)))?.kind).toBe("error");
  });

  it("have no opinion where all are in shadow", async () => {
    const list = [listed("trial", says("blocked"), { mode: "Shadow" })];
    expect((await verdictOf(combined(list)))?.kind).toBe("unknown");
  });

  const sandbox = (more: Partial<Listed> = {}) =>
    listed("sandbox", says("clean"), { mode: "Background", ...more });
  const kept = { ...scanContext(), retain: () => () => {} };

  it("are pending as long as one in the background is", async () => {
    const scanner = combined([listed("av", says("clean")), sandbox()]);
    expect((await scanner?.scan(entityOf("x"), kept))?.kind).toBe("pending");
  });

  it("do without the verdict of one in the background that is not required", async () => {
    const scanner = combined([listed("av", says("clean")), sandbox({ required: false })]);
    expect((await scanner?.scan(entityOf("x"), kept))?.kind).toBe("clean");
    expect(lines).toMatchObject([{ level: "info", msg: "optional scanner has no opinion" }]);
  });

  it("block at once what one that is waited for blocks", async () => {
    const scanner = combined([listed("av", says("blocked")), sandbox()]);
    expect((await scanner?.scan(entityOf("x"), kept))?.kind).toBe("blocked");
  });

  it("tell of a shadow in the log and in a metric", async () => {
    const threats = [{ name: "EICAR" }];
    const trial = listed("trial", says("blocked", { threats }), { mode: "Shadow" });
    expect((await verdictOf(combined([listed("av", says("clean")), trial])))?.kind).toBe("clean");
    await expect
      .poll(() => lines)
      .toEqual([
        {
          level: "info",
          msg: "shadow verdict",
          service: "scan",
          scanner: "trial",
          incidentId: "01JTESTTRANSACTION",
          verdict: "blocked",
          counted: "clean",
          reason: undefined,
          threats: ["EICAR"],
          message: undefined,
        },
      ]);
    expect(await registry.text()).toContain(
      'sluice_shadow_verdicts_total{service="scan",scanner="trial",verdict="blocked",counted="clean"} 1',
    );
  });

  it("tell of an optional scanner without an opinion in the log and in a metric", async () => {
    const failed = says("error", { reason: "overload", message: "full" });
    const list = [listed("av", says("clean")), listed("extra", failed, { required: false })];
    expect((await verdictOf(combined(list)))?.kind).toBe("clean");
    expect(lines).toMatchObject([
      { level: "warn", scanner: "extra", verdict: "error", reason: "overload", message: "full" },
    ]);
    expect(await registry.text()).toContain(
      'sluice_optional_failures_total{service="scan",scanner="extra",verdict="error"} 1',
    );
  });

  it("say nothing of an optional scanner with an opinion, or of one that is required", async () => {
    const list = [
      listed("a", says("clean"), { required: false }),
      listed("b", says("suspicious"), { required: false }),
      listed("c", says("error")),
    ];
    await verdictOf(combined(list));
    expect(lines).toEqual([]);
  });
});
