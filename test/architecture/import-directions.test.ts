import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
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
    const rows = await documentedFolders();
    const documented = ["app", ...rows.map((row) => row.folder)];
    expect(documented).toEqual(expect.arrayContaining(folders));
  });
});

describe("the rules on a tree with every import planted that there can be", () => {
  let tree: string;
  let rows: readonly FolderRow[];
  let violations: readonly Violation[];
  /** What was planted: file → what it stands for, such as `cache → services`. */
  const meaning = new Map<string, string>();

  const plant = async (path: string, ...imported: readonly string[]) => {
    const file = join(tree, path);
    await mkdir(dirname(file), { recursive: true });
    const lines = imported.map((module, at) => `import * as m${at} from "${module}";\nm${at};\n`);
    await writeFile(file, `${lines.join("")}export const planted = 1;\n`);
  };

  /** Plants in a folder a file that imports a path of the tree or a module. */
  const plantImport = async (kind: string, folder: string, target: string, means: string) => {
    const file = `src/${folder}/${kind}-${meaning.size}.ts`;
    const module = /^(src|operator|test)\//.test(target)
      ? relative(dirname(file), target).replace(/^(?!\.)/, "./")
      : target;
    await plant(file, module);
    meaning.set(file, `${folder} → ${means}`);
  };

  const names = () => rows.map(({ folder }) => folder);
  /** Every ordered pair of folders, but those where one is the other or a part of it. */
  const foreignPairs = () =>
    rows.flatMap((row) =>
      names()
        .filter((other) => other !== row.folder && !other.startsWith(`${row.folder}/`))
        .map((other) => ({ ...row, other })),
    );

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "sluice-architecture-"));
    rows = await documentedFolders();
    await cp(join(root, ".dependency-cruiser.cjs"), join(tree, ".dependency-cruiser.cjs"));
    await cp(join(root, "package.json"), join(tree, "package.json"));
    await symlink(join(root, "node_modules"), join(tree, "node_modules"));
    const fenced = pairs(rows.flatMap((row) => row.modules));
    const outside = [...fenced, "node:fs", "node:crypto", "node:dgram", "node:vm", "vitest"];
    for (const folder of names()) {
      await plant(`src/${folder}/index.ts`);
      await plant(`src/${folder}/inner/index.ts`);
      for (const module of outside) await plantImport("module", folder, module, module);
      await plantImport("app", folder, "src/app/index.ts", "app");
      await plantImport("operator", folder, "operator/part.ts", "operator");
      await plantImport("test", folder, "test/part.ts", "test");
      await plant(`operator/to-${folder.replace("/", "-")}.ts`, `../src/${folder}/index.ts`);
    }
    for (const { folder, other } of foreignPairs()) {
      await plantImport("to", folder, `src/${other}/index.ts`, other);
      await plantImport("into", folder, `src/${other}/inner/index.ts`, other);
    }
    await plant("src/app/index.ts", ...names().map((folder) => `../${folder}/index.ts`));
    await plant("src/main.ts", "./app/index.ts", "./server/inner/index.ts");
    await plant("src/stray.ts", "./server/index.ts");
    await plant("src/cycle/one.ts", "./two.ts");
    await plant("src/cycle/two.ts", "./one.ts");
    await plant("src/server/missing.ts", "./no-such-file.ts");
    await plant("operator/part.ts", "node:fs");
    await plant("test/part.ts", "node:fs");
    ({ violations } = await cruise(tree, "src", "operator"));
  }, 120_000); // about a thousand files: two seconds alone, many on a busy machine

  afterAll(async () => {
    await rm(tree, { recursive: true, force: true });
  });

  /** What the reported files of one kind stand for, of one rule or of all. */
  const reported = (kind: string, rule = /./) => {
    const file = new RegExp(`/${kind}-\\d+\\.ts$`);
    const blamed = violations.filter(({ from, rule: by }) => file.test(from) && rule.test(by.name));
    return pairs(blamed.map(({ from }) => meaning.get(from) ?? from));
  };

  it("refuse exactly the pairs of folders that the table does not list", () => {
    const forbidden = foreignPairs()
      .filter(({ mayImport, other }) => !mayImport.includes(other))
      .map(({ folder, other }) => `${folder} → ${other}`);
    expect(reported("to")).toEqual(pairs(forbidden));
  });

  it("refuse every way past a folder's index.ts", () => {
    const forbidden = foreignPairs().map(({ folder, other }) => `${folder} → ${other}`);
    expect(reported("into")).toEqual(pairs(forbidden));
  });

  it("refuse each fenced module wherever the table does not list it", () => {
    const modules = pairs(rows.flatMap((row) => row.modules)).filter((m) => m !== "node:buffer");
    const forbidden = rows.flatMap(({ folder, modules: own }) =>
      modules.filter((module) => !own.includes(module)).map((module) => `${folder} → ${module}`),
    );
    const breaches = reported("module", /^fence-(?!nobody)|^protocol-is-pure$/);
    const others = /^protocol → node:(fs|crypto|dgram|vm)$|^protocol → vitest$/;
    expect(breaches.filter((breach) => !others.test(breach))).toEqual(pairs(forbidden));
  });

  it("let protocol import no module at all but node:buffer", () => {
    const pure = reported("module", /^protocol-is-pure$/);
    expect(pure).toEqual(expect.arrayContaining(["protocol → node:fs", "protocol → node:crypto"]));
    expect(pure).not.toContain("protocol → node:buffer");
  });

  it("let nobody import dgram or vm", () => {
    const all = names().flatMap((folder) => [`${folder} → node:dgram`, `${folder} → node:vm`]);
    expect(reported("module", /^fence-nobody$/)).toEqual(pairs(all));
  });

  it("let nobody import a package that the table does not name", () => {
    const all = names().map((folder) => `${folder} → vitest`);
    expect(reported("module", /^every-package-is-fenced$/)).toEqual(pairs(all));
  });

  it("let only the command line start the composition root", () => {
    const others = names().filter((folder) => folder !== "cli");
    expect(reported("app")).toEqual(pairs(others.map((folder) => `${folder} → app`)));
  });

  it("let the composition root see every folder, but only its face", () => {
    const breaches = violations
      .filter(({ from }) => /^src\/(app\/index|main)\.ts$/.test(from))
      .map(({ from, to }) => `${from} → ${to}`);
    expect(pairs(breaches)).toEqual(["src/main.ts → src/server/inner/index.ts"]);
  });

  it("let src import neither the operator nor tests", () => {
    const all = (name: string) => names().map((folder) => `${folder} → ${name}`);
    expect(reported("operator")).toEqual(pairs(all("operator")));
    expect(reported("test")).toEqual(pairs(all("test")));
  });

  it("let the operator see resources and nothing else of src", () => {
    const breaches = violations.filter(({ from }) => from.startsWith("operator/to-"));
    const seen = breaches.map(({ to }) => dirname(to).replace("src/", ""));
    expect(pairs(seen)).toEqual(pairs(names().filter((folder) => folder !== "resources")));
  });

  it.each([
    ["no-cycles", "src/cycle/one.ts"],
    ["every-folder-is-listed", "src/stray.ts"],
    ["every-folder-is-listed", "src/cycle/one.ts"],
    ["every-import-resolves", "src/server/missing.ts"],
  ])("report %s at %s", (name, file) => {
    const blamed = violations.filter(({ from }) => from === file);
    expect(blamed.map(({ rule }) => rule.name)).toContain(name);
  });
});

describe("the linter", () => {
  let tree: string;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "sluice-lint-"));
    await cp(join(root, "biome.json"), join(tree, "biome.json"));
    await mkdir(join(tree, "src", "scanning"), { recursive: true });
  });

  afterAll(async () => {
    await rm(tree, { recursive: true, force: true });
  });

  const lint = async (source: string) => {
    await writeFile(join(tree, "src", "scanning", "planted.ts"), source);
    const program = join(root, "node_modules", ".bin", "biome");
    return promisify(execFile)(program, ["lint", "--colors=off"], { cwd: tree }).then(
      () => "accepted",
      (error: { stderr: string }) => error.stderr,
    );
  };

  it("lets scanning import addresses of node:net, and no socket", async () => {
    const using = (name: string) =>
      `import { ${name} } from "node:net";\nexport const planted = ${name};\n`;
    expect(await lint(using("BlockList"))).toBe("accepted");
    expect(await lint(using("Socket"))).toContain("noRestrictedImports");
  });
});
