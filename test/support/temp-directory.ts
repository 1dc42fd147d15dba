import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./at-exit.ts";

const existing = new Set<TempDirectory>();
atExit(() => {
  for (const directory of existing) directory.remove();
});

/** A directory of the test's own, removed by `remove` or at the latest when the test process ends. */
export class TempDirectory {
  readonly path = mkdtempSync(join(tmpdir(), "sluice-test-"));

  constructor() {
    existing.add(this);
  }

  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  remove(): void {
    existing.delete(this);
    rmSync(this.path, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}
