import { accessSync } from "node:fs";
import { RedisServer } from "./redis-server.ts";

/** A Redis for tests that need nothing of it but its answers. */
export interface AnyRedis {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const IMAGE = "redis:7";
const PORT = 6379;

/**
 * The Redis of `SLUICE_TEST_REDIS_URL` if that is set, one in a container where a Docker engine is
 * there (of the image `SLUICE_TEST_REDIS_IMAGE`, such as `valkey/valkey:8`), or else a process.
 */
export async function anyRedis(): Promise<AnyRedis> {
  const url = process.env["SLUICE_TEST_REDIS_URL"];
  if (url !== undefined) return { url, stop: async () => {} };
  return (await redisContainer()) ?? (await RedisServer.start());
}

async function redisContainer(): Promise<AnyRedis | undefined> {
  if (!hasDockerEngine()) return undefined;
  // Loaded here: it is large, and most machines on which tests run have no engine.
  const { GenericContainer } = await import("testcontainers");
  const image = process.env["SLUICE_TEST_REDIS_IMAGE"] ?? IMAGE;
  const container = await new GenericContainer(image).withExposedPorts(PORT).start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(PORT)}`,
    stop: async () => {
      await container.stop();
    },
  };
}

function hasDockerEngine(): boolean {
  if (process.env["DOCKER_HOST"] !== undefined) return true;
  try {
    accessSync("/var/run/docker.sock");
    return true;
  } catch {
    return false;
  }
}
