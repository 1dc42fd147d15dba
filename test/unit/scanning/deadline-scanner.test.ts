import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeadlineScanner } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";

describe("DeadlineScanner", () => {
  let inner: ScriptedScanner;
  let scanner: DeadlineScanner;
  beforeEach(() => {
    vi.useFakeTimers();
    inner = new ScriptedScanner("slow", 99);
    scanner = new DeadlineScanner(inner, { timeoutMs: 500 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("passes the verdict of a scanner that is in time", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    inner.end(0, { kind: "blocked", threats: [] });
    expect((await verdict).kind).toBe("blocked");
  });

  it("leaves no timer behind", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    inner.end(0);
    await verdict;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("answers error/timeout when the time is up", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    vi.advanceTimersByTime(500);
    expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
  });

  it("aborts the scanner when the time is up", () => {
    void scanner.scan(entityOf("x"), scanContext());
    vi.advanceTimersByTime(499);
    expect(inner.contexts[0]?.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(inner.contexts[0]?.signal.aborted).toBe(true);
  });

  it("answers error/timeout and aborts the scanner when the transaction is aborted", async () => {
    const transaction = new AbortController();
    const verdict = scanner.scan(entityOf("x"), scanContext(transaction.signal));
    transaction.abort();
    expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
    expect(inner.contexts[0]?.signal.aborted).toBe(true);
  });

  it("does not ask the scanner for a transaction that is aborted already", async () => {
    await scanner.scan(entityOf("x"), scanContext(AbortSignal.abort()));
    expect(inner.contexts).toHaveLength(0);
  });

  it("answers error/engine-error when the scanner breaks its word and rejects", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    inner.end(0, new Error("boom"));
    expect(await verdict).toMatchObject({ kind: "error", reason: "engine-error" });
  });

  it("is known by the scanner's name, epoch and limit, and closes it", async () => {
    expect([scanner.name, scanner.epoch, scanner.maxBytes]).toEqual(["slow", "1", 99]);
    await scanner.close();
    expect(inner.closed).toBe(1);
  });
});
