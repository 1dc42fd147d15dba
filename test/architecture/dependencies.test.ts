import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const read = (path: string) => readFile(join(root, path), "utf8");

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const names = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "");

/** Cells of the first table of a page whose header begins with the given name. */
function table(page: string, header: string): readonly (readonly string[])[] {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${header} |`));
  const end = lines.findIndex((line, at) => at > start && line === "");
  return lines.slice(start + 2, end).map((line) => line.split("|").slice(1));
}

describe("a run-time dependency", () => {
  let manifest: Manifest;
  let rows: readonly (readonly string[])[];
  let recorded: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    manifest = JSON.parse(await read("package.json")) as Manifest;
    rows = table(await read("docs/adr/0003-dependencies.md"), "package");
    recorded = new Map(rows.map(([name, folders]) => [names(name)[0] ?? "", names(folders)]));
  });

  const runTime = () =>
    Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies });

  it("has one line in ADR 0003, and nothing else has one", () => {
    const dependencies = runTime().map(([name]) => name);
    expect(rows.map(([name]) => names(name)[0]).sort()).toEqual(dependencies.sort());
  });

  it("is imported from the folders that ADR 0003 and the architecture both name", async () => {
    const fenced = new Map<string, string[]>();
    for (const [folder, , , modules] of table(await read("docs/architecture.md"), "folder")) {
      for (const module of names(modules).filter((name) => recorded.has(name))) {
        fenced.set(module, [...(fenced.get(module) ?? []), names(folder)[0] ?? ""].sort());
      }
    }
    const expected = [...recorded].map(([name, folders]) => [name, [...folders].sort()]);
    expect(Object.fromEntries(fenced)).toEqual(Object.fromEntries(expected));
  });

  it("is pinned to an exact version, like every other dependency", () => {
    const all = [...runTime(), ...Object.entries(manifest.devDependencies)];
    const loose = all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version));
    expect(loose).toEqual([]);
  });
});

describe("the licence check", () => {
  let tree: string;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "sluice-licences-"));
  });

  afterAll(async () => {
    await rm(tree, { recursive: true, force: true });
  });

  /** Runs the check on a lock file with one good package and the given one. */
  const judge = async (path: string, entry: Readonly<Record<string, unknown>>) => {
    const packages = {
      "": { name: "sluice" },
      "node_modules/good": { version: "1.0.0", license: "MIT" },
      [`node_modules/${path}`]: { version: "2.0.0", ...entry },
    };
    await writeFile(join(tree, "package-lock.json"), JSON.stringify({ packages }));
    const args = [join(root, "scripts", "check-licences.ts"), tree];
    return promisify(execFile)(process.execPath, args).then(
      () => "accepted",
      (error: { stderr: string }) => error.stderr.split("\n")[0],
    );
  };

  it.each([
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "0BSD",
    "BlueOak-1.0.0",
    "(MIT OR GPL-3.0-only)",
    "(BSD-3-Clause AND Zlib)",
  ])("accepts %s", async (license) => {
    expect(await judge("planted", { license })).toBe("accepted");
  });

  it.each([
    "GPL-3.0-only",
    "GPL-2.0-or-later",
    "AGPL-3.0",
    "LGPL-3.0-or-later",
    "MPL-2.0",
    "(MIT AND GPL-2.0-only)",
    "UNLICENSED",
    "SEE LICENSE IN LICENSE.md",
  ])("refuses %s", async (license) => {
    expect(await judge("planted", { license })).toBe(`planted@2.0.0: ${license}`);
  });

  it("refuses a package that states no licence", async () => {
    expect(await judge("planted", {})).toBe("planted@2.0.0: no licence stated");
  });

  it("judges nested packages", async () => {
    const verdict = await judge("good/node_modules/@scope/deep", { license: "GPL-3.0-only" });
    expect(verdict).toBe("@scope/deep@2.0.0: GPL-3.0-only");
  });

  it("judges optional packages, installed here or not", async () => {
    const verdict = await judge("for-another-platform", {
      license: "GPL-3.0-only",
      optional: true,
      os: ["aix"],
    });
    expect(verdict).toBe("for-another-platform@2.0.0: GPL-3.0-only");
  });

  it("leaves out what is only used for development", async () => {
    expect(await judge("planted", { license: "GPL-3.0-only", dev: true })).toBe("accepted");
  });
});
