import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");

interface Ended {
  readonly code: number;
  readonly output: string;
}

let tree: string;

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), "sluice-check-"));
  await mkdir(join(tree, "scripts"));
  await mkdir(join(tree, "src"));
});

afterEach(async () => {
  await rm(tree, { recursive: true, force: true });
});

async function run(script: string, ...args: readonly string[]): Promise<Ended> {
  const argv = [join(tree, "scripts", script), ...args];
  return promisify(execFile)(process.execPath, argv).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  );
}

const script = (name: string) => cp(join(root, "scripts", name), join(tree, "scripts", name));

describe("npm run check", () => {
  /** Puts programs of the given exit codes in the place of the tools. */
  const tools = async (exitCodes: Readonly<Record<string, number>>) => {
    const folder = join(tree, "node_modules", ".bin");
    await mkdir(folder, { recursive: true });
    for (const name of ["biome", "tsc", "depcruise", "knip", "vitest", "node"]) {
      const program = `#!/bin/sh\necho "output of ${name} $*"\nexit ${exitCodes[name] ?? 0}\n`;
      await writeFile(join(folder, name), program);
      await chmod(join(folder, name), 0o755);
    }
  };
  const stages = (output: string) =>
    [...output.matchAll(/^(ok|FAIL) +(.+?) +\d+\.\d s/gm)].map(([, how, name]) => `${how} ${name}`);

  beforeEach(() => script("check.ts"));

  it("runs the stages from the cheapest to the dearest and shows one line each", async () => {
    await tools({});
    const { code, output } = await run("check.ts");
    expect(code).toBe(0);
    expect(stages(output)).toEqual([
      "ok format and lint",
      "ok types",
      "ok import directions",
      "ok unused files, exports, dependencies",
      "ok licences of production dependencies",
      "ok generated files are fresh",
      "ok tests and coverage",
      "ok build",
      "ok package installs and starts",
    ]);
    expect(output).not.toContain("output of");
  });

  it("ends at the first failure, with its output and how to run it again", async () => {
    await tools({ depcruise: 1 });
    const { code, output } = await run("check.ts");
    expect(code).toBe(1);
    expect(stages(output)).toEqual(["ok format and lint", "ok types", "FAIL import directions"]);
    expect(output).toContain("output of depcruise --no-progress src");
    expect(output).toContain("again: npx depcruise --no-progress src");
  });

  it("runs on after a failure when told to, and still fails", async () => {
    await tools({ biome: 1, vitest: 1 });
    const { code, output } = await run("check.ts", "--keep-going");
    expect(code).toBe(1);
    expect(stages(output)).toHaveLength(9);
    expect(stages(output).filter((line) => line.startsWith("FAIL"))).toEqual([
      "FAIL format and lint",
      "FAIL tests and coverage",
    ]);
  });

  it("leaves stages out, or runs some only", async () => {
    await tools({});
    const skipped = await run("check.ts", "--skip", "lint,tests,build,package");
    expect(stages(skipped.output)).toHaveLength(5);
    const picked = await run("check.ts", "--only", "types");
    expect(stages(picked.output)).toEqual(["ok types"]);
  });

  it("refuses the name of a stage that there is not, so that nothing is skipped by a slip", async () => {
    await tools({});
    const { code, output } = await run("check.ts", "--only", "test");
    expect(code).toBe(1);
    expect(output).toContain("no such stage: test");
  });

  it("says how many tests passed, failed and were skipped in this run", async () => {
    await tools({});
    await mkdir(join(tree, "artifacts"));
    await writeFile(join(tree, "artifacts", "tests.json"), `{"numPassedTests": 99}`);
    const report = `{"numPassedTests": 7, "numFailedTests": 2, "numPendingTests": 1}`;
    const vitest = `#!/bin/sh\nprintf '%s' '${report}' >artifacts/tests.json\n`;
    await writeFile(join(tree, "node_modules", ".bin", "vitest"), vitest);
    const { output } = await run("check.ts", "--only", "tests");
    expect(output).toContain("7 passed, 2 failed, 1 skipped");
  });
});

describe("npm run generate", () => {
  const generator = (path: string, content: string) =>
    writeFile(
      join(tree, "scripts", "generate-planted.ts"),
      `import { writeFileSync } from "node:fs";
       import { join } from "node:path";
       const root = join(import.meta.dirname, "..");
       writeFileSync(join(root, "${path}"), "${content}");`,
    );

  beforeEach(async () => {
    await script("generate.ts");
    await symlink(join(root, "node_modules"), join(tree, "node_modules"));
  });

  it("runs each generator", async () => {
    await generator("planted.md", "fresh");
    expect((await run("generate.ts")).code).toBe(0);
    expect(await readFile(join(tree, "planted.md"), "utf8")).toBe("fresh");
  });

  it("accepts with --check what a generator would write again", async () => {
    await generator("planted.md", "fresh");
    await writeFile(join(tree, "planted.md"), "fresh");
    expect(await run("generate.ts", "--check")).toEqual({ code: 0, output: "" });
  });

  it("names with --check a file that drifted, and leaves it as it is", async () => {
    await generator("planted.md", "fresh");
    await writeFile(join(tree, "planted.md"), "edited by hand");
    const { code, output } = await run("generate.ts", "--check");
    expect(code).toBe(1);
    expect(output).toContain("planted.md is not what its generator writes");
    expect(await readFile(join(tree, "planted.md"), "utf8")).toBe("edited by hand");
  });

  it("names with --check a file that was never committed", async () => {
    await generator("src/planted.json", "{}");
    const { code, output } = await run("generate.ts", "--check");
    expect(code).toBe(1);
    expect(output).toContain(join("src", "planted.json"));
  });

  it("fails when a generator fails", async () => {
    await writeFile(join(tree, "scripts", "generate-planted.ts"), "throw new Error('broken');");
    const { code, output } = await run("generate.ts", "--check");
    expect(code).toBe(1);
    expect(output).toContain("broken");
  });
});
