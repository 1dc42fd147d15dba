import { describe, expect, it } from "vitest";
import {
  type Beginning,
  ConcurrencyLimit,
  RateLimit,
  type Scanner,
  ScanStage,
  type Verdict,
} from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";

const clean: Verdict = { kind: "clean", threats: [] };
const beginning: Beginning = {
  stage: ScanStage.Headers,
  bytes: Buffer.alloc(0),
  totalBytes: undefined,
  fileName: undefined,
  declaredType: undefined,
  detectedType: undefined,
};

/** Ends whatever it is asked when it is told to. */
class WaitingScanner implements Scanner {
  readonly name = "waiting";
  readonly epoch = "1";
  readonly maxBytes = 100;
  readonly stages = [ScanStage.Headers];
  readonly ends: (() => void)[] = [];

  scan(): Promise<Verdict> {
    return this.#asked();
  }

  screen(): Promise<Verdict> {
    return this.#asked();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #asked(): Promise<Verdict> {
    return new Promise((resolve) => {
      this.ends.push(() => resolve(clean));
    });
  }
}

describe("a question about a beginning", () => {
  it("takes a place of the scanner, and gives it back", async () => {
    const inner = new WaitingScanner();
    const limit = new ConcurrencyLimit(inner, { concurrency: 1, queue: 1 });
    const first = limit.screen?.(beginning, scanContext());
    const scan = limit.scan(entityOf("x"), scanContext());
    expect(inner.ends).toHaveLength(1);
    inner.ends[0]?.();
    expect(await first).toEqual(clean);
    await expect.poll(() => inner.ends.length).toBe(2);
    inner.ends[1]?.();
    expect(await scan).toEqual(clean);
  });

  it("is not asked where every place is taken", async () => {
    const inner = new WaitingScanner();
    const limit = new ConcurrencyLimit(inner, { concurrency: 1, queue: 10 });
    void limit.scan(entityOf("x"), scanContext());
    expect(await limit.screen?.(beginning, scanContext())).toBeUndefined();
  });

  it("is not asked of a scanner that is closed", async () => {
    const limit = new ConcurrencyLimit(new WaitingScanner(), { concurrency: 1, queue: 1 });
    await limit.close();
    expect(await limit.screen?.(beginning, scanContext())).toBeUndefined();
  });

  it("takes a token of the rate, and is not asked without one", async () => {
    const inner = new WaitingScanner();
    const limit = new RateLimit(inner, { count: 1, perMs: 3_600_000 });
    const first = limit.screen?.(beginning, scanContext());
    inner.ends[0]?.();
    expect(await first).toEqual(clean);
    expect(await limit.screen?.(beginning, scanContext())).toBeUndefined();
  });

  it("is none of a scanner that takes whole entities only", () => {
    const inner: Scanner = {
      name: "full",
      epoch: "1",
      maxBytes: 1,
      scan: () => Promise.resolve(clean),
      close: () => Promise.resolve(),
    };
    const limit = new ConcurrencyLimit(inner, { concurrency: 1, queue: 1 });
    expect(new RateLimit(limit, { count: 1, perMs: 1 }).screen).toBeUndefined();
    expect(limit.stages).toEqual([]);
  });
});
