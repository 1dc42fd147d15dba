import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

const NAME = /^sluice-[a-z]+-(\d+)-(\d+)-[A-Za-z0-9]{6}$/;

/**
 * The directory of one process's spool files, or of others that are gone with it, below one that processes may share. Its name says
 * whose it is (process id and start time), its mode is 0700 and its last part is not predictable.
 */
export class SpoolDirectory {
  readonly path: string;
  readonly #onExit: () => void;

  private constructor(path: string) {
    this.path = path;
    this.#onExit = () => rmSync(path, { recursive: true, force: true });
    process.once("exit", this.#onExit);
  }

  /**
   * Makes the directory, after removing those that dead processes left in `parent`. All processes
   * that share `parent` must see each other's process ids: containers share it only when they share
   * their pid namespace.
   */
  static async create(parent: string, purpose = "spool"): Promise<SpoolDirectory> {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    await sweep(parent);
    const startTime = await startTimeOf(process.pid);
    const name = `sluice-${purpose}-${process.pid}-${startTime ?? 0}-`;
    const path = await mkdtemp(join(parent, name));
    return new SpoolDirectory(path);
  }

  async remove(): Promise<void> {
    process.removeListener("exit", this.#onExit);
    // Spools that still live may make a file meanwhile; then the directory is read again.
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid, startTime] = NAME.exec(name) ?? [];
    if (pid === undefined || startTime === undefined) continue;
    if (await isAlive(Number(pid), startTime)) continue;
    // Another process that starts at the same time may be sweeping too, so it may be gone already;
    // another user's, in a directory that all may write to, is not ours to remove.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * The start time tells a process from an earlier one with its id: in a container every life of the
 * main process has the same id, and its volume outlives it.
 */
async function isAlive(pid: number, startTime: string): Promise<boolean> {
  if (startTime !== "0") return (await startTimeOf(pid)) === startTime;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field 22 of /proc/pid/stat, clock ticks since boot; undefined where there is no such process or no /proc. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    // Field 2 is the command in parentheses and may hold anything; fields are counted after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
