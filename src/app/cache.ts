import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ScanCache } from "../cache/index.ts";
import type { Settings } from "../config/index.ts";
import type { ScannerEntry } from "../resources/index.ts";
import type { RememberScanner } from "../runtime/index.ts";
import { type Logger, type MetricsRegistry, PrometheusCacheMetrics } from "../telemetry/index.ts";

export interface CacheParts {
  readonly registry: MetricsRegistry;
  readonly logger: Logger;
}

const DEFAULT_PREFIX = "sluice:";
/** A key that can be guessed protects nothing. */
const MIN_KEY_CHARACTERS = 32;
/** The embedded scanners judge such entities in less time than it takes to remember them. */
const EMBEDDED_REMEMBER_FROM_BYTES = 2048;
/** And these in less time than Redis takes to answer. */
const EMBEDDED_SHARE_FROM_BYTES = 16_384;

/** The verdict cache, unless it is switched off. Throws when a file that it needs cannot be used. */
export function createCache(
  { cache }: Settings,
  { registry, logger }: CacheParts,
): ScanCache | undefined {
  if (!cache.enabled) return undefined;
  const metrics = new PrometheusCacheMetrics(registry);
  const keys = hmacKeys(cache.hmacKeyFile);
  const made = new ScanCache({
    maxBytes: cache.memory,
    maxAgeMs: cache.memoryTtl,
    redis: redisOptions(cache.redis),
    keys,
    metrics,
    logger,
  });
  metrics.watch(registry, () => ({
    ...made.usage,
    redisAvailable: made.connection?.isAvailable,
  }));
  if (made.connection !== undefined && keys.length === 0) {
    logger.warn("verdicts in redis are not authenticated: set cache.hmacKeyFile");
  }
  return made;
}

function redisOptions({
  url,
  passwordFile,
  sentinelPasswordFile,
  caFile,
  certFile,
  keyFile,
  prefix,
  readTimeout,
  connectTimeout,
}: Settings["cache"]["redis"]) {
  if (url === undefined) return undefined;
  return {
    target: url,
    prefix: prefix ?? DEFAULT_PREFIX,
    timeoutMs: readTimeout,
    connectTimeoutMs: connectTimeout,
    password: () => secretIn(passwordFile),
    sentinelPassword: () => secretIn(sentinelPasswordFile),
    tls: { ca: contentOf(caFile), cert: contentOf(certFile), key: contentOf(keyFile) },
  };
}

function contentOf(path: string | undefined): string | undefined {
  return path === undefined ? undefined : readFileSync(path, "utf8");
}

/** Files often end with a line end that is not meant. */
function secretIn(path: string | undefined): string | undefined {
  return contentOf(path)?.replace(/\r?\n$/, "");
}

function hmacKeys(path: string | undefined): Buffer[] {
  const lines = (contentOf(path) ?? "").split(/\r?\n/).filter((line) => line !== "");
  if (path !== undefined && lines.length === 0) throw new Error(`${path} holds no key`);
  if (lines.some((line) => line.length < MIN_KEY_CHARACTERS)) {
    throw new Error(`${path} holds a key of less than ${MIN_KEY_CHARACTERS} characters`);
  }
  return lines.map((line) => Buffer.from(line));
}

/** What the shelf of scanners puts before each of them. */
export function rememberScanner(
  cache: ScanCache | undefined,
  settings: Settings,
  version: string,
): RememberScanner {
  return (scanner, entry) => {
    const isEmbedded = entry.protocol.type === "Embedded";
    return cache === undefined
      ? scanner
      : cache.decorate(scanner, {
          key: entry.key,
          identity: identityOf(entry, settings, version),
          rememberFromBytes: isEmbedded ? EMBEDDED_REMEMBER_FROM_BYTES : 0,
          shareFromBytes: isEmbedded ? EMBEDDED_SHARE_FROM_BYTES : 0,
        });
  };
}

/**
 * All that can change a verdict and is not told by the epoch: which scanner is asked, and how. How
 * often it may be asked changes none. What embedded scanners say depends on this program too.
 */
function identityOf({ key, protocol }: ScannerEntry, { scan }: Settings, version: string): string {
  const asked = { ...protocol, limits: undefined, retry: undefined, circuitBreaker: undefined };
  const { maxEntityBytes, archive, timeout } = scan;
  const embedded = { maxEntityBytes, archive, timeout, version };
  const parts = [key, asked, protocol.type === "Embedded" ? embedded : undefined];
  return hash("sha256", JSON.stringify(parts), "base64url");
}
