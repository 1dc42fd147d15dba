import { formatSize } from "./quantity.ts";
import type { Settings } from "./settings.ts";

/** A rule between settings that are each right by themselves. */
interface ConsistencyRule {
  /** What the rule reads; it is left out when one of these is wrong by itself. */
  readonly paths: readonly string[];
  /** What is wrong, or undefined. */
  readonly check: (settings: Settings) => string | undefined;
}

export const consistencyRules: readonly ConsistencyRule[] = [
  {
    paths: ["listen.icap", "listen.tls.certFile"],
    check: ({ listen }) =>
      listen.icap.length === 0 && listen.tls.certFile === undefined
        ? "nothing to listen on: listen.icap is empty and listen.tls.certFile is not set"
        : undefined,
  },
  {
    paths: ["listen.tls.certFile", "listen.tls.keyFile"],
    check: ({ listen: { tls } }) =>
      (tls.certFile === undefined) !== (tls.keyFile === undefined)
        ? "listen.tls.certFile and listen.tls.keyFile need each other; only one is set"
        : undefined,
  },
  {
    paths: ["listen.tls.clientCaFile", "listen.tls.certFile"],
    check: ({ listen: { tls } }) =>
      tls.clientCaFile !== undefined && tls.certFile === undefined
        ? "listen.tls.clientCaFile has no effect without listen.tls.certFile"
        : undefined,
  },
  {
    paths: ["admin.tls.certFile", "admin.tls.keyFile"],
    check: ({ admin: { tls } }) =>
      (tls.certFile === undefined) !== (tls.keyFile === undefined)
        ? "admin.tls.certFile and admin.tls.keyFile need each other; only one is set"
        : undefined,
  },
  {
    paths: ["cache.redis.certFile", "cache.redis.keyFile"],
    check: ({ cache: { redis } }) =>
      (redis.certFile === undefined) !== (redis.keyFile === undefined)
        ? "cache.redis.certFile and cache.redis.keyFile need each other; only one is set"
        : undefined,
  },
  {
    paths: ["events.webhook.url", "events.webhook.tokenFile"],
    check: ({ events: { webhook } }) =>
      webhook.tokenFile !== undefined && webhook.url === undefined
        ? "events.webhook.tokenFile has no effect without events.webhook.url"
        : undefined,
  },
  notAbove("services.preview", "wire.previewBytes", (s) => [
    s.services.preview,
    s.wire.previewBytes,
  ]),
  notAbove("spool.memoryBytes", "spool.memoryBudget", (s) => [
    s.spool.memoryBytes,
    s.spool.memoryBudget,
  ]),
  notAbove("scan.maxEntityBytes", "spool.diskBudget", (s) => [
    s.scan.maxEntityBytes,
    s.spool.diskBudget,
  ]),
  notAbove("scan.archive.entryBytes", "scan.archive.totalBytes", (s) => [
    s.scan.archive.entryBytes,
    s.scan.archive.totalBytes,
  ]),
];

function notAbove(
  smaller: string,
  larger: string,
  read: (settings: Settings) => readonly [number, number],
): ConsistencyRule {
  return {
    paths: [smaller, larger],
    check: (settings) => {
      const [value, bound] = read(settings);
      if (value <= bound) return;
      return `${smaller} (${formatSize(value)}) is above ${larger} (${formatSize(bound)})`;
    },
  };
}
