import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import type { ClamdAddress } from "../../../src/scanners/clamav/clamd-address.ts";
import { ClamdConnection } from "../../../src/scanners/clamav/clamd-connection.ts";
import { ChildProgram } from "../../support/child-program.ts";
import { eicar } from "../../support/eicar.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const START_TIMEOUT_MS = 60_000;

/** What the tests start; each is listed in programs.tsv. */
export const clamavPrograms = [
  "/usr/sbin/clamd",
  "/usr/bin/sigtool",
  "/usr/share/clamav-testfiles/clam.exe",
];

/** A line of a .hdb file: content that clamd calls by a name. */
const md5Signature = (content: string | Buffer, name: string): string =>
  `${createHash("md5").update(content).digest("hex")}:${content.length}:${name}\n`;

/** Debian's clamd with a database of a few lines, on a unix socket in a directory of its own. */
export class ClamdServer {
  readonly #directory = new TempDirectory();
  #program: ChildProgram | undefined;

  /** `settings` are lines of clamd.conf. */
  constructor(settings: readonly string[] = []) {
    mkdirSync(this.#directory.join("db"));
    const lines = [
      "Foreground yes",
      `DatabaseDirectory ${this.#directory.join("db")}`,
      `LocalSocket ${this.#socket}`,
      `TemporaryDirectory ${this.#directory.path}`,
      ...settings,
    ];
    writeFileSync(this.#directory.join("clamd.conf"), `${lines.join("\n")}\n`);
    this.addSignature("test", eicar, "Win.Test.EICAR_HDB-1");
    writeFileSync(
      this.#directory.join("db", "files.hdb"),
      "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File\n",
    );
  }

  get #socket(): string {
    return this.#directory.join("clamd.ctl");
  }

  get address(): ClamdAddress {
    return { path: this.#socket, label: this.flag };
  }

  /** As `--clamd` has it. */
  get flag(): string {
    return `unix:${this.#socket}`;
  }

  get pid(): number {
    if (this.#program === undefined) throw new Error("clamd is not started");
    return this.#program.pid;
  }

  /** In force after a start or RELOAD. */
  addSignature(file: string, content: string | Buffer, name: string): void {
    writeFileSync(this.#directory.join("db", `${file}.hdb`), md5Signature(content, name));
  }

  /** A file of the database as it is, in force after a start. */
  addDatabase(file: string, text: string): void {
    writeFileSync(this.#directory.join("db", file), text);
  }

  /** A database with a version, as freshclam brings it, but not signed. */
  addDaily(version: number, content: string, name: string): void {
    const cwd = this.#directory.join(`daily-${version}`);
    mkdirSync(cwd);
    writeFileSync(`${cwd}/daily.hdb`, md5Signature(content, name));
    writeFileSync(`${cwd}/COPYING`, "");
    const built = spawnSync(
      "/usr/bin/sigtool",
      ["--unsigned", "--build=daily.cud", "--cvd-version", String(version), `--datadir=${cwd}`],
      { cwd, input: "tester\n" },
    );
    if (built.status !== 0) throw new Error(`sigtool: ${built.stdout}${built.stderr}`);
    copyFileSync(`${cwd}/daily.cud`, this.#directory.join("db", "daily.cud"));
  }

  /** Resolves when clamd answers PING. */
  async start(): Promise<this> {
    const program = new ChildProgram("/usr/sbin/clamd", [
      `--config-file=${this.#directory.join("clamd.conf")}`,
    ]);
    this.#program = program;
    await program.stopUnless(this.#answers());
    return this;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.#program?.stop(signal);
  }

  async remove(): Promise<void> {
    await this.stop();
    this.#directory.remove();
  }

  /** A connection for commands of the test's own. */
  connect(): Promise<ClamdConnection> {
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    return ClamdConnection.open(this.address, { timeoutMs: 10_000, signal });
  }

  /** Sends bytes on a connection of their own, and resolves with the first reply. */
  async ask(...bytes: readonly (string | Buffer)[]): Promise<string> {
    const connection = await this.connect();
    try {
      await connection.send(bytes.map((part) => Buffer.from(part)));
      return await connection.reply();
    } finally {
      connection.close();
    }
  }

  async #answers(): Promise<void> {
    const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
    for (;;) {
      const reply = await this.ask("zPING\0").catch(() => undefined);
      if (reply === "PONG") return;
      if (deadline.aborted) throw new Error(`clamd did not answer: ${this.#program?.output}`);
      await pause(50);
    }
  }
}

/** A clamd for all tests of a `describe`. */
export function useClamd(settings: readonly string[] = []): () => ClamdServer {
  let clamd: ClamdServer | undefined;
  beforeAll(async () => {
    clamd = await new ClamdServer(settings).start();
  });
  afterAll(() => clamd?.remove());
  return () => {
    if (clamd === undefined) throw new Error("clamd did not start");
    return clamd;
  };
}

/** A frame of INSTREAM. */
export function frame(content: string | Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(content.length);
  return Buffer.concat([head, Buffer.from(content)]);
}

/** INSTREAM of a body in one piece, as one command of a connection or session. */
export const instreamOf = (content: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from("zINSTREAM\0"), frame(content), frame("")]);
