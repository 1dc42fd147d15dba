import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import {
  AppendResult,
  type FinishResult,
  type KeptBody,
  readContent,
  type Spool,
  SpoolFailureKind,
  type SpoolStore,
} from "../../../../src/entity/index.ts";
import { noise, temporaryDirectory, temporaryStore } from "../temporary-store.ts";

const KiB = 1024;
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Appends as a server does: views into one buffer that the next read overwrites. */
async function fill(spool: Spool, bytes: Buffer, readBytes = 64 * KiB): Promise<void> {
  const shared = Buffer.alloc(readBytes);
  for (let from = 0; from < bytes.length; from += readBytes) {
    const length = bytes.copy(shared, 0, from, from + readBytes);
    const drained = new Promise<void>((resolve) => {
      spool.onDrain = resolve;
    });
    if (spool.append(shared, 0, length) === AppendResult.Pause) await drained;
    shared.fill(0);
  }
}

function bodyOf(result: FinishResult): KeptBody {
  if (!result.ok) throw new Error(`not kept: ${result.failure.kind}`);
  return result.body;
}

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

describe("a body in memory", () => {
  it("is finished without a promise, whole and hashed", async () => {
    const store = await temporaryStore();
    const spool = store.create(1000);
    spool.append(Buffer.from("..hello.."), 2, 7);
    const body = spool.finishInMemory();
    expect(body?.content).toEqual({ kind: "memory", data: Buffer.from("hello") });
    expect(body?.sha256).toBe(sha256(Buffer.from("hello")));
  });

  it("is a copy: the caller's buffer may be overwritten at once", async () => {
    const store = await temporaryStore();
    const spool = store.create(1000);
    const shared = Buffer.from("first");
    spool.append(shared, 0, 5);
    shared.write("other");
    spool.append(shared, 0, 5);
    expect(spool.finishInMemory()?.content).toMatchObject({ data: Buffer.from("firstother") });
  });

  it("may be empty", async () => {
    const store = await temporaryStore();
    const body = store.create(0).finishInMemory();
    expect(body).toMatchObject({ size: 0, sha256: sha256(Buffer.alloc(0)) });
  });

  it("stays there up to the bound, that byte included", async () => {
    const store = await temporaryStore({ memoryBytes: 8 * KiB });
    const spool = store.create(100 * KiB);
    await fill(spool, noise(8 * KiB), 1000);
    expect(spool.inMemory).toBe(true);
  });

  it("can be looked at while it arrives, as a preview is", async () => {
    const store = await temporaryStore();
    const spool = store.create(1000);
    expect(spool.memoryView).toEqual(Buffer.alloc(0));
    spool.append(Buffer.from("preview"), 0, 7);
    expect(spool.memoryView).toEqual(Buffer.from("preview"));
  });

  it("makes no file", async () => {
    const directory = await temporaryDirectory();
    const store = await temporaryStore({ directory });
    await fill(store.create(1000), noise(1000));
    expect(await filesBelow(directory)).toEqual([]);
  });

  it("is counted with the memory that it takes, until it is disposed", async () => {
    const store = await temporaryStore();
    const spool = store.create(100 * KiB);
    spool.append(noise(5000), 0, 5000);
    expect(store.budget.memoryBytes).toBe(8 * KiB);
    spool.dispose();
    expect(store.budget.memoryBytes).toBe(0);
  });

  it("keeps its bytes after dispose, for whoever still reads them", async () => {
    const store = await temporaryStore();
    const spool = store.create(1000);
    spool.append(Buffer.from("late reader"), 0, 11);
    const content = spool.finishInMemory()?.content;
    spool.dispose();
    store.create(1000).append(Buffer.from("other bytes"), 0, 11);
    expect(content).toMatchObject({ data: Buffer.from("late reader") });
  });

  it("gives its memory to the next body after recycle", async () => {
    const store = await temporaryStore();
    const first = store.create(1000);
    first.append(Buffer.from("a"), 0, 1);
    const before = first.finishInMemory()?.content;
    first.recycle();
    const second = store.create(1000);
    second.append(Buffer.from("b"), 0, 1);
    expect(before).toMatchObject({ data: Buffer.from("b") });
    expect(second.finishInMemory()?.content).toMatchObject({ data: Buffer.from("b") });
  });
});

describe("a body that somebody holds", () => {
  const keptIn = async (store: SpoolStore, text: string) => {
    const spool = store.create(1000);
    spool.append(Buffer.from(text), 0, text.length);
    return { spool, body: bodyOf(await spool.finish()) };
  };

  it("keeps its bytes after recycle, and after the holder has let go", async () => {
    const store = await temporaryStore();
    const { spool, body } = await keptIn(store, "held");
    const release = spool.retain();
    spool.recycle();
    await keptIn(store, "more");
    release();
    await keptIn(store, "most");
    expect(body.content).toMatchObject({ data: Buffer.from("held") });
  });

  it("counts in the budget until the last holder has let go", async () => {
    const store = await temporaryStore();
    const { spool } = await keptIn(store, "held");
    const releases = [spool.retain(), spool.retain()];
    spool.dispose();
    releases[0]?.();
    expect(store.budget.memoryBytes).toBeGreaterThan(0);
    releases[1]?.();
    expect(store.budget.memoryBytes).toBe(0);
  });

  it("is not let go of by the same holder twice", async () => {
    const store = await temporaryStore();
    const { spool } = await keptIn(store, "held");
    const [first] = [spool.retain(), spool.retain()];
    spool.dispose();
    first?.();
    first?.();
    expect(store.budget.memoryBytes).toBeGreaterThan(0);
  });

  it("lives on when the holder lets go before the end", async () => {
    const store = await temporaryStore();
    const { spool, body } = await keptIn(store, "held");
    spool.retain()();
    expect(store.budget.memoryBytes).toBeGreaterThan(0);
    spool.recycle();
    expect(store.budget.memoryBytes).toBe(0);
    await keptIn(store, "next");
    expect(body.content).toMatchObject({ data: Buffer.from("next") });
  });

  it("keeps its file until the holder has let go", async () => {
    const store = await temporaryStore({ memoryBytes: 0 });
    const { spool, body } = await keptIn(store, "held in a file");
    const release = spool.retain();
    spool.dispose();
    expect((await gather(readContent(body.content))).toString()).toBe("held in a file");
    release();
    await expect.poll(() => store.budget.diskBytes).toBe(0);
    await expect(gather(readContent(body.content))).rejects.toThrow("ENOENT");
  });
});

describe("a body in a file", () => {
  it("is whole, hashed and reads back byte for byte", async () => {
    const store = await temporaryStore({ memoryBytes: 16 * KiB });
    const bytes = noise(1_000_003);
    const spool = store.create(bytes.length);
    await fill(spool, bytes);
    const body = bodyOf(await spool.finish());
    expect(body).toMatchObject({ size: bytes.length, sha256: sha256(bytes) });
    expect((await gather(readContent(body.content))).equals(bytes)).toBe(true);
  });

  it("brings its first bytes along", async () => {
    const store = await temporaryStore({ memoryBytes: 4 * KiB });
    const bytes = noise(100 * KiB);
    const spool = store.create(bytes.length);
    await fill(spool, bytes);
    expect(bodyOf(await spool.finish()).head.equals(bytes.subarray(0, 36 * KiB))).toBe(true);
  });

  it("cannot be looked at without reading", async () => {
    const store = await temporaryStore({ memoryBytes: 0 });
    const spool = store.create(1000);
    spool.append(Buffer.from("preview"), 0, 7);
    expect(spool.memoryView).toBeUndefined();
    spool.dispose();
  });

  it("is readable by its owner only, under a name that cannot be guessed", async () => {
    const store = await temporaryStore({ memoryBytes: 0 });
    const path = await pathOfFinished(store.create(100), noise(100));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    expect(path).toMatch(/\/sluice-spool-\d+-\d+-\w{6}\/[0-9a-f]{32}$/);
  });

  it("is gone after dispose, and the budget is as before", async () => {
    const store = await temporaryStore({ memoryBytes: 0 });
    const spool = store.create(100_000);
    const path = await pathOfFinished(spool, noise(100_000));
    expect(store.budget.diskBytes).toBe(100_000);
    spool.dispose();
    await expect.poll(() => store.budget.diskBytes).toBe(0);
    await expect(stat(path)).rejects.toThrow("ENOENT");
    expect(store.budget.memoryBytes).toBe(0);
  });

  it("is gone also when it is disposed while bytes wait for the disk", async () => {
    const directory = await temporaryDirectory();
    const store = await temporaryStore({ directory, memoryBytes: 0 });
    const spool = store.create(1000 * KiB);
    spool.append(noise(500 * KiB), 0, 500 * KiB);
    spool.dispose();
    await expect.poll(() => store.budget.diskBytes).toBe(0);
    expect(store.budget.memoryBytes).toBe(0);
    expect(await filesBelow(directory)).toEqual([]);
  });

  it("asks for a pause when too much waits for the disk, and calls when it has drained", async () => {
    const store = await temporaryStore({ memoryBytes: 0, maxPendingBytes: 128 * KiB });
    const spool = store.create(1000 * KiB);
    const chunk = noise(64 * KiB);
    const drained = new Promise<void>((resolve) => {
      spool.onDrain = resolve;
    });
    const results = [1, 2, 3].map(() => spool.append(chunk, 0, chunk.length));
    expect(results).toEqual([AppendResult.More, AppendResult.Pause, AppendResult.Pause]);
    await drained;
    expect(spool.append(chunk, 0, 1)).toBe(AppendResult.More);
    spool.dispose();
  });

  it("replays what came so far", async () => {
    const store = await temporaryStore({ memoryBytes: 4 * KiB });
    const bytes = noise(300 * KiB);
    const spool = store.create(bytes.length);
    await fill(spool, bytes);
    expect((await gather(spool.replay())).equals(bytes)).toBe(true);
    spool.dispose();
  });
});

describe("a body that has ended", () => {
  it("takes no more", async () => {
    const spool = (await temporaryStore()).create(1000);
    spool.finishInMemory();
    expect(() => spool.append(Buffer.from("x"), 0, 1)).toThrow("spool that has ended");
  });

  it("may be disposed twice, and while it waits for the disk", async () => {
    const store = await temporaryStore({ memoryBytes: 0, maxPendingBytes: 1 });
    const spool = store.create(1000);
    spool.append(Buffer.from("x"), 0, 1);
    const finishing = spool.finish();
    spool.dispose();
    spool.dispose();
    await finishing;
    await expect.poll(() => store.budget.diskBytes).toBe(0);
    expect(store.budget.memoryBytes).toBe(0);
  });
});

describe("a body above its limit", () => {
  it("is refused before its bytes are kept", async () => {
    const store = await temporaryStore();
    const spool = store.create(10);
    expect(spool.append(Buffer.from("0123456789"), 0, 10)).toBe(AppendResult.More);
    expect(spool.append(Buffer.from("x"), 0, 1)).toBe(AppendResult.Refused);
    expect(spool.failure).toEqual({ kind: SpoolFailureKind.Oversize });
    expect(spool.size).toBe(10);
  });

  it("still replays what fitted, for a policy that lets it pass", async () => {
    const store = await temporaryStore();
    const spool = store.create(5);
    spool.append(Buffer.from("fits"), 0, 4);
    spool.append(Buffer.from("too much"), 0, 8);
    expect((await gather(spool.replay())).toString()).toBe("fits");
  });

  it("does not finish", async () => {
    const store = await temporaryStore();
    const spool = store.create(5);
    spool.append(Buffer.from("too much"), 0, 8);
    expect(spool.finishInMemory()).toBeUndefined();
    expect(await spool.finish()).toEqual({ ok: false, failure: { kind: "oversize" } });
  });
});

describe("budgets", () => {
  it("send a body to its file at once when the memory is used up", async () => {
    const store = await temporaryStore({ totalMemoryBytes: 8 * KiB });
    const first = store.create(100 * KiB);
    first.append(noise(8 * KiB), 0, 8 * KiB);
    const second = store.create(100 * KiB);
    expect(second.append(noise(1000), 0, 1000)).toBe(AppendResult.Pause);
    expect([first.inMemory, second.inMemory]).toEqual([true, false]);
    second.dispose();
  });

  it("let a paused body go on though others keep the memory", async () => {
    const store = await temporaryStore({ totalMemoryBytes: 8 * KiB });
    store.create(100 * KiB).append(noise(8 * KiB), 0, 8 * KiB);
    const bytes = noise(700 * KiB);
    const spool = store.create(bytes.length);
    await fill(spool, bytes);
    expect(bodyOf(await spool.finish()).sha256).toBe(sha256(bytes));
    expect(store.budget.memoryBytes).toBe(8 * KiB);
  });

  it("refuse a body when all files together would be too large", async () => {
    const store = await temporaryStore({ memoryBytes: 0, totalDiskBytes: 10_000 });
    const first = store.create(100_000);
    first.append(noise(9_000), 0, 9_000);
    const second = store.create(100_000);
    expect(second.append(noise(1_001), 0, 1_001)).toBe(AppendResult.Refused);
    expect(second.failure).toEqual({ kind: SpoolFailureKind.SpoolFull });
    first.dispose();
  });
});

describe("a disk that fails", () => {
  it("is a failure of the body, and a paused sender is woken", async () => {
    const directory = await temporaryDirectory();
    const store = await temporaryStore({ directory, memoryBytes: 0, maxPendingBytes: 1 });
    await rm(directory, { recursive: true });
    const spool = store.create(100_000);
    const drained = new Promise<void>((resolve) => {
      spool.onDrain = resolve;
    });
    expect(spool.append(noise(1000), 0, 1000)).toBe(AppendResult.Pause);
    await drained;
    expect(spool.append(noise(1000), 0, 1000)).toBe(AppendResult.Refused);
    expect(await spool.finish()).toMatchObject({ ok: false, failure: { kind: "disk-error" } });
    expect(store.budget.memoryBytes).toBe(0);
  });

  it("drops what comes until the failure is known", async () => {
    const directory = await temporaryDirectory();
    const store = await temporaryStore({ directory, memoryBytes: 0 });
    await rm(directory, { recursive: true });
    const spool = store.create(1000 * KiB);
    for (let turn = 0; turn < 10; turn++) spool.append(noise(70 * KiB), 0, 70 * KiB);
    expect(await spool.finish()).toMatchObject({ ok: false, failure: { kind: "disk-error" } });
    expect(store.budget.memoryBytes).toBe(0);
  });

  it("cannot be replayed", async () => {
    const directory = await temporaryDirectory();
    const store = await temporaryStore({ directory, memoryBytes: 0 });
    await rm(directory, { recursive: true });
    const spool = store.create(100_000);
    spool.append(noise(1000), 0, 1000);
    await expect(gather(spool.replay())).rejects.toThrow("spool file cannot be replayed");
  });
});

async function pathOfFinished(spool: Spool, bytes: Buffer): Promise<string> {
  await fill(spool, bytes);
  const { content } = bodyOf(await spool.finish());
  if (content.kind !== "file") throw new Error("not in a file");
  expect((await readFile(content.path)).equals(bytes)).toBe(true);
  return content.path;
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}
