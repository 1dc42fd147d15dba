import { beforeEach, describe, expect, it } from "vitest";
import {
  type ArrivingEntity,
  DeadlineScanner,
  EarlyScans,
  errorVerdict,
  OverlappingScanner,
  PolicyScanner,
  type ScanContext,
  type Scanner,
  ScannerSet,
  type Verdict,
} from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";

const entity = entityOf("the bytes");
const clean: Verdict = { kind: "clean", threats: [] };
const blocked: Verdict = { kind: "blocked", threats: [{ name: "Test" }] };

/** Answers when the test says so; keeps what it was asked. */
class Asked implements Scanner {
  readonly name = "asked";
  epoch = "1";
  readonly maxBytes = Number.POSITIVE_INFINITY;
  takesArriving = true;
  readonly contexts: ScanContext[] = [];
  readonly answers: PromiseWithResolvers<Verdict>[] = [];

  scan(_entity: unknown, context: ScanContext): Promise<Verdict> {
    this.contexts.push(context);
    const answer = Promise.withResolvers<Verdict>();
    this.answers.push(answer);
    context.signal.addEventListener("abort", () =>
      answer.resolve(errorVerdict("timeout", "told to stop")),
    );
    return answer.promise;
  }

  answer(which: number, verdict: Verdict): void {
    this.answers[which]?.resolve(verdict);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe("OverlappingScanner", () => {
  let inner: Asked;
  let scanner: OverlappingScanner;
  let early: EarlyScans;
  let held: number;
  const arriving: ArrivingEntity = {
    fileName: "a.bin",
    declaredType: undefined,
    detectedType: "application/zip",
    read: async function* () {},
    retain: () => {
      held += 1;
      return () => {
        held -= 1;
      };
    },
  };
  beforeEach(() => {
    held = 0;
    inner = new Asked();
    scanner = new OverlappingScanner(inner, { maxEarly: 1, maxWaitMs: 60_000, pauseMs: 60_000 });
    early = new EarlyScans();
  });
  const begin = (of: Scanner = scanner, context: Partial<ScanContext> = {}): void =>
    of.begin?.(arriving, { ...scanContext(), ...context, early, decides: true });
  const scan = (context: Partial<ScanContext> = {}, of: Scanner = scanner): Promise<Verdict> => {
    early.arrived(entity.sha256);
    return of.scan(entity, { ...scanContext(), ...context, early });
  };
  /** How many scans the inner scanner was asked for, by whether they began early. */
  const asked = () => inner.contexts.map((context) => context.arriving !== undefined);

  it("begins with what is known, and gives the verdict at the end", async () => {
    begin();
    inner.answer(0, clean);
    expect(await scan()).toEqual(clean);
    expect(asked()).toEqual([true]);
  });

  it("waits at the end for a verdict that is not there yet", async () => {
    begin();
    const verdict = scan();
    inner.answer(0, blocked);
    expect((await verdict).kind).toBe("blocked");
  });

  it("scans where nothing has begun", async () => {
    const verdict = scan();
    inner.answer(0, clean);
    expect(await verdict).toEqual(clean);
    expect(asked()).toEqual([false]);
  });

  it.each([
    ["an error", errorVerdict("engine-error", "oh")],
    ["no verdict yet", { kind: "pending", threats: [] } as Verdict],
    ["new content", { kind: "modified", threats: [] } as Verdict],
  ])("scans anew where early came %s", async (_name, verdict) => {
    begin();
    inner.answer(0, verdict);
    const final = scan();
    await expect.poll(() => asked()).toEqual([true, false]);
    inner.answer(1, clean);
    expect(await final).toEqual(clean);
  });

  it("scans anew where the signatures have changed before the end", async () => {
    begin();
    inner.epoch = "2";
    const final = scan();
    inner.answer(1, clean);
    await final;
    expect(asked()).toEqual([true, false]);
    expect(inner.contexts[0]?.signal.aborted).toBe(true);
  });

  it("scans anew where the signatures have changed behind the end", async () => {
    begin();
    const final = scan();
    inner.epoch = "2";
    inner.answer(0, clean);
    await expect.poll(() => asked()).toEqual([true, false]);
    inner.answer(1, blocked);
    expect((await final).kind).toBe("blocked");
  });

  it("scans anew where new content could be taken", async () => {
    begin();
    const final = scan({ takesReplacement: true });
    inner.answer(1, clean);
    await final;
    expect(asked()).toEqual([true, false]);
  });

  it("scans another entity than the one that arrived", async () => {
    begin();
    early.arrived("of something else");
    const final = scanner.scan(entity, { ...scanContext(), early });
    early.arrived(entity.sha256);
    inner.answer(1, clean);
    await final;
    expect(asked()).toEqual([true, false]);
  });

  it("stops what nobody asks for, such as when the verdict was remembered", async () => {
    begin();
    early.end();
    expect(inner.contexts[0]?.signal.aborted).toBe(true);
    await expect.poll(() => held).toBe(0);
  });

  it("holds the bytes as long as they may be read", async () => {
    begin();
    expect(held).toBe(1);
    inner.answer(0, clean);
    await scan();
    expect(held).toBe(0);
  });

  it("stops with its transaction", async () => {
    begin();
    const stop = new AbortController();
    const verdict = scan({ signal: stop.signal });
    stop.abort();
    expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
    expect(asked()).toEqual([true]);
  });

  it("gives away only so many places", () => {
    begin();
    const other = new EarlyScans();
    scanner.begin(arriving, { ...scanContext(), early: other, decides: true });
    expect(asked()).toEqual([true]);
  });

  it("gives no place to one that asks twice", async () => {
    const roomy = new OverlappingScanner(inner, { maxEarly: 9, maxWaitMs: 9999, pauseMs: 0 });
    begin(roomy);
    begin(roomy);
    expect(asked()).toEqual([true]);
  });

  it("begins nothing for a while after a failure", async () => {
    begin();
    inner.answer(0, errorVerdict("overload", "busy"));
    await expect.poll(() => held).toBe(0);
    early = new EarlyScans();
    begin();
    expect(asked()).toEqual([true]);
  });

  it("does not take it for a failure that nobody waited", async () => {
    begin();
    early.end();
    await expect.poll(() => held).toBe(0);
    early = new EarlyScans();
    begin();
    expect(asked()).toEqual([true, true]);
  });

  it("begins nothing for a scanner that must know the length", () => {
    inner.takesArriving = false;
    begin();
    expect(asked()).toEqual([]);
  });

  it("keeps what began under one profile apart from others", async () => {
    begin(new PolicyScanner(scanner, "strict"));
    expect(inner.contexts[0]?.policy).toBe("strict");
    const other = scan({ policy: "lax" });
    inner.answer(1, clean);
    await other;
    inner.answer(0, blocked);
    expect((await scan({}, new PolicyScanner(scanner, "strict"))).kind).toBe("blocked");
    expect(asked()).toEqual([true, false]);
  });

  describe("that blocks before the end", () => {
    const isDecided = async (of: Scanner): Promise<boolean> => {
      begin(of);
      inner.answer(0, blocked);
      let decided = false;
      void early.blocked.then(() => {
        decided = true;
      });
      await expect.poll(() => held).toBe(0);
      await new Promise(setImmediate);
      return decided;
    };
    const setOf = (strategy: ConstructorParameters<typeof ScannerSet>[1]["strategy"]): Scanner =>
      new ScannerSet([{ name: "one", required: true, scanner }], { name: "set", strategy });

    it("decides where it is the only one", async () => {
      expect(await isDecided(new DeadlineScanner(scanner, { timeoutMs: 1000 }))).toBe(true);
      expect(await early.blocked).toMatchObject({ threats: [{ name: "Test", engine: "asked" }] });
    });

    it("decides where any may block", async () => {
      expect(await isDecided(setOf({ type: "AnyBlocks" }))).toBe(true);
    });

    it.each([
      ["First", { type: "First" }],
      ["Quorum", { type: "Quorum", count: 1 }],
      ["Score", { type: "Score", threshold: 0.5 }],
    ] as const)("decides nothing under %s", async (_name, strategy) => {
      expect(await isDecided(setOf(strategy))).toBe(false);
    });
  });
});
