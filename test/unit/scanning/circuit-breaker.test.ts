import { beforeEach, describe, expect, it } from "vitest";
import { CircuitBreaker } from "../../../src/scanning/circuit-breaker.ts";

describe("CircuitBreaker", () => {
  let now = 0;
  let breaker: CircuitBreaker;
  beforeEach(() => {
    now = 0;
    breaker = new CircuitBreaker({ failures: 2, openForMs: 100, now: () => now });
  });

  it("lets everything through at first", () => {
    expect(breaker.admits).toBe(true);
  });

  it("lets things through after fewer failures than it takes", () => {
    breaker.failed();
    expect(breaker.admits).toBe(true);
  });

  it("opens after so many failures in a row", () => {
    breaker.failed();
    breaker.failed();
    expect(breaker.admits).toBe(false);
  });

  it("counts from the start after a success", () => {
    breaker.failed();
    breaker.succeeded();
    breaker.failed();
    expect(breaker.admits).toBe(true);
  });

  describe("once it has been open long enough", () => {
    beforeEach(() => {
      breaker.failed();
      breaker.failed();
      now = 100;
    });

    it("lets one through, and no other meanwhile", () => {
      expect(breaker.admits).toBe(true);
      breaker.admit();
      expect(breaker.admits).toBe(false);
    });

    it("closes when that one succeeds", () => {
      breaker.admit();
      breaker.succeeded();
      breaker.failed();
      expect(breaker.admits).toBe(true);
    });

    it("opens again when that one fails", () => {
      breaker.admit();
      breaker.failed();
      now = 199;
      expect(breaker.admits).toBe(false);
      now = 200;
      expect(breaker.admits).toBe(true);
    });

    it("lets the next one through when that one told nothing", () => {
      breaker.admit();
      breaker.abandoned();
      expect(breaker.admits).toBe(true);
    });
  });
});
