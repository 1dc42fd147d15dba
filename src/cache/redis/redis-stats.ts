import { CacheTier } from "../../telemetry/index.ts";
import type { TierStats } from "../verdict-cache.ts";
import type { RedisClient } from "./redis-client.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** An operator waits for these; a scan does not. */
const TIMEOUT_MS = 2000;

/** What Redis says of itself, all masters of a cluster together. */
export async function redisStats(connection: RedisConnection): Promise<TierStats> {
  const reply = await connection.run(
    (client) => Promise.all(masters(client).map((node) => nodeStats(node))),
    { timeoutMs: TIMEOUT_MS },
  );
  if (reply.kind !== "value") return { tier: CacheTier.Redis, available: false };
  return {
    tier: CacheTier.Redis,
    available: true,
    entries: sum(reply.value.map(({ entries }) => entries)),
    bytes: sum(reply.value.map(({ bytes }) => bytes)),
    maxBytes: sum(reply.value.map(({ maxBytes }) => maxBytes)) || undefined,
  };
}

type Node = Exclude<RedisClient, { nodes: unknown }>;

function masters(client: RedisClient): readonly Node[] {
  return "nodes" in client ? client.nodes("master") : [client];
}

async function nodeStats(node: Node) {
  const [entries, memory] = await Promise.all([node.dbsize(), node.info("memory")]);
  return { entries, bytes: figure(memory, "used_memory"), maxBytes: figure(memory, "maxmemory") };
}

function figure(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
