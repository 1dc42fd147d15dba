import { beforeEach, describe, expect, it } from "vitest";
import { EpochWindow } from "../../../../src/scanning/scan-v1/epoch-window.ts";

describe("EpochWindow", () => {
  let now = 0;
  let window: EpochWindow;
  let changes: string[];
  beforeEach(() => {
    now = 0;
    changes = [];
    const onChange = (epoch: string) => void changes.push(epoch);
    window = new EpochWindow({ windowMs: 100, now: () => now, onChange });
  });
  const saw = (at: number, epoch: string): string | undefined => {
    now = at;
    window.saw(epoch);
    return window.current;
  };

  it("knows none before one is seen", () => {
    expect(window.current).toBeUndefined();
  });

  it("has a new one as soon as it is seen", () => {
    saw(0, "1");
    expect(saw(1, "2")).toBe("1,2");
  });

  it("tells of a new one, but neither of the first nor of those that go", () => {
    saw(0, "1");
    saw(1, "1");
    saw(2, "2");
    saw(3, "1");
    saw(200, "2");
    expect(changes).toEqual(["2"]);
  });

  it("does not depend on the order in which they are seen", () => {
    saw(0, "2");
    expect(saw(1, "1")).toBe("1,2");
  });

  it("forgets one that was not seen for the whole window", () => {
    saw(0, "1");
    saw(50, "2");
    expect(saw(100, "2")).toBe("1,2");
    expect(saw(101, "2")).toBe("2");
  });

  it("keeps what was seen last, however long nobody answers", () => {
    saw(0, "1");
    now = 1_000_000;
    expect(window.current).toBe("1");
  });

  it("has only the new one of an engine that comes back after long", () => {
    saw(0, "1");
    expect(saw(1000, "2")).toBe("2");
  });

  it("says how many there are", () => {
    saw(0, "1");
    saw(0, "2");
    saw(0, "1");
    expect(window.size).toBe(2);
  });

  it("keeps a bounded number of them", () => {
    for (let epoch = 0; epoch < 1000; epoch += 1) saw(0, String(epoch));
    expect(window.size).toBe(32);
    expect(window.current).toContain("999");
  });

  it.each([1, 2, 3, 10])("changes twice in a rollout to %i replicas seen in turn", (replicas) => {
    const epochs: (string | undefined)[] = [];
    for (let at = 0; at < 1000; at += 5) {
      const replica = (at / 5) % replicas;
      const renewedAt = 200 + replica * 30;
      epochs.push(saw(at, at < renewedAt ? "1" : "2"));
    }
    const changes = epochs.filter((epoch, index) => epoch !== epochs[index - 1]);
    expect(changes).toEqual(["1", "1,2", "2"]);
  });

  it("comes to the same on pods that see the replicas in other orders", () => {
    const other = new EpochWindow({ windowMs: 100, now: () => now });
    for (const epoch of ["1", "2", "2", "1"]) window.saw(epoch);
    for (const epoch of ["2", "1"]) other.saw(epoch);
    expect(other.current).toBe(window.current);
  });
});
