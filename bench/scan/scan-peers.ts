import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Role } from "../modes.ts";
import { anchorName, type Peer, type Place } from "../peers.ts";
import { isInstalled, MissingTool } from "../toolchain.ts";

const everythingUnder = (path: string): Peer["paths"] => ({
  [Role.Preview]: path,
  [Role.Read]: path,
  [Role.Echo]: path,
});

const quoted = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");

/**
 * A shell that starts the helpers of a server, waits until they are there, and becomes the server: so
 * all are one process tree, whose CPU time is counted together.
 */
function together(helpers: readonly Helper[], server: readonly string[]): readonly string[] {
  const starts = helpers.map(
    ({ command, isThere }) => `${quoted(command)} & until ${isThere}; do sleep 0.05; done`,
  );
  return ["sh", "-c", [...starts, `exec ${quoted(server)}`].join("\n")];
}

interface Helper {
  readonly command: readonly string[];
  /** A shell condition. */
  readonly isThere: string;
}

/** A file that nobody sends, so that clamd has a database and each scan is a whole one. */
const SIGNATURE = `${createHash("md5").update("no body is this one").digest("hex")}:19:Bench-Test\n`;

/** A clamd of its own for each peer: what one has it remember does not help the other. */
function clamd(directory: string): Helper & { readonly socket: string } {
  const socket = join(directory, "clamd.ctl");
  const database = join(directory, "db");
  mkdirSync(database);
  writeFileSync(join(database, "bench.hdb"), SIGNATURE);
  const file = join(directory, "clamd.conf");
  const settings = [
    "Foreground yes",
    `DatabaseDirectory ${database}`,
    `LocalSocket ${socket}`,
    `TemporaryDirectory ${directory}`,
    "MaxThreads 10",
  ];
  writeFileSync(file, `${settings.join("\n")}\n`);
  return {
    socket,
    command: ["/usr/sbin/clamd", `--config-file=${file}`],
    isThere: `test -S '${socket}'`,
  };
}

/** c-icap with its virus_scan module, which hands clamd the file that it has spooled. */
export function cIcapWithClamd(): Peer {
  requireTools();
  const modules = execFileSync("c-icap-config", ["--modulesdir"], { encoding: "utf8" }).trim();
  const template = readFileSync(join(import.meta.dirname, "c-icap-clamd.conf"), "utf8");
  return {
    name: anchorName,
    paths: everythingUnder("avscan"),
    command({ port, directory }) {
      const scanner = clamd(directory);
      const file = join(directory, "c-icap.conf");
      const values: Record<string, string> = {
        DIR: directory,
        PORT: String(port),
        CLAMD: scanner.socket,
        MODULES: modules,
      };
      writeFileSync(
        file,
        template.replaceAll(/@([A-Z]+)@/g, (mark, name: string) => values[name] ?? mark),
      );
      return together([scanner], ["c-icap", "-N", "-D", "-f", file]);
    },
  };
}

export interface ScanningSluice {
  readonly name: string;
  readonly program: string;
  /** With a Redis of its own, where verdicts are remembered. */
  readonly redis?: boolean;
  readonly flags?: readonly string[];
}

/** Sluice with the scanner `clamav` as a service of its own in front of clamd. */
export function sluiceWithClamd({ name, program, redis, flags = [] }: ScanningSluice): Peer {
  requireTools();
  return {
    name,
    paths: everythingUnder("scan"),
    command(place) {
      const scanner = clamd(place.directory);
      const helpers = [scanner, clamavService(place, program, scanner.socket)];
      if (redis === true) helpers.push(redisHelper(place));
      const serve = [
        ...[process.execPath, program, "serve"],
        `--listen-icap=127.0.0.1:${place.port}`,
        "--admin-address=",
        "--log-level=silent",
        "--workers=1",
        `--spool-directory=${place.directory}`,
        `--resources-files=${resourcesFile(place)}`,
        "--drain-delay=0s",
        "--drain-idle-spread=0s",
        ...(redis === true ? [`--cache-redis-url=redis://127.0.0.1:${place.redisPort}`] : []),
        ...flags,
      ];
      return together(helpers, serve);
    },
  };
}

function clamavService({ scannerPort, directory }: Place, program: string, socket: string): Helper {
  // c-icap hands clamd an open file, too.
  const handOver = join(directory, "hand-over");
  mkdirSync(handOver);
  return {
    command: [
      ...[process.execPath, program, "scanner", "clamav"],
      `--clamd=unix:${socket}`,
      `--hand-over-directory=${handOver}`,
      `--listen=127.0.0.1:${scannerPort}`,
      "--log-level=silent",
      "--drain-delay=0s",
    ],
    isThere: listensOn(scannerPort),
  };
}

function redisHelper({ directory, redisPort }: Place): Helper {
  const settings = ["--save", "", "--dir", directory, "--loglevel", "warning"];
  return {
    command: ["redis-server", "--bind", "127.0.0.1", "--port", String(redisPort), ...settings],
    isThere: listensOn(redisPort),
  };
}

/** A shell condition: a socket of this port listens, as the kernel's own table has it. */
function listensOn(port: number): string {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  return `grep -q ':${hexadecimal} 00000000:0000 0A' /proc/net/tcp`;
}

function resourcesFile({ directory, scannerPort }: Place): string {
  // In a directory of its own, as a ConfigMap is: clamd makes directories in the other one, and it is watched.
  const resources = join(directory, "resources");
  mkdirSync(resources);
  const file = join(resources, "resources.yaml");
  writeFileSync(
    file,
    `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: clamav }
spec:
  protocol: { type: ScanV1 }
  endpoint: { url: "http://127.0.0.1:${scannerPort}" }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: scan }
spec:
  path: /scan
  scanners: [{ name: clamav, ref: { kind: IcapScanner, name: clamav } }]
`,
  );
  return file;
}

function requireTools(): void {
  const tools = { "c-icap": "c-icap", "/usr/sbin/clamd": "clamav-daemon", "redis-server": "" };
  for (const [tool, debianPackage] of Object.entries(tools)) {
    if (!isInstalled(tool)) throw new MissingTool(tool, debianPackage || tool);
  }
}
