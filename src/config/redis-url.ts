import type { RedisTarget } from "./settings.ts";

const pattern =
  /^(?<scheme>rediss?)(?:-(?<mode>sentinel|cluster))?:\/\/(?:(?<user>[^:@/?#,]+)@)?(?<nodes>[^@/?#]+)(?:\/(?<database>\d{1,4})?)?(?:#(?<master>[\w.-]+))?$/;
const nodePattern =
  /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads `redis://host:6379/0`, `rediss://…` (TLS), `redis-sentinel://a,b,c/0#master` and
 * `redis-cluster://a,b,c`, each with a user name before the hosts if need be and never with a password,
 * since URLs are printed. Undefined when it is none of these.
 */
export function parseRedisUrl(url: string): RedisTarget | undefined {
  const {
    scheme,
    mode = "single",
    user,
    nodes,
    database,
    master,
  } = pattern.exec(url)?.groups ?? {};
  if (nodes === undefined) return undefined;
  const list = nodes.split(",").map((node) => parseNode(node, mode));
  const isRight =
    !list.includes(undefined) &&
    (mode !== "single" || list.length === 1) &&
    (mode === "sentinel") === (master !== undefined) &&
    (mode !== "cluster" || Number(database ?? 0) === 0);
  if (!isRight) return undefined;
  return {
    mode: mode as RedisTarget["mode"],
    nodes: list as RedisTarget["nodes"],
    masterName: master,
    username: user,
    database: Number(database ?? 0),
    tls: scheme === "rediss",
  };
}

function parseNode(text: string, mode: string): RedisTarget["nodes"][number] | undefined {
  const { v6, name, port } = nodePattern.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const number = Number(port ?? (mode === "sentinel" ? SENTINEL_PORT : REDIS_PORT));
  if (host === undefined || number === 0 || number > 65_535) return undefined;
  return { host, port: number };
}
