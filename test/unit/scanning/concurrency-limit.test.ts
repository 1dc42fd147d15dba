import { beforeEach, describe, expect, it } from "vitest";
import { ConcurrencyLimit } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";

describe("ConcurrencyLimit", () => {
  let inner: ScriptedScanner;
  let limit: ConcurrencyLimit;
  const scan = (signal?: AbortSignal) => limit.scan(entityOf("x"), scanContext(signal));
  beforeEach(() => {
    inner = new ScriptedScanner("busy", 77);
    limit = new ConcurrencyLimit(inner, { concurrency: 2, queue: 2 });
  });

  it("starts no more than the limit, even when all come at once", async () => {
    void Promise.all([scan(), scan(), scan(), scan()]);
    await inner.started(1);
    expect(inner.contexts).toHaveLength(2);
  });

  it("starts the one that waited longest when a scan ends", async () => {
    const transactions = [0, 1, 2, 3].map(() => new AbortController());
    for (const transaction of transactions) void scan(transaction.signal);
    await inner.started(1);
    inner.end(1);
    await inner.started(2);
    expect(inner.contexts[2]?.signal).toBe(transactions[2]?.signal);
  });

  it("never lets a newcomer overtake the queue", async () => {
    void Promise.all([scan(), scan()]);
    const waiting = new AbortController();
    void scan(waiting.signal);
    await inner.started(1);
    inner.end(0);
    void scan();
    await inner.started(2);
    expect(inner.contexts[2]?.signal).toBe(waiting.signal);
  });

  it("refuses with error/overload when the queue is full", async () => {
    void Promise.all([scan(), scan(), scan(), scan()]);
    expect(await scan()).toMatchObject({ kind: "error", reason: "overload" });
  });

  it("lets an aborted transaction leave the queue with error/timeout", async () => {
    void Promise.all([scan(), scan()]);
    const transaction = new AbortController();
    const verdict = scan(transaction.signal);
    transaction.abort();
    expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
  });

  it("gives the place of one that left to the next", async () => {
    void Promise.all([scan(), scan()]);
    const transaction = new AbortController();
    const left = scan(transaction.signal);
    void scan();
    transaction.abort();
    await left;
    void scan();
    expect(await scan()).toMatchObject({ kind: "error", reason: "overload" });
  });

  it("frees the slot of a scan that rejects", async () => {
    const failed = scan();
    void Promise.all([scan(), scan()]);
    await inner.started(1);
    inner.end(0, new Error("boom"));
    await expect(failed).rejects.toThrow("boom");
    await inner.started(2);
    expect(inner.contexts).toHaveLength(3);
  });

  it("answers error to all who wait, and to all who come, once closed", async () => {
    void Promise.all([scan(), scan()]);
    const waiting = scan();
    await limit.close();
    expect(await waiting).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(await scan()).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(inner.closed).toBe(1);
  });

  it("does not start an aborted transaction", async () => {
    expect(await scan(AbortSignal.abort())).toMatchObject({ kind: "error", reason: "timeout" });
    expect(inner.contexts).toHaveLength(0);
  });

  it("is known by the scanner's name, epoch and limit", () => {
    expect([limit.name, limit.epoch, limit.maxBytes]).toEqual(["busy", "1", 77]);
  });
});
