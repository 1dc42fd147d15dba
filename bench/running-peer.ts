import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Peer } from "./peers.ts";
import type { Placement } from "./placement.ts";

const startDeadlineMs = 30_000;
const stopDeadlineMs = 10_000;
const pollMs = 20;

/** A peer that serves. It owns a process group and a directory, both gone after `stop`. */
export class RunningPeer {
  readonly peer: Peer;
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  readonly #child: ChildProcess;

  private constructor(peer: Peer, port: number, directory: string, child: ChildProcess) {
    if (child.pid === undefined) throw new Error(`${peer.name} cannot be started`);
    this.peer = peer;
    this.port = port;
    this.pid = child.pid;
    this.directory = directory;
    this.#child = child;
  }

  /** Starts a peer and waits until it accepts connections; throws with its output when it ends. */
  static async start(peer: Peer, placement: Pick<Placement, "server">): Promise<RunningPeer> {
    const port = await freePort();
    const scannerPort = await freePort();
    const redisPort = await freePort();
    const directory = mkdtempSync(join(tmpdir(), `bench-${peer.name}-`));
    const [program = "", ...args] = [
      ...placement.server,
      ...peer.command({ port, scannerPort, redisPort, directory }),
    ];
    const log = openSync(join(directory, "output.log"), "w");
    // A group of its own, so that stopping reaches the processes that it starts.
    const child = spawn(program, args, { stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    await once(child, "spawn");
    const running = new RunningPeer(peer, port, directory, child);
    try {
      await running.#accepts();
    } catch (error) {
      await running.stop();
      throw error;
    }
    return running;
  }

  async #accepts(): Promise<void> {
    const deadline = Date.now() + startDeadlineMs;
    while (!(await acceptsConnections(this.port))) {
      if (this.#hasExited() || Date.now() > deadline) {
        const output = readFileSync(join(this.directory, "output.log"), "utf8").slice(-2000);
        throw new Error(`${this.peer.name} does not serve:\n${output}`);
      }
      await sleep(pollMs);
    }
  }

  #hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (!this.#hasExited()) {
      const exit = once(this.#child, "exit");
      this.#signal("SIGTERM");
      const timer = setTimeout(() => this.#signal("SIGKILL"), stopDeadlineMs);
      await exit;
      clearTimeout(timer);
    }
    // Its helpers, where it has some.
    this.#signal("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(signal === "SIGKILL" ? -this.pid : this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** A port that was free a moment ago: c-icap cannot be told to choose one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}
