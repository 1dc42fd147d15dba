import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { requestEvents } from "../support/request-events.ts";
import { type CorpusCase, readCases } from "./corpus.ts";

/** Cases stay small, so that each can be replayed at every split; limits can be lowered for a case. */
const MAX_INPUT_BYTES = 1500;

const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".md") && name !== "README.md")
  .sort();

/** The input in pieces of one size; the last may be shorter. */
function piecesOf(input: Buffer, size: number): readonly Buffer[] {
  const count = Math.ceil(input.length / size);
  return Array.from({ length: count }, (_, i) => input.subarray(i * size, (i + 1) * size));
}

/** Every way to cut the input in two, and into pieces of each size. */
function* splitsOf(input: Buffer): Generator<readonly [name: string, pieces: readonly Buffer[]]> {
  for (let at = 1; at < input.length; at++) {
    yield [`cut at ${at}`, [input.subarray(0, at), input.subarray(at)]];
  }
  for (let size = 1; size < input.length; size++) {
    yield [`in pieces of ${size}`, piecesOf(input, size)];
  }
}

function replay({ input, expected, options }: CorpusCase): void {
  expect(requestEvents([input], options)).toEqual(expected);
  const wanted = expected.join("\n");
  for (const [name, pieces] of splitsOf(input)) {
    const events = requestEvents(pieces, options);
    if (events.join("\n") !== wanted) expect(events, name).toEqual(expected);
  }
}

describe.each(files)("%s", (file) => {
  const cases = readCases(readFileSync(join(import.meta.dirname, file), "utf8"));

  it("has cases, each small enough to be cut everywhere", () => {
    expect(cases.length).toBeGreaterThan(0);
    const large = cases.filter(({ input }) => input.length > MAX_INPUT_BYTES);
    expect(large.map(({ title }) => title)).toEqual([]);
  });

  it.each(cases.map((one) => [`${one.title} (${basename(file)}:${one.line})`, one] as const))(
    "%s",
    (_title, one) => replay(one),
  );
});
