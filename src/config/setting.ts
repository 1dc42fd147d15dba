import { z } from "zod";
import { formatDuration, formatSize, parseDuration, parseSize } from "./quantity.ts";
import { parseRedisUrl } from "./redis-url.ts";
import type { ListenAddress, RedisTarget } from "./settings.ts";

/** One setting: how it is read, what it is without being set, and how it is explained. */
export interface Setting<T> {
  readonly type: SettingType;
  /** Takes what a file, a variable or a flag holds; the message of an issue follows "must be". */
  readonly schema: z.ZodType<T>;
  /** As a user would write it; undefined where there is none. */
  readonly default: string | number | boolean | readonly string[] | undefined;
  /** What the value looks like, for the reference. */
  readonly form: string;
  readonly description: string;
}

/** What decides how flags and variables of a setting are read. */
export type SettingType = "toggle" | "list" | "scalar";

interface Range {
  readonly min?: number;
  readonly max?: number;
}

const within = (value: number, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range): boolean =>
  value >= min && value <= max;

function rangeText({ min = 0, max }: Range, format: (value: number) => string): string {
  if (max !== undefined) return ` from ${format(min)} to ${format(max)}`;
  return min > 0 ? `, at least ${format(min)}` : "";
}

/** A schema from a function that gives undefined for what it does not accept. */
function reading<T>(expected: string, read: (raw: unknown) => T | undefined): z.ZodType<T> {
  return z.unknown().transform((raw, context) => {
    const value = read(raw);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: expected });
    return z.NEVER;
  });
}

/** A time such as `30s`, in milliseconds. */
export function duration(
  fallback: string,
  description: string,
  range: Range = {},
): Setting<number> {
  const expected = `a duration${rangeText(range, formatDuration)} such as 500ms, 30s, 2m or 1h`;
  const schema = reading(expected, (raw) => {
    const value = parseDuration(raw);
    return value !== undefined && within(value, range) ? value : undefined;
  });
  return { type: "scalar", schema, default: fallback, form: "duration", description };
}

/** A number of bytes such as `64Ki`. */
export function size(fallback: string, description: string, range: Range = {}): Setting<number> {
  const expected = `a size${rangeText(range, formatSize)} such as 4096, 64Ki, 100Mi or 8Gi`;
  const schema = reading(expected, (raw) => {
    const value = parseSize(raw);
    return value !== undefined && within(value, range) ? value : undefined;
  });
  return { type: "scalar", schema, default: fallback, form: "size", description };
}

/** Digits only: `1e3` and `0x10` are more likely a slip than a wish. */
function parseCount(raw: unknown, range: Range): number | undefined {
  if (typeof raw !== "number" && !(typeof raw === "string" && /^\d{1,15}$/.test(raw))) return;
  const value = Number(raw);
  return Number.isInteger(value) && within(value, range) ? value : undefined;
}

export function count(fallback: number, description: string, range: Range = {}): Setting<number> {
  const expected = `a whole number${rangeText(range, String)}`;
  const schema = reading(expected, (raw) => parseCount(raw, range));
  return { type: "scalar", schema, default: fallback, form: "number", description };
}

/** A number, or the word `auto`. */
export function countOrAuto(
  fallback: number | "auto",
  description: string,
  range: Range = { min: 1 },
): Setting<number | "auto"> {
  const expected = `auto or a whole number${rangeText(range, String)}`;
  const schema = reading<number | "auto">(expected, (raw) =>
    raw === "auto" ? raw : parseCount(raw, range),
  );
  return { type: "scalar", schema, default: fallback, form: "number or `auto`", description };
}

export function toggle(fallback: boolean, description: string): Setting<boolean> {
  const schema = reading("true or false", (raw) => {
    if (raw === true || raw === "true") return true;
    return raw === false || raw === "false" ? false : undefined;
  });
  return { type: "toggle", schema, default: fallback, form: "`true` or `false`", description };
}

/** One word of a closed list. */
export function choice<const T extends string>(
  words: readonly T[],
  fallback: NoInfer<T>,
  description: string,
): Setting<T> {
  const expected = `one of ${words.join(", ")}`;
  const schema = reading(expected, (raw) => words.find((word) => word === raw));
  const form = words.map((word) => `\`${word}\``).join(", ");
  return { type: "scalar", schema, default: fallback, form, description };
}

/** A text that may be absent; empty counts as absent, so that a variable can undo a file. */
function optionalText(form: string, description: string): Setting<string | undefined> {
  const schema = z
    .string({ error: `a text (${form})` })
    .transform((raw) => (raw === "" ? undefined : raw));
  return { type: "scalar", schema, default: undefined, form, description };
}

export const file = (description: string): Setting<string | undefined> =>
  optionalText("path", description);

/** Where Redis is; empty means nowhere. */
export function redisUrl(description: string): Setting<RedisTarget | undefined> {
  const expected =
    "a URL without a password such as redis://redis:6379/0, rediss://…, redis-sentinel://a,b,c#mymaster or redis-cluster://a,b,c";
  const schema = z
    .unknown()
    .transform((raw) => (raw === "" ? undefined : raw))
    .pipe(
      reading(expected, (raw) =>
        typeof raw === "string" ? parseRedisUrl(raw) : undefined,
      ).optional(),
    );
  return { type: "scalar", schema, default: undefined, form: "URL of Redis", description };
}

/** Where something is sent by HTTP; empty means nowhere. */
export function webUrl(description: string): Setting<string | undefined> {
  const expected = "a URL without a password such as https://events.example/hook";
  const schema = z
    .unknown()
    .transform((raw) => (raw === "" ? undefined : raw))
    .pipe(reading(expected, parseWebUrl).optional());
  return { type: "scalar", schema, default: undefined, form: "URL", description };
}

function parseWebUrl(raw: unknown): string | undefined {
  const url = typeof raw === "string" ? URL.parse(raw) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  return url.username === "" && url.password === "" ? url.href : undefined;
}

export const text = (description: string): Setting<string | undefined> =>
  optionalText("text", description);

const addressPattern = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[A-Za-z0-9._-]*)):(?<port>\d{1,5})$/;

function parseAddress(raw: unknown): ListenAddress | undefined {
  const { v6, name, port } = (typeof raw === "string" && addressPattern.exec(raw)?.groups) || {};
  if (port === undefined || Number(port) > 65_535) return;
  if (v6 !== undefined && !ipv6.safeParse(v6).success) return;
  return { host: v6 ?? (name || undefined), port: Number(port) };
}

const addressExample = "an address such as :1344, 127.0.0.1:1344 or [::1]:1344";

/** An address to listen on; empty means none. */
export function address(fallback: string, description: string): Setting<ListenAddress | undefined> {
  const schema = z
    .unknown()
    .transform((raw) => (raw === "" ? undefined : raw))
    .pipe(reading(addressExample, parseAddress).optional());
  return { type: "scalar", schema, default: fallback, form: "address", description };
}

/** A list in a file; in a variable or flag its items are separated by commas. */
function listOf<T>(item: string, read: (raw: unknown) => T | undefined): z.ZodType<readonly T[]> {
  return reading(`a list, each item ${item}`, (raw) => {
    const items = (Array.isArray(raw) ? raw : [raw]).map(read);
    return items.every((value) => value !== undefined) ? items : undefined;
  });
}

export function paths(
  fallback: readonly string[],
  description: string,
): Setting<readonly string[]> {
  const schema = listOf("a path", (raw) =>
    typeof raw === "string" && raw !== "" ? raw : undefined,
  );
  return { type: "list", schema, default: fallback, form: "paths", description };
}

export function addresses(
  fallback: readonly string[],
  description: string,
): Setting<readonly ListenAddress[]> {
  const schema = listOf(addressExample, parseAddress);
  return { type: "list", schema, default: fallback, form: "addresses", description };
}

const ipv4 = z.ipv4();
const ipv6 = z.ipv6();
const network = z.union([z.cidrv4(), z.cidrv6()]);

/** `10.0.0.0/8`; a bare address is a network of one. */
function parseNetwork(raw: unknown): string | undefined {
  if (ipv4.safeParse(raw).success) return `${raw}/32`;
  if (ipv6.safeParse(raw).success) return `${raw}/128`;
  return network.safeParse(raw).data;
}

export function networks(
  fallback: readonly string[],
  description: string,
): Setting<readonly string[]> {
  const schema = listOf("a network such as 10.0.0.0/8 or fd00::/8", parseNetwork);
  return { type: "list", schema, default: fallback, form: "networks (CIDR)", description };
}
