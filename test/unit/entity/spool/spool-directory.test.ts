import { spawnSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { temporaryDirectory, temporaryStore } from "../temporary-store.ts";

const entityModule = new URL("../../../../src/entity/index.ts", import.meta.url).href;

/** Processes start slowly on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

/** Runs a process that spools a body to a file and then ends in the given way. */
function runSpooler(directory: string, ending: string): void {
  const program = `
    import { SpoolStore, SPOOL_DEFAULTS } from ${JSON.stringify(entityModule)};
    const store = await SpoolStore.open({ ...SPOOL_DEFAULTS, memoryBytes: 0, directory: process.argv[1] });
    const spool = store.create(1000);
    spool.append(Buffer.alloc(1000), 0, 1000);
    await spool.finish();
    ${ending}`;
  const { stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", program, directory],
    { encoding: "utf8" },
  );
  if (!ending.includes("throw")) expect(stderr).toBe("");
}

describe("the spool directory", () => {
  it("is made when it does not exist", async () => {
    const directory = join(await temporaryDirectory(), "not", "there");
    await temporaryStore({ directory });
    expect(await readdir(directory)).toHaveLength(1);
  });

  it("is left empty when the store is closed", async () => {
    const directory = await temporaryDirectory();
    const store = await temporaryStore({ directory });
    await store.close();
    expect(await readdir(directory)).toEqual([]);
  });

  it("is left empty when the process throws", async () => {
    const directory = await temporaryDirectory();
    runSpooler(directory, "throw new Error('crash');");
    expect(await readdir(directory)).toEqual([]);
  });

  it("is cleared of what a killed process left", async () => {
    const directory = await temporaryDirectory();
    runSpooler(directory, "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});");
    expect(await readdir(directory)).toHaveLength(1);
    const store = await temporaryStore({ directory });
    await store.close();
    expect(await readdir(directory)).toEqual([]);
  });

  it("is cleared of what an earlier process with our id left, as in a restarted container", async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, `sluice-spool-${process.pid}-1-abcdef`));
    const store = await temporaryStore({ directory });
    await store.close();
    expect(await readdir(directory)).toEqual([]);
  });

  it("keeps what living processes and strangers have there", async () => {
    const directory = await temporaryDirectory();
    const first = await temporaryStore({ directory });
    await writeFile(join(directory, "notes.txt"), "not ours");
    const second = await temporaryStore({ directory });
    expect(await readdir(directory)).toHaveLength(3);
    await Promise.all([first.close(), second.close()]);
    expect(await readdir(directory)).toEqual(["notes.txt"]);
  });
});
