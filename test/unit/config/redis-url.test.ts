import { describe, expect, it } from "vitest";
import { parseRedisUrl } from "../../../src/config/redis-url.ts";

const single = {
  mode: "single",
  masterName: undefined,
  username: undefined,
  database: 0,
  tls: false,
};

describe("a URL of Redis", () => {
  it.each([
    ["redis://redis", { nodes: [{ host: "redis", port: 6379 }] }],
    ["redis://redis.svc:7000/3", { nodes: [{ host: "redis.svc", port: 7000 }], database: 3 }],
    ["redis://[::1]:7000", { nodes: [{ host: "::1", port: 7000 }] }],
    ["rediss://redis/", { nodes: [{ host: "redis", port: 6379 }], tls: true }],
    ["redis://sluice@redis", { nodes: [{ host: "redis", port: 6379 }], username: "sluice" }],
    [
      "redis-sentinel://a,b:26380/2#mymaster",
      {
        mode: "sentinel",
        nodes: [
          { host: "a", port: 26_379 },
          { host: "b", port: 26_380 },
        ],
        database: 2,
        masterName: "mymaster",
      },
    ],
    [
      "rediss-cluster://a:7000,b:7001",
      {
        mode: "cluster",
        nodes: [
          { host: "a", port: 7000 },
          { host: "b", port: 7001 },
        ],
        tls: true,
      },
    ],
  ])("is read: %s", (url, expected) => {
    expect(parseRedisUrl(url)).toEqual({ ...single, ...expected });
  });

  it.each([
    ["with a password, which would be printed", "redis://user:secret@redis"],
    ["with a password alone", "redis://:secret@redis"],
    ["of another scheme", "http://redis"],
    ["without a host", "redis://"],
    ["with two hosts that are no cluster", "redis://a,b"],
    ["of sentinels without the name of a master", "redis-sentinel://a"],
    ["with the name of a master and no sentinels", "redis://a#mymaster"],
    ["of a cluster with a database", "redis-cluster://a/1"],
    ["with a port that does not exist", "redis://a:70000"],
    ["with a query", "redis://a?db=1"],
  ])("is refused %s", (_why, url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
  });
});
