import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SlabPool } from "./slab-pool.ts";
import { Spool } from "./spool.ts";
import { SpoolBudget } from "./spool-budget.ts";
import { SpoolDirectory } from "./spool-directory.ts";

export interface SpoolStoreOptions {
  /** Where spool files go; made when it does not exist. Each store has a directory of its own in it. */
  readonly directory: string;
  /** A body above this goes to a file. */
  readonly memoryBytes: number;
  /**
   * Bytes of all bodies in memory together, those on their way to the disk included. Once used, the
   * memory is kept for the next bodies.
   */
  readonly totalMemoryBytes: number;
  /** Bytes of all spool files together. */
  readonly totalDiskBytes: number;
  /** Bytes of one body that may wait for the disk before its sender is paused. */
  readonly maxPendingBytes: number;
}

const MiB = 1024 * 1024;

export const SPOOL_DEFAULTS = Object.freeze({
  memoryBytes: 2 * MiB,
  totalMemoryBytes: 64 * MiB,
  totalDiskBytes: 8 * 1024 * MiB,
  maxPendingBytes: 128 * 1024,
}) satisfies Omit<SpoolStoreOptions, "directory">;

/**
 * Makes spools and holds what they share: the directory and the budget. One for each process.
 *
 * @example
 * const store = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: "/var/tmp/sluice" });
 * const spool = store.create(100 * 1024 * 1024);
 * spool.append(readBuffer, 0, bytesRead);
 * const result = await spool.finish();
 * spool.dispose();
 * await store.close();
 */
export class SpoolStore {
  readonly budget: SpoolBudget;
  readonly #options: SpoolStoreOptions;
  readonly #directory: SpoolDirectory;
  readonly #slabs: SlabPool;

  private constructor(options: SpoolStoreOptions, directory: SpoolDirectory) {
    this.#options = options;
    this.#directory = directory;
    this.budget = new SpoolBudget({
      memoryBytes: options.totalMemoryBytes,
      diskBytes: options.totalDiskBytes,
    });
    this.#slabs = new SlabPool(this.budget);
  }

  /** Also removes what dead processes left in the directory. Rejects when it cannot be written to. */
  static async open(options: SpoolStoreOptions): Promise<SpoolStore> {
    return new SpoolStore(options, await SpoolDirectory.create(options.directory));
  }

  /** A spool for one body of at most `maxBytes`. */
  create(maxBytes: number): Spool {
    return new Spool({
      budget: this.budget,
      slabs: this.#slabs,
      memoryBytes: this.#options.memoryBytes,
      maxPendingBytes: this.#options.maxPendingBytes,
      maxBytes,
      newFilePath: () => join(this.#directory.path, randomBytes(16).toString("hex")),
    });
  }

  /** Removes the directory with every file in it; spools that still live fail. */
  async close(): Promise<void> {
    await this.#directory.remove();
  }
}
