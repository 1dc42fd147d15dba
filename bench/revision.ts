import { execFileSync } from "node:child_process";
import { mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

const git = (...args: readonly string[]): string =>
  execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();

/** Another revision of Sluice in a work tree of its own, with the installed packages of this one. */
export class Revision {
  readonly name: string;
  readonly directory: string;

  private constructor(name: string, directory: string) {
    this.name = name;
    this.directory = directory;
  }

  static checkOut(revision: string): Revision {
    const commit = git("rev-parse", "--short", `${revision}^{commit}`);
    const directory = mkdtempSync(join(tmpdir(), `bench-${commit}-`));
    git("worktree", "add", "--force", "--detach", directory, commit);
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    return new Revision(commit, directory);
  }

  remove(): void {
    git("worktree", "remove", "--force", this.directory);
  }
}
