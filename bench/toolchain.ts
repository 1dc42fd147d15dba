import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const outputDirectory = join(root, "artifacts", "bench");

/** Something outside of npm that a run needs is not installed; the message says how to get it. */
export class MissingTool extends Error {
  constructor(tool: string, debianPackages: string) {
    super(`${tool} is missing; on Debian or Ubuntu: apt-get install ${debianPackages}`);
    this.name = "MissingTool";
  }
}

/** Whether a program of that name is in PATH. */
export function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v "$1"`, "sh", program]).status === 0;
}

/** Builds Sluice as it is shipped, in a folder of its own, and gives the path of its program. */
export function buildSluice(): string {
  return runBuild(root, join(outputDirectory, "sluice"));
}

/** The same for the work tree of another revision. */
export function buildRevision(tree: string): string {
  return runBuild(tree, join(tree, "dist"));
}

function runBuild(tree: string, output: string): string {
  const args = [join(tree, "scripts", "build.ts"), output];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Sluice cannot be built:\n${stdout}${stderr}`);
  return join(output, "src", "main.js");
}

/** Builds the load generator, once for each state of its sources, and gives its path. */
export function buildLoadGenerator(): string {
  const directory = join(import.meta.dirname, "load");
  const sources = readdirSync(directory).map((name) => join(directory, name));
  return compile("icapload", sources, ["-std=gnu11", "-Wall", "-Wextra"]);
}

/** Builds the service that c-icap runs, and gives the path of the module. */
export function buildCIcapService(): string {
  const include = "/usr/include/c_icap";
  if (!existsSync(join(include, "service.h"))) throw new MissingTool("c-icap.h", "libicapapi-dev");
  const source = join(import.meta.dirname, "c-icap", "srv_bench.c");
  return compile("srv_bench.so", [source], ["-fPIC", "-shared", `-I${include}`]);
}

function compile(name: string, sources: readonly string[], flags: readonly string[]): string {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const [stem, extension] = name.split(".");
  const suffix = extension === undefined ? "" : `.${extension}`;
  const output = join(outputDirectory, `${stem}-${hash.digest("hex").slice(0, 12)}${suffix}`);
  if (existsSync(output)) return output;
  if (!isInstalled("gcc")) throw new MissingTool("gcc", "gcc libc6-dev");
  mkdirSync(outputDirectory, { recursive: true });
  // Renamed when complete, so that two runs at once never see half a file.
  const unfinished = `${output}.${process.pid}`;
  const units = sources.filter((source) => source.endsWith(".c"));
  const { status, stderr } = spawnSync("gcc", ["-O2", ...flags, "-o", unfinished, ...units], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`gcc cannot build ${name}:\n${stderr}`);
  renameSync(unfinished, output);
  return output;
}
