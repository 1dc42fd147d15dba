import { describe, expect, it } from "vitest";
import { RetryBudget } from "../../../src/scanning/retry-budget.ts";

function retriesOf(percent: number, scans: number): number {
  const budget = new RetryBudget(percent);
  let retries = 0;
  for (let scan = 0; scan < scans; scan += 1) {
    budget.deposit();
    if (budget.withdraw()) retries += 1;
  }
  return retries;
}

describe("RetryBudget", () => {
  it("has a retry for the first scan", () => {
    expect(retriesOf(20, 1)).toBe(1);
  });

  it.each([1, 20, 50])("keeps retries to %i %% of many failing scans", (percent) => {
    const retries = retriesOf(percent, 10_000);
    expect(retries).toBeGreaterThanOrEqual(percent * 100);
    expect(retries).toBeLessThanOrEqual(percent * 100 + 3);
  });

  it("grants none at 0 %", () => {
    expect(retriesOf(0, 100)).toBe(0);
  });

  it("grants one a scan at 100 %", () => {
    expect(retriesOf(100, 100)).toBe(100);
  });
});
