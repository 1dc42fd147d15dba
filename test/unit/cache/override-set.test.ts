import { beforeEach, describe, expect, it } from "vitest";
import type { OverrideRecord } from "../../../src/cache/overrides/override.ts";
import { OverrideSet } from "../../../src/cache/overrides/override-set.ts";

const START = Date.UTC(2026, 10, 22);
const HOUR_MS = 3_600_000;
const HASH = "a".repeat(64);
const service = { namespace: "web", name: "scan" };

let wall = START;
let steady = 0;
let set: OverrideSet;
beforeEach(() => {
  wall = START;
  steady = 0;
  set = new OverrideSet({ wall: () => wall, steady: () => steady });
});

function pass(ms: number): void {
  wall += ms;
  steady += ms;
}

function record(changes: Partial<OverrideRecord> = {}): OverrideRecord {
  return {
    sha256: HASH,
    action: "allow",
    reason: "checked by hand",
    author: "ada",
    createdAt: START,
    expiresAt: START + HOUR_MS,
    order: START,
    ...changes,
  };
}

const action = (): string | undefined => set.find(HASH, service)?.action;

describe("an override", () => {
  it.each(["allow", "block"] as const)("to %s holds until it expires", (said) => {
    set.put(record({ action: said }));
    pass(HOUR_MS - 1);
    const before = action();
    pass(1);
    expect([before, action()]).toEqual([said, undefined]);
  });

  it("to allow ends in time although the clock was set back", () => {
    set.put(record());
    wall -= 30 * HOUR_MS;
    steady += HOUR_MS;
    wall += HOUR_MS;
    expect(action()).toBeUndefined();
  });

  it("to allow does not hold before it was made", () => {
    set.put(record());
    wall = START - 2 * HOUR_MS;
    expect(action()).toBeUndefined();
  });

  it("to allow ends when the clock says so although the machine slept", () => {
    set.put(record());
    wall += HOUR_MS;
    expect(action()).toBeUndefined();
  });

  it("to block survives a clock that leaps ahead", () => {
    set.put(record({ action: "block" }));
    wall += 1000 * HOUR_MS;
    expect(action()).toBe("block");
  });

  it("that is over when it comes is not taken", () => {
    pass(HOUR_MS);
    set.put(record());
    expect(set.overrides).toEqual([]);
  });

  it("gives way to a newer one of the same content, whichever comes first", () => {
    set.put(record({ order: 2, action: "block" }));
    set.put(record({ order: 1, action: "allow" }));
    expect(action()).toBe("block");
  });

  it("that was taken back stays so when an older one comes again", () => {
    set.put(record({ order: 2, action: "none" }));
    set.put(record({ order: 1 }));
    expect([action(), set.overrides]).toEqual([undefined, []]);
  });

  it.each([
    [["scan"], "allow"],
    [["web/scan"], "allow"],
    [["other/scan"], undefined],
    [["echo"], undefined],
  ])("for the services %j says %s of web/scan", (services, expected) => {
    set.put(record({ services }));
    expect(action()).toBe(expected);
  });
});

describe("whether there is one", () => {
  const existing = () => [set.has("allow", service), set.has("block", service)];

  it("is known by service and action, as long as one holds", () => {
    const none = existing();
    set.put(record({ services: ["echo"], action: "block", sha256: "c".repeat(64) }));
    set.put(record());
    const one = existing();
    pass(HOUR_MS);
    expect([none, one, existing()]).toEqual([
      [false, false],
      [true, false],
      [false, false],
    ]);
  });
});

describe("the revision of a service", () => {
  it("is nothing where nothing is said", () => {
    expect(set.revision(service)).toBe("");
  });

  it("is the same for two who heard the same in another order", () => {
    const other = new OverrideSet({ wall: () => wall, steady: () => steady });
    const two = record({ sha256: "b".repeat(64), action: "block" });
    for (const one of [record(), two]) set.put(one);
    for (const one of [two, record({ author: "bob", order: START + 1 })]) other.put(one);
    expect(set.revision(service)).toBe(other.revision(service));
  });

  it("changes with what is said, and not with why", () => {
    set.put(record());
    const first = set.revision(service);
    set.put(record({ reason: "another", order: START + 1 }));
    const second = set.revision(service);
    set.put(record({ action: "block", order: START + 2 }));
    expect([second === first, set.revision(service) === first]).toEqual([true, false]);
  });

  it("goes back to nothing, under another version, when the last one expires", () => {
    set.put(record());
    const { version } = set;
    pass(HOUR_MS);
    expect([set.version > version, set.revision(service)]).toEqual([true, ""]);
  });

  it("does not change for a service that is not meant", () => {
    set.put(record({ services: ["echo"] }));
    expect(set.revision(service)).toBe("");
  });
});
