import { beforeEach, describe, expect, it } from "vitest";
import {
  EarlyScans,
  isNotNeeded,
  OverlappingScanner,
  type ScanContext,
  VerdictKind,
} from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { cleanVerdict, ScriptedScanner } from "../../support/samples/scripted-scanner.ts";
import { temporaryStore } from "../entity/temporary-store.ts";
import { file, RememberedScanner } from "./remembered-scanner.ts";

const error = { kind: VerdictKind.Error, threats: [] };
const OUT_OF_TIME = new DOMException("the scan's time is up", "TimeoutError");
const GONE = new Error("the transaction is over");

/** One who asks, may leave, and whose entity can be held. */
class Client {
  readonly gone = new AbortController();
  holds = 0;
  readonly retain = (): (() => void) => {
    this.holds += 1;
    return () => {
      this.holds -= 1;
    };
  };

  get context(): Partial<ScanContext> {
    return { signal: this.gone.signal, retain: this.retain };
  }

  leave(reason: unknown = GONE): void {
    this.gone.abort(reason);
  }
}

describe("a scan that others wait for", () => {
  let remembered: RememberedScanner;
  let leader: Client;
  beforeEach(() => {
    remembered = new RememberedScanner();
    leader = new Client();
  });
  /** The signal of the scan with this number, once it has begun. */
  const signalOf = async (index: number): Promise<AbortSignal> => {
    await remembered.inner.started(index);
    return (remembered.inner.contexts[index] as ScanContext).signal;
  };

  it("goes on when the one who began it leaves", async () => {
    const first = remembered.ask(leader.context);
    const other = remembered.ask();
    const signal = await signalOf(0);
    leader.leave();
    expect(await first).toMatchObject({ kind: "error", reason: "timeout" });
    expect(signal.aborted).toBe(false);
    remembered.inner.end(0, cleanVerdict);
    expect(await other).toMatchObject({ kind: "clean", cached: true });
    expect(remembered.scans).toBe(1);
  });

  it("goes on when another one leaves", async () => {
    const other = new Client();
    const first = remembered.ask(leader.context);
    const left = remembered.ask(other.context);
    const signal = await signalOf(0);
    other.leave();
    expect((await left).reason).toBe("timeout");
    expect(signal.aborted).toBe(false);
    remembered.inner.end(0, cleanVerdict);
    expect((await first).kind).toBe("clean");
  });

  it("is joined by those who come after the one who began it left", async () => {
    void remembered.ask(leader.context);
    const second = remembered.ask();
    await signalOf(0);
    leader.leave();
    const third = remembered.ask();
    remembered.inner.end(0, cleanVerdict);
    expect((await Promise.all([second, third])).map(({ kind }) => kind)).toEqual([
      "clean",
      "clean",
    ]);
    expect(remembered.scans).toBe(1);
  });

  it("is stopped when all have left, for the reason of the last", async () => {
    const other = new Client();
    void remembered.ask(leader.context);
    void remembered.ask(other.context);
    const signal = await signalOf(0);
    leader.leave(new Error("first"));
    other.leave(GONE);
    expect(signal.reason).toBe(GONE);
  });

  it("is stopped for its silence when one of those who left had no more time", async () => {
    const other = new Client();
    void remembered.ask(leader.context);
    void remembered.ask(other.context);
    const signal = await signalOf(0);
    leader.leave(OUT_OF_TIME);
    other.leave(GONE);
    expect(signal.reason).toBe(OUT_OF_TIME);
  });

  it("is joined by nobody once it is stopped", async () => {
    void remembered.ask(leader.context);
    await signalOf(0);
    leader.leave();
    const next = remembered.ask();
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect((await next).kind).toBe("clean");
  });

  it("holds the entity of the one who left until it has ended", async () => {
    const first = remembered.ask(leader.context);
    const other = remembered.ask();
    await signalOf(0);
    expect(leader.holds).toBe(0);
    leader.leave();
    await first;
    expect(leader.holds).toBe(1);
    remembered.inner.end(0, cleanVerdict);
    await other;
    expect(leader.holds).toBe(0);
  });

  it("holds it also when it is stopped, until it has noticed", async () => {
    const other = new Client();
    const both = [remembered.ask(leader.context), remembered.ask(other.context)];
    await signalOf(0);
    leader.leave();
    other.leave();
    await Promise.all(both);
    expect(leader.holds).toBe(1);
    remembered.inner.end(0, error);
    await expect.poll(() => leader.holds).toBe(0);
  });

  it("reads a body whose transaction is over, in the budget of the spool", async () => {
    const store = await temporaryStore();
    const spool = store.create(1000);
    spool.append(Buffer.from("some bytes"), 0, 10);
    const data = spool.memoryView as Buffer;
    const entity = { ...file, content: { kind: "memory", data } as const };
    const retain = (): (() => void) => spool.retain();
    const first = remembered.ask({ ...leader.context, retain }, entity);
    const other = remembered.ask();
    await signalOf(0);
    leader.leave();
    await first;
    spool.recycle();
    // Whoever comes next is not given this memory.
    const next = store.create(1000);
    next.append(Buffer.from("other words"), 0, 11);
    expect(data.toString()).toBe("some bytes");
    next.dispose();
    expect(store.budget.memoryBytes).toBeGreaterThan(0);
    remembered.inner.end(0, cleanVerdict);
    await other;
    expect(store.budget.memoryBytes).toBe(0);
  });

  it("gives a replacement up that nobody is there to take", async () => {
    const disposed = Promise.withResolvers<void>();
    void remembered.ask(leader.context);
    const other = remembered.ask();
    await signalOf(0);
    leader.leave();
    const replacement = { dispose: disposed.resolve } as never;
    remembered.inner.end(0, { kind: VerdictKind.Modified, threats: [], replacement });
    await disposed.promise;
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect((await other).kind).toBe("clean");
  });

  it("leaves it to the next when it comes to nothing without the one who began it", async () => {
    void remembered.ask(leader.context);
    const others = [remembered.ask(), remembered.ask()];
    await signalOf(0);
    leader.leave();
    remembered.inner.end(0, error);
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect((await Promise.all(others)).map(({ kind }) => kind)).toEqual(["clean", "clean"]);
    expect(remembered.scans).toBe(2);
  });

  it.each([
    ["whose entity nobody can hold", { retain: undefined }],
    ["who would have followed its job", { keepJob: true }],
  ])("ends with one %s, and the next takes over", async (_who, changes) => {
    void remembered.ask({ ...leader.context, ...changes });
    const other = remembered.ask();
    const signal = await signalOf(0);
    leader.leave();
    expect(signal.reason).toBe(GONE);
    remembered.inner.end(0, error);
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect((await other).kind).toBe("clean");
  });

  it("is not begun for one who is gone already", async () => {
    leader.leave();
    expect(await remembered.ask(leader.context)).toMatchObject({ reason: "timeout" });
    expect(remembered.scans).toBe(0);
  });

  it("is not begun for one who leaves while the store is asked", async () => {
    const asked = remembered.ask(leader.context);
    leader.leave();
    expect(await asked).toMatchObject({ reason: "timeout" });
    expect(remembered.scans).toBe(0);
  });

  it("is begun for those who wait on when the first leaves while the store is asked", async () => {
    void remembered.ask(leader.context);
    const other = remembered.ask();
    leader.leave();
    await remembered.inner.started(0);
    remembered.inner.end(0, cleanVerdict);
    expect((await other).kind).toBe("clean");
    expect(remembered.scans).toBe(1);
  });

  it("keeps its right to scan until it has ended, whoever leaves", async () => {
    const ends: unknown[] = [];
    remembered.cache.claim = () =>
      Promise.resolve({ kind: "turn", end: (found) => ends.push(found?.verdict.kind) });
    void remembered.ask(leader.context);
    const other = remembered.ask();
    await signalOf(0);
    leader.leave();
    expect(ends).toEqual([]);
    remembered.inner.end(0, cleanVerdict);
    await other;
    expect(ends).toEqual(["clean"]);
  });
});

describe("a scan that began while its body arrived", () => {
  it("goes on when the one who sent the body leaves, once all of it was here", async () => {
    const inner = Object.assign(new ScriptedScanner("clamav", 1_000_000), { takesArriving: true });
    const limits = { maxEarly: 1, maxWaitMs: 60_000, pauseMs: 60_000 };
    const overlapping = new OverlappingScanner(inner, limits);
    const { scanner } = new RememberedScanner({}, undefined, overlapping);
    const leader = new Client();
    const early = new EarlyScans();
    const context = { ...scanContext(), ...leader.context, early };
    const { fileName, declaredType, detectedType } = file;
    const arriving = {
      ...{ fileName, declaredType, detectedType, retain: leader.retain },
      async *read() {},
    };
    scanner.begin?.(arriving, { ...context, decides: false });
    early.arrived(file.sha256);
    const first = scanner.scan(file, context);
    const other = scanner.scan(file, scanContext());
    await inner.started(0);
    leader.leave();
    early.end();
    await first;
    expect(inner.contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
    inner.end(0, cleanVerdict);
    expect(await other).toMatchObject({ kind: "clean", cached: true });
    expect(leader.holds).toBe(0);
  });
});

describe("a scan that had too little time", () => {
  it.each([
    ["has none", { kind: VerdictKind.Error, reason: "timeout", threats: [] }],
    ["is pending", { kind: VerdictKind.Pending, threats: [] }],
  ] as const)("and so %s is made again by one of those who wait", async (_what, verdict) => {
    const remembered = new RememberedScanner();
    const asked = Array.from({ length: 4 }, () => remembered.ask());
    await remembered.inner.started(0);
    remembered.inner.end(0, verdict);
    await remembered.inner.started(1);
    remembered.inner.end(1, cleanVerdict);
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual([
      verdict.kind,
      "clean",
      "clean",
      "clean",
    ]);
    expect(remembered.scans).toBe(2);
  });
});

describe("a verdict of another process", () => {
  it("stops the scan of one who left, and all are told", async () => {
    const remembered = new RememberedScanner();
    const { cache, clock, inner } = remembered;
    const heard = Promise.withResolvers<void>();
    const verdict = { ...cleanVerdict, cached: true } as const;
    const known = {
      verdict,
      begunAt: clock.now,
      judgedAt: clock.now,
      expiresAt: clock.now + 1000,
    };
    const elsewhere = () => heard.promise.then(() => known);
    cache.claim = () => Promise.resolve({ kind: "turn", end: () => {}, elsewhere });
    const leader = new Client();
    void remembered.ask(leader.context);
    const other = remembered.ask({}, entityOf("some bytes"));
    await inner.started(0);
    leader.leave();
    heard.resolve();
    expect(await other).toMatchObject({ kind: "clean", cached: true });
    expect(inner.contexts.map(({ signal }) => isNotNeeded(signal))).toEqual([true]);
    expect(leader.holds).toBe(1);
    inner.end(0, error);
    await expect.poll(() => leader.holds).toBe(0);
  });

  it("is not listened for any more when the own scan has ended", async () => {
    const remembered = new RememberedScanner();
    const listened = Promise.withResolvers<AbortSignal>();
    remembered.cache.claim = () =>
      Promise.resolve({
        kind: "turn",
        end: () => {},
        elsewhere: (signal) => {
          listened.resolve(signal);
          return new Promise(() => {});
        },
      });
    const asked = remembered.scanner.scan(file, scanContext());
    await remembered.inner.started(0);
    remembered.inner.end(0, cleanVerdict);
    await asked;
    expect((await listened.promise).aborted).toBe(true);
  });
});
