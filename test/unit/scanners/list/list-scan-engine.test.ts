import { createHash } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createListEngine } from "../../../../src/scanners/list/list-scan-engine.ts";
import {
  readListSettings,
  simpleListSettings,
} from "../../../../src/scanners/list/list-settings.ts";
import type { ScanEngine, SubjectFacts } from "../../../../src/scanners/serve/scan-engine.ts";
import { MetricsRegistry, silentLogger } from "../../../../src/telemetry/index.ts";
import { eicar } from "../../../support/eicar.ts";
import { scanSubject } from "../../../support/scan-subject.ts";
import { TempDirectory } from "../../../support/temp-directory.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

let directory: TempDirectory;
const engines: ScanEngine[] = [];
beforeEach(() => {
  directory = new TempDirectory();
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
  directory.remove();
});

function write(name: string, text: string): string {
  const path = directory.join(name);
  writeFileSync(path, text);
  return path;
}

async function engineOf(yaml: string): Promise<ScanEngine> {
  const settings = await readListSettings(write("lists.yaml", yaml));
  const engine = await createListEngine({ settings, env: {}, logger: silentLogger });
  engines.push(engine);
  return engine;
}

const names = (path: string, more = "") =>
  `{ name: ${path.split("/").at(-1)}, type: names, path: ${path}${more} }`;
const hashes = (path: string, more = "") =>
  `{ name: ${path.split("/").at(-1)}, type: hashes, path: ${path}${more} }`;
const listsOf = (...lists: readonly string[]) =>
  `pollInterval: 20ms\nlists:\n${lists.map((list) => `  - ${list}\n`).join("")}`;

async function verdictOf(engine: ScanEngine, facts: SubjectFacts, sha?: string, content = "") {
  const told = sha === undefined ? { content } : { content, sha256: sha };
  return (await engine.scan(scanSubject(facts, told))).verdict;
}

describe("an engine of lists", () => {
  it("blocks a listed host, and says by which entry of which list", async () => {
    const engine = await engineOf(listsOf(names(write("bad", "bad.example\n"))));
    expect(await verdictOf(engine, { url: "https://www.bad.example/x" })).toEqual({
      kind: "blocked",
      reason: "category",
      threats: [{ name: "bad", engine: "bad", ref: "bad.example" }],
      cache: { scope: "url" },
    });
  });

  it("knows nothing of a host that is not listed", async () => {
    const engine = await engineOf(listsOf(names(write("bad", "bad.example\n"))));
    const verdict = await verdictOf(engine, { url: "https://good.example/" });
    expect(verdict).toMatchObject({ kind: "unknown", threats: [] });
  });

  it("says clean of what is not listed where that is wanted", async () => {
    const engine = await engineOf(`unlisted: clean\n${listsOf(names(write("bad", "a.example")))}`);
    expect(await verdictOf(engine, { host: "good.example" })).toMatchObject({ kind: "clean" });
  });

  it("knows nothing of what comes from nowhere, also where what is not listed is clean", async () => {
    const engine = await engineOf(`unlisted: clean\n${listsOf(names(write("bad", "a.example")))}`);
    expect(await verdictOf(engine, {})).toMatchObject({ kind: "unknown" });
  });

  it("finds an address of IPv4 in the form of IPv6", async () => {
    const engine = await engineOf(listsOf(names(write("bad", "192.0.2.7\n"))));
    for (const url of ["http://[::ffff:192.0.2.7]/", "http://[::FFFF:C000:207]:8080/x"]) {
      expect([url, (await verdictOf(engine, { url })).kind]).toEqual([url, "blocked"]);
    }
  });

  it("judges by the host alone where there is no URL", async () => {
    const engine = await engineOf(listsOf(names(write("bad", "bad.example\n"))));
    expect(await verdictOf(engine, { host: "BAD.example" })).toMatchObject({ kind: "blocked" });
  });

  it("gives an error for a URL that cannot be looked up", async () => {
    const engine = await engineOf(listsOf(names(write("bad", "bad.example\n"))));
    expect(await verdictOf(engine, { url: "http://%zz/" })).toMatchObject({ kind: "error" });
  });

  it("blocks content by its hash, and calls it by its name", async () => {
    const engine = await engineOf(listsOf(hashes(write("h", `${sha256("x")},Evil.A\n`))));
    expect(await verdictOf(engine, {}, sha256("x"))).toMatchObject({
      kind: "blocked",
      reason: "malware",
      threats: [{ name: "Evil.A" }],
    });
  });

  it.each([
    ["hashes", () => hashes(write("h", sha256("x"))), "content"],
    ["names", () => names(write("n", "bad.example")), "url"],
  ])("says with each verdict of %s what it may be remembered by", async (_what, list, scope) => {
    const verdict = await verdictOf(await engineOf(listsOf(list())), { host: "x.example" });
    expect(verdict.cache).toEqual({ scope });
  });

  it("wants no content for SHA-256 and URLs, and judges before it", async () => {
    const lists = listsOf(hashes(write("h", sha256("x"))), names(write("n", "bad.example")));
    expect((await engineOf(lists)).abilities).toEqual({
      inputs: ["hash", "url"],
      stages: ["headers", "full"],
      cacheScope: "content+url",
    });
  });

  it("wants the content where a list has MD5", async () => {
    const engine = await engineOf(listsOf(hashes(write("h.hdb", `${md5("x")}:1:Evil.B`))));
    expect(engine.abilities).toMatchObject({ inputs: ["content", "hash"], stages: ["full"] });
    expect(await verdictOf(engine, {}, undefined, "x")).toMatchObject({
      kind: "blocked",
      threats: [{ name: "Evil.B" }],
    });
  });

  it.each([
    ["clamav", () => `${md5(eicar)}:68:Eicar\n`],
    ["csv", () => `"SHA-1","MD5","FileName"\n"","${md5(eicar)}","Eicar"\n`],
    [
      "csv",
      () =>
        `uuid,event_id,type,value,comment\n1,2,filename|md5,"e.com|${md5(eicar)}",Eicar\n3,4,domain,x.example,\n`,
    ],
    [
      "auto",
      () => `# "first_seen_utc","md5_hash","signature"\n"2026-01-01","${md5(eicar)}","Eicar"\n`,
    ],
    ["auto", () => `${md5(eicar)} *Eicar\n`],
    ["auto", () => `${md5(eicar)}:*:Eicar:73\r\n`],
  ])("reads hashes in the form %s", async (format, text) => {
    const engine = await engineOf(listsOf(hashes(write("h", text()), `, format: ${format}`)));
    const verdict = await verdictOf(engine, {}, undefined, eicar.toString());
    expect(verdict).toMatchObject({ kind: "blocked", threats: [{ name: "Eicar" }] });
  });

  it("refuses a list of hashes with a line that is none", async () => {
    const lists = listsOf(hashes(write("h", `${sha256("x")}\nwhat\n`)));
    await expect(engineOf(lists)).rejects.toThrow(/h, line 2: not understood: "what"/);
  });

  it("gives a category of a directory the verdict that it is to have", async () => {
    const path = "examples/lists/ut1";
    const categories = "categories: { malware: blocked, gambling: suspicious }";
    const engine = await engineOf(listsOf(names(path, `, ${categories}`)));
    expect(await verdictOf(engine, { host: "casino.example" })).toMatchObject({
      kind: "suspicious",
      threats: [{ name: "gambling" }],
    });
    expect(await verdictOf(engine, { host: "malware.example" })).toMatchObject({ kind: "blocked" });
  });
});

describe("an exception", () => {
  const lists = () =>
    listsOf(
      names(write("bad", "bad.example\n")),
      names(write("good", "www.bad.example\n"), ", verdict: clean"),
      hashes(write("h", sha256("x"))),
    );

  it("takes back what a list says of the same host", async () => {
    const engine = await engineOf(lists());
    expect(await verdictOf(engine, { host: "www.bad.example" }, sha256("y"))).toMatchObject({
      kind: "clean",
      threats: [],
    });
  });

  it("is no last word before the content is there", async () => {
    const engine = await engineOf(lists());
    const verdict = await verdictOf(engine, { host: "www.bad.example" });
    expect(verdict).toMatchObject({ kind: "unknown", threats: [] });
  });

  it("does not hold for the domain above", async () => {
    const engine = await engineOf(lists());
    expect(await verdictOf(engine, { host: "bad.example" })).toMatchObject({ kind: "blocked" });
  });

  it("of a host lets no content pass that is listed", async () => {
    const engine = await engineOf(lists());
    const verdict = await verdictOf(engine, { host: "www.bad.example" }, sha256("x"));
    expect(verdict).toMatchObject({ kind: "blocked", reason: "malware" });
  });
});

describe("a list that changes", () => {
  it("is loaded again, and the epoch with it", async () => {
    const path = write("bad", "bad.example\n");
    const engine = await engineOf(listsOf(names(path)));
    const before = engine.state().epoch;
    renameSync(write("new", "new.example\n"), path);
    await expect.poll(() => engine.state().epoch).not.toBe(before);
    expect(await verdictOf(engine, { host: "new.example" })).toMatchObject({ kind: "blocked" });
    expect(await verdictOf(engine, { host: "bad.example" })).toMatchObject({ kind: "unknown" });
  });

  it("stays as it was when the new one cannot be used, and that is counted", async () => {
    const path = write("h", sha256("x"));
    const engine = await engineOf(listsOf(hashes(path)));
    const registry = new MetricsRegistry({ processMetrics: false });
    engine.expose(registry);
    writeFileSync(path, "no hash at all\n");
    await expect
      .poll(() => registry.text())
      .toContain('sluice_list_failed_reloads_total{list="h"} 1');
    expect(await verdictOf(engine, {}, sha256("x"))).toMatchObject({ kind: "blocked" });
  });

  it("has the same epoch on every pod", async () => {
    const lists = listsOf(names(write("bad", "bad.example\n")));
    const [one, other] = [await engineOf(lists), await engineOf(lists)];
    expect(one.state().epoch).toBe(other.state().epoch);
  });
});

describe("settings of lists", () => {
  it("are all told when they are wrong, each with its line", async () => {
    const text =
      "lists:\n  - { name: a, type: names }\n  - { name: a b, type: hashes, path: x, verdict: bad }\n";
    await expect(engineOf(text)).rejects.toThrow(
      /lists\.yaml:2: lists\[0\]\.path: .*lists\.yaml:3: lists\[1\]\.name: is no name of a list.*lists\[1\]\.verdict/s,
    );
  });

  it("refuse two lists of one name", async () => {
    const list = names(write("a", "x.example"));
    await expect(engineOf(listsOf(list, list))).rejects.toThrow("is there twice");
  });

  it("refuse credentials in a URL, and do not show them", async () => {
    const text = listsOf(
      "{ name: r, type: redis, url: 'redis://:canary-secret@127.0.0.1', lookup: 'GET {host}' }",
    );
    const error = await engineOf(text).catch((reason: Error) => reason);
    expect(String(error)).toMatch(/credentials stand apart/);
    expect(String(error)).not.toContain("canary");
  });

  it.each([
    ["writes", "SET {host} x"],
    ["has no placeholder", "GET host"],
    ["has a placeholder that nobody knows", "GET {password}"],
    ["lacks an argument", "SISMEMBER {host}"],
  ])("refuse a lookup that %s", async (_what, lookup) => {
    const text = listsOf(`{ name: r, type: redis, url: 'redis://127.0.0.1', lookup: '${lookup}' }`);
    await expect(engineOf(text)).rejects.toThrow("lookup");
  });

  it("are made of paths in the simple case, exceptions among them", () => {
    const settings = simpleListSettings({
      names: ["/lists/a.txt"],
      hashes: ["/lists/b.hsb"],
      allowNames: ["/lists/c"],
      allowHashes: [],
    });
    expect(settings.lists.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["a-1", "blocked"],
      ["b-2", "blocked"],
      ["c-3", "clean"],
    ]);
  });

  it("of the example load", async () => {
    const settings = await readListSettings("examples/lists/lists.yaml");
    const engine = await createListEngine({ settings, env: {}, logger: silentLogger });
    engines.push(engine);
    expect(await verdictOf(engine, { url: "http://shop.example/lottery/1" })).toMatchObject({
      kind: "suspicious",
    });
    const verdict = await verdictOf(engine, { host: "ads.example" }, sha256("y"));
    expect(verdict).toMatchObject({ kind: "clean" });
  });
});
