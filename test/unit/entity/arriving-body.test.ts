import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Spool } from "../../../src/entity/index.ts";
import { AppendResult } from "../../../src/entity/index.ts";
import { noise, temporaryStore } from "./temporary-store.ts";

const MEMORY_BYTES = 64 * 1024;

/** Appends in pieces, waiting where the spool asks for it. */
async function append(spool: Spool, bytes: Buffer, pieceBytes: number): Promise<void> {
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    const result = spool.append(bytes, from, Math.min(from + pieceBytes, bytes.length));
    if (result === AppendResult.Pause) {
      await new Promise<void>((resolve) => {
        spool.onDrain = resolve;
      });
    }
    // Readers get their turn between two pieces, as they do between two reads of a socket.
    await new Promise(setImmediate);
  }
}

async function readAll(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

describe("a body that is still arriving", () => {
  it.each([
    ["in memory", 1000, 100],
    ["byte by byte", 300, 1],
    ["that grows out of several slabs", MEMORY_BYTES, 1000],
    ["that moves to a file", 4 * MEMORY_BYTES + 17, 10_000],
    ["in a file from its first piece", 4 * MEMORY_BYTES, 4 * MEMORY_BYTES],
  ])("is read whole while it grows: %s", async (_name, size, pieceBytes) => {
    const store = await temporaryStore({ memoryBytes: MEMORY_BYTES });
    const spool = store.create(10 * 1024 * 1024);
    const bytes = noise(size);
    const arriving = spool.arriving();
    const read = readAll(arriving.read());
    await append(spool, bytes, pieceBytes);
    await spool.finish();
    expect(sha256(await read)).toBe(sha256(bytes));
    spool.dispose();
  });

  it("is read by several, each from the start and at a pace of its own", async () => {
    const store = await temporaryStore({ memoryBytes: MEMORY_BYTES });
    const spool = store.create(10 * 1024 * 1024);
    const bytes = noise(3 * MEMORY_BYTES);
    const arriving = spool.arriving();
    const early = readAll(arriving.read());
    const slow = arriving.read();
    await append(spool, bytes.subarray(0, 1000), 1000);
    const first = await slow.next();
    await append(spool, bytes.subarray(1000), 5000);
    const late = readAll(arriving.read());
    await spool.finish();
    const rest = await readAll(slow);
    const whole = sha256(bytes);
    expect(sha256(await early)).toBe(whole);
    expect(sha256(await late)).toBe(whole);
    expect(sha256(Buffer.concat([first.value as Buffer, rest]))).toBe(whole);
    spool.dispose();
  });

  it("is read to its end after the body has ended", async () => {
    const store = await temporaryStore({ memoryBytes: MEMORY_BYTES });
    const spool = store.create(1024 * 1024);
    const arriving = spool.arriving();
    await append(spool, noise(1000), 1000);
    await spool.finish();
    expect((await readAll(arriving.read())).length).toBe(1000);
    spool.dispose();
  });

  it("shows its first bytes", async () => {
    const store = await temporaryStore();
    const spool = store.create(1024 * 1024);
    await append(spool, Buffer.from("%PDF-"), 5);
    expect(spool.arriving().head.toString()).toBe("%PDF-");
    spool.dispose();
  });

  it("is used by nobody else as long as a piece of it may be looked at", async () => {
    const store = await temporaryStore({ memoryBytes: MEMORY_BYTES });
    const spool = store.create(1024 * 1024);
    const reader = spool.arriving().read();
    const bytes = noise(8192);
    await append(spool, bytes, 8192);
    const { value: piece } = await reader.next();
    await spool.finish();
    spool.recycle();
    const other = store.create(1024 * 1024);
    await append(other, Buffer.alloc(8192, "x"), 8192);
    expect(sha256(piece as Buffer)).toBe(sha256(bytes));
    other.dispose();
  });

  it("fails its readers when it is given up", async () => {
    const store = await temporaryStore();
    const spool = store.create(1024 * 1024);
    const read = readAll(spool.arriving().read());
    await append(spool, noise(1000), 1000);
    spool.dispose();
    await expect(read).rejects.toThrow("did not arrive whole");
  });

  it("fails its readers when it is given up though somebody holds it", async () => {
    const store = await temporaryStore();
    const spool = store.create(1024 * 1024);
    const arriving = spool.arriving();
    const release = arriving.retain();
    const read = readAll(arriving.read());
    await append(spool, noise(1000), 1000);
    spool.dispose();
    await expect(read).rejects.toThrow("did not arrive whole");
    release();
  });

  it("is held for a reader beyond the end of its transaction", async () => {
    const store = await temporaryStore({ memoryBytes: MEMORY_BYTES });
    const spool = store.create(10 * 1024 * 1024);
    const arriving = spool.arriving();
    const release = arriving.retain();
    const bytes = noise(3 * MEMORY_BYTES);
    await append(spool, bytes, 10_000);
    await spool.finish();
    spool.dispose();
    expect(sha256(await readAll(arriving.read()))).toBe(sha256(bytes));
    release();
    await expect.poll(() => store.budget.diskBytes).toBe(0);
  });

  it("fails its readers when it is larger than it may be", async () => {
    const store = await temporaryStore();
    const spool = store.create(1000);
    const broken = expect(readAll(spool.arriving().read())).rejects.toThrow("not arrive whole");
    await append(spool, noise(1001), 500);
    await broken;
    spool.dispose();
  });

  it("fails its readers when the disk is full", async () => {
    const store = await temporaryStore({ memoryBytes: 4096, totalDiskBytes: 8192 });
    const spool = store.create(1024 * 1024);
    const read = readAll(spool.arriving().read());
    await append(spool, noise(4096), 4096);
    expect(spool.append(noise(8192), 0, 8192)).toBe(AppendResult.Refused);
    await expect(read).rejects.toThrow("did not arrive whole");
    spool.dispose();
  });
});
