import {
  DEFAULT_WIRE_LIMITS,
  ERRORS,
  type Leniency,
  type WireLimits,
} from "../../src/protocol/index.ts";
import { AtPreview, type ReplayOptions, requestEvents } from "../support/request-events.ts";
import { randomNumbers } from "./random-numbers.ts";

/** Bytes in front of the input that say how it is read. */
export const SETTINGS_BYTES = 3;

const LIMITS: readonly Partial<WireLimits>[] = [
  {},
  { requestLineBytes: 40, headBytes: 200, headFields: 4 },
  { encapsulatedBytes: 40, chunkLineBytes: 8, trailerBytes: 8, previewBytes: 8 },
  { requestLineBytes: 500, headBytes: 100, encapsulatedBytes: 0, previewBytes: 0 },
];
const LENIENCIES = ["missingHost", "spaceBeforeColon", "relativeUri", "sectionAfterBody"] as const;
const AT_PREVIEW = Object.values(AtPreview);

/**
 * Reads the input whole and cut at random and throws when that makes a difference, when the parser
 * makes no progress, or tells of an error that is none of the registry.
 *
 * @returns the kinds of what was told, in order: inputs that differ in it took different ways
 */
export function fuzz(data: Buffer): string {
  if (data.length <= SETTINGS_BYTES) return "";
  const options = readSettings(data);
  const input = data.subarray(SETTINGS_BYTES);
  const events = requestEvents([input], options);
  const cut = requestEvents(cutAtRandom(input, data[2] as number), options);
  if (cut.join("\n") !== events.join("\n")) {
    throw new Error(`whole:\n${events.join("\n")}\ncut:\n${cut.join("\n")}`);
  }
  for (const event of events) checkError(event);
  return events.map((event) => event.replace(/ (?:\/|").*/, "")).join("\n");
}

function readSettings(data: Buffer): ReplayOptions {
  const [flags = 0, sizes = 0] = data;
  const leniency: Partial<Record<keyof Leniency, boolean>> = {};
  LENIENCIES.forEach((name, bit) => {
    leniency[name] = (flags & (1 << bit)) !== 0;
  });
  const limits = { ...DEFAULT_WIRE_LIMITS, ...LIMITS[sizes % LIMITS.length] };
  const atPreview = AT_PREVIEW[(flags >> LENIENCIES.length) % AT_PREVIEW.length];
  return { parser: { limits, leniency }, ...(atPreview && { atPreview }) };
}

function cutAtRandom(input: Buffer, seed: number): readonly Buffer[] {
  const next = randomNumbers(seed);
  const most = seed % 2 === 0 ? 3 : 40;
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const end = at + 1 + next(most);
    pieces.push(input.subarray(at, end));
    at = end;
  }
  return pieces;
}

function checkError(event: string): void {
  const [, code, status, end] = /^error (\S+) (\d+) (\w+)$/.exec(event) ?? [];
  if (code === undefined) return;
  const entry = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : undefined;
  if (entry?.status !== Number(status)) throw new Error(`not an error of the registry: ${event}`);
  if (entry.closes && end !== "closes") throw new Error(`goes on behind ${code}`);
}
