import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ThreadOptions } from "../../../src/scanners/embedded/scan-job.ts";
import { ThreadPool, type ThreadPoolOptions } from "../../../src/scanners/embedded/thread-pool.ts";
import { ARCHIVE_LIMITS } from "../../../src/scanners/index.ts";
import { type HashListData, parseHashList } from "../../../src/scanners/list/hashes/hash-list.ts";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";
import { entityOf } from "../../support/samples/entities.ts";

/** Each scan of this takes a rule longer than it may; the engine stops it after its time limit. */
const slowContent = "slow".padEnd(200_000, "a");
const rules = `
rule slow {
  strings: $slow = "slow" $a = { 61 61 }
  condition:
    $slow at 0 and for all i in (1..#a) : (for all j in (1..#a) : (for all k in (1..#a) : (@a[i] + @a[j] + @a[k] > 0)))
}
rule bad { strings: $bad = "bad content" condition: $bad }
`;

const never = new AbortController().signal;

describe.skipIf(!loadYara().available)("ThreadPool", { timeout: 60_000 }, () => {
  let pool: ThreadPool | undefined;
  const lost: string[] = [];

  beforeEach(() => {
    lost.length = 0;
  });
  afterEach(() => pool?.close(), 60_000);

  async function start(
    options: Partial<Omit<ThreadPoolOptions, "settings">> = {},
    thread: Partial<ThreadOptions> = {},
  ): Promise<ThreadPool> {
    pool = new ThreadPool({
      size: 1,
      queue: 10,
      timeoutMs: 30_000,
      recycleAfter: 1000,
      onThreadLost: (message) => lost.push(message),
      ...options,
      settings: {
        inboxBytes: 1024,
        graceMs: 50,
        maxHeapMb: 128,
        thread: {
          nativeEngine: true,
          rules: [{ source: rules, namespace: "rules.yar" }],
          limits: ARCHIVE_LIMITS,
          directory: tmpdir(),
          memberMemoryBytes: 1024,
          windowBytes: 1 << 20,
          engineTimeoutMs: 1000,
          hashList: undefined,
          ...thread,
        },
      },
    });
    await pool.start();
    return pool;
  }

  it("scans content larger than the memory it shares with its thread", async () => {
    const scanning = await start();
    const verdict = await scanning.scan(entityOf(`${"x".repeat(5000)}bad content`), never);
    expect(verdict.kind).toBe("blocked");
  });

  it("says error/timeout when a rule takes too long, and goes on", async () => {
    const scanning = await start();
    expect(await scanning.scan(entityOf(slowContent), never)).toMatchObject({
      kind: "error",
      reason: "timeout",
    });
    expect((await scanning.scan(entityOf("bad content"), never)).kind).toBe("blocked");
    expect(lost).toEqual([]);
  });

  it("answers error/timeout at the deadline, though the thread is still busy", async () => {
    const scanning = await start({ timeoutMs: 20 });
    expect(await scanning.scan(entityOf(slowContent), never)).toMatchObject({
      kind: "error",
      reason: "timeout",
      message: "no verdict within 20 ms",
    });
  });

  it("replaces a thread that does not stop, and scans on", async () => {
    const scanning = await start({ size: 1 }, { engineTimeoutMs: 2000 });
    const transaction = new AbortController();
    const verdict = scanning.scan(entityOf(slowContent), transaction.signal);
    transaction.abort();
    expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
    expect((await scanning.scan(entityOf("bad content"), never)).kind).toBe("blocked");
    expect(lost).toEqual(["scan thread was ended"]);
  });

  it("answers an aborted transaction that waits, without a thread", async () => {
    const scanning = await start();
    void scanning.scan(entityOf(slowContent), never);
    const transaction = new AbortController();
    const verdict = scanning.scan(entityOf("x"), transaction.signal);
    expect(scanning.waiting).toBe(1);
    transaction.abort();
    expect(await verdict).toMatchObject({ kind: "error", reason: "timeout" });
    expect(scanning.waiting).toBe(0);
  });

  it("refuses with error/overload when the queue is full", async () => {
    const scanning = await start({ queue: 1 });
    void scanning.scan(entityOf(slowContent), never);
    void scanning.scan(entityOf("waits"), never);
    expect(await scanning.scan(entityOf("x"), never)).toMatchObject({
      kind: "error",
      reason: "overload",
    });
  });

  it("starts more threads when there is work for them, up to its size", async () => {
    const scanning = await start({ size: 2 }, { engineTimeoutMs: 10_000 });
    const slow = scanning.scan(entityOf(slowContent), never);
    let slowEnded = false;
    void slow.then(() => {
      slowEnded = true;
    });
    expect((await scanning.scan(entityOf("bad content"), never)).kind).toBe("blocked");
    expect(slowEnded).toBe(false);
  });

  it("answers error/engine-error for the scan whose thread dies, and scans on in another", async () => {
    const scanning = await start();
    // Not a hash list: the thread throws as it comes to it. The next thread gets a right one.
    scanning.useHashList({} as HashListData);
    scanning.useHashList(parseHashList(""));
    const verdicts = await Promise.all(
      ["x", "bad content"].map((text) => scanning.scan(entityOf(text), never)),
    );
    expect(verdicts[0]).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(verdicts[1]?.kind).toBe("blocked");
    expect(lost).toHaveLength(1);
  });

  it("fails one scan for each thread that cannot start, and does not start threads for ever", async () => {
    const scanning = await start();
    scanning.useHashList({} as HashListData);
    const verdicts = await Promise.all(
      ["x", "y", "z"].map((text) => scanning.scan(entityOf(text), never)),
    );
    expect(verdicts.map(({ kind, reason }) => `${kind}/${reason}`)).toEqual(
      Array(3).fill("error/engine-error"),
    );
    expect(lost).toHaveLength(3);
  });

  it("replaces a thread after so many scans", async () => {
    const scanning = await start({ recycleAfter: 2 });
    const kinds: string[] = [];
    for (let scan = 0; scan < 5; scan += 1) {
      kinds.push((await scanning.scan(entityOf("bad content"), never)).kind);
    }
    expect(kinds).toEqual(Array(5).fill("blocked"));
    expect(lost).toEqual([]);
  });

  it("ends a scan under way with error when it is closed", async () => {
    const scanning = await start();
    const verdict = scanning.scan(entityOf(slowContent), never);
    const waiting = scanning.scan(entityOf("x"), never);
    await scanning.close();
    expect((await verdict).kind).toBe("error");
    expect(await waiting).toMatchObject({ kind: "error", reason: "engine-error" });
  });

  it("rejects its start when a rule is wrong, and says where", async () => {
    const wrong = { source: "rule wrong { condition: nonsense }", namespace: "wrong.yar" };
    await expect(start({}, { rules: [wrong] })).rejects.toThrow(
      /wrong\.yar: .*unknown identifier `nonsense`/s,
    );
  });
});
