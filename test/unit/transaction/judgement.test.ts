import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Judgement } from "../../../src/transaction/judgement.ts";

describe("Judgement", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The name of the reason why its work was told to stop. */
  const stopped = (judgement: Judgement, stop: () => void): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    void judgement.run(async (signal) => {
      signal.addEventListener("abort", () => resolve(signal.reason.name));
      await promise;
    });
    stop();
    return promise;
  };

  it("says that the time was up, by the name that scanning knows it by", async () => {
    const stop = (): unknown => vi.advanceTimersByTime(500);
    expect(await stopped(new Judgement(500), stop)).toBe("TimeoutError");
  });

  it("says something else when nobody waits any more", async () => {
    const judgement = new Judgement(500);
    expect(await stopped(judgement, () => judgement.cancel())).toBe("Error");
  });

  it("leaves no timer behind", async () => {
    await new Judgement(500).run(async () => {});
    expect(vi.getTimerCount()).toBe(0);
  });
});
