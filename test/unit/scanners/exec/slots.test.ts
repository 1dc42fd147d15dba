import { describe, expect, it } from "vitest";
import { Slots } from "../../../../src/scanners/exec/slots.ts";

const never = new AbortController().signal;

/** Work that ends when the test says so. */
function held(slots: Slots, signal = never) {
  const gate = Promise.withResolvers<void>();
  return { done: slots.within(signal, () => gate.promise), end: gate.resolve };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("places", () => {
  it("are given to so many at a time, then in order", async () => {
    const slots = new Slots(1);
    const first = held(slots);
    const order: number[] = [];
    const second = slots.within(never, async () => order.push(2));
    const third = slots.within(never, async () => order.push(3));
    expect([slots.taken, slots.waiting, order]).toEqual([1, 2, []]);
    first.end();
    await Promise.all([second, third]);
    expect([slots.taken, slots.waiting, order]).toEqual([0, 0, [2, 3]]);
  });

  it("are free again when the work fails", async () => {
    const slots = new Slots(1);
    await expect(slots.within(never, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await slots.within(never, async () => "next")).toBe("next");
  });

  it("are not kept for those who have gone", async () => {
    const slots = new Slots(1);
    const first = held(slots);
    const gone = new AbortController();
    const second = held(slots, gone.signal);
    const third = held(slots);
    gone.abort(new Error("gone"));
    await expect(second.done).rejects.toThrow("gone");
    expect(slots.waiting).toBe(1);
    first.end();
    third.end();
    await third.done;
    expect(slots.taken).toBe(0);
  });

  it("are passed on by one who goes at the moment of his turn", async () => {
    const slots = new Slots(1);
    const first = held(slots);
    const gone = new AbortController();
    const second = held(slots, gone.signal);
    second.done.catch(() => {});
    const third = held(slots);
    await turn();
    first.end();
    gone.abort(new Error("gone"));
    third.end();
    second.end();
    await third.done;
    await second.done.catch(() => {});
    expect([slots.taken, slots.waiting]).toEqual([0, 0]);
  });

  it("are not given to those who had gone before they came", async () => {
    const slots = new Slots(1);
    await expect(
      slots.within(AbortSignal.abort(new Error("gone")), async () => {}),
    ).rejects.toThrow("gone");
  });
});
