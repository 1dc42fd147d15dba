import { createHash } from "node:crypto";
import { renameSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createListScanner } from "../../../src/scanners/index.ts";
import { HashListFile } from "../../../src/scanners/list/hashes/hash-list-file.ts";
import { describeScannerContract } from "../../contracts/scanner.contract.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const listed = Buffer.from("this content is listed");

const fixed = new TempDirectory();
writeFileSync(fixed.join("hashes"), `${sha256(listed.toString())} Known.Bad\n`);

describeScannerContract("the list scanner", {
  create: () => createListScanner({ path: fixed.join("hashes"), pollMs: 0 }),
  blocked: listed,
  harmless: Buffer.from("this content is not"),
  harmlessVerdict: "unknown",
});

describe("the list scanner", () => {
  let directory: TempDirectory;
  let path: string;
  beforeEach(() => {
    directory = new TempDirectory();
    path = directory.join("hashes");
  });
  afterEach(() => directory.remove());

  it("names the threat as the list does", async () => {
    const scanner = await createListScanner({ path: fixed.join("hashes"), pollMs: 0 });
    expect(await scanner.scan(entityOf(listed), scanContext())).toEqual({
      kind: "blocked",
      reason: "malware",
      threats: [{ name: "Known.Bad", engine: "list" }],
    });
  });

  it("has a name for what the list does not name", async () => {
    writeFileSync(path, sha256("x"));
    const scanner = await createListScanner({ path, pollMs: 0 });
    const { threats } = await scanner.scan(entityOf("x"), scanContext());
    expect(threats[0]?.name).toBe("Listed-Hash");
  });

  it("is not made of a list with a line that it does not understand", async () => {
    writeFileSync(path, `${sha256("x")}\nnot a hash\n`);
    await expect(createListScanner({ path })).rejects.toThrow(`hash list ${path}: line 2`);
  });

  it("is not made of a list that is not there", async () => {
    await expect(createListScanner({ path })).rejects.toThrow("ENOENT");
  });
});

describe("a hash list file", () => {
  let directory: TempDirectory;
  let path: string;
  let file: HashListFile;
  const problems: string[] = [];
  beforeEach(async () => {
    problems.length = 0;
    directory = new TempDirectory();
    path = directory.join("hashes");
    writeFileSync(path, sha256("old"));
    file = await HashListFile.open({ path, pollMs: 0, onProblem: (text) => problems.push(text) });
  });
  afterEach(() => {
    file.close();
    directory.remove();
  });

  it("is read again when it was replaced", async () => {
    writeFileSync(directory.join("new"), sha256("new"));
    renameSync(directory.join("new"), path);
    await file.refresh();
    expect([file.list.find(sha256("new")), file.list.find(sha256("old"))]).toEqual(["", undefined]);
  });

  it("is read again when the link to it was changed, as Kubernetes does", async () => {
    writeFileSync(directory.join("v1"), sha256("one"));
    writeFileSync(directory.join("v2"), sha256("two"));
    symlinkSync("v1", directory.join("link"));
    const linked = await HashListFile.open({ path: directory.join("link"), pollMs: 0 });
    symlinkSync("v2", directory.join("link.new"));
    renameSync(directory.join("link.new"), directory.join("link"));
    await linked.refresh();
    expect(linked.list.find(sha256("two"))).toBe("");
  });

  it("is looked at by itself from time to time", async () => {
    const polled = await HashListFile.open({ path, pollMs: 5 });
    const changed = new Promise<void>((resolve) => polled.onChange(() => resolve()));
    writeFileSync(path, `${sha256("old")} with a name`);
    await changed;
    polled.close();
    expect(polled.list.find(sha256("old"))).toBe("with a name");
  });

  it("changes its digest with its content only", async () => {
    const before = file.list.digest;
    writeFileSync(directory.join("same"), sha256("old"));
    renameSync(directory.join("same"), path);
    await file.refresh();
    expect(file.list.digest).toBe(before);
    writeFileSync(path, `${sha256("old")} named`);
    await file.refresh();
    expect(file.list.digest).not.toBe(before);
  });

  it("keeps the old list when the new one cannot be used, and says why", async () => {
    writeFileSync(path, "nonsense");
    await file.refresh();
    expect(file.list.find(sha256("old"))).toBe("");
    expect(problems).toEqual([expect.stringContaining("line 1 is no SHA-256 entry")]);
  });

  it("says once that a list cannot be used, not at every look", async () => {
    writeFileSync(path, "nonsense");
    await file.refresh();
    await file.refresh();
    expect(problems).toHaveLength(1);
  });
});
