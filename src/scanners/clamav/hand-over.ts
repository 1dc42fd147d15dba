import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Files of this scanner, whose names nobody else uses. */
const namePattern = /^sluice-[0-9a-f]{32}$/;
/** Longer than any scan: what is older was left by a process that died. */
const LEFT_BEHIND_MS = 60 * 60 * 1000;
/** A file is for clamd, which is of the directory's group, and for nobody else. */
const FILE_MODE = 0o640;

export interface HandOverOptions {
  /** A directory that clamd sees under the same path; of memory (tmpfs), since it is written to without waiting. */
  readonly directory: string;
  /** Larger bodies are not handed over. */
  readonly maxFileBytes: number;
  /** All files together; a body for which there is no room is not handed over. */
  readonly maxTotalBytes: number;
}

/** A body in a file that clamd can be told the path of. */
export interface HandedOver {
  readonly path: string;
  /** To be called once, when clamd does not read it any more. */
  remove(): void;
}

/**
 * Hands bodies to clamd as files in a directory that both see: clamd then reads them where they are,
 * and a copy through a socket, into a file of clamd's own, is spared.
 */
export class HandOver {
  readonly #options: HandOverOptions;
  #bytes = 0;

  /** Removes what dead processes left. Throws when the directory cannot be used. */
  constructor(options: HandOverOptions) {
    this.#options = options;
    for (const name of readdirSync(options.directory)) this.#removeOld(name);
    const probe = this.#create();
    closeSync(probe.descriptor);
    unlinkSync(probe.path);
  }

  /** Whether there is room for a body of that size; one of unknown size is not handed over. */
  admits(bytes: number | undefined): bytes is number {
    const { maxFileBytes, maxTotalBytes } = this.#options;
    return bytes !== undefined && bytes <= maxFileBytes && this.#bytes + bytes <= maxTotalBytes;
  }

  /**
   * Writes a body of `bytes`, for which there is room. Rejects with the error of the body or of the
   * disk, with nothing left behind.
   */
  async keep(body: AsyncIterable<Buffer>, bytes: number): Promise<HandedOver> {
    this.#bytes += bytes;
    const { path, descriptor } = this.#opened(bytes);
    const remove = (): void => {
      this.#bytes -= bytes;
      unlinkSync(path);
    };
    try {
      for await (const chunk of body) writeWhole(descriptor, chunk);
      return { path, remove };
    } catch (error) {
      remove();
      throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  #opened(bytes: number): { readonly path: string; readonly descriptor: number } {
    try {
      return this.#create();
    } catch (error) {
      this.#bytes -= bytes;
      throw error;
    }
  }

  #create(): { readonly path: string; readonly descriptor: number } {
    const path = join(this.#options.directory, `sluice-${randomBytes(16).toString("hex")}`);
    return { path, descriptor: openSync(path, "wx", FILE_MODE) };
  }

  #removeOld(name: string): void {
    if (!namePattern.test(name)) return;
    const path = join(this.#options.directory, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined && Date.now() - mtimeMs > LEFT_BEHIND_MS) unlinkSync(path);
  }
}

function writeWhole(descriptor: number, chunk: Buffer): void {
  for (let written = 0; written < chunk.length; ) {
    written += writeSync(descriptor, chunk, written);
  }
}
