import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  cabOf,
  cpioOf,
  isoOf,
  rarOf,
  readyMade,
  tarOf,
} from "../../support/samples/archive-makers.ts";
import { bad, inspect } from "../../support/samples/inspect.ts";
import { programStub } from "../../support/samples/sample-text.ts";
import { zipOf } from "../../support/samples/zip-maker.ts";

const member = { name: "bad.txt", content: bad };
const tar = await tarOf({ name: "good.txt", content: "good" }, member);

const blockedAt = (path: string) => ({ kind: "blocked", threats: [{ name: "Bad", path }] });

describe("a threat is found in", () => {
  it.each<[string, Buffer, string, string]>([
    ["a zip", zipOf(member), "a.zip", "a.zip/bad.txt"],
    ["a zip that stores", zipOf({ ...member, isStored: true }), "a.zip", "a.zip/bad.txt"],
    ["a zip with bzip2 in it", readyMade.zipWithBzip2, "a.zip", "a.zip/bad.txt"],
    ["a zip with LZMA in it", readyMade.zipWithLzma, "a.zip", "a.zip/bad.txt"],
    ["a tar", tar, "a.tar", "a.tar/bad.txt"],
    ["gzip", gzipSync(bad), "bad.txt.gz", "bad.txt.gz/bad.txt"],
    ["a tar in gzip", gzipSync(tar), "a.tgz", "a.tgz/bad.txt"],
    ["zstd", zstdCompressSync(bad), "bad.txt.zst", "bad.txt.zst/bad.txt"],
    ["a tar in zstd", zstdCompressSync(tar), "a.tar.zst", "a.tar.zst/bad.txt"],
    ["xz", readyMade.xz, "bad.txt.xz", "bad.txt.xz/bad.txt"],
    ["bzip2", readyMade.bzip2, "bad.txt.bz2", "bad.txt.bz2/bad.txt"],
    ["7-Zip", readyMade.sevenZip, "a.7z", "a.7z/bad.txt"],
    ["RAR", rarOf(member), "a.rar", "a.rar/bad.txt"],
    ["a cabinet", cabOf(member), "a.cab", "a.cab/bad.txt"],
    ["cpio", cpioOf({ name: "x", content: "x" }, member), "a.cpio", "a.cpio/bad.txt"],
    ["an ISO image", isoOf({ name: "BAD.TXT", content: bad }), "a.iso", "a.iso/BAD.TXT"],
  ])("%s", async (_what, bytes, fileName, path) => {
    expect(await inspect(bytes, { fileName })).toMatchObject(blockedAt(path));
  });

  it("a zip in a zip in a tar in gzip", async () => {
    const nested = zipOf({ name: "inner.zip", content: zipOf(member) });
    const bytes = gzipSync(await tarOf({ name: "outer.zip", content: nested }));
    expect(await inspect(bytes, { fileName: "a.tgz" })).toMatchObject(
      blockedAt("a.tgz/outer.zip/inner.zip/bad.txt"),
    );
  });

  it("a second gzip member behind the first", async () => {
    const bytes = Buffer.concat([gzipSync(""), gzipSync(bad)]);
    expect((await inspect(bytes)).kind).toBe("blocked");
  });

  it("a zip behind a program, as self-extracting archives have it", async () => {
    const bytes = Buffer.concat([programStub(), zipOf(member)]);
    expect(await inspect(bytes, { fileName: "a.exe" })).toMatchObject(blockedAt("a.exe/bad.txt"));
  });

  it("a 7-Zip archive behind a program", async () => {
    const bytes = Buffer.concat([programStub(), readyMade.sevenZip]);
    expect((await inspect(bytes)).kind).toBe("blocked");
  });

  it("a zip behind a picture", async () => {
    const picture = Buffer.concat([Buffer.from("GIF89a and pixels"), zipOf(member)]);
    expect((await inspect(picture)).kind).toBe("blocked");
  });

  it("a member that the directory of a zip does not list", async () => {
    const bytes = zipOf({ name: "good.txt", content: "good" }, { ...member, isHidden: true });
    expect(await inspect(bytes, { fileName: "a.zip" })).toMatchObject(blockedAt("a.zip/bad.txt"));
  });

  it("an archive that has no name", async () => {
    expect(await inspect(zipOf(member), { fileName: "" })).toMatchObject(blockedAt("bad.txt"));
  });

  it("a member whose name leads out of the archive, which harms nobody", async () => {
    const bytes = zipOf({ name: "../../etc/cron.d/x", content: bad });
    expect(await inspect(bytes, { fileName: "a.zip" })).toMatchObject(
      blockedAt("a.zip/../../etc/cron.d/x"),
    );
  });

  it("a member with the name of a directory", async () => {
    expect((await inspect(zipOf({ name: "folder/", content: bad }))).kind).toBe("blocked");
  });
});

describe("what is in order is clean:", () => {
  it.each<[string, Buffer]>([
    ["a zip", zipOf({ name: "a.txt", content: "good" }, { name: "b/", content: "" })],
    ["an empty zip", zipOf()],
    ["an empty tar", Buffer.alloc(1024)],
    ["gzip of nothing", gzipSync("")],
    [
      "a program with the mark of a zip's end in it",
      Buffer.concat([programStub(), Buffer.from("PK\x05\x06".padEnd(40))]),
    ],
    [
      "a program with the mark of an archive in it",
      Buffer.concat([programStub(), Buffer.from("Rar!\x1a\x07 is a mark")]),
    ],
    ["text that begins like a mail", Buffer.from("From time to time\nTo: be\n")],
  ])("%s", async (_what, bytes) => {
    expect(await inspect(bytes)).toEqual({ kind: "clean", threats: [] });
  });
});

describe("unscannable/encrypted is", () => {
  it.each<[string, Buffer]>([
    ["a zip", zipOf({ name: "secret.txt", content: "x", isEncrypted: true })],
    ["7-Zip", readyMade.sevenZipEncrypted],
    ["7-Zip with encrypted names", readyMade.sevenZipNamesEncrypted],
  ])("%s", async (_what, bytes) => {
    expect(await inspect(bytes)).toMatchObject({ kind: "unscannable", reason: "encrypted" });
  });

  it("nothing where a threat is found beside the encrypted member", async () => {
    const bytes = zipOf({ name: "secret.txt", content: "x", isEncrypted: true }, member);
    expect((await inspect(bytes)).kind).toBe("blocked");
  });
});

describe("unscannable/malformed is", () => {
  it.each<[string, Buffer]>([
    [
      "a zip that is cut off",
      zipOf(member, { name: "b", content: "b".repeat(99) }).subarray(0, -30),
    ],
    ["gzip that is cut off", gzipSync("x".repeat(5000)).subarray(0, -12)],
    ["xz that is cut off", readyMade.xz.subarray(0, -10)],
    ["bzip2 that is cut off", readyMade.bzip2.subarray(0, 20)],
    ["7-Zip that is cut off", readyMade.sevenZip.subarray(0, -20)],
    ["an ISO image without a directory", isoOf({ name: "A", content: "" }).fill(0, 40_000 - 1088)],
    ["a tar that is cut off", tar.subarray(0, 700)],
    [
      "a zip whose member is longer than stated",
      zipOf({ name: "a", content: "long".repeat(99), statedBytes: 3 }),
    ],
  ])("%s", async (_what, bytes) => {
    expect(await inspect(bytes)).toMatchObject({ kind: "unscannable", reason: "malformed" });
  });

  it("nothing where a threat is found before it breaks off", async () => {
    const bytes = zipOf(member, { name: "b", content: "long".repeat(99), statedBytes: 3 });
    expect((await inspect(bytes)).kind).toBe("blocked");
  });
});

describe("unscannable/type is", () => {
  it.each<[string, Buffer]>([
    ["an archive that cannot be opened here", Buffer.from("\x60\xea\x2c\0\x22", "latin1")],
    ["a zip with a method that is not known", zipOf({ name: "a", content: "x", method: 6 })],
  ])("%s", async (_what, bytes) => {
    expect(await inspect(bytes)).toMatchObject({ kind: "unscannable", reason: "type" });
  });
});
