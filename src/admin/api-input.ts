import { z } from "zod";
import type { LookupQuery, OverrideOrder, PurgeOrder } from "./cache-operator.ts";
import { ApiProblem, invalid } from "./problem.ts";

const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/i, "expected a SHA-256: 64 hexadecimal digits")
  .transform((text) => text.toLowerCase());
const time = z.iso
  .datetime({ offset: true, error: "expected a time such as 2027-01-31T12:00:00Z" })
  .transform((text) => Date.parse(text));

/** A text that is shown in a log and on a page, in one line. */
const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1, "expected a text")
    .max(max)
    .regex(/^\P{Cc}*$/u, "expected one line without control characters");

const purgeSchema = z.strictObject({
  scanner: line(512).optional(),
  sha256: sha256Schema.optional(),
  before: time.optional(),
  all: z.boolean().optional(),
});

const overrideSchema = z.strictObject({
  action: z.enum(["allow", "block"]),
  reason: line(500),
  author: line(128).optional(),
  expiresAt: time,
  services: z.array(line(253)).min(1).max(64).optional(),
});

/** The hash of a path. */
export function sha256In(segment: string): string {
  return parsed(sha256Schema, segment, "the path");
}

export function lookupIn(sha256: string, query: URLSearchParams): LookupQuery {
  const known = ["type", "name"];
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`unknown parameter ${unknown}: expected type, name`);
  return {
    sha256: sha256In(sha256),
    declaredType: query.get("type") ?? undefined,
    fileName: query.get("name") ?? undefined,
  };
}

/** Clocks of who asks and who answers differ by less. */
const CLOCK_SKEW_MS = 60_000;

/**
 * What would empty the whole cache has to say so. A time to come is refused: until then nothing would be
 * remembered, and there is no way to take it back.
 */
export function purgeIn(body: unknown, now: number): PurgeOrder {
  const { all, ...order } = parsed(purgeSchema, body, "the body");
  if (order.before !== undefined && order.before > now + CLOCK_SKEW_MS) {
    throw invalid("before: expected a time that is past");
  }
  const isNarrow = order.scanner !== undefined || order.sha256 !== undefined;
  if (all === true && isNarrow) throw invalid("all stands alone, or with before");
  if (all !== true && !isNarrow) {
    throw invalid("name a scanner or a sha256; all: true purges everything");
  }
  return order;
}

/** `owner` answers for it unless the body names somebody. */
export function overrideIn(sha256: string, body: unknown, owner: string): OverrideOrder {
  const { author = owner, ...order } = parsed(overrideSchema, body, "the body");
  return { sha256: sha256In(sha256), author, ...order };
}

export function jsonIn(contentType: string | undefined, body: Buffer): unknown {
  if (!/^application\/json\s*(?:;|$)/i.test(contentType ?? "")) {
    throw new ApiProblem(415, {
      title: "the body is not JSON",
      detail: "expected Content-Type: application/json",
    });
  }
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new ApiProblem(400, {
      title: "the body is not JSON",
      detail: "the body cannot be parsed",
    });
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? what : path.join(".")}: ${message}`,
  );
  throw invalid(problems.join("; "));
}
