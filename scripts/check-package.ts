/**
 * Packs the built tree as npm would, unpacks it in a temporary folder beside nothing but the
 * production dependencies of the lock file, and starts it there: what is missing from "files", from
 * the build or from "dependencies" shows here and not at a user's.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly version: string;
  readonly bin: { readonly sluice: string };
};
const expected = ["LICENSE", "README.md", "package.json", manifest.bin.sluice];
const unwanted = /(^|\/)(test|bench|scripts|node_modules)\/|\.tsx?$|\.test\./;

function pack(destination: string): { file: string; paths: readonly string[] } {
  const json = execFileSync("npm", ["pack", "--json", "--pack-destination", destination], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
    encoding: "utf8",
  });
  const [packed] = JSON.parse(json) as [{ filename: string; files: { path: string }[] }];
  return {
    file: join(destination, packed.filename),
    paths: packed.files.map(({ path }) => path),
  };
}

/** What `npm install` of the package would bring, out of the tree that the lock file installed. */
function linkProductionDependencies(modules: string): void {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const name = path.replace(/^node_modules\//, "");
    const topLevel = path !== "" && !name.includes("node_modules/");
    if (!topLevel || dev || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, path), join(modules, name));
  }
}

function sluice(home: string, ...args: readonly string[]): string {
  const program = join(home, "package", manifest.bin.sluice);
  return execFileSync(process.execPath, [program, ...args], { cwd: home, encoding: "utf8" });
}

function problemsOf(paths: readonly string[], home: string): readonly string[] {
  const problems = [
    ...expected.filter((path) => !paths.includes(path)).map((path) => `${path} is not packed`),
    ...paths.filter((path) => unwanted.test(path)).map((path) => `${path} should not be packed`),
  ];
  if (problems.length > 0) return problems;
  const program = readFileSync(join(home, "package", manifest.bin.sluice), "utf8");
  if (!program.startsWith("#!/usr/bin/env node\n")) {
    problems.push(`${manifest.bin.sluice} does not start with #!/usr/bin/env node`);
  }
  const version = sluice(home, "version");
  if (!version.includes(manifest.version)) {
    problems.push(`sluice version says ${JSON.stringify(version)}, not ${manifest.version}`);
  }
  return problems;
}

const home = mkdtempSync(join(tmpdir(), "sluice-package-"));
try {
  const { file, paths } = pack(home);
  execFileSync("tar", ["-xzf", file, "-C", home]);
  linkProductionDependencies(join(home, "node_modules"));
  const problems = problemsOf(paths, home);
  for (const problem of problems) console.error(problem);
  console.log(`${paths.length} files packed`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  rmSync(home, { recursive: true, force: true });
}
