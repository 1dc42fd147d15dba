import { truncate, unlink } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { rangeOf } from "../../../src/entity/content-reader.ts";
import { type EntityContent, readContent, readHead } from "../../../src/entity/index.ts";
import { keep, noise, temporaryStore } from "./temporary-store.ts";

const bytes = noise(200_000);

async function inFile(): Promise<EntityContent & { kind: "file" }> {
  const { content } = await keep(await temporaryStore({ memoryBytes: 0 }), bytes);
  if (content.kind !== "file") throw new Error("not in a file");
  return content;
}

async function inMemory(): Promise<EntityContent> {
  return (await keep(await temporaryStore(), bytes)).content;
}

async function pieces(reading: AsyncIterable<Buffer>): Promise<number[]> {
  const lengths: number[] = [];
  for await (const piece of reading) lengths.push(piece.length);
  return lengths;
}

describe("reading a content", () => {
  it("from memory gives it whole", async () => {
    expect(await pieces(readContent(await inMemory()))).toEqual([200_000]);
  });

  it("from a file gives pieces of 64 KiB", async () => {
    expect(await pieces(readContent(await inFile()))).toEqual([65536, 65536, 65536, 3392]);
  });

  it.each([["memory"], ["file"]])("from %s gives pieces of the size asked for", async (kind) => {
    const content = kind === "memory" ? await inMemory() : await inFile();
    expect(await pieces(readContent(content, { chunkBytes: 90_000 }))).toEqual([
      90_000, 90_000, 20_000,
    ]);
  });

  it("gives every piece a buffer of its own", async () => {
    const kept: Buffer[] = [];
    for await (const piece of readContent(await inFile())) kept.push(piece);
    expect(Buffer.concat(kept).equals(bytes)).toBe(true);
  });

  it("gives nothing for an empty content", async () => {
    const empty = { kind: "memory", data: Buffer.alloc(0) } as const;
    expect(await pieces(readContent(empty))).toEqual([]);
    expect(await pieces(readContent(rangeOf(await inFile(), 10, 0)))).toEqual([]);
  });

  it("of a range stays within it", async () => {
    for (const content of [await inMemory(), await inFile()]) {
      const range = rangeOf(rangeOf(content, 1000, 5000), 10, 20);
      const head = await readHead(range, 1000);
      expect(head.equals(bytes.subarray(1010, 1030))).toBe(true);
    }
  });

  it("may end early, and closes the file", async () => {
    const reading = readContent(await inFile());
    await reading.next();
    expect(await reading.return()).toEqual({ done: true, value: undefined });
  });

  it("fails when the file is gone", async () => {
    const content = await inFile();
    await unlink(content.path);
    await expect(pieces(readContent(content))).rejects.toThrow("ENOENT");
  });

  it("fails when the file is shorter than the content in it", async () => {
    const content = await inFile();
    await truncate(content.path, 1000);
    await expect(pieces(readContent(content))).rejects.toThrow("shorter than the content");
  });
});

describe("reading a head", () => {
  it.each([["memory"], ["file"]])("from %s gives the first bytes", async (kind) => {
    const content = kind === "memory" ? await inMemory() : await inFile();
    expect((await readHead(content, 100_000)).equals(bytes.subarray(0, 100_000))).toBe(true);
  });

  it("of a shorter content gives all of it", async () => {
    expect((await readHead(rangeOf(await inFile(), 0, 5), 100)).length).toBe(5);
  });
});
