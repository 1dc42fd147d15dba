import { VerdictReason } from "../../scanning/index.ts";

/** How far archives are looked into. What goes further is `unscannable`/`archive-limit`. */
export interface ArchiveLimits {
  /** Containers inside containers; 1 looks into an archive but not into archives in it. */
  readonly maxDepth: number;
  /** Members of all containers of an entity together. */
  readonly maxEntries: number;
  /** Unpacked bytes of all members together. */
  readonly maxTotalBytes: number;
  /** Unpacked bytes of one member. */
  readonly maxEntryBytes: number;
  /** Unpacked bytes for each byte of a container. */
  readonly maxRatio: number;
  /** The ratio is looked at from here on: small things compress well. */
  readonly ratioFromBytes: number;
  /** Processor time for one entity and all that is in it. */
  readonly maxCpuMs: number;
}

const MiB = 1024 * 1024;

/** The same magnitudes as clamd's defaults. */
export const ARCHIVE_LIMITS: ArchiveLimits = Object.freeze({
  maxDepth: 8,
  maxEntries: 10_000,
  maxTotalBytes: 256 * MiB,
  maxEntryBytes: 64 * MiB,
  maxRatio: 200,
  ratioFromBytes: 10 * MiB,
  maxCpuMs: 10_000,
});

/** Why something could not be looked into: one member, a whole container, or all that is left. */
export class UnpackFailure extends Error {
  readonly reason: VerdictReason;

  constructor(reason: VerdictReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** A limit of the container around was passed: nothing more comes out of it. */
export class ContainerLimit extends UnpackFailure {
  constructor(message: string) {
    super(VerdictReason.ArchiveLimit, message);
  }
}

/** A limit of the whole entity was passed: nothing more is unpacked. */
export class EntityLimit extends UnpackFailure {
  constructor(message: string) {
    super(VerdictReason.ArchiveLimit, message);
  }
}

/** Ends an inspection whose verdict cannot get worse, or for which nothing more may be done. */
export class InspectionOver extends Error {}

/** The transaction is over; nobody waits for the verdict. */
export class UnpackCancelled extends InspectionOver {}

/** Processor time of this thread in ms; the time of day where the runtime cannot tell. */
export function threadCpuMs(): number {
  const usage = process.threadCpuUsage?.();
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1000;
}

export interface UnpackBudgetOptions {
  readonly limits: ArchiveLimits;
  readonly isCancelled?: () => boolean;
  /** The clock against which `maxCpuMs` is measured. */
  readonly cpuMs?: () => number;
}

/** What is left of the limits while one entity is looked into. */
export class UnpackBudget {
  readonly limits: ArchiveLimits;
  readonly #isCancelled: () => boolean;
  readonly #cpuMs: () => number;
  readonly #startMs: number;
  #entries = 0;
  #bytes = 0;

  constructor(options: UnpackBudgetOptions) {
    this.limits = options.limits;
    this.#isCancelled = options.isCancelled ?? (() => false);
    this.#cpuMs = options.cpuMs ?? threadCpuMs;
    this.#startMs = this.#cpuMs();
  }

  /** Counts a member. Throws `EntityLimit` when there are too many. */
  countEntry(): void {
    this.#entries += 1;
    if (this.#entries > this.limits.maxEntries) {
      throw new EntityLimit(`more than ${this.limits.maxEntries} members`);
    }
    this.checkTime();
  }

  /** Counts unpacked bytes of members. Throws `EntityLimit` when there are too many. */
  countBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.limits.maxTotalBytes) {
      throw new EntityLimit(`more than ${this.limits.maxTotalBytes} bytes unpacked`);
    }
  }

  /** Called between pieces of work. Throws `EntityLimit` when the time is used up. */
  checkTime(): void {
    if (this.#isCancelled()) throw new UnpackCancelled("cancelled");
    if (this.#cpuMs() - this.#startMs > this.limits.maxCpuMs) {
      throw new EntityLimit(`more than ${this.limits.maxCpuMs} ms of processor time`);
    }
  }

  /** The budget of one container of this size. */
  container(packedBytes: number): ContainerBudget {
    return new ContainerBudget(this, packedBytes);
  }
}

/** Watches how much comes out of one container. */
export class ContainerBudget {
  readonly whole: UnpackBudget;
  readonly #packedBytes: number;
  #unpackedBytes = 0;

  constructor(whole: UnpackBudget, packedBytes: number) {
    this.whole = whole;
    this.#packedBytes = packedBytes;
  }

  /** Counts what a decoder gave, members or not. Throws `ContainerLimit` when it is a bomb. */
  countUnpacked(bytes: number): void {
    this.#unpackedBytes += bytes;
    this.whole.checkTime();
    if (this.isBomb(0)) {
      throw new ContainerLimit(`unpacks to more than ${this.whole.limits.maxRatio} times its size`);
    }
  }

  /** Whether so many bytes more would make this container a bomb. */
  isBomb(moreBytes: number): boolean {
    const { maxRatio, ratioFromBytes } = this.whole.limits;
    const unpacked = this.#unpackedBytes + moreBytes;
    return unpacked > ratioFromBytes && unpacked > maxRatio * this.#packedBytes;
  }
}
