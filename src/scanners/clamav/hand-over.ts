import { randomBytes } from "node:crypto";
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writevSync,
} from "node:fs";
import { join } from "node:path";

/** Files of this scanner, whose names nobody else uses. */
const namePattern = /^sluice-[0-9a-f]{32}$/;
/** Longer than any scan: what is older was left by a process that died. */
const LEFT_BEHIND_MS = 60 * 60 * 1000;
/** A file is for clamd, which is of the directory's group, and for nobody else. */
const FILE_MODE = 0o640;
/** How long a file that no body needs waits for the next one. */
const IDLE_MS = 1000;

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
  /** A clamd has not said that it is done: its file goes, and is never written to again. */
  giveUp(): void;
  /** To be called once, when there is a verdict or nobody waits for one. */
  release(): void;
}

interface File {
  readonly path: string;
  readonly descriptor: number;
  /** What it has in the directory's memory. */
  bytes: number;
  idleSince: number;
}

/**
 * Hands bodies to clamd as files in a directory that both see: clamd then reads them where they are,
 * and a copy through a socket, into a file of clamd's own, is spared. A file that clamd is done with
 * is written over by the next body: the kernel then finds its memory there, in place of freeing,
 * clearing and counting every page anew, which costs ten times as much as the copy.
 */
export class HandOver {
  readonly #options: HandOverOptions;
  /** The one used last at the end. */
  readonly #idle: File[] = [];
  #usedBytes = 0;
  #idleBytes = 0;
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Removes what dead processes left. Throws when the directory cannot be used. */
  constructor(options: HandOverOptions) {
    this.#options = options;
    for (const name of readdirSync(options.directory)) this.#removeOld(name);
    remove(this.#create());
  }

  /**
   * Whether there is room for a body of that size. One of unknown size is not handed over, and an empty
   * one neither: of an empty file some clamds say that it is one, and not that it is OK.
   */
  admits(bytes: number | undefined): bytes is number {
    const { maxFileBytes, maxTotalBytes } = this.#options;
    if (bytes === undefined || bytes === 0) return false;
    return bytes <= maxFileBytes && this.#usedBytes + bytes <= maxTotalBytes;
  }

  /**
   * Writes a body of `bytes`, for which there is room. Rejects with the error of the body or of the
   * disk, with nothing left behind.
   */
  async keep(body: AsyncIterable<Buffer> | readonly Buffer[], bytes: number): Promise<HandedOver> {
    this.#usedBytes += bytes;
    let file: File | undefined;
    try {
      file = this.#take();
      // Before it arrives, however slowly: what is not counted any more, nobody has.
      cut(file, bytes);
      await fill(file, body);
      return this.#handedOver(file, bytes);
    } catch (error) {
      this.#usedBytes -= bytes;
      if (file !== undefined) remove(file);
      throw error;
    }
  }

  /** Leaves nothing in the directory but what is under way, which goes when it is released. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#sweep);
    while (this.#idle.length > 0) this.#dropOldest();
  }

  #handedOver(file: File, bytes: number): HandedOver {
    let isInDoubt = false;
    return {
      path: file.path,
      giveUp() {
        isInDoubt = true;
      },
      release: () => {
        this.#usedBytes -= bytes;
        if (isInDoubt || this.#isClosed) remove(file);
        else this.#rest(file);
      },
    };
  }

  #take(): File {
    const file = this.#idle.pop();
    if (file !== undefined) this.#idleBytes -= file.bytes;
    // What waits for other bodies makes room for those that are here.
    const { maxTotalBytes } = this.#options;
    while (this.#usedBytes + this.#idleBytes > maxTotalBytes) this.#dropOldest();
    return file ?? this.#create();
  }

  #rest(file: File): void {
    file.idleSince = performance.now();
    this.#idle.push(file);
    this.#idleBytes += file.bytes;
    this.#sweep ??= setTimeout(() => this.#removeIdle(), IDLE_MS).unref();
  }

  /** A body that has been judged is not kept for long. */
  #removeIdle(): void {
    const since = performance.now() - IDLE_MS;
    while (this.#idle[0] !== undefined && this.#idle[0].idleSince <= since) this.#dropOldest();
    this.#sweep =
      this.#idle.length > 0 ? setTimeout(() => this.#removeIdle(), IDLE_MS).unref() : undefined;
  }

  #dropOldest(): void {
    const file = this.#idle.shift();
    if (file === undefined) return;
    this.#idleBytes -= file.bytes;
    remove(file);
  }

  #create(): File {
    const path = join(this.#options.directory, `sluice-${randomBytes(16).toString("hex")}`);
    return { path, descriptor: openSync(path, "wx", FILE_MODE), bytes: 0, idleSince: 0 };
  }

  #removeOld(name: string): void {
    if (!namePattern.test(name)) return;
    const path = join(this.#options.directory, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined && Date.now() - mtimeMs > LEFT_BEHIND_MS) unlinkSync(path);
  }
}

function remove({ path, descriptor }: File): void {
  closeSync(descriptor);
  try {
    unlinkSync(path);
  } catch {
    // Somebody was quicker: it is gone.
  }
}

/** Puts a body in place of what the file had. */
async function fill(file: File, body: AsyncIterable<Buffer> | readonly Buffer[]): Promise<void> {
  let bytes = 0;
  if (Array.isArray(body)) bytes = writeWhole(file, body, 0);
  else for await (const chunk of body) bytes = writeWhole(file, [chunk], bytes);
  cut(file, bytes);
  file.bytes = bytes;
}

/** Leaves no more in a file than so many bytes. */
function cut(file: File, bytes: number): void {
  if (bytes >= file.bytes) return;
  ftruncateSync(file.descriptor, bytes);
  file.bytes = bytes;
}

/** Writes pieces from a position on, and tells the position behind them. */
function writeWhole({ descriptor }: File, pieces: readonly Buffer[], from: number): number {
  let position = from;
  for (let rest = pieces; rest.length > 0; ) {
    const written = writevSync(descriptor, rest, position);
    position += written;
    rest = behind(rest, written);
  }
  return position;
}

/** What is left of pieces behind so many bytes. */
function behind(pieces: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skipped = 0;
  for (const [index, piece] of pieces.entries()) {
    if (skipped + piece.length > bytes) {
      return [piece.subarray(bytes - skipped), ...pieces.slice(index + 1)];
    }
    skipped += piece.length;
  }
  return [];
}
