/**
 * Refuses production dependencies, nested and optional ones included, whose licence is not
 * permissive. It reads the lock file, not node_modules, so that packages for other platforms,
 * which are not installed here but on a user's machine, are judged as well.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import satisfies from "spdx-satisfies";

const permissive = [
  ...["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0"],
  ...["ISC", "MIT", "MIT-0", "Python-2.0", "Unlicense", "Zlib"],
];

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

function isPermissive(expression: string): boolean {
  try {
    return satisfies(expression, permissive);
  } catch {
    return false; // not SPDX: "SEE LICENSE IN …", "UNLICENSED", a URL
  }
}

/** The lock file leaves the licence out where package.json uses an old form or none at all. */
function licenceInTree(root: string, path: string): string | undefined {
  const manifest = join(root, path, "package.json");
  if (!existsSync(manifest)) return undefined;
  const { license } = JSON.parse(readFileSync(manifest, "utf8")) as { license?: unknown };
  return typeof license === "string" ? license : undefined;
}

const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const problems: string[] = [];
let judged = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === "" || entry.dev || entry.link) continue;
  judged += 1;
  const licence = entry.license ?? licenceInTree(root, path);
  if (licence === undefined || !isPermissive(licence)) {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    problems.push(`${name}@${entry.version ?? "?"}: ${licence ?? "no licence stated"}`);
  }
}
if (judged === 0) problems.push("the lock file names no production dependency: nothing was judged");
for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error(`\npermissive licences are: ${permissive.join(", ")}`);
console.log(`${judged} production packages judged`);
process.exitCode = problems.length > 0 ? 1 : 0;
