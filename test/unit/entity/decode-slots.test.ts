import { describe, expect, it } from "vitest";
import { DecodeSlots } from "../../../src/entity/decode-slots.ts";

const live = new AbortController().signal;

/** A task that ends when it is told to. */
function task(name: string, log: string[]) {
  const gate = Promise.withResolvers<void>();
  const run = async (): Promise<string> => {
    log.push(name);
    await gate.promise;
    return name;
  };
  return { run, end: gate.resolve, fail: gate.reject };
}

describe("decode slots", () => {
  it("run no more tasks at once than there are slots, in order", async () => {
    const slots = new DecodeSlots(2);
    const log: string[] = [];
    const [a, b, c] = [task("a", log), task("b", log), task("c", log)];
    const all = [a, b, c].map(({ run }) => slots.run(live, run));
    await Promise.resolve();
    expect(log).toEqual(["a", "b"]);
    b.end();
    await all[1];
    expect(log).toEqual(["a", "b", "c"]);
    a.end();
    c.end();
    expect(await Promise.all(all)).toEqual(["a", "b", "c"]);
  });

  it("are free again after a task that fails", async () => {
    const slots = new DecodeSlots(1);
    await expect(slots.run(live, () => Promise.reject(new Error("bad")))).rejects.toThrow("bad");
    expect(await slots.run(live, async () => "next")).toBe("next");
  });

  it("do not run a task whose transaction is over", async () => {
    const slots = new DecodeSlots(1);
    await expect(slots.run(AbortSignal.abort(), async () => "ran")).rejects.toThrow("aborted");
    expect(await slots.run(live, async () => "next")).toBe("next");
  });

  it("let a task go that is aborted while it waits, and nobody else", async () => {
    const slots = new DecodeSlots(1);
    const log: string[] = [];
    const first = task("first", log);
    const abort = new AbortController();
    const running = slots.run(live, first.run);
    const aborted = slots.run(abort.signal, task("aborted", log).run);
    const last = slots.run(live, async () => "last");
    abort.abort(new Error("gone"));
    await expect(aborted).rejects.toThrow("gone");
    first.end();
    expect(await Promise.all([running, last])).toEqual(["first", "last"]);
    expect(log).toEqual(["first"]);
  });
});
