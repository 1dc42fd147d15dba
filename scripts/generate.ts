/**
 * Runs every generator (`scripts/generate-*.ts`); each writes its files into the tree it lies in.
 * With `--check` they run in a copy of the tree and every file that differs is named: so it works
 * with uncommitted work around, and changes nothing.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, sep } from "node:path";
import { parseArgs } from "node:util";

const notCopied = new Set([
  "node_modules",
  ".git",
  "dist",
  "coverage",
  "artifacts",
  ".stryker-tmp",
]);

function runGenerators(root: string): void {
  const scripts = readdirSync(join(root, "scripts"))
    .filter((name) => /^generate-.*\.ts$/.test(name))
    .sort();
  for (const script of scripts) {
    execFileSync(process.execPath, [join("scripts", script)], { cwd: root, stdio: "inherit" });
  }
}

function filesBelow(root: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name));
    if (entry.isFile() && !notCopied.has(path.split(sep)[0] ?? "")) {
      files.set(path, readFileSync(join(root, path)));
    }
  }
  return files;
}

/** Names the files that the generators would change, add or remove. */
function staleFiles(root: string): readonly string[] {
  const copy = mkdtempSync(join(tmpdir(), "sluice-generate-"));
  try {
    cpSync(root, copy, { recursive: true, filter: (path) => !notCopied.has(basename(path)) });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const before = filesBelow(copy);
    runGenerators(copy);
    const after = filesBelow(copy);
    const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
    return paths.filter((path) => {
      const [old, fresh] = [before.get(path), after.get(path)];
      return old === undefined || fresh === undefined || !old.equals(fresh);
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const root = join(import.meta.dirname, "..");
if (values.check) {
  const stale = staleFiles(root);
  for (const path of stale) console.error(`${path} is not what its generator writes`);
  if (stale.length > 0) console.error("\nnpm run generate, and commit what changed");
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  runGenerators(root);
}
