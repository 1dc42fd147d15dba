/**
 * Packs the built tree as npm would, unpacks it in a temporary folder beside nothing but the
 * production dependencies of the lock file, starts it there and has it find EICAR: what is missing
 * from "files", from the build or from "dependencies" shows here and not at a user's.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly version: string;
  readonly bin: { readonly sluice: string };
};
const expected = ["LICENSE", "README.md", "CHANGELOG.md", "package.json", manifest.bin.sluice];
const unwanted = /(^|\/)(test|bench|scripts|node_modules)\/|\.tsx?$|\.test\./;
const startTimeoutMs = 30_000;

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  const options = { cwd, maxBuffer: 64 * 1024 * 1024 };
  return promisify(execFile)(program, args, options).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  );
}

/** The paths in the package. */
async function unpackInto(home: string): Promise<readonly string[]> {
  const { output } = await run("npm", ["pack", "--json", "--pack-destination", home], root);
  const [packed] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }];
  await run("tar", ["-xzf", join(home, packed.filename), "-C", home], home);
  return packed.files.map(({ path }) => path);
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

/** Where a server that was just started listens, out of what it prints. */
function listenerOf(server: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = "";
  const fail = () => reject(new Error(`sluice serve did not start:\n${printed}`));
  const timer = setTimeout(fail, startTimeoutMs);
  server.once("exit", fail);
  for (const stream of [server.stdout, server.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const listener = /icap:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (listener !== undefined) resolve(listener);
    });
  }
  return promise.finally(() => clearTimeout(timer));
}

/** Starts the packed server and has it judge EICAR, which needs its rules, threads and engine. */
async function findsEicar(program: string, home: string): Promise<Ended> {
  const flags = ["--listen-icap", "127.0.0.1:0", "--admin-address", "", "--drain-delay", "0"];
  const server = spawn(process.execPath, [program, "serve", ...flags], {
    cwd: home,
    env: { ...process.env, TMPDIR: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(server, "exit");
  try {
    const service = `${await listenerOf(server)}/scan`;
    const args = [program, "scan", "--eicar", "--service", service];
    return await run(process.execPath, args, home);
  } finally {
    server.kill("SIGTERM");
    await exited;
  }
}

async function problemsOf(paths: readonly string[], home: string): Promise<readonly string[]> {
  const problems = [
    ...expected.filter((path) => !paths.includes(path)).map((path) => `${path} is not packed`),
    ...paths.filter((path) => unwanted.test(path)).map((path) => `${path} should not be packed`),
  ];
  if (problems.length > 0) return problems;
  const program = join(home, "package", manifest.bin.sluice);
  if (!readFileSync(program, "utf8").startsWith("#!/usr/bin/env node\n")) {
    problems.push(`${manifest.bin.sluice} does not start with #!/usr/bin/env node`);
  }
  const version = await run(process.execPath, [program, "version"], home);
  if (!version.output.includes(manifest.version)) {
    problems.push(`sluice version says ${JSON.stringify(version.output)}`);
  }
  const scan = await findsEicar(program, home);
  if (scan.code !== 1) problems.push(`sluice scan --eicar ended with ${scan.code}: ${scan.output}`);
  return problems;
}

const home = mkdtempSync(join(tmpdir(), "sluice-package-"));
try {
  const paths = await unpackInto(home);
  linkProductionDependencies(join(home, "node_modules"));
  const problems = await problemsOf(paths, home);
  for (const problem of problems) console.error(problem);
  console.log(`${paths.length} files packed`);
  process.exitCode = problems.length > 0 ? 1 : 0;
} finally {
  rmSync(home, { recursive: true, force: true });
}
