/**
 * `npm run build`: compiles src and operator to dist, or to the folder given, and copies beside them
 * what the code reads at run time, so that a path relative to a module is the same in the sources and
 * in the build.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = resolve(process.argv[2] ?? join(root, "dist"));
const assets = ["package.json", "rules", "src", "operator", "crds"];

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, "node_modules", ".bin", "tsc");
const { status } = spawnSync(tsc, ["-p", "tsconfig.build.json", "--outDir", dist], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(1);
for (const asset of assets.filter((name) => existsSync(join(root, name)))) {
  cpSync(join(root, asset), join(dist, asset), {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || !path.endsWith(".ts"),
  });
}
const count = readdirSync(dist, { recursive: true }).length;
console.log(`${count} files and folders in ${relative(root, dist)}`);
