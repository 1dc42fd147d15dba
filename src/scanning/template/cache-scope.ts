import { CacheScope } from "../index.ts";

/** What of `req` tells of more than the bytes, and so of what a verdict depends on. */
const NARROW = new Set(["method", "status", "direction", "service", "groups"]);
const USER = new Set(["user", "clientIp"]);
const URLS = new Set(["url", "path"]);

/**
 * What verdicts of a template depend on that reads these members of `req`: none, where there is no
 * word for it. A file name is not counted: it is sent along, and the bytes are what is judged; nor
 * is the policy, which is part of every key.
 */
export function cacheScopeOf(reads: ReadonlySet<string>, sendsContent: boolean): CacheScope {
  const readsAny = (names: ReadonlySet<string>) => [...names].some((name) => reads.has(name));
  const readsHash = sendsContent || ["sha256", "sha1", "md5"].some((name) => reads.has(name));
  const facets = [readsAny(USER), readsAny(URLS) || reads.has("host"), reads.has("declaredType")];
  const count = facets.filter(Boolean).length;
  if (readsAny(NARROW) || count > 1) return CacheScope.None;
  if (facets[0]) return CacheScope.User;
  if (facets[1]) {
    if (readsHash) return CacheScope.ContentAndUrl;
    return readsAny(URLS) ? CacheScope.Url : CacheScope.Host;
  }
  return facets[2] ? CacheScope.ContentAndType : CacheScope.Content;
}
