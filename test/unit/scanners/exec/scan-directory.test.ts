import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { geteuid, seteuid } from "node:process";
import { expect, it } from "vitest";
import { ScanDirectory } from "../../../../src/scanners/exec/scan-directory.ts";
import { TempDirectory } from "../../../support/temp-directory.ts";

const NOBODY = 65_534;

/** Root may enter any directory; a scanner in a container is not root. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = geteuid?.() === 0;
  if (isRoot) seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    if (isRoot) seteuid?.(0);
  }
}

it("is removed with directories in it that nobody may enter", async () => {
  await asNobody(async () => {
    using parent = new TempDirectory();
    const directory = await ScanDirectory.create(parent.path);
    const inner = join(directory.path, "a", "b");
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, "x"), "");
    for (const path of [inner, join(directory.path, "a"), directory.path]) chmodSync(path, 0);
    await directory.remove();
    expect(readdirSync(parent.path)).toEqual([]);
  });
});
