import { type CacheAdvice, CacheScope } from "../verdict.ts";

/** `cache` of a verdict document. */
export interface DocumentAdvice {
  /** Seconds. */
  readonly ttl?: number | undefined;
  readonly scope?: string | undefined;
}

/** Longer than this no verdict is remembered anywhere. */
const MAX_TTL_S = 366 * 24 * 3600;

/**
 * How long and by what a verdict may be remembered: as the document says and as `Cache-Control` of
 * its answer does (RFC 9111), whichever is less. What is not understood is not to be remembered.
 */
export function cacheAdvice(
  document: DocumentAdvice | undefined,
  headers: { readonly cacheControl: string | undefined; readonly age: string | undefined },
): CacheAdvice | undefined {
  const seconds = [document?.ttl, freshSeconds(headers.cacheControl, headers.age)].filter(
    (ttl) => ttl !== undefined,
  );
  const scope = scopeOf(document?.scope);
  if (seconds.length === 0 && scope === undefined) return undefined;
  return {
    ...(seconds.length > 0 && { ttlMs: Math.min(...seconds, MAX_TTL_S) * 1000 }),
    ...(scope !== undefined && { scope }),
  };
}

const scopes: readonly string[] = Object.values(CacheScope);

/** A scope of a later version may be narrower than all that are known. */
function scopeOf(word: string | undefined): CacheScope | undefined {
  if (word === undefined) return undefined;
  return scopes.includes(word) ? (word as CacheScope) : CacheScope.None;
}

/** The verdicts of a scanner go to many users: what is private is kept for none. */
const UNSTORED = new Set(["no-store", "no-cache", "private"]);

/** Undefined when `Cache-Control` says nothing about it. */
function freshSeconds(value: string | undefined, age: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const directives = new Map(
    value.split(",").map((directive): [string, string] => {
      const [name = "", argument = ""] = directive.split("=", 2);
      return [name.trim().toLowerCase(), argument.trim().replace(/^"(.*)"$/, "$1")];
    }),
  );
  for (const name of directives.keys()) {
    if (UNSTORED.has(name)) return 0;
  }
  // RFC 9111 §5.2.2.10: for a cache of many users the second goes before the first.
  const lifetime = directives.get("s-maxage") ?? directives.get("max-age");
  if (lifetime === undefined) return undefined;
  return Math.max(0, deltaSeconds(lifetime) - deltaSeconds(age ?? "0"));
}

function deltaSeconds(text: string): number {
  return /^\d{1,10}$/.test(text.trim()) ? Number(text) : 0;
}
