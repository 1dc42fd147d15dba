import { readdirSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readyMade, tarOf } from "../../support/samples/archive-makers.ts";
import { BadContentEngine, bad, inspect } from "../../support/samples/inspect.ts";
import { type ZipMember, zipOf } from "../../support/samples/zip-maker.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const zeros = (bytes: number) => Buffer.alloc(bytes);
const many = (count: number): ZipMember[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${index}`, content: "x" }));
const overLimit = { kind: "unscannable", reason: "archive-limit" };

function nested(depth: number): Buffer {
  let content: Buffer = Buffer.from(bad);
  for (let level = 0; level < depth; level += 1) content = zipOf({ name: "a.zip", content });
  return content;
}

describe("depth", () => {
  it("is looked into as far as the limit", async () => {
    expect((await inspect(nested(8))).kind).toBe("blocked");
  });

  it("is unscannable beyond it", async () => {
    expect(await inspect(nested(9))).toMatchObject(overLimit);
  });
});

describe("the number of members", () => {
  it("is looked at as far as the limit", async () => {
    const bytes = zipOf(...many(9), { name: "bad", content: bad });
    expect((await inspect(bytes, { limits: { maxEntries: 10 } })).kind).toBe("blocked");
  });

  it("is unscannable beyond it", async () => {
    const bytes = zipOf(...many(11));
    expect(await inspect(bytes, { limits: { maxEntries: 10 } })).toMatchObject(overLimit);
  });

  it("counts over all containers of an entity", async () => {
    const bytes = zipOf(
      { name: "a.zip", content: zipOf(...many(6)) },
      { name: "b.zip", content: zipOf(...many(6)) },
    );
    expect(await inspect(bytes, { limits: { maxEntries: 12 } })).toMatchObject(overLimit);
  });

  it("counts encrypted members too", async () => {
    const bytes = zipOf(...many(11).map((member) => ({ ...member, isEncrypted: true })));
    const { message } = await inspect(bytes, { limits: { maxEntries: 10 } });
    expect(message).toContain("encrypted");
  });

  it("is ten thousand by default", async () => {
    expect((await inspect(zipOf(...many(10_000)))).kind).toBe("clean");
    expect(await inspect(zipOf(...many(10_001)))).toMatchObject(overLimit);
  });
});

describe("the size of a member", () => {
  const limits = { maxEntryBytes: 100 * KiB };

  it("is looked at as far as the limit", async () => {
    const bytes = zipOf({ name: "a", content: zeros(100 * KiB) });
    expect((await inspect(bytes, { limits })).kind).toBe("clean");
  });

  it("is unscannable beyond it, and nothing of it is unpacked when it says so", async () => {
    const engine = new BadContentEngine();
    const bytes = zipOf({ name: "a", content: zeros(100 * KiB + 1) });
    expect(await inspect(bytes, { limits, engine, fileName: "z" })).toMatchObject(overLimit);
    expect(engine.seen).toEqual([`:${bytes.length}`, "z/a:0"]);
  });

  it.each<[string, Buffer]>([
    ["gzip", gzipSync(zeros(300 * KiB))],
    ["zstd", zstdCompressSync(zeros(300 * KiB))],
  ])("is unscannable beyond it in %s, which does not say so", async (_what, bytes) => {
    expect(await inspect(bytes, { limits })).toMatchObject(overLimit);
  });

  it("does not matter to a tar in gzip, only that of its members does", async () => {
    const members = ["a", "b", "c"].map((name) => ({ name, content: zeros(90 * KiB) }));
    const bytes = gzipSync(await tarOf(...members));
    expect((await inspect(bytes, { limits })).kind).toBe("clean");
  });

  it("ends only that member: a threat behind it is found", async () => {
    const bytes = zipOf(
      { name: "large", content: zeros(200 * KiB) },
      { name: "bad", content: bad },
    );
    expect((await inspect(bytes, { limits })).kind).toBe("blocked");
  });

  it("ends only that member in a tar, too", async () => {
    const tar = await tarOf(
      { name: "large", content: zeros(200 * KiB) },
      { name: "bad", content: bad },
    );
    expect((await inspect(gzipSync(tar), { limits })).kind).toBe("blocked");
  });

  it("does not hide what comes before the limit in the same member", async () => {
    const bytes = gzipSync(Buffer.concat([Buffer.from(bad), zeros(300 * KiB)]));
    expect((await inspect(bytes, { limits })).kind).toBe("blocked");
  });
});

describe("the size of all members together", () => {
  it("is unscannable beyond the limit", async () => {
    const members = ["a", "b", "c"].map((name) => ({ name, content: zeros(50 * KiB) }));
    const limits = { maxTotalBytes: 149 * KiB };
    expect(await inspect(zipOf(...members), { limits })).toMatchObject(overLimit);
    expect((await inspect(zipOf(...members), { limits: { maxTotalBytes: 150 * KiB } })).kind).toBe(
      "clean",
    );
  });

  it("is 256 MiB by default, reached by members that are each within their limit", async () => {
    const content = gzipSync(zeros(60 * MiB));
    const limits = { maxRatio: Infinity };
    const bytes = zipOf(
      ...["a", "b", "c", "d", "e"].map((name) => ({ name, content, isStored: true })),
    );
    expect(await inspect(bytes, { limits })).toMatchObject(overLimit);
  }, 60_000);
});

describe("a bomb", () => {
  it.each<[string, Buffer]>([
    ["a zip", zipOf({ name: "a", content: zeros(20 * MiB) })],
    ["gzip", gzipSync(zeros(20 * MiB))],
    ["zstd", zstdCompressSync(zeros(20 * MiB))],
    [
      "a zip that lies about its size",
      zipOf({ name: "a", content: zeros(20 * MiB), statedBytes: 9 }),
    ],
    ["a zip of gzips", zipOf({ name: "a.gz", content: gzipSync(zeros(40 * MiB)) })],
  ])("in %s is unscannable", async (_what, bytes) => {
    expect((await inspect(bytes)).kind).toBe("unscannable");
  });

  it("is none below ten MiB: small things compress well", async () => {
    expect((await inspect(gzipSync(zeros(9 * MiB)))).kind).toBe("clean");
  });

  it("is not unpacked further than it takes to see that it is one", async () => {
    const engine = new BadContentEngine();
    await inspect(gzipSync(zeros(60 * MiB)), { engine });
    const [, unpacked = ""] = engine.seen;
    expect(Number(unpacked.split(":")[1])).toBeLessThan(16 * MiB);
  });
});

describe("processor time", () => {
  it("is unscannable beyond the limit", async () => {
    let now = 0;
    const cpuMs = () => {
      now += 400;
      return now;
    };
    const limits = { maxCpuMs: 1000 };
    expect(await inspect(zipOf(...many(9)), { limits, cpuMs })).toMatchObject(overLimit);
  });
});

describe("a cancelled inspection", () => {
  it("ends with error/timeout", async () => {
    const verdict = await inspect(zipOf(...many(9)), { isCancelled: () => true });
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
  });
});

describe("members too large for memory", () => {
  let directory: TempDirectory;
  beforeEach(() => {
    directory = new TempDirectory();
  });
  afterEach(() => directory.remove());

  const content = Buffer.concat([Buffer.from(bad), zeros(200 * KiB)]);

  it("are judged like others", async () => {
    const options = { memoryBytes: 10, directory: directory.path };
    expect((await inspect(zipOf({ name: "a", content }), options)).kind).toBe("blocked");
    expect((await inspect(gzipSync(zipOf({ name: "a", content })), options)).kind).toBe("blocked");
  });

  it("leave no file behind", async () => {
    await inspect(zipOf({ name: "a", content: zeros(99 * KiB) }), {
      memoryBytes: 10,
      directory: directory.path,
    });
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it("end in error/engine-error, never in a verdict on the content, when there is no place", async () => {
    const verdict = await inspect(zipOf({ name: "a", content }), {
      memoryBytes: 10,
      directory: directory.join("missing"),
    });
    expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
  });
});

describe("an engine that fails", () => {
  const failing = {
    name: "failing",
    inspect: () => {
      throw new Error("broken engine");
    },
  };

  it("makes the verdict error/engine-error", async () => {
    expect(await inspect(Buffer.from("x"), { engine: failing })).toMatchObject({
      kind: "error",
      reason: "engine-error",
      message: "failing: broken engine",
    });
  });
});

it("a verdict names at most 32 threats", async () => {
  const suspicious = {
    name: "test",
    inspect: () => [
      { severity: "suspicious", reason: "malware", threat: { name: "Odd" } } as const,
    ],
  };
  const { kind, threats } = await inspect(zipOf(...many(50)), { engine: suspicious });
  expect([kind, threats.length]).toEqual(["suspicious", 32]);
});

it("a path is cut to 512 characters", async () => {
  const bytes = zipOf({ name: "n".repeat(5000), content: bad });
  const { threats } = await inspect(bytes);
  expect(threats[0]?.path).toHaveLength(512);
});

it("the archive of a library that cannot be interrupted ends at a member that is too large", async () => {
  const limits = { maxEntryBytes: 5 };
  expect(await inspect(readyMade.sevenZip, { limits })).toMatchObject(overLimit);
});
