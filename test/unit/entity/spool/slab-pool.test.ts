import { describe, expect, it } from "vitest";
import { SlabPool } from "../../../../src/entity/spool/slab-pool.ts";
import { SpoolBudget } from "../../../../src/entity/spool/spool-budget.ts";

const KiB = 1024;

function pool(memoryBytes: number) {
  const budget = new SpoolBudget({ memoryBytes, diskBytes: 0 });
  return { budget, slabs: new SlabPool(budget) };
}

describe("slabs", () => {
  it.each([
    [0, 4 * KiB],
    [1, 4 * KiB],
    [4 * KiB, 4 * KiB],
    [4 * KiB + 1, 8 * KiB],
    [200 * KiB, 256 * KiB],
  ])("for %i bytes have %i", (bytes, slabBytes) => {
    expect(pool(1024 * KiB).slabs.take(bytes)?.length).toBe(slabBytes);
  });

  it("are counted whole, until they are given back", () => {
    const { budget, slabs } = pool(1024 * KiB);
    const [a, b] = [slabs.force(5000), slabs.force(1)];
    expect(budget.memoryBytes).toBe(12 * KiB);
    slabs.recycle(a);
    slabs.abandon(b);
    expect(budget.memoryBytes).toBe(0);
  });

  it("are refused when the budget has no room, and made when they must be", () => {
    const { budget, slabs } = pool(8 * KiB);
    slabs.force(8 * KiB);
    expect(slabs.take(1)).toBeUndefined();
    expect(budget.memoryExhausted).toBe(true);
    expect(slabs.force(1).length).toBe(4 * KiB);
    expect(budget.memoryBytes).toBe(12 * KiB);
  });

  it("are used again after recycle, and not after abandon", () => {
    const { slabs } = pool(1024 * KiB);
    const [recycled, abandoned] = [slabs.force(1), slabs.force(1)];
    slabs.recycle(recycled);
    slabs.abandon(abandoned);
    expect(slabs.force(1)).toBe(recycled);
    expect(slabs.force(1)).not.toBe(abandoned);
  });

  it("wait idle no more than the budget allows beside those in use", () => {
    const { slabs } = pool(16 * KiB);
    const used = Array.from({ length: 6 }, () => slabs.force(4 * KiB));
    for (const slab of used) slabs.recycle(slab);
    const again = Array.from({ length: 6 }, () => slabs.force(4 * KiB));
    // The first two are dropped: the four still in use are all that the budget allows.
    expect(again.filter((slab) => used.includes(slab))).toEqual(used.slice(2).reverse());
  });

  it("that wait idle give way to others before the budget is passed", () => {
    const { slabs } = pool(16 * KiB);
    const small = [slabs.force(4 * KiB), slabs.force(4 * KiB)];
    for (const slab of small) slabs.recycle(slab);
    slabs.force(12 * KiB);
    expect(small).not.toContain(slabs.force(4 * KiB));
  });
});
