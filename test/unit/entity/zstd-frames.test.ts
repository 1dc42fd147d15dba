import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { ZstdFrameFinder } from "../../../src/entity/zstd-frames.ts";
import { noise } from "./temporary-store.ts";

function find(content: Buffer, stepBytes = content.length) {
  const finder = new ZstdFrameFinder();
  for (let at = 0; at < content.length; at += stepBytes) {
    finder.push(content.subarray(at, at + stepBytes));
  }
  return finder.finish();
}

const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag } = zlib.constants;
const frame = (bytes: Buffer, checksum = 0, contentSize = 1): Buffer =>
  zlib.zstdCompressSync(bytes, {
    params: { [ZSTD_c_checksumFlag]: checksum, [ZSTD_c_contentSizeFlag]: contentSize },
  });
const skippable = Buffer.from("5f2a4d1802000000abcd", "hex");

describe("zstd frames", () => {
  it.each([
    ["empty", Buffer.alloc(0)],
    ["small", Buffer.from("small")],
    ["run-length", Buffer.alloc(300_000, "a")],
    ["of several raw blocks", noise(300_000)],
  ])("are found: %s, with and without checksum and size", (_, bytes) => {
    for (const made of [frame(bytes), frame(bytes, 1), frame(bytes, 0, 0), frame(bytes, 1, 0)]) {
      expect(find(made)).toEqual([{ offset: 0, length: made.length }]);
    }
  });

  it("are found among skippable ones, at every piece size", () => {
    const [a, b] = [frame(Buffer.from("one"), 1), frame(noise(1000))];
    const content = Buffer.concat([skippable, a, skippable, skippable, b]);
    for (const stepBytes of [1, 2, 3, 5, 17, 1000]) {
      expect(find(content, stepBytes)).toEqual([
        { offset: 10, length: a.length },
        { offset: 30 + a.length, length: b.length },
      ]);
    }
  });

  it("are not found when they are cut off anywhere", () => {
    const content = Buffer.concat([frame(Buffer.from("cut off"), 1), skippable]);
    const whole = [content.length, content.length - skippable.length];
    for (let length = 1; length < content.length; length++) {
      if (!whole.includes(length)) expect(find(content.subarray(0, length))).toBeUndefined();
    }
  });

  it("are not found with other bytes behind", () => {
    expect(find(Buffer.concat([frame(Buffer.from("x")), Buffer.from("trash")]))).toBeUndefined();
  });

  it("are not found with a reserved block type", () => {
    expect(find(Buffer.from("28b52ffd0000070000", "hex"))).toBeUndefined();
  });

  it("are bounded", () => {
    const one = frame(Buffer.from("x"));
    expect(find(Buffer.concat(Array<Buffer>(1024).fill(one)))).toHaveLength(1024);
    expect(find(Buffer.concat(Array<Buffer>(1025).fill(one)))).toBeUndefined();
  });
});
