import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Carry } from "../../../src/protocol/carry.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "../../../src/protocol/index.ts";
import { requestEvents } from "../../support/request-events.ts";
import { bytesOf, hostileBytes, lowLimits, pieces } from "./hostile-bytes.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The sizes of all buffers that are allocated meanwhile. */
function allocationsOf(action: () => void): readonly number[] {
  const sizes: number[] = [];
  for (const name of ["allocUnsafe", "allocUnsafeSlow", "alloc"] as const) {
    const allocate = Buffer[name];
    vi.spyOn(Buffer, name).mockImplementation((size: number) => {
      sizes.push(size);
      return allocate.call(Buffer, size);
    });
  }
  try {
    action();
  } finally {
    vi.restoreAllMocks();
  }
  return sizes;
}

/** The first growth of a carry; later ones double it. */
const SMALLEST_CARRY_BYTES = 1024;

describe("no number that a client sends sizes an allocation", () => {
  const request = (method: string, fields: string) =>
    `${method} icap://h/s ICAP/1.0\r\n${fields}\r\n\r\n`;
  const huge = fc.oneof(
    fc.integer({ min: 1, max: 262_144 }).map(String),
    fc.bigInt({ min: 0n, max: 2n ** 80n }).map(String),
    fc.constantFrom("2147483647", "2147483648", "4294967295", "9007199254740991"),
  );
  const claims = fc.oneof(
    huge.map((offset) => request("REQMOD", `Encapsulated: req-hdr=0, null-body=${offset}`)),
    huge.map((offset) =>
      request("RESPMOD", `Encapsulated: req-hdr=0, res-hdr=9, res-body=${offset}`),
    ),
    huge.map((size) => request("RESPMOD", `Preview: ${size}\r\nEncapsulated: res-body=0`)),
    huge.map((size) => request("RESPMOD", `Content-Length: ${size}\r\nEncapsulated: res-body=0`)),
    huge.map((size) => {
      const digits = BigInt(size).toString(16);
      return `${request("RESPMOD", "Encapsulated: res-body=0")}${digits}\r\n`;
    }),
  );
  const cuts = fc.array(fc.nat(), { maxLength: 8 });

  it("be it an offset, a preview, a length or a chunk size [conformance 63, 108]", () => {
    fc.assert(
      fc.property(claims, fc.uint8Array({ maxLength: 30 }), cuts, (claim, behind, at) => {
        const input = Buffer.concat([bytesOf(claim), behind]);
        const reads = pieces(input, at);
        // The read buffer of `requestEvents` itself is the one allocation of the input's size.
        const sizes = allocationsOf(() => requestEvents(reads));
        const largest = Math.max(0, ...sizes);
        expect(largest).toBeLessThanOrEqual(Math.max(SMALLEST_CARRY_BYTES, 2 * input.length));
      }),
      { numRuns: 2000 },
    );
  });
});

/** The largest buffer behind a carry while the input is read, and the largest number of bytes in one. */
function carriedBy(action: () => void): { bufferBytes: number; bytes: number } {
  const add = Carry.prototype.add;
  let bufferBytes = 0;
  let bytes = 0;
  vi.spyOn(Carry.prototype, "add").mockImplementation(function (this: Carry, ...args) {
    add.apply(this, args);
    bufferBytes = Math.max(bufferBytes, this.buffer.length);
    bytes = Math.max(bytes, this.length);
  });
  try {
    action();
  } finally {
    vi.restoreAllMocks();
  }
  return { bufferBytes, bytes };
}

describe("what is kept of any bytes", () => {
  it("stays within the limits of the heads, one byte over at the most [conformance 38]", () => {
    fc.assert(
      fc.property(hostileBytes, lowLimits, fc.array(fc.nat()), (input, some, at) => {
        const limits = { ...DEFAULT_WIRE_LIMITS, ...some };
        const kept = carriedBy(() => requestEvents(pieces(input, at), { parser: { limits } }));
        const limit = Math.max(limits.headBytes + 1, limits.encapsulatedBytes);
        expect(kept.bytes).toBeLessThanOrEqual(limit);
        expect(kept.bufferBytes).toBeLessThanOrEqual(Math.max(SMALLEST_CARRY_BYTES, 2 * limit));
      }),
      { numRuns: 1000 },
    );
  });

  it("is at most the limit of an endless head [conformance 26, 38]", () => {
    const endless = Array.from({ length: 300 }, () => Buffer.alloc(1000, "a"));
    const start = bytesOf("OPTIONS icap://h/s ICAP/1.0\r\nX-A: ");
    const kept = carriedBy(() => requestEvents([start, ...endless]));
    expect(kept.bytes).toBe(DEFAULT_WIRE_LIMITS.headBytes + 1);
  });

  it("is nothing of a body [conformance 81]", () => {
    const start = bytesOf("RESPMOD icap://h/s ICAP/1.0\r\nEncapsulated: res-body=0\r\n\r\n");
    const data = Array.from({ length: 300 }, () => Buffer.alloc(1000, "a"));
    const kept = carriedBy(() => requestEvents([start, bytesOf("11e1a300\r\n"), ...data]));
    expect(kept).toEqual({ bufferBytes: 0, bytes: 0 });
  });

  it("is given back when the heads are complete [conformance 38]", () => {
    const carries = new Set<Carry>();
    const add = Carry.prototype.add;
    vi.spyOn(Carry.prototype, "add").mockImplementation(function (this: Carry, ...args) {
      carries.add(this);
      add.apply(this, args);
    });
    const icapHead = "REQMOD icap://h/s ICAP/1.0\r\nEncapsulated: req-hdr=0, null-body=27\r\n\r\n";
    requestEvents([
      bytesOf(icapHead.slice(0, 20)),
      bytesOf(icapHead.slice(20)),
      bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]);
    expect([...carries].map((carry) => carry.buffer.length)).toEqual([0]);
  });
});

describe("what is told of a preview", () => {
  /** Bytes of body before the end of the first preview. */
  const toldBytes = (events: readonly string[]) =>
    events
      .slice(0, events.findIndex((event) => /^(preview-end|end|error)/.test(event)) + 1)
      .filter((event) => event.startsWith("body "))
      .join("")
      .replace(/^body "|"$/g, "")
      .replace(/\\x..|\\./g, "?").length;

  it("never exceeds the limit [conformance 106]", () => {
    const limits: Partial<WireLimits> = { previewBytes: 20 };
    const chunks = fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 15 }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(chunks, fc.array(fc.nat()), (data, at) => {
        const body = data.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join("");
        const head =
          "RESPMOD icap://h/s ICAP/1.0\r\nPreview: 4\r\nEncapsulated: res-body=0\r\n\r\n";
        const reads = pieces(bytesOf(`${head}${body}0\r\n\r\n`), at);
        const events = requestEvents(reads, { parser: { limits }, atPreview: "hold" });
        const total = data.join("").length;
        expect(toldBytes(events)).toBe(Math.min(total, 20));
        expect(events.at(-1)).toBe(
          total > 20 ? "error ICAP_ERR_PREVIEW_TOO_LONG 400 closes" : "waits in held",
        );
      }),
    );
  });
});
