/** Where a clamd listens. */
export type ClamdAddress =
  | { readonly path: string; readonly label: string }
  | { readonly host: string; readonly port: number; readonly label: string };

const DEFAULT_PORT = 3310;

/**
 * Reads `unix:/run/clamav/clamd.ctl`, `host:3310`, `[::1]:3310` or `host`; undefined for anything
 * else. `label` is how the address is written in logs and metrics.
 */
export function parseClamdAddress(text: string): ClamdAddress | undefined {
  const path = /^unix:(?<path>\/[^\0]+)$/.exec(text)?.groups?.["path"];
  if (path !== undefined) return { path, label: text };
  const groups = /^(?<host>\[[0-9a-f:.]+\]|[^\s:/[\]@]+)(?::(?<port>\d{1,5}))?$/i.exec(
    text,
  )?.groups;
  const { host, port = String(DEFAULT_PORT) } = groups ?? {};
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return {
    host: host.replace(/^\[|\]$/g, ""),
    port: Number(port),
    label: `${host}:${Number(port)}`,
  };
}
