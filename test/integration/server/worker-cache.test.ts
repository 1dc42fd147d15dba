import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { icapRequest } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TOKEN = "t".repeat(40);
const BODY = "an ordinary text of a few words ".repeat(100);
const SHA256 = createHash("sha256").update(BODY).digest("hex");
const WORKERS = 2;
/** Connections go round: so many reach every worker. */
const ROUNDS = 2 * WORKERS;

let directory: TempDirectory;
let sluice: Sluice;
beforeAll(async () => {
  directory = new TempDirectory();
  writeFileSync(directory.join("tokens"), `ada ${TOKEN}\n`);
  const flags = [`--workers=${WORKERS}`, `--admin-token-file=${directory.join("tokens")}`];
  sluice = await Sluice.start({ flags });
});
afterAll(async () => {
  await sluice?.stop();
  directory.remove();
});

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(`${sluice.adminUrl}/v1/cache/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

/** What becomes of the body on so many connections one after the other. */
async function statuses(): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    using connection = await sluice.connect();
    const fields = ["Allow: 204"];
    await connection.send(icapRequest({ method: "RESPMOD", path: "/scan", fields, body: BODY }));
    found.push((await connection.readAnswer()).status);
  }
  return found;
}

const all = (status: number): number[] => Array.from({ length: ROUNDS }, () => status);
const order = () => ({
  action: "block",
  reason: "leaked document",
  expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
});

it("tells of the memories of all workers", async () => {
  await statuses();
  expect((await ask("GET", "stats")).json).toMatchObject({
    tiers: [{ tier: "memory", entries: WORKERS, reads: { miss: WORKERS } }],
    processes: WORKERS,
  });
});

it("purges all of them", async () => {
  await statuses();
  const before = await misses();
  await statuses();
  const known = await misses();
  expect((await ask("POST", "purge", { scanner: "embedded" })).status).toBe(200);
  await statuses();
  // At least one in each; a purge takes two seconds of the future with it.
  expect([known, (await misses()) >= before + WORKERS]).toEqual([before, true]);
});

/** Reads of all workers that found nothing. */
async function misses(): Promise<number> {
  const { tiers } = (await ask("GET", "stats")).json as {
    tiers: { reads: { miss: number } }[];
  };
  return tiers[0]?.reads.miss ?? 0;
}

it("overrides in all of them, and in one that takes the place of another", async () => {
  const before = await statuses();
  await ask("PUT", `overrides/${SHA256}`, order());
  const meanwhile = await statuses();
  const [first] = children(sluice.pid);
  process.kill(first as number, "SIGKILL");
  await expect
    .poll(async () => (await ask("GET", "stats")).json["processes"], { timeout: 60_000 })
    .toBe(WORKERS);
  await expect.poll(statuses, { timeout: 60_000 }).toEqual(all(200));
  await ask("DELETE", `overrides/${SHA256}`);
  expect([before, meanwhile, await statuses()]).toEqual([all(204), all(200), all(204)]);
});

/** Processes that this one started: its workers. */
function children(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}
