import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { ChildProgram } from "./child-program.ts";
import { freePort } from "./free-port.ts";
import { TempDirectory } from "./temp-directory.ts";

export const haproxyPath = "/usr/sbin/haproxy";

export interface HaproxyOptions {
  /** Servers on the loopback by port, whether anybody listens there yet or not. */
  readonly serverPorts: readonly number[];
  /** What tells servers where a connection really comes from. */
  readonly preface?: "send-proxy" | "send-proxy-v2";
  /** Finds out by OPTIONS, not by a mere connection, whether a server is up. */
  readonly checksOptions?: boolean;
}

/** HAProxy as a TCP load balancer on the loopback that sends new connections only to servers that are up. */
export class Haproxy {
  readonly port: number;
  readonly #program: ChildProgram;
  readonly #directory: TempDirectory;

  private constructor(port: number, program: ChildProgram, directory: TempDirectory) {
    this.port = port;
    this.#program = program;
    this.#directory = directory;
  }

  static async start(options: HaproxyOptions): Promise<Haproxy> {
    const directory = new TempDirectory();
    const port = await freePort();
    const file = directory.join("haproxy.cfg");
    writeFileSync(file, configuration(port, directory.join("control"), options));
    const program = new ChildProgram(haproxyPath, [
      "-W",
      "-db",
      "-f",
      directory.join("haproxy.cfg"),
    ]);
    await program.stopUnless(program.waitForOutput(/Loading success/));
    return new Haproxy(port, program, directory);
  }

  /** Resolves when its checks have found the server. */
  async waitUntilUp(serverPort: number): Promise<void> {
    await this.#program.waitForOutput(new RegExp(`Server icap/s${serverPort} is UP`));
  }

  /** Sends no new connection to the server; those there are stay. */
  async drain(serverPort: number): Promise<void> {
    const control = connect(this.#directory.join("control"));
    control.end(`set server icap/s${serverPort} state drain\n`);
    const answer = (await control.setEncoding("utf8").toArray()).join("").trim();
    if (answer !== "") throw new Error(`HAProxy: ${answer}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
    this.#directory.remove();
  }
}

function configuration(port: number, control: string, options: HaproxyOptions): string {
  const { serverPorts, preface = "", checksOptions = false } = options;
  return `
global
  log stderr format raw local0 notice
  stats socket ${control} level admin
defaults
  mode tcp
  log global
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch 1
listen icap
  bind 127.0.0.1:${port}
  balance leastconn
  ${checksOptions ? optionsCheck : ""}
  default-server check inter 200ms rise 2 fall 1 ${preface}
${serverPorts.map((server) => `  server s${server} 127.0.0.1:${server}`).join("\n")}
`;
}

const optionsCheck = String.raw`
  option tcp-check
  tcp-check send OPTIONS\ icap://127.0.0.1/scan\ ICAP/1.0\r\nHost:\ 127.0.0.1\r\nConnection:\ close\r\n\r\n
  tcp-check expect string ICAP/1.0\ 200\ OK
`;
