import { describe, expect, it } from "vitest";
import { ChunkDecoder } from "../../../src/protocol/chunk-decoder.ts";
import { DEFAULT_WIRE_LIMITS } from "../../../src/protocol/index.ts";

function decoder() {
  const data: string[] = [];
  const chunks = new ChunkDecoder(
    { onBody: (bytes, start, end) => data.push(bytes.toString("latin1", start, end)) },
    DEFAULT_WIRE_LIMITS,
  );
  /** Where it stopped. */
  const feed = (text: string) => chunks.feed(Buffer.from(text, "latin1"), 0, text.length);
  return { chunks, data, feed };
}

describe("a decoder of chunks", () => {
  it("stops behind the body [RFC 7230 §4.1]", () => {
    const { chunks, feed } = decoder();
    expect(feed("1\r\na\r\n0\r\n\r\nmore")).toBe(11);
    expect(chunks.done).toBe(true);
  });

  it("stops at a fault", () => {
    const { chunks, feed } = decoder();
    expect(feed("1\r\na\r\nx")).toBe(6);
    expect(chunks.error?.code).toBe("ICAP_ERR_CHUNK_SIZE");
  });

  it("takes nothing once it is done, until it begins anew", () => {
    const { chunks, feed } = decoder();
    feed("0\r\n\r\n");
    expect(feed("0\r\n\r\n")).toBe(0);
    chunks.reset(Number.POSITIVE_INFINITY);
    expect(feed("0\r\n\r\n")).toBe(5);
  });

  it("begins anew behind a fault in the middle of a chunk", () => {
    const { chunks, data, feed } = decoder();
    chunks.reset(3);
    feed("ff\r\nhello");
    expect(chunks.error?.code).toBe("ICAP_ERR_PREVIEW_TOO_LONG");
    chunks.reset(Number.POSITIVE_INFINITY);
    feed("1\r\na\r\n0\r\n\r\n");
    expect([chunks.error, chunks.done, data]).toEqual([undefined, true, ["hel", "a"]]);
  });

  it("knows the extensions of the last chunk only [RFC 3507 §4.5]", () => {
    const { chunks, feed } = decoder();
    feed("1; first\r\na\r\n0; ieof; last\r\n\r\n");
    expect([chunks.lastExtension, chunks.ieof]).toEqual([" ieof; last", true]);
  });

  it("forgets ieof when it begins anew", () => {
    const { chunks, feed } = decoder();
    feed("0; ieof\r\n\r\n");
    chunks.reset(Number.POSITIVE_INFINITY);
    expect([chunks.ieof, chunks.lastExtension]).toEqual([false, ""]);
  });
});
