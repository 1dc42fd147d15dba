import { type Threat, type Verdict, VerdictKind, VerdictReason } from "../scanning/index.ts";
import type { RememberedVerdict } from "./verdict-cache.ts";

/** The order is part of the format: new kinds go to the end. */
const kinds: readonly VerdictKind[] = [
  VerdictKind.Clean,
  VerdictKind.Blocked,
  VerdictKind.Suspicious,
  VerdictKind.Unscannable,
  VerdictKind.Unknown,
];

/** Kind (1 byte), begun at in ms (6), scanned for ms (4), lifetime in ms (5), then what else there is as JSON. */
const FIXED_BYTES = 16;
export const MAX_VALUE_BYTES = 960;
const MAX_TEXT_CHARACTERS = 160;
const MAX_SCAN_MS = 2 ** 32 - 1;
const MAX_LIFETIME_MS = 2 ** 40 - 1;

/** Fields of the JSON, short because there may be millions. */
interface Details {
  readonly r?: VerdictReason;
  readonly s?: number;
  readonly m?: string;
  readonly t?: readonly ShortThreat[];
}

interface ShortThreat {
  readonly n: string;
  readonly p?: string;
  readonly e?: string;
  readonly f?: string;
}

/**
 * A verdict in at most `MAX_VALUE_BYTES`: texts are cut, then the message and threats from the end
 * are left out. Undefined for kinds that are not remembered.
 */
export function encodeVerdict(remembered: RememberedVerdict): Buffer | undefined {
  const { verdict, begunAt, judgedAt, expiresAt } = remembered;
  const kind = kinds.indexOf(verdict.kind);
  if (kind === -1) return undefined;
  const details = encodeDetails(verdict);
  const bytes = Buffer.allocUnsafe(FIXED_BYTES + details.length);
  bytes.writeUInt8(kind, 0);
  bytes.writeUIntBE(begunAt, 1, 6);
  bytes.writeUInt32BE(within(judgedAt - begunAt, MAX_SCAN_MS), 7);
  bytes.writeUIntBE(within(expiresAt - judgedAt, MAX_LIFETIME_MS), 11, 5);
  details.copy(bytes, FIXED_BYTES);
  return bytes;
}

/** Undefined for bytes that `encodeVerdict` did not make. */
export function decodeVerdict(bytes: Buffer): RememberedVerdict | undefined {
  if (bytes.length < FIXED_BYTES || bytes.length > MAX_VALUE_BYTES) return undefined;
  const kind = kinds[bytes.readUInt8(0)];
  const details = decodeDetails(bytes.subarray(FIXED_BYTES));
  if (kind === undefined || details === undefined) return undefined;
  const begunAt = bytes.readUIntBE(1, 6);
  const judgedAt = begunAt + bytes.readUInt32BE(7);
  return {
    verdict: { kind, cached: true, ...details },
    begunAt,
    judgedAt,
    expiresAt: judgedAt + bytes.readUIntBE(11, 5),
  };
}

function within(ms: number, most: number): number {
  return Math.min(Math.max(0, ms), most);
}

const nothing = Buffer.alloc(0);

function encodeDetails({ reason, score, message, threats }: Verdict): Buffer {
  const about: Details = {
    ...(reason !== undefined && { r: reason }),
    ...(score !== undefined && { s: score }),
  };
  const told = message === undefined ? about : { ...about, m: cut(message) };
  const short = threats.slice(0, MAX_THREATS).map(shortThreat);
  for (let count = short.length; count > 0; count--) {
    const t = short.slice(0, count);
    const fitting = firstFitting([
      { ...told, t },
      { ...about, t },
    ]);
    if (fitting !== undefined) return fitting;
  }
  return firstFitting([told]) ?? jsonBytes(about);
}

/** Bounds the work: few of them fit. */
const MAX_THREATS = 16;

function firstFitting(candidates: readonly Details[]): Buffer | undefined {
  return candidates.map(jsonBytes).find((bytes) => bytes.length <= MAX_VALUE_BYTES - FIXED_BYTES);
}

function jsonBytes(details: Details): Buffer {
  const text = JSON.stringify(details);
  return text === "{}" ? nothing : Buffer.from(text);
}

function shortThreat({ name, path, engine, ref }: Threat): ShortThreat {
  return {
    n: cut(name),
    ...(path !== undefined && { p: cut(path) }),
    ...(engine !== undefined && { e: cut(engine) }),
    ...(ref !== undefined && { f: cut(ref) }),
  };
}

/** Well-formed: half of a surrogate pair would come back as another character. */
function cut(text: string): string {
  return text.length <= MAX_TEXT_CHARACTERS
    ? text
    : `${text.slice(0, MAX_TEXT_CHARACTERS).toWellFormed()}…`;
}

const reasons: ReadonlySet<unknown> = new Set(Object.values(VerdictReason));
const isText = (value: unknown): boolean => value === undefined || typeof value === "string";

/** Undefined when it is not what `encodeDetails` made. */
function decodeDetails(bytes: Buffer): Omit<Verdict, "kind"> | undefined {
  if (bytes.length === 0) return { threats: [] };
  const { r, s, m, t = [] } = (parseJson(bytes) ?? { t: 0 }) as Details;
  const right =
    (r === undefined || reasons.has(r)) &&
    (s === undefined || typeof s === "number") &&
    isText(m) &&
    Array.isArray(t) &&
    t.every(isShortThreat);
  if (!right) return undefined;
  return {
    threats: (t as readonly ShortThreat[]).map(longThreat),
    ...(r !== undefined && { reason: r }),
    ...(s !== undefined && { score: s }),
    ...(m !== undefined && { message: m }),
  };
}

function parseJson(bytes: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value : undefined;
  } catch {
    return undefined;
  }
}

function isShortThreat(value: unknown): value is ShortThreat {
  if (typeof value !== "object" || value === null) return false;
  const { n, p, e, f } = value as ShortThreat;
  return typeof n === "string" && [p, e, f].every(isText);
}

function longThreat({ n, p, e, f }: ShortThreat): Threat {
  return {
    name: n,
    ...(p !== undefined && { path: p }),
    ...(e !== undefined && { engine: e }),
    ...(f !== undefined && { ref: f }),
  };
}
