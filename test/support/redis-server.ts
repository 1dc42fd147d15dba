import { Redis } from "ioredis";
import { ChildProgram } from "./child-program.ts";
import { freePort } from "./free-port.ts";
import { TempDirectory } from "./temp-directory.ts";

/** What a test that starts Redis passes to `describeWith`. */
export const REDIS_SERVER = "/usr/bin/redis-server";

/** A Redis of the test's own, on a port that it keeps when it is started again. */
export class RedisServer {
  readonly port: number;
  readonly #directory = new TempDirectory();
  readonly #args: readonly string[];
  #program: ChildProgram | undefined;
  #admin: Redis | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** `args` as on the command line of redis-server; nothing is written to disk unless they say so. */
  static async start(...args: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get directory(): string {
    return this.#directory.path;
  }

  /** For what the test itself asks of Redis. */
  get admin(): Redis {
    if (this.#admin === undefined) {
      this.#admin = new Redis({ port: this.port, host: "127.0.0.1" });
      this.#admin.on("error", () => {});
    }
    return this.#admin;
  }

  async restart(): Promise<void> {
    await this.kill();
    const program = new ChildProgram(REDIS_SERVER, [
      ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#directory.path],
      ...["--save", "", "--appendonly", "no", "--enable-debug-command", "yes"],
      ...this.#args,
    ]);
    this.#program = program;
    await program.stopUnless(program.waitForOutput(/Ready to accept connections|sentinel mode/));
  }

  async kill(): Promise<void> {
    await this.#program?.stop("SIGKILL");
    this.#program = undefined;
  }

  get isRunning(): boolean {
    return this.#program !== undefined;
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.#program?.signal("SIGSTOP");
  }

  thaw(): void {
    this.#program?.signal("SIGCONT");
  }

  /** Runs a command on a connection of its own: also where the admin's would be refused. */
  async run(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return await this.admin.call(command, ...args);
  }

  readonly stop = async (): Promise<void> => {
    this.#admin?.disconnect();
    await this.kill();
    this.#directory.remove();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
