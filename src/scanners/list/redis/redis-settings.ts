import { z } from "zod";
import { durationMs } from "../../settings/duration.ts";
import { secretReference } from "../../settings/secret.ts";
import { listName, listReason, listVerdict } from "../list-answer.ts";

/** Facts that stand for themselves in a lookup. */
export const redisFacts = ["sha256", "host", "domains", "url"] as const;
export type RedisFact = (typeof redisFacts)[number];

/** The commands that a lookup may be: none writes, each gives a value or none. */
const commands = ["SISMEMBER", "EXISTS", "GET", "HGET", "HEXISTS", "BF.EXISTS"] as const;

export interface RedisLookup {
  readonly command: (typeof commands)[number];
  /** With placeholders such as `{sha256}`. */
  readonly arguments: readonly string[];
  /** What the placeholders stand for. */
  readonly facts: readonly RedisFact[];
}

const lookup = z.string().transform((text, context): RedisLookup => {
  const [word = "", ...args] = text.trim().split(/\s+/);
  const command = commands.find((one) => one === word.toUpperCase());
  const names = [...text.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
  const facts = redisFacts.filter((fact) => names.includes(fact));
  if (command === undefined) context.addIssue(`is none of ${commands.join(", ")}`);
  const wantedArguments = command === "GET" || command === "EXISTS" ? 1 : 2;
  if (args.length !== wantedArguments) {
    context.addIssue(`has ${args.length} arguments, and needs ${wantedArguments}`);
  }
  if (facts.length === 0 || names.some((name) => !facts.includes(name as RedisFact))) {
    context.addIssue(`needs a placeholder, and has only {${redisFacts.join("}, {")}}`);
  }
  return command === undefined ? z.NEVER : { command, arguments: args, facts };
});

export const redisListSchema = z.strictObject({
  name: listName,
  type: z.literal("redis"),
  url: z
    .string()
    .regex(
      /^rediss?:\/\/[^@\s]+$/,
      "is no URL such as redis://host:6379/0; credentials stand apart",
    ),
  username: z.string().min(1).optional(),
  password: secretReference.optional(),
  /** Of the authority that signed the server's certificate. */
  caFile: z.string().min(1).optional(),
  lookup,
  /** What values mean that are no verdicts themselves. */
  values: z.record(z.string(), listVerdict).optional(),
  /** What it means to be there with a value that says no more. */
  verdict: listVerdict.default("blocked"),
  reason: listReason.optional(),
  /** A key whose value changes when the lists do; without it no verdict is remembered. */
  epochKey: z.string().min(1).optional(),
  timeout: durationMs.default(500),
});
export type RedisListSettings = z.output<typeof redisListSchema>;
