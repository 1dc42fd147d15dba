import { CacheScope } from "../index.ts";

/** What of `req` a verdict may depend on and no scope has a word for. */
const NARROW = ["method", "status", "direction", "service", "groups"];
const USER = ["user", "clientIp"];
const URLS = ["url", "path"];
const HASHES = ["sha256", "sha1", "md5"];

export interface Reading {
  /** The entity's bytes are sent. */
  readonly sendsContent: boolean;
  /** An expression reads the file name. */
  readonly judgesNames: boolean;
}

/**
 * What verdicts of a template depend on that reads these members of `req`: `none` where no scope
 * covers them. A file name that is only sent along is not counted, for the bytes are what is judged;
 * nor is the policy, which is part of every key.
 */
export function cacheScopeOf(reads: ReadonlySet<string>, reading: Reading): CacheScope {
  const readsAny = (names: readonly string[]) => names.some((name) => reads.has(name));
  const asksUser = readsAny(USER);
  const asksUrl = readsAny([...URLS, "host"]);
  const asksType = reads.has("declaredType") || reading.judgesNames;
  const facets = [asksUser, asksUrl, asksType].filter(Boolean).length;
  if (readsAny(NARROW) || facets > 1) return CacheScope.None;
  if (asksUser) return CacheScope.User;
  if (asksUrl) return urlScope(reading.sendsContent || readsAny(HASHES), readsAny(URLS));
  if (reading.judgesNames) return CacheScope.ContentAndName;
  return asksType ? CacheScope.ContentAndType : CacheScope.Content;
}

function urlScope(readsContent: boolean, readsPath: boolean): CacheScope {
  if (readsContent) return CacheScope.ContentAndUrl;
  return readsPath ? CacheScope.Url : CacheScope.Host;
}
