import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ChildExit, ChildProgram } from "./child-program.ts";
import { freePort } from "./free-port.ts";
import { IcapConnection } from "./icap-connection.ts";

const repository = join(import.meta.dirname, "..", "..");

export interface SluiceOptions {
  /** Flags of `sluice serve` beside the addresses, e.g. `--drain-delay=1s`. */
  readonly flags?: readonly string[];
  /** Set to start a second server where an earlier one listens or listened. */
  readonly icapPort?: number;
}

/** The server under test as a process of its own, on the loopback, started as a user starts it. */
export class Sluice {
  readonly icapPort: number;
  readonly adminUrl: string;
  readonly #program: ChildProgram;

  private constructor(program: ChildProgram, icapPort: number, adminUrl: string) {
    this.#program = program;
    this.icapPort = icapPort;
    this.adminUrl = adminUrl;
  }

  /** Resolves when the server says that it is ready. */
  static async start(options: SluiceOptions = {}): Promise<Sluice> {
    const icapPort = options.icapPort ?? (await freePort());
    const adminPort = await freePort();
    const program = new ChildProgram(
      process.execPath,
      [
        ...["src/main.ts", "serve"],
        ...[`--listen-icap=127.0.0.1:${icapPort}`, `--admin-address=127.0.0.1:${adminPort}`],
        // At once, unless the test is about draining; the last of two flags counts.
        ...["--drain-delay=0s", "--drain-idle-spread=0s", ...(options.flags ?? [])],
      ],
      { cwd: repository },
    );
    const sluice = new Sluice(program, icapPort, `http://127.0.0.1:${adminPort}`);
    await program.stopUnless(sluice.#ready());
    return sluice;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** What the server printed: its log. */
  get log(): string {
    return this.#program.output;
  }

  /** Resolves when the process has ended, whoever ended it. */
  get exited(): Promise<ChildExit> {
    return this.#program.exited;
  }

  /** A connection to the ICAP port for exact bytes. */
  connect(): Promise<IcapConnection> {
    return IcapConnection.open({ port: this.icapPort });
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  stop(): Promise<ChildExit> {
    return this.#program.stop("SIGTERM", 20_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Asks the admin port until it says ready; fails at once when the process ends. */
  async #ready(): Promise<void> {
    let ended = false;
    void this.exited.then(() => {
      ended = true;
    });
    const deadline = AbortSignal.timeout(60_000);
    while (!(await answersReady(this.adminUrl))) {
      if (ended || deadline.aborted) {
        throw new Error(`sluice did not become ready:\n${this.log.slice(-4000)}`);
      }
      await pause(50);
    }
  }
}

async function answersReady(adminUrl: string): Promise<boolean> {
  try {
    return (await fetch(`${adminUrl}/readyz`)).ok;
  } catch {
    return false;
  }
}
