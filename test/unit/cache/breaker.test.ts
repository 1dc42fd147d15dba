import { beforeEach, describe, expect, it } from "vitest";
import { Breaker } from "../../../src/cache/redis/breaker.ts";

describe("a breaker", () => {
  let now: number;
  let breaker: Breaker;
  const fail = (times: number): void => {
    for (let count = 0; count < times; count++) breaker.failed();
  };
  beforeEach(() => {
    now = 0;
    breaker = new Breaker({ failures: 3, openForMs: 1000, now: () => now });
  });

  it("lets everybody ask at first", () => {
    expect([breaker.admits(), breaker.admits()]).toEqual([true, true]);
  });

  it("lets nobody ask after failures in a row", () => {
    fail(3);
    expect([breaker.isOpen, breaker.admits()]).toEqual([true, false]);
  });

  it("forgets failures after a success", () => {
    fail(2);
    breaker.succeeded();
    fail(2);
    expect(breaker.admits()).toBe(true);
  });

  it("lets one ask after a while, and the next one a while later", () => {
    fail(3);
    now = 1000;
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    now = 2000;
    expect(breaker.admits()).toBe(true);
  });

  it("stays open when that one fails", () => {
    fail(3);
    now = 1000;
    breaker.admits();
    fail(1);
    expect([breaker.isOpen, breaker.admits()]).toEqual([true, false]);
  });

  it("closes when that one succeeds", () => {
    fail(3);
    now = 1000;
    breaker.admits();
    breaker.succeeded();
    expect([breaker.isOpen, breaker.admits(), breaker.admits()]).toEqual([false, true, true]);
  });
});
