import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OverrideInput, Overrides } from "../../src/cache/index.ts";
import type { OverrideClocks } from "../../src/cache/overrides/override-set.ts";

export const DAY_MS = 86_400_000;
export const HASH = "5".repeat(64);
const START = Date.UTC(2026, 10, 22);
const service = { namespace: "default", name: "scan" };

export interface OverridesUnderTest {
  /** Empty, on the clocks that are given. */
  readonly create: (clocks: OverrideClocks) => Promise<Overrides>;
}

/** What is said of a content, for a day from a moment. */
export function blockFrom(at: number, changes: Partial<OverrideInput> = {}): OverrideInput {
  return {
    sha256: HASH,
    action: "block",
    reason: "leaked document",
    author: "ada",
    expiresAt: at + DAY_MS,
    ...changes,
  };
}

/** What `Overrides` promise, wherever they are kept. */
export function describeOverridesContract(name: string, subject: OverridesUnderTest): void {
  describe(`${name} keep the contract of overrides`, () => {
    let overrides: Overrides;
    let now = START;
    beforeEach(async () => {
      now = START;
      overrides = await subject.create({ wall: () => now, steady: () => now - START });
    });
    afterEach(() => overrides.close());

    it("hold as soon as they are set", async () => {
      await overrides.set(blockFrom(START));
      expect(overrides.find(HASH, service)).toMatchObject({ action: "block", author: "ada" });
    });

    it("tell what was there before, and what is now", async () => {
      await overrides.set(blockFrom(START));
      const change = await overrides.set(blockFrom(START, { reason: "found on the web" }));
      expect([change.before?.reason, change.after?.reason]).toEqual([
        "leaked document",
        "found on the web",
      ]);
    });

    it("do not hold once they are removed", async () => {
      await overrides.set(blockFrom(START));
      const { before } = await overrides.remove(HASH);
      expect([before?.action, overrides.find(HASH, service), overrides.all]).toEqual([
        "block",
        undefined,
        [],
      ]);
    });

    it("can be set again once they are removed, although no time has passed", async () => {
      await overrides.set(blockFrom(START));
      await overrides.remove(HASH);
      await overrides.set(blockFrom(START));
      expect(overrides.get(HASH)?.action).toBe("block");
    });

    it("say nothing where nothing can be removed", async () => {
      expect(await overrides.remove(HASH)).toEqual({ before: undefined, after: undefined });
    });

    it("end by the clock", async () => {
      await overrides.set(blockFrom(START));
      now += DAY_MS;
      expect(overrides.all).toEqual([]);
    });

    it.each([
      ["allow", 90],
      ["block", 3650],
    ] as const)("to %s last for %i days at most", async (action, days) => {
      const input = blockFrom(START, { action });
      await overrides.set({ ...input, expiresAt: START + days * DAY_MS });
      await expect(
        overrides.set({ ...input, expiresAt: START + days * DAY_MS + 1 }),
      ).rejects.toMatchObject({ refusal: "expiry" });
    });

    it("are not set for a time that is over", async () => {
      await expect(overrides.set(blockFrom(START - DAY_MS))).rejects.toMatchObject({
        refusal: "expiry",
      });
    });
  });
}
