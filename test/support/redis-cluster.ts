import { runProgram } from "./child-program.ts";
import { RedisServer } from "./redis-server.ts";

/** What a test that uses a cluster passes to `describeWith`, beside the server. */
export const REDIS_CLI = "/usr/bin/redis-cli";

/** Three masters with a replica each, as processes. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[];

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes;
  }

  static async start(): Promise<RedisCluster> {
    const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1500"];
    const nodes = await Promise.all(Array.from({ length: 6 }, () => RedisServer.start(...args)));
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const cluster = new RedisCluster(nodes);
    try {
      await cluster.#cli("--cluster", "create", ...addresses, "--cluster-replicas", "1");
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
