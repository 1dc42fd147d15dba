import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Role } from "./modes.ts";
import { buildCIcapService, isInstalled, MissingTool } from "./toolchain.ts";

/** What a peer is given to start with: a free port and a directory of its own. */
export interface Place {
  readonly port: number;
  /** Free ports for what serves the server. */
  readonly scannerPort: number;
  readonly redisPort: number;
  readonly directory: string;
}

/** A server that can be measured. */
export interface Peer {
  readonly name: string;
  /** The path of the service for each role. */
  readonly paths: Readonly<Record<Role, string>>;
  /** Writes what it needs into its directory and gives the command that serves in the foreground. */
  readonly command: (place: Place) => readonly string[];
}

/** The peer that the others are compared with. */
export const anchorName = "c-icap";

export function cIcap(): Peer {
  if (!isInstalled("c-icap")) throw new MissingTool("c-icap", "c-icap libicapapi-dev");
  const module = buildCIcapService();
  const template = readFileSync(join(import.meta.dirname, "c-icap", "c-icap.conf"), "utf8");
  return {
    name: anchorName,
    paths: { [Role.Preview]: "preview", [Role.Read]: "read", [Role.Echo]: "echo" },
    command({ port, directory }) {
      const file = join(directory, "c-icap.conf");
      const values: Record<string, string> = {
        DIR: directory,
        PORT: String(port),
        MODULE: module,
        MODULES: execFileSync("c-icap-config", ["--modulesdir"], { encoding: "utf8" }).trim(),
      };
      writeFileSync(
        file,
        template.replaceAll(/@([A-Z]+)@/g, (mark, name: string) => values[name] ?? mark),
      );
      return ["c-icap", "-N", "-D", "-f", file];
    },
  };
}

export interface SluiceOptions {
  readonly name?: string;
  /** The program: the sources by default, which cost 30 MB more than what `buildSluice` makes. */
  readonly program?: string;
  readonly workers?: number;
  /** Flags on top. */
  readonly flags?: readonly string[];
}

/** Sluice with its defaults, but without logs and admin port; limits and deadlines are all on. */
export function sluice(options: SluiceOptions = {}): Peer {
  const {
    name = "sluice",
    program = join(import.meta.dirname, "..", "src", "main.ts"),
    workers = 1,
    flags = [],
  } = options;
  return {
    name,
    paths: everythingUnder("echo"),
    command: ({ port, directory }) => [
      process.execPath,
      program,
      "serve",
      `--listen-icap=127.0.0.1:${port}`,
      "--admin-address=",
      "--log-level=silent",
      `--workers=${workers}`,
      `--spool-directory=${directory}`,
      "--drain-delay=0s",
      "--drain-idle-spread=0s",
      ...flags,
    ],
  };
}

/**
 * Any server that answers `/echo` as Sluice does, from `NAME=COMMAND`; `{port}` in the command is
 * replaced.
 */
export function anyServer(description: string): Peer {
  const { name, command } = /^(?<name>[\w.-]+)=(?<command>.+)$/s.exec(description)?.groups ?? {};
  if (name === undefined || command === undefined) {
    throw new Error(`not NAME=COMMAND: ${description}`);
  }
  return {
    name,
    paths: everythingUnder("echo"),
    command: ({ port }) => ["sh", "-c", `exec ${command.replaceAll("{port}", String(port))}`],
  };
}

const everythingUnder = (path: string): Peer["paths"] => ({
  [Role.Preview]: path,
  [Role.Read]: path,
  [Role.Echo]: path,
});
