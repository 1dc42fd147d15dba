import type { AppFacts } from "../app/index.ts";
import type { ListenAddress } from "../config/index.ts";
import { defaultService } from "./client-flags.ts";

export interface BannerOptions {
  readonly version: string;
  readonly programName: string;
}

/** `[::]:1344` */
function authority({ host = "[::]", port }: ListenAddress): string {
  return `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}

/** The address that a person on this machine uses for a listener on every address. */
const reachable = (address: ListenAddress): string =>
  authority(address).replace(/^(\[::\]|0\.0\.0\.0):/, "127.0.0.1:");

const row = (label: string, text: string): string => `  ${label.padEnd(9)} ${text}`;

const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : plural}`;

/** A few lines: what is served, and what to type to see it work. */
export function bannerText(facts: AppFacts, { version, programName }: BannerOptions): string {
  const listeners = [
    ...facts.icap.map((address) => `icap://${authority(address)}`),
    ...facts.icaps.map((address) => `icaps://${authority(address)}`),
  ];
  const lines = [
    `Sluice ${version} is serving`,
    ...listeners.map((listener) => row("listener", listener)),
    row("services", serviceList(facts.services)),
    ...facts.scanners.flatMap(scannerRows),
  ];
  if (facts.admin !== undefined) {
    lines.push(row("admin", `http://${reachable(facts.admin)}/metrics  /livez  /readyz`));
  }
  return `${lines.join("\n")}\n${tryIt(facts, programName)}\n`;
}

const listedServices = 12;

function serviceList(services: AppFacts["services"]): string {
  const paths = services.slice(0, listedServices).map(({ path }) => path);
  const others = services.length - paths.length;
  if (paths.length === 0) return "none";
  return others > 0 ? `${paths.join("  ")}  and ${others} more` : paths.join("  ");
}

function scannerRows(scanner: AppFacts["scanners"][number]): string[] {
  const { engine, version, rules, hashes, degraded } = scanner;
  const name = version === undefined ? engine : `${engine} ${version}`;
  const list = hashes === 0 ? "no hash list" : `a list of ${counted(hashes, "hash", "hashes")}`;
  const rows = [row("scanner", `${name} with ${counted(rules, "rule")}, ${list}`)];
  return degraded === undefined ? rows : [...rows, row("", `degraded: ${degraded}`)];
}

/** Commands to copy, for the first service that scans; the address is left out where it is the default. */
function tryIt({ icap: [listener], services }: AppFacts, programName: string): string {
  const scanning = services.find(({ scans }) => scans);
  if (listener === undefined || scanning === undefined) return "";
  const url = `icap://${reachable(listener)}${scanning.path}`;
  const service = url === defaultService ? "" : ` --service ${url}`;
  return `
Try it from another terminal:
  ${programName} scan --eicar${service}
  ${programName} scan FILE${service}
How to put it behind Squid and browse through it: README.md
`;
}
