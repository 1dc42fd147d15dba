import type { SpoolBudget } from "./spool-budget.ts";

const SMALLEST_SLAB_BYTES = 4096;

/**
 * Buffers of power-of-two sizes, used again and again: allocating and collecting a fresh 128 KiB
 * costs more CPU than copying a body into it. Every slab in use is counted in the budget with its
 * whole size. Idle ones are kept as long as both together are within the budget: giving them back
 * costs CPU and, as the heap gets holes, memory too.
 */
export class SlabPool {
  readonly #budget: SpoolBudget;
  readonly #idle = new Map<number, Buffer[]>();
  #idleBytes = 0;

  constructor(budget: SpoolBudget) {
    this.#budget = budget;
  }

  /** A slab of at least `bytes`, or undefined when the budget has no room for it. */
  take(bytes: number): Buffer | undefined {
    const slabBytes = slabSizeFor(bytes);
    return this.#budget.takeMemory(slabBytes) ? this.#slab(slabBytes) : undefined;
  }

  /** A slab whatever the budget says: see `SpoolBudget.forceMemory`. */
  force(bytes: number): Buffer {
    const slabBytes = slabSizeFor(bytes);
    this.#budget.forceMemory(slabBytes);
    return this.#slab(slabBytes);
  }

  /** Takes a slab back for use by others. Nobody may look at it from now on. */
  recycle(slab: Buffer): void {
    this.#budget.returnMemory(slab.length);
    const { limits, memoryBytes } = this.#budget;
    if (memoryBytes + this.#idleBytes + slab.length > limits.memoryBytes) return;
    this.#idleBytes += slab.length;
    const idle = this.#idle.get(slab.length);
    if (idle === undefined) this.#idle.set(slab.length, [slab]);
    else idle.push(slab);
  }

  /** Gives a slab up: whoever still looks at it may go on, the garbage collector frees it. */
  abandon(slab: Buffer): void {
    this.#budget.returnMemory(slab.length);
  }

  #slab(slabBytes: number): Buffer {
    const idle = this.#idle.get(slabBytes)?.pop();
    if (idle !== undefined) {
      this.#idleBytes -= slabBytes;
      return idle;
    }
    this.#dropIdle();
    return Buffer.allocUnsafeSlow(slabBytes);
  }

  /** Makes room for a slab just counted, at the cost of idle ones of other sizes. */
  #dropIdle(): void {
    const { limits, memoryBytes } = this.#budget;
    for (const idle of this.#idle.values()) {
      while (this.#idleBytes > 0 && memoryBytes + this.#idleBytes > limits.memoryBytes) {
        const slab = idle.pop();
        if (slab === undefined) break;
        this.#idleBytes -= slab.length;
      }
    }
  }
}

function slabSizeFor(bytes: number): number {
  let slabBytes = SMALLEST_SLAB_BYTES;
  while (slabBytes < bytes) slabBytes *= 2;
  return slabBytes;
}
