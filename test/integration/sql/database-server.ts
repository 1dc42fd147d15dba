import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { CertificateAuthority } from "../../support/certificate-authority.ts";
import { ChildProgram, runProgram } from "../../support/child-program.ts";
import { freePort } from "../../support/free-port.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

/** Database servers refuse to run as root; this is `nobody`. */
const UNPRIVILEGED = 65_534;
const isRoot = process.getuid?.() === 0;
const START_MS = 60_000;

/** Which user the tests connect as; the password must never be seen in a log or an answer. */
export const user = "sluice";
export const password = "canary-p4ssw0rd";

export interface ServerKind {
  readonly type: "postgres" | "mysql";
  readonly programs: readonly string[];
  /** Makes the directory of an empty database, with the user. */
  readonly initialize: (server: DatabaseServer) => Promise<void>;
  readonly command: (server: DatabaseServer) => readonly [string, ...string[]];
  readonly ready: RegExp;
}

/** A database server of Debian, on a loopback port, with its data in a directory of its own. */
export class DatabaseServer {
  readonly directory = new TempDirectory();
  port = 0;
  readonly #kind: ServerKind;
  #program: ChildProgram | undefined;
  #authority: CertificateAuthority | undefined;

  constructor(kind: ServerKind) {
    this.#kind = kind;
    this.own(this.directory.path);
  }

  get data(): string {
    return this.directory.join("data");
  }

  /** Lines of a settings file that lead here. */
  get settings(): string {
    const { type } = this.#kind;
    const secret = this.directory.join("password");
    return `{ type: ${type}, host: 127.0.0.1, port: ${this.port}, database: sluice, user: ${user}, password: { file: ${secret} }, connectTimeout: 20s }`;
  }

  /** Of the authority that signed the server's certificate. */
  get caFile(): string {
    return this.#authority?.certFile ?? "";
  }

  get cert(): string {
    return this.directory.join("server.pem");
  }

  get key(): string {
    return this.directory.join("server.key");
  }

  async create(): Promise<void> {
    this.port = await freePort();
    writeFileSync(this.directory.join("password"), `${password}\n`);
    this.#authority = await CertificateAuthority.create();
    const { cert, key } = await this.#authority.issue("IP:127.0.0.1");
    for (const [path, text] of [
      [this.cert, cert],
      [this.key, key],
    ] as const) {
      writeFileSync(path, text);
      this.own(path);
    }
    await this.#kind.initialize(this);
    await this.start();
  }

  async start(): Promise<void> {
    const [command, ...args] = unprivileged(this.#kind.command(this));
    this.#program = new ChildProgram(command, args, { cwd: this.directory.path });
    await this.#program.stopUnless(this.#program.waitForOutput(this.#kind.ready, START_MS));
  }

  /** As if the machine had lost its power. */
  async kill(): Promise<void> {
    await this.#program?.stop("SIGKILL");
  }

  async remove(): Promise<void> {
    await this.#program?.stop("SIGQUIT");
    this.#authority?.remove();
    this.directory.remove();
  }

  /** Runs a program as the user of the server. */
  async run(...command: readonly [string, ...string[]]): Promise<string> {
    const [file, ...args] = unprivileged(command);
    return await runProgram(file, args, { cwd: this.directory.path });
  }

  /** Gives a file to the user of the server, for nobody else to read. */
  own(path: string): void {
    chmodSync(path, 0o700);
    if (isRoot) chownSync(path, UNPRIVILEGED, UNPRIVILEGED);
  }
}

function unprivileged(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  if (!isRoot) return command;
  const ids = [`--reuid=${UNPRIVILEGED}`, `--regid=${UNPRIVILEGED}`, "--clear-groups"];
  // It becomes the program, so that its process id is that of the server.
  return ["/usr/bin/setpriv", ...ids, ...command];
}
