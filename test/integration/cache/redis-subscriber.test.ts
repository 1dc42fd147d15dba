import { afterAll, beforeAll, expect, it } from "vitest";
import { createRedisClient } from "../../../src/cache/redis/redis-client.ts";
import { describeWith } from "../../support/programs.ts";
import { redisAccess, redisConnection } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";

describeWith([REDIS_SERVER], "messages from Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.stop();
  });

  it("are heard again after the connection that hears them was cut", async () => {
    const connection = redisConnection(redis.url);
    const heard: string[] = [];
    connection.listen("news", (message) => heard.push(message));
    await connection.start();
    const channel = `${connection.prefix}news`;
    const listeners = async () => Number((await redis.admin.pubsub("NUMSUB", channel))[1]);
    await expect.poll(listeners).toBe(1);
    await redis.run("CLIENT", "KILL", "TYPE", "pubsub");
    await expect.poll(listeners).toBe(1);
    await redis.admin.publish(channel, "hello");
    await expect.poll(() => heard).toEqual(["hello"]);
    await connection.close();
  });

  it("are not subscribed to by the library, whose failure nobody would catch", async () => {
    const client = await createRedisClient(redisAccess(redis.url));
    expect(client.options).toMatchObject({ autoResubscribe: false });
    client.disconnect();
  });
});
