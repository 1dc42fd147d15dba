import { afterEach, describe, expect, it, vi } from "vitest";
import { Carry } from "../../../src/protocol/carry.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A carry with these bytes, added one by one. */
function carryOf(bytes: Buffer): Carry {
  const carry = new Carry();
  for (let i = 0; i < bytes.length; i++) carry.add(bytes, i, i + 1);
  return carry;
}

describe("bytes carried from read to read", () => {
  it("are those that were added, in their order", () => {
    const carry = new Carry();
    carry.add(Buffer.from("-hello-"), 1, 6);
    carry.add(Buffer.from(", world!"), 0, 7);
    expect(carry.buffer.toString("latin1", 0, carry.length)).toBe("hello, world");
  });

  it("take few allocations, each of twice the room: one byte after the other costs linear time", () => {
    const allocate = vi.spyOn(Buffer, "allocUnsafe");
    carryOf(Buffer.alloc(64 * 1024));
    const sizes = allocate.mock.calls.map(([size]) => size);
    expect(sizes).toEqual([1024, 2048, 4096, 8192, 16_384, 32_768, 65_536]);
  });

  it("take what they need where that is more than twice the room", () => {
    const carry = carryOf(Buffer.alloc(10));
    carry.add(Buffer.alloc(9990), 0, 9990);
    expect(carry.buffer.length).toBe(10_000);
  });

  it("can be forgotten from a place on, without their memory", () => {
    const carry = carryOf(Buffer.from("hello"));
    carry.truncate(2);
    expect([carry.length, carry.buffer.length]).toEqual([2, 1024]);
  });

  it("can be forgotten with their memory", () => {
    const carry = carryOf(Buffer.from("hello"));
    carry.clear();
    expect([carry.length, carry.buffer.length]).toEqual([0, 0]);
  });
});
