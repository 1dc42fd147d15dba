import fc from "fast-check";
import type { Leniency, WireLimits } from "../../../src/protocol/index.ts";
import { writtenRequest } from "./written-requests.ts";

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** The input cut at the given places, taken modulo its length. */
export function pieces(input: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b);
  const ends = [...places.filter((place) => place > 0 && place < input.length), input.length];
  return ends.map((end, i) => input.subarray(i === 0 ? 0 : ends[i - 1], end));
}

/** Limits low enough that short inputs reach them. */
export const lowLimits: fc.Arbitrary<Partial<WireLimits>> = fc.record(
  {
    requestLineBytes: fc.integer({ min: 1, max: 60 }),
    headBytes: fc.integer({ min: 1, max: 250 }),
    headFields: fc.nat({ max: 5 }),
    encapsulatedBytes: fc.nat({ max: 80 }),
    chunkLineBytes: fc.integer({ min: 1, max: 12 }),
    trailerBytes: fc.nat({ max: 12 }),
    previewBytes: fc.nat({ max: 50 }),
  },
  { requiredKeys: [] },
);

export const leniency: fc.Arbitrary<Partial<Leniency>> = fc.record(
  {
    missingHost: fc.boolean(),
    spaceBeforeColon: fc.boolean(),
    relativeUri: fc.boolean(),
    sectionAfterBody: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** What the grammar turns on. */
const FRAGMENTS = [
  ...["\r\n", "\r\n\r\n", "\r", "\n", " ", "\t", ":", ";", ",", "=", "0", "\0", "\x7f", "\xff"],
  ...["OPTIONS icap://h/s ICAP/1.0\r\n", "RESPMOD icap://h/s ICAP/1.0\r\n", "REQMOD ", "ICAP/1.0"],
  ...["Encapsulated: res-body=0\r\n\r\n", "Encapsulated: req-hdr=0, null-body=4\r\n\r\n"],
  ...["Preview: 4\r\n", "Preview: 0\r\n", "Host: h\r\n", "X-A: b\r\n", " folded\r\n"],
  ...[
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0; ieof\r\n\r\n",
    "ffffffffffffffff\r\n",
    "1fffffffffffff\r\n",
  ],
  ...["99999999999", "-1", "null-body=0", "req-hdr=0", "res-hdr=10", "icap://", "icaps://h"],
] as const;

const soup = fc
  .array(fc.constantFrom(...FRAGMENTS), { maxLength: 20 })
  .map((parts) => parts.join(""));

/** One change to a text, somewhere in it. */
const change = fc.oneof(
  fc.record({
    kind: fc.constant("replace" as const),
    at: fc.nat(),
    by: fc.constantFrom(...FRAGMENTS),
  }),
  fc.record({
    kind: fc.constant("insert" as const),
    at: fc.nat(),
    by: fc.constantFrom(...FRAGMENTS),
  }),
  fc.record({
    kind: fc.constant("delete" as const),
    at: fc.nat(),
    count: fc.integer({ min: 1, max: 8 }),
  }),
  fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({
    kind: fc.constant("repeat" as const),
    at: fc.nat(),
    count: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({ kind: fc.constant("truncate" as const), at: fc.nat() }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changed(text: string, what: Change): string {
  const at = what.at % (text.length + 1);
  const [before, behind] = [text.slice(0, at), text.slice(at)];
  switch (what.kind) {
    case "replace":
      return before + what.by + behind.slice(what.by.length);
    case "insert":
      return before + what.by + behind;
    case "delete":
      return before + behind.slice(what.count);
    case "flip":
      return behind === ""
        ? before
        : before + String.fromCharCode(behind.charCodeAt(0) ^ (1 << what.bit)) + behind.slice(1);
    case "repeat":
      return before + behind.slice(0, what.count) + behind;
    case "truncate":
      return before;
    default:
      return what satisfies never;
  }
}

const mutated = fc
  .tuple(
    fc.array(writtenRequest, { minLength: 1, maxLength: 3 }),
    fc.array(change, { minLength: 1, maxLength: 4 }),
  )
  .map(([requests, changes]) =>
    changes.reduce(changed, requests.map(({ bytes }) => bytes).join("")),
  );

const noise = fc
  .uint8Array({ maxLength: 100 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"));

/** Requests with faults in them, pieces of grammar in any order, and noise. At least one byte. */
export const hostileBytes: fc.Arbitrary<Buffer> = fc
  .oneof({ weight: 6, arbitrary: mutated }, { weight: 3, arbitrary: soup }, noise)
  .filter((text) => text !== "")
  .map(bytesOf);
