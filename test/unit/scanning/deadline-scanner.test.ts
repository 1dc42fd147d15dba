import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeadlineScanner } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";
import { HeldBytes } from "./held-bytes.ts";
import { MadeReplacement } from "./made-replacement.ts";

/** The timer, and the turn in which what was here in time is read. */
function timeIsUp(): void {
  vi.advanceTimersByTime(500);
  vi.advanceTimersByTime(1);
}

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

  it("tells the scanner the earlier of its own deadline and the transaction's", () => {
    const now = performance.now();
    void scanner.scan(entityOf("x"), { ...scanContext(), deadlineAt: now + 200 });
    void scanner.scan(entityOf("x"), { ...scanContext(), deadlineAt: now + 900 });
    void scanner.scan(entityOf("x"), scanContext());
    const told = inner.contexts.map(({ deadlineAt = 0 }) => deadlineAt - now);
    expect(told).toEqual([200, 500, 500]);
  });

  it("leaves no timer behind", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    inner.end(0);
    await verdict;
    expect(vi.getTimerCount()).toBe(0);
  });

  it("answers error/timeout when the time is up", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    timeIsUp();
    expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
  });

  it("passes a verdict that was here in time, and not read while the process was busy", async () => {
    vi.useRealTimers();
    const busy = new DeadlineScanner(inner, { timeoutMs: 1 });
    const verdict = busy.scan(entityOf("x"), scanContext());
    const { port1, port2 } = new MessageChannel();
    port1.once("message", () => inner.end(0, { kind: "clean", threats: [] }));
    port2.postMessage("verdict");
    const busyUntil = performance.now() + 20;
    while (performance.now() < busyUntil);
    expect((await verdict).kind).toBe("clean");
    port1.close();
  });

  it("aborts the scanner when the time is up", () => {
    void scanner.scan(entityOf("x"), scanContext());
    vi.advanceTimersByTime(499);
    expect(inner.contexts[0]?.signal.aborted).toBe(false);
    timeIsUp();
    expect(inner.contexts[0]?.signal.aborted).toBe(true);
  });

  it("tells the scanner that its time was up, or why the transaction was aborted", () => {
    const transaction = new AbortController();
    const gone = new Error("gone");
    void scanner.scan(entityOf("x"), scanContext());
    void scanner.scan(entityOf("x"), scanContext(transaction.signal));
    transaction.abort(gone);
    timeIsUp();
    const [late, left] = inner.contexts.map(({ signal }) => signal.reason);
    expect([late.name, left]).toEqual(["TimeoutError", gone]);
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

  describe("that gave up on a scanner which still reads", () => {
    it.each([
      ["when the time is up", () => timeIsUp()],
      ["when the transaction is aborted", (transaction: AbortController) => transaction.abort()],
    ])("holds the bytes until it has ended, %s", async (_, end) => {
      const bytes = new HeldBytes();
      const transaction = new AbortController();
      const verdict = scanner.scan(entityOf("x"), bytes.in(scanContext(transaction.signal)));
      end(transaction);
      // At once: the transaction may be cleaned up in the same turn.
      expect(bytes.holders).toBe(1);
      await verdict;
      inner.end(0);
      await Promise.resolve();
      expect(bytes.holders).toBe(0);
    });

    it("lets go of them when the scan is rejected", async () => {
      const bytes = new HeldBytes();
      void scanner.scan(entityOf("x"), bytes.in(scanContext()));
      timeIsUp();
      inner.end(0, new Error("aborted"));
      await vi.advanceTimersByTimeAsync(0);
      expect([bytes.taken, bytes.holders]).toEqual([1, 0]);
    });

    it("gives up a replacement that comes too late, once", async () => {
      const made = new MadeReplacement("late");
      const modifier = new DeadlineScanner(inner, { timeoutMs: 500, modifies: true });
      const verdict = modifier.scan(entityOf("x"), scanContext());
      timeIsUp();
      inner.end(0, made.verdict);
      expect((await verdict).kind).toBe("error");
      await vi.advanceTimersByTimeAsync(0);
      expect(made.disposed).toBe(1);
    });
  });

  it("holds nothing for a scanner that is in time", async () => {
    const bytes = new HeldBytes();
    const verdict = scanner.scan(entityOf("x"), bytes.in(scanContext()));
    inner.end(0);
    await verdict;
    expect(bytes.taken).toBe(0);
  });

  it("counts a replacement by a judge as error, and gives it up", async () => {
    const made = new MadeReplacement("new");
    const verdict = scanner.scan(entityOf("x"), scanContext());
    inner.end(0, made.verdict);
    expect(await verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(made.disposed).toBe(1);
  });

  it("passes the replacement of a modifier", async () => {
    const made = new MadeReplacement("new");
    const modifier = new DeadlineScanner(inner, { timeoutMs: 500, modifies: true });
    const verdict = modifier.scan(entityOf("x"), scanContext());
    inner.end(0, made.verdict);
    expect((await verdict).replacement).toBe(made);
    expect(made.disposed).toBe(0);
  });

  it("tells only a modifier that a replacement would be taken", () => {
    const context = { ...scanContext(), takesReplacement: true };
    void scanner.scan(entityOf("x"), context);
    void new DeadlineScanner(inner, { timeoutMs: 500, modifies: true }).scan(
      entityOf("x"),
      context,
    );
    expect(inner.contexts.map(({ takesReplacement }) => takesReplacement)).toEqual([false, true]);
  });

  it("is known by the scanner's name, epoch and limit, and closes it", async () => {
    expect([scanner.name, scanner.epoch, scanner.maxBytes]).toEqual(["slow", "1", 99]);
    await scanner.close();
    expect(inner.closed).toBe(1);
  });
});
