import { RE2JS } from "re2js";

/** Longest text that a pattern is run on; a longer one fails the rule. */
export const MAX_SUBJECT_LENGTH = 16_384;
/** Longest pattern. */
export const MAX_PATTERN_LENGTH = 512;
const MAX_REMEMBERED = 4096;

/** Rules name patterns literally, so the memory is bounded by the configuration. */
const patterns = new Map<string, RE2JS>();

/** A pattern in RE2 syntax: runs in time linear in the text. Throws a RangeError for a bad one. */
export function linearPattern(source: string): RE2JS {
  const known = patterns.get(source);
  if (known !== undefined) {
    return known;
  }
  const pattern = compile(source);
  if (patterns.size >= MAX_REMEMBERED) {
    patterns.clear();
  }
  patterns.set(source, pattern);
  return pattern;
}

function compile(source: string): RE2JS {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new RangeError(`the pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  }
  try {
    return RE2JS.compile(source);
  } catch (cause) {
    throw new RangeError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Whether the pattern is found anywhere in the text. Throws for a text above the bound. */
export function findsPattern(text: string, source: string): boolean {
  if (text.length > MAX_SUBJECT_LENGTH) {
    throw new RangeError(`re() was given a text longer than ${MAX_SUBJECT_LENGTH} characters`);
  }
  return linearPattern(source).test(text);
}
