import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RateLimit } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";

describe("RateLimit", () => {
  let inner: ScriptedScanner;
  let scanner: RateLimit;
  const scan = (deadlineAt = Number.POSITIVE_INFINITY) =>
    scanner.scan(entityOf("x"), { ...scanContext(), deadlineAt });
  beforeEach(() => {
    vi.useFakeTimers();
    inner = new ScriptedScanner("slow", 99);
    scanner = new RateLimit(inner, { count: 2, perMs: 1000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("lets its count through at once", () => {
    void scan();
    void scan();
    expect(inner.contexts).toHaveLength(2);
  });

  it("lets the next one through when its token is there", async () => {
    for (let index = 0; index < 3; index += 1) void scan();
    await vi.advanceTimersByTimeAsync(499);
    expect(inner.contexts).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(inner.contexts).toHaveLength(3);
  });

  it("lets those that wait through one after the other", async () => {
    for (let index = 0; index < 4; index += 1) void scan();
    await vi.advanceTimersByTimeAsync(500);
    expect(inner.contexts).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(500);
    expect(inner.contexts).toHaveLength(4);
  });

  it("saves up no more than its count", async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    for (let index = 0; index < 3; index += 1) void scan();
    expect(inner.contexts).toHaveLength(2);
  });

  it("refuses at once what could not wait long enough", async () => {
    void scan();
    void scan();
    expect(await scan(performance.now() + 400)).toMatchObject({
      kind: "error",
      reason: "overload",
    });
  });

  it("takes no token for what it refuses", async () => {
    void scan();
    void scan();
    await scan(performance.now() + 400);
    void scan();
    await vi.advanceTimersByTimeAsync(500);
    expect(inner.contexts).toHaveLength(3);
  });

  it("leaves it to the scanner to answer a scan that is told to stop while it waits", async () => {
    void scan();
    void scan();
    const stop = new AbortController();
    void scanner.scan(entityOf("x"), scanContext(stop.signal));
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(inner.contexts.at(-1)?.signal.aborted).toBe(true);
  });

  it("is known by the scanner's name, epoch and limit, and closes it", async () => {
    expect([scanner.name, scanner.epoch, scanner.maxBytes]).toEqual(["slow", "1", 99]);
    await scanner.close();
    expect(inner.closed).toBe(1);
  });
});
