import { setTimeout as pause } from "node:timers/promises";
import { runProgram } from "./child-program.ts";
import { freePort } from "./free-port.ts";
import { RedisServer } from "./redis-server.ts";

/** What a test that uses a cluster passes to `describeWith`, beside the server. */
export const REDIS_CLI = "/usr/bin/redis-cli";

const NODE_TIMEOUT_MS = 3000;

/** The port of the bus would else be the node's own and ten thousand, which may be anybody's. */
async function startNode(): Promise<RedisServer> {
  const busPort = await freePort();
  return RedisServer.start(
    ...["--cluster-enabled", "yes", "--cluster-port", String(busPort)],
    ...["--cluster-node-timeout", String(NODE_TIMEOUT_MS)],
    // A replica takes over however long it heard nothing, and stays with its master until then.
    ...["--cluster-replica-validity-factor", "0", "--cluster-allow-replica-migration", "no"],
  );
}

async function isReady({ admin }: RedisServer): Promise<void> {
  while (!(await admin.cluster("INFO")).includes("cluster_state:ok")) await pause(50);
}

/** Three masters with a replica each, as processes. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  static async start(): Promise<RedisCluster> {
    const nodes = await Promise.all(Array.from({ length: 6 }, startNode));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const cluster = new RedisCluster(nodes);
    try {
      await cluster.#cli("--cluster", "create", ...addresses, "--cluster-replicas", "1");
      await Promise.all(nodes.map(isReady));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get url(): string {
    return `redis-cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  /** Those that are masters now. */
  async masters(): Promise<RedisServer[]> {
    const running = this.nodes.filter((node) => node.isRunning);
    const roles = await Promise.all(running.map((node) => node.run("ROLE")));
    return running.filter((_node, index) => (roles[index] as string[])[0] === "master");
  }

  /** Moves so many slots, with their keys, from one master to another. */
  async reshard(slots: number): Promise<void> {
    const [from, to] = (await this.masters()) as [RedisServer, RedisServer];
    const [fromId, toId] = await Promise.all([
      from.run("CLUSTER", "MYID"),
      to.run("CLUSTER", "MYID"),
    ]);
    await this.#cli(
      ...["--cluster", "reshard", `127.0.0.1:${from.port}`, "--cluster-yes"],
      ...["--cluster-from", String(fromId), "--cluster-to", String(toId)],
      ...["--cluster-slots", String(slots)],
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #cli(...args: readonly string[]): Promise<string> {
    return runProgram(REDIS_CLI, [...args, "--cluster-yes"]);
  }
}
