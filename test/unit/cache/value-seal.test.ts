import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValueSeal } from "../../../src/cache/value-seal.ts";

const key = Buffer.from("the key that all pods have in common");
const old = Buffer.from("the key that they had before that one");
const value = Buffer.from("clean");
const seal = new ValueSeal([key]);

describe("a sealed value", () => {
  it("opens at its place", () => {
    expect(seal.open("here", seal.seal("here", value))).toEqual(value);
  });

  it("does not open at another place", () => {
    expect(seal.open("there", seal.seal("here", value))).toBeUndefined();
  });

  it("does not open when a bit of place and value is moved from one to the other", () => {
    const sealed = seal.seal("here", Buffer.from("!clean"));
    const moved = Buffer.concat([sealed.subarray(0, 17), value]);
    expect(seal.open("here!", moved)).toBeUndefined();
  });

  it("does not open once any byte of it is another", () => {
    const sealed = seal.seal("here", value);
    fc.assert(
      fc.property(
        fc.nat(sealed.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (index, difference) => {
          const changed = Buffer.from(sealed);
          changed[index] = (changed[index] ?? 0) ^ difference;
          expect(seal.open("here", changed)).toBeUndefined();
        },
      ),
    );
  });

  it("does not open with another key", () => {
    expect(new ValueSeal([old]).open("here", seal.seal("here", value))).toBeUndefined();
  });

  it("opens with a key that is on its way out", () => {
    const both = new ValueSeal([key, old]);
    expect(both.open("here", new ValueSeal([old]).seal("here", value))).toEqual(value);
  });

  it("is made with the first key", () => {
    const sealed = new ValueSeal([key, old]).seal("here", value);
    expect(seal.open("here", sealed)).toEqual(value);
  });

  it("is not what somebody wrote without a key", () => {
    expect(seal.open("here", new ValueSeal([]).seal("here", value))).toBeUndefined();
  });

  it("is not read where there is no key to read it with", () => {
    expect(new ValueSeal([]).open("here", seal.seal("here", value))).toBeUndefined();
  });

  it("opens without keys where it was made without", () => {
    const plain = new ValueSeal([]);
    expect(plain.open("here", plain.seal("here", value))).toEqual(value);
  });

  it("is no answer to another question without keys either", () => {
    const plain = new ValueSeal([]);
    const sealed = plain.seal("here", value);
    expect(plain.open("there", sealed)).toBeUndefined();
    expect(plain.open("here", sealed.subarray(0, -1))).toBeUndefined();
  });

  it("carries the HMAC-SHA-256 of its place and its value, cut to 128 bits [RFC 2104 §5]", () => {
    const anyBytes = fc.uint8Array({ maxLength: 200 });

    fc.assert(
      fc.property(anyBytes, fc.string({ unit: "grapheme" }), anyBytes, (key, place, value) => {
        const sealed = new ValueSeal([Buffer.from(key)]).seal(place, Buffer.from(value));
        const expected = createHmac("sha256", key)
          .update(`sluice:${Buffer.byteLength(place)}:${place}`)
          .update(value)
          .digest();
        expect(sealed.subarray(1, 17)).toEqual(expected.subarray(0, 16));
      }),
    );
  });

  it("costs 17 bytes, with keys or without", () => {
    expect(seal.seal("here", value)).toHaveLength(value.length + 17);
    expect(new ValueSeal([]).seal("here", value)).toHaveLength(value.length + 17);
  });

  it.each([0, 1, 16, 17])("is not made of %d bytes of nothing", (length) => {
    expect(seal.open("here", Buffer.alloc(length, 2))).toBeUndefined();
  });
});
