import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ChildExit, ChildProgram } from "../../support/child-program.ts";
import { icapField } from "../../support/icap-answer.ts";
import { IcapConnection } from "../../support/icap-connection.ts";
import { optionsRequest } from "../../support/icap-request.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const repository = join(import.meta.dirname, "..", "..", "..");

/** An IcapService whose spec is written as YAML in flow style. */
export function service(name: string, spec = ""): string {
  return `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: ${name} }
spec: { path: /${name}${spec === "" ? "" : `, ${spec}`} }
---
`;
}

/** A scanner that finds EICAR by its rules, and what its hash list names. */
export function scanner(name: string, hashList?: string): string {
  const embedded = hashList === undefined ? "" : `, embedded: { hashList: ${hashList} }`;
  return `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: ${name} }
spec: { protocol: { type: Embedded${embedded} } }
---
`;
}

export const scannedBy = (name: string): string =>
  `scanners: [{ name: ${name}, ref: { kind: IcapScanner, name: ${name} } }]`;

/** `sluice serve -f` on a file of its own, which the test replaces. */
export class ReloadingServer {
  readonly port: number;
  readonly #program: ChildProgram;
  readonly #adminUrl: string;
  readonly #directory: TempDirectory;

  private constructor(
    program: ChildProgram,
    directory: TempDirectory,
    addresses: { readonly port: number; readonly adminUrl: string },
  ) {
    this.#program = program;
    this.#directory = directory;
    this.port = addresses.port;
    this.#adminUrl = addresses.adminUrl;
  }

  static async start(resources: string, ...flags: readonly string[]): Promise<ReloadingServer> {
    const directory = new TempDirectory();
    const path = directory.join("services.yaml");
    writeFileSync(path, resources);
    const program = new ChildProgram(
      process.execPath,
      [
        ...["src/main.ts", "serve", "-f", path, "--resources-poll=200ms"],
        ...["--listen-icap=127.0.0.1:0", "--admin-address=127.0.0.1:0", "--no-log-transactions"],
        ...["--drain-delay=0s", "--drain-idle-spread=0s", "--drain-timeout=5s", ...flags],
      ],
      { cwd: repository },
    );
    const listener = /listener {2}icap:\/\/127\.0\.0\.1:(\d+)/;
    const [, port] = await program.waitForOutput(listener, 60_000);
    const [, adminUrl = ""] = await program.waitForOutput(/(http:\/\/127\.0\.0\.1:\d+)\/metrics/);
    // The log is another stream than the banner, and may come later.
    await program.waitForOutput(/"serving"/);
    return new ReloadingServer(program, directory, { port: Number(port), adminUrl });
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Worker processes, where there are any. */
  get workers(): readonly number[] {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8");
    return children.split(" ").filter(Boolean).map(Number);
  }

  get path(): string {
    return this.#directory.join("services.yaml");
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  /** Replaces the file whole, as `mv` does; resolves when the server serves what it says. */
  async reload(resources: string): Promise<void> {
    const before = await this.#applied();
    this.replace(resources);
    // The log comes up to half a second later.
    const deadline = AbortSignal.timeout(60_000);
    while ((await this.#applied()) === before) {
      deadline.throwIfAborted();
      await pause(20);
    }
  }

  /**
   * Replaces the file, or removes it; resolves when the server has refused that, with the problems
   * that it logged.
   */
  async refuse(resources: string | undefined): Promise<readonly string[]> {
    const before = this.#count("configuration refused");
    if (resources === undefined) rmSync(this.path);
    else this.replace(resources);
    await this.waitFor("configuration refused", before + 1);
    const lines = this.#program.output.split("\n");
    const last = lines.findLast((line) => line.includes("configuration refused"));
    return JSON.parse(last ?? "{}").problems;
  }

  replace(resources: string): void {
    writeFileSync(this.#directory.join("next"), resources);
    renameSync(this.#directory.join("next"), this.path);
  }

  async waitFor(message: string, count: number): Promise<void> {
    // Nothing in it can match in two ways: it must not be slow where there are many.
    const pattern = new RegExp(`(?:(?:(?!${message})[^])*${message}){${count}}[^\\n]*\\n`);
    await this.#program.waitForOutput(pattern, 60_000);
  }

  connect(): Promise<IcapConnection> {
    return IcapConnection.open({ port: this.port });
  }

  /** Status and ISTag of the OPTIONS answer of a path. */
  async options(path: string): Promise<{ status: number; istag: string | undefined }> {
    using connection = await this.connect();
    await connection.send(optionsRequest(path));
    const answer = await connection.readAnswer();
    return { status: answer.status, istag: icapField(answer, "ISTag") };
  }

  /** The samples of the metrics whose names begin so. */
  async metrics(prefix: string): Promise<Readonly<Record<string, string>>> {
    const text = await (await fetch(`${this.#adminUrl}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith(prefix));
    return Object.fromEntries(lines.map((line) => line.split(" ") as [string, string]));
  }

  async stop(): Promise<ChildExit> {
    const exit = await this.#program.stop("SIGTERM", 20_000);
    this.#directory.remove();
    return exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** How many sets were applied so far. */
  async #applied(): Promise<string | undefined> {
    return (await this.metrics("sluice_config_loads_total"))[
      'sluice_config_loads_total{result="applied"}'
    ];
  }

  #count(message: string): number {
    return this.#program.output.split(message).length - 1;
  }
}
