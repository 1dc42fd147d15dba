export interface SpoolBudgetLimits {
  /** Bytes that all spools together may hold in memory, bytes that wait for the disk included. */
  readonly memoryBytes: number;
  /** Bytes that all spool files together may hold. */
  readonly diskBytes: number;
}

/**
 * What all spools of a process share: bytes of memory and bytes of disk. It counts and says no;
 * what follows from a no is the spool's affair (a file instead of memory, `spool-full` instead of
 * a larger file). Its figures are gauges: both are 0 when every spool is disposed.
 */
export class SpoolBudget {
  readonly limits: SpoolBudgetLimits;
  #memoryBytes = 0;
  #diskBytes = 0;

  constructor(limits: SpoolBudgetLimits) {
    this.limits = limits;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  get diskBytes(): number {
    return this.#diskBytes;
  }

  /** True when no spool should take more memory: they write to their files and ask to be paused. */
  get memoryExhausted(): boolean {
    return this.#memoryBytes >= this.limits.memoryBytes;
  }

  takeMemory(bytes: number): boolean {
    if (this.#memoryBytes + bytes > this.limits.memoryBytes) return false;
    this.#memoryBytes += bytes;
    return true;
  }

  /**
   * For bytes that were read already and can only go to a file: they can't be refused, so they are
   * counted even above the limit. The reader is paused after each, which bounds the excess to one
   * read of each connection.
   */
  forceMemory(bytes: number): void {
    this.#memoryBytes += bytes;
  }

  returnMemory(bytes: number): void {
    this.#memoryBytes -= bytes;
  }

  takeDisk(bytes: number): boolean {
    if (this.#diskBytes + bytes > this.limits.diskBytes) return false;
    this.#diskBytes += bytes;
    return true;
  }

  returnDisk(bytes: number): void {
    this.#diskBytes -= bytes;
  }
}
