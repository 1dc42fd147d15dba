/**
 * `npm run check`: everything that must hold before a change is merged, cheapest first, one line a
 * stage with its time; a stage's output is shown only when it fails, and the first failure ends the
 * run. `--skip tests,build` leaves stages out, `--only types` runs just those, `--keep-going` runs
 * on after a failure.
 */
import { type SpawnOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";

const root = join(import.meta.dirname, "..");
/** Written by vitest, as vitest.config.ts asks. */
const testReport = join(root, "artifacts", "tests.json");

interface Stage {
  readonly name: string;
  readonly title: string;
  readonly command: readonly string[];
  /** A few words for the stage's line, read from what it left behind. */
  readonly detail?: () => Promise<string>;
}

const stages: readonly Stage[] = [
  {
    name: "lint",
    title: "format and lint",
    command: ["biome", "ci", "--colors=off", "--error-on-warnings", "--diagnostic-level=warn"],
  },
  { name: "types", title: "types", command: ["tsc", "-p", "."] },
  {
    name: "imports",
    title: "import directions",
    command: ["depcruise", "--no-progress", ...["src", "operator"].filter(isInTree)],
  },
  { name: "unused", title: "unused files, exports, dependencies", command: ["knip"] },
  {
    name: "licences",
    title: "licences of production dependencies",
    command: ["node", "scripts/check-licences.ts"],
  },
  {
    name: "generated",
    title: "generated files are fresh",
    command: ["node", "scripts/generate.ts", "--check"],
  },
  {
    name: "tests",
    title: "tests and coverage",
    command: ["vitest", "run", "--coverage"],
    detail: testCounts,
  },
  { name: "build", title: "build", command: ["node", "scripts/build.ts"] },
  {
    name: "package",
    title: "package installs and starts",
    command: ["node", "scripts/check-package.ts"],
  },
];

function isInTree(folder: string): boolean {
  return existsSync(join(root, folder));
}

async function testCounts(): Promise<string> {
  const report = JSON.parse(await readFile(testReport, "utf8")) as Record<string, number>;
  const skipped = (report["numPendingTests"] ?? 0) + (report["numTodoTests"] ?? 0);
  return `${report["numPassedTests"]} passed, ${report["numFailedTests"]} failed, ${skipped} skipped`;
}

interface Ended {
  readonly passed: boolean;
  readonly output: string;
}

function run(command: readonly string[]): Promise<Ended> {
  const [program = "", ...args] = command;
  const tools = join(root, "node_modules", ".bin");
  const options: SpawnOptions = {
    cwd: root,
    env: {
      ...process.env,
      NO_COLOR: "1",
      PATH: `${tools}${delimiter}${process.env["PATH"] ?? ""}`,
    },
    stdio: ["ignore", "pipe", "pipe"],
  };
  const child = spawn(program, args, options);
  const output: Buffer[] = [];
  child.stdout?.on("data", (data: Buffer) => output.push(data));
  child.stderr?.on("data", (data: Buffer) => output.push(data));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ passed: code === 0, output: Buffer.concat(output).toString() });
    });
  });
}

async function runStage(stage: Stage): Promise<boolean> {
  const started = performance.now();
  const { passed, output } = await run(stage.command);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const detail = await stage.detail?.().catch(() => undefined);
  const words = detail === undefined ? "" : `  ${detail}`;
  console.log(
    `${passed ? "ok  " : "FAIL"} ${stage.title.padEnd(36)} ${seconds.padStart(6)} s${words}`,
  );
  if (!passed) {
    console.log(`\n${output.trimEnd()}\n\nagain: npx ${stage.command.join(" ")}\n`);
  }
  return passed;
}

function chosen(names: string | undefined): ReadonlySet<string> {
  const list = names === undefined ? [] : names.split(",");
  const unknown = list.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const known = stages.map((stage) => stage.name).join(", ");
    throw new Error(`no such stage: ${unknown.join(", ")}; there are ${known}`);
  }
  return new Set(list);
}

const { values } = parseArgs({
  options: {
    skip: { type: "string" },
    only: { type: "string" },
    "keep-going": { type: "boolean", default: false },
  },
});
const skip = chosen(values.skip);
const only = chosen(values.only);
await rm(testReport, { force: true });

let failures = 0;
for (const stage of stages) {
  if (skip.has(stage.name) || (only.size > 0 && !only.has(stage.name))) continue;
  if (await runStage(stage)) continue;
  failures += 1;
  if (!values["keep-going"]) break;
}
process.exitCode = failures > 0 ? 1 : 0;
