import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

interface CruiseSummary {
  readonly totalCruised: number;
  readonly violations: readonly Violation[];
}

/** Runs the project's own rules on the folder `src` (and `operator`) of a tree. */
async function cruise(tree: string, ...folders: readonly string[]): Promise<CruiseSummary> {
  const program = join(root, "node_modules", ".bin", "depcruise");
  const args = ["--no-progress", "--output-type", "json", ...folders];
  const options = { cwd: tree, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(program, args, options).catch(
    (error: { stdout: string }) => error, // it exits with the number of errors
  );
  return (JSON.parse(stdout) as { summary: CruiseSummary }).summary;
}

interface FolderRow {
  readonly folder: string;
  readonly mayImport: readonly string[];
  readonly modules: readonly string[];
}

/** The table of docs/architecture.md, the one place where people read the rules. */
async function documentedFolders(): Promise<readonly FolderRow[]> {
  const page = await readFile(join(root, "docs", "architecture.md"), "utf8");
  const names = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "");
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith("| folder |"));
  const end = lines.findIndex((line, at) => at > start && line === "");
  return lines.slice(start + 2, end).map((line) => {
    const [, folder, , mayImport, modules] = line.split("|");
    return {
      folder: names(folder)[0] ?? "",
      mayImport: names(mayImport),
      modules: names(modules),
    };
  });
}

const pairs = (breaches: Iterable<string>) => [...new Set(breaches)].sort();

describe("the rules on the real tree", () => {
  it("look at every module (under TypeScript 7 the default parser finds none and passes)", async () => {
    const files = await readdir(join(root, "src"), { recursive: true });
    const modules = files.filter((file) => file.endsWith(".ts"));
    const { totalCruised } = await cruise(root, "src");
    expect(totalCruised).toBeGreaterThanOrEqual(modules.length);
  });

  it("know every folder of src", async () => {
    const entries = await readdir(join(root, "src"), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    const documented = (await documentedFolders()).map((row) => row.folder);
    expect(documented).toEqual(expect.arrayContaining(folders));
  });
});

describe("the rules on a tree with every import planted that there can be", () => {
  let tree: string;
  let rows: readonly FolderRow[];
  let violations: readonly Violation[];

  const plant = async (path: string, ...imported: readonly string[]) => {
    const file = join(tree, path);
    await mkdir(dirname(file), { recursive: true });
    const lines = imported.map((module, at) => `import * as m${at} from "${module}";\nm${at};\n`);
    await writeFile(file, `${lines.join("")}export const planted = 1;\n`);
  };

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "sluice-architecture-"));
    rows = await documentedFolders();
    await cp(join(root, ".dependency-cruiser.cjs"), join(tree, ".dependency-cruiser.cjs"));
    await cp(join(root, "package.json"), join(tree, "package.json"));
    await symlink(join(root, "node_modules"), join(tree, "node_modules"));
    const fenced = pairs(rows.flatMap((row) => row.modules));
    const outside = [...fenced, "node:fs", "node:crypto", "node:dgram", "node:vm", "vitest"];
    for (const { folder } of rows) {
      await plant(`src/${folder}/index.ts`);
      await plant(`src/${folder}/inner/index.ts`);
      for (const other of rows) {
        await plant(`src/${folder}/to-${other.folder}.ts`, `../${other.folder}/index.ts`);
        await plant(`src/${folder}/into-${other.folder}.ts`, `../${other.folder}/inner/index.ts`);
      }
      for (const [at, module] of outside.entries()) {
        await plant(`src/${folder}/module-${at}.ts`, module);
      }
      await plant(`src/${folder}/to-app.ts`, "../app.ts");
      await plant(`src/${folder}/to-operator.ts`, "../../operator/part.ts");
      await plant(`src/${folder}/to-test.ts`, "../../test/part.ts");
      await plant(`operator/to-${folder}.ts`, `../src/${folder}/index.ts`);
    }
    await plant("src/app.ts", ...rows.map(({ folder }) => `./${folder}/index.ts`));
    await plant("src/main.ts", "./app.ts", "./server/inner/index.ts");
    await plant("src/stray.ts", "./server/index.ts");
    await plant("src/cycle/one.ts", "./two.ts");
    await plant("src/cycle/two.ts", "./one.ts");
    await plant("src/server/missing.ts", "./no-such-file.ts");
    await plant("operator/part.ts", "node:fs");
    await plant("test/part.ts", "node:fs");
    ({ violations } = await cruise(tree, "src", "operator"));
  });

  afterAll(async () => {
    await rm(tree, { recursive: true, force: true });
  });

  const planted = (pattern: RegExp) =>
    violations.filter(({ from, to }) => pattern.test(`${from} ${to}`));

  it("refuse exactly the pairs of folders that the table does not list", () => {
    const forbidden = rows.flatMap(({ folder, mayImport }) =>
      rows
        .map((other) => other.folder)
        .filter((other) => other !== folder && !mayImport.includes(other))
        .map((other) => `${folder} → ${other}`),
    );
    const reported = planted(/\/to-\w+\.ts src\/\w+\/index\.ts$/)
      .filter(({ from }) => from.startsWith("src/"))
      .map(({ from, to }) => `${from.split("/")[1]} → ${to.split("/")[1]}`);
    expect(pairs(reported)).toEqual(pairs(forbidden));
  });

  it("refuse every way past a folder's index.ts", () => {
    const reported = planted(/\/into-\w+\.ts src\/\w+\/inner\/index\.ts$/);
    expect(pairs(reported.map(({ from }) => from))).toHaveLength(rows.length * (rows.length - 1));
  });

  it("refuse each fenced module wherever the table does not list it", () => {
    const modules = pairs(rows.flatMap((row) => row.modules)).filter((m) => m !== "node:buffer");
    const bare = (module: string) => module.replace(/^node:/, "").replace(/^.*node_modules\//, "");
    const fenced = new Set(modules.map(bare));
    const forbidden = rows.flatMap(({ folder, modules: own }) =>
      modules.filter((module) => !own.includes(module)).map((m) => `${folder} → ${bare(m)}`),
    );
    const reported = planted(/\/module-\d+\.ts /)
      .filter(({ rule }) => rule.name.startsWith("fence-") || rule.name === "protocol-is-pure")
      .map(({ from, to }) => ({ folder: from.split("/")[1], module: packageOf(bare(to)) }))
      .filter(({ module }) => fenced.has(module))
      .map(({ folder, module }) => `${folder} → ${module}`);
    expect(pairs(reported)).toEqual(pairs(forbidden));
  });

  it("let protocol import no module at all but node:buffer", () => {
    const reported = planted(/^src\/protocol\/module-/);
    expect(pairs(reported.map(({ to }) => to))).toEqual(expect.arrayContaining(["fs", "crypto"]));
  });

  it("let nobody import dgram or vm", () => {
    const reported = planted(/\/module-\d+\.ts (dgram|vm)$/);
    const blamed = reported.filter(({ rule }) => rule.name === "fence-nobody");
    expect(blamed).toHaveLength(2 * rows.length);
  });

  it("let nobody import a package that the table does not name", () => {
    const reported = planted(/node_modules\/vitest\//).filter(
      ({ rule }) => rule.name === "every-package-is-fenced",
    );
    expect(reported).toHaveLength(rows.length);
  });

  it("let only the command line start the composition root", () => {
    const reported = planted(/\/to-app\.ts src\/app\.ts$/).map(({ from }) => from.split("/")[1]);
    const others = rows.map(({ folder }) => folder).filter((folder) => folder !== "cli");
    expect(pairs(reported as string[])).toEqual(pairs(others));
  });

  it("let the composition root see every folder, but only its face", () => {
    const reported = violations.filter(({ from }) => /^src\/(app|main)\.ts$/.test(from));
    expect(reported.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      "src/main.ts → src/server/inner/index.ts",
    ]);
  });

  it("let src import neither the operator nor tests", () => {
    const reported = planted(/ (operator|test)\/part\.ts$/).map(({ from }) => from);
    expect(pairs(reported)).toHaveLength(2 * rows.length);
  });

  it("let the operator see resources and nothing else of src", () => {
    const reported = planted(/^operator\/to-/).map(({ to }) => to.split("/")[1] ?? "");
    const others = rows.map(({ folder }) => folder).filter((folder) => folder !== "resources");
    expect(pairs(reported)).toEqual(pairs(others));
  });

  it.each([
    ["no-cycles", /^src\/cycle\/(one|two)\.ts/],
    ["every-folder-is-listed", /^src\/stray\.ts/],
    ["every-folder-is-listed", /^src\/cycle\/one\.ts/],
    ["every-import-resolves", /^src\/server\/missing\.ts/],
  ])("report %s at %s", (name, from) => {
    expect(planted(from).map(({ rule }) => rule.name)).toContain(name);
  });
});

/** `ioredis/built/index.js` → `ioredis`; `@scope/name/lib/x.js` → `@scope/name`. */
function packageOf(path: string): string {
  return path
    .split("/")
    .slice(0, path.startsWith("@") ? 2 : 1)
    .join("/");
}
