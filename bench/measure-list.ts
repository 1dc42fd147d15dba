/**
 * `node bench/measure-list.ts [DOMAINS]`: what `sluice scanner list` needs for a list of five
 * million domains: memory of the built program after the start and after a reload, and time of a lookup.
 * Linux only, for it reads /proc.
 */
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readInThread } from "../src/scanners/list/list-thread.ts";
import { NameList, type NameListData } from "../src/scanners/list/names/name-list.ts";
import { webAddress } from "../src/scanners/list/names/web-address.ts";
import { ChildProgram } from "../test/support/child-program.ts";
import { freePort } from "../test/support/free-port.ts";
import { buildSluice } from "./toolchain.ts";

const count = Number(process.argv[2] ?? 5_000_000);
const LOOKUPS = 1_000_000;
const START_MS = 600_000;
const suffixes = ["com", "net", "org", "de", "co.uk", "info", "xyz", "com.br"];

/** Names as lists have them: 20 characters on average, some below another. */
function nameAt(index: number): string {
  const scrambled = Math.imul(index, 2_654_435_761) >>> 0;
  const below = index % 5 === 0 ? `${(scrambled % 977).toString(36)}.` : "";
  const suffix = suffixes[index % suffixes.length];
  return `${below}${scrambled.toString(36)}-${index.toString(36)}.${suffix}`;
}

async function write(path: string): Promise<void> {
  const file = createWriteStream(path);
  for (let from = 0; from < count; from += 10_000) {
    const names = Array.from({ length: Math.min(10_000, count - from) }, (_, at) =>
      nameAt(from + at),
    );
    if (!file.write(`${names.join("\n")}\n`)) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
}

function memoryOf(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (field: string) =>
    `${Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)} MiB`;
  return `${mb("VmRSS")} (most so far: ${mb("VmHWM")})`;
}

async function loadedAt(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return Number(/sluice_list_loaded_timestamp_seconds\S* (\S+)/.exec(await response.text())?.[1]);
}

async function measureProcess(path: string): Promise<void> {
  const port = await freePort();
  const args = [
    buildSluice(),
    "scanner",
    "list",
    "--domains",
    path,
    "--listen",
    `127.0.0.1:${port}`,
  ];
  const startedAt = performance.now();
  const program = new ChildProgram(process.execPath, [...args, "--drain-delay", "0s"]);
  try {
    await program.waitForOutput(/is serving/, START_MS);
    console.log(
      `loaded and serving after ${Math.round((performance.now() - startedAt) / 100) / 10} s`,
    );
    await pause(2000);
    console.log(`memory after the start: ${memoryOf(program.pid)}`);
    const before = await loadedAt(port);
    utimesSync(path, new Date(), new Date());
    while ((await loadedAt(port)) === before) await pause(200);
    await pause(2000);
    console.log(`memory after a reload: ${memoryOf(program.pid)}`);
  } finally {
    await program.stop();
  }
}

function time(what: string, lookup: (index: number) => boolean, expected: boolean): void {
  for (let index = 0; index < LOOKUPS / 10; index += 1) lookup(index);
  // Of the processor: the machine may have other work.
  const before = process.cpuUsage();
  let found = 0;
  for (let index = 0; index < LOOKUPS; index += 1) found += Number(lookup(index));
  const { user, system } = process.cpuUsage(before);
  const us = (user + system) / LOOKUPS;
  if (found !== (expected ? LOOKUPS : 0)) throw new Error(`${what}: ${found} found`);
  console.log(`${what}: ${us.toFixed(2)} µs`);
}

async function measureLookups(path: string): Promise<void> {
  const names = { path, format: "plain", widensHosts: false, skipsInvalid: true } as const;
  const list = new NameList(
    await readInThread<NameListData>("./list-worker", { kind: "names", names }),
  );
  const listed = Array.from({ length: LOOKUPS }, (_, index) => nameAt((index * 7919) % count));
  const below = listed.map((name) => `www.${name}`);
  const others = listed.map((name) => `www.shop.${name}x`);
  const urls = below.map((name) => `https://${name}/a/path/of/some/steps?and=query`);
  const has = (name: string | undefined) => list.findHost(name ?? "").length > 0;
  time("a listed host", (index) => has(listed[index]), true);
  time("a host below a listed one", (index) => has(below[index]), true);
  time("a host that is not listed", (index) => has(others[index]), false);
  time(
    "a URL, taken apart and looked up",
    (index) => has(webAddress(urls[index] ?? "")?.host),
    true,
  );
}

const directory = mkdtempSync(join(tmpdir(), "sluice-bench-list-"));
try {
  const path = join(directory, "domains.txt");
  await write(path);
  console.log(`${count} domains`);
  await measureProcess(path);
  await measureLookups(path);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
