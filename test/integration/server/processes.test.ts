import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { icapField } from "../../support/icap-answer.ts";
import { icapHead, optionsRequest } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";

/** Programs start slowly on a busy machine. */
const patient = { timeout: 60_000 };

vi.setConfig({ testTimeout: 180_000 });

/** Processes that this one started: worker processes, scan threads are none. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

async function metric(sluice: Sluice, name: RegExp): Promise<number> {
  const text = await (await fetch(`${sluice.adminUrl}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^${name.source} ([0-9.e+]+)$`, "gm"))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** A connection with a transaction under way: its body has not ended. */
async function underWay(sluice: Sluice) {
  const connection = await sluice.connect();
  const request = icapHead({ method: "RESPMOD", path: "/scan", body: "" });
  await connection.send(request + chunk("the beginning"));
  await expect.poll(() => metric(sluice, /sluice_transactions_in_flight/), patient).toBe(1);
  return connection;
}

it("ends with 0 when the transactions in flight have ended", async () => {
  await using sluice = await Sluice.start();
  using connection = await underWay(sluice);
  sluice.signal("SIGTERM");
  await expect.poll(() => sluice.log, patient).toMatch(/"draining"/);
  await connection.send(lastChunk);
  const answer = await connection.readAnswer();
  expect([answer.status, icapField(answer, "connection")]).toEqual([200, "close"]);
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
});

it("ends at once at a second signal: 503 for what is in flight, and not 0", async () => {
  await using sluice = await Sluice.start({ flags: ["--drain-timeout=60s"] });
  using connection = await underWay(sluice);
  sluice.signal("SIGTERM");
  await expect.poll(() => sluice.log, patient).toMatch(/"draining"/);
  sluice.signal("SIGTERM");
  expect((await connection.readAnswer()).status).toBe(503);
  expect((await sluice.exited).code).toBe(1);
});

it("worker processes share the port, one that is killed is replaced, all drain", async () => {
  await using sluice = await Sluice.start({ flags: ["--workers=2"] });
  await expect.poll(() => childrenOf(sluice.pid).length, patient).toBe(2);
  for (let i = 0; i < 6; i++) {
    using connection = await sluice.connect();
    await connection.send(optionsRequest("/echo"));
    expect((await connection.readAnswer()).status).toBe(200);
  }
  // The primary hands connections out in turn: no worker has had them all, the page has their sum.
  expect(await metric(sluice, /sluice_transactions_total\{.*method="OPTIONS".*\}/)).toBe(6);

  const before = childrenOf(sluice.pid);
  process.kill(before[0] as number, "SIGKILL");
  await expect.poll(() => sluice.log, patient).toMatch(/worker process died/);
  expect(sluice.log).toMatch(/"signal":"SIGKILL"/);
  const survivor = before[1] as number;
  const isReplaced = () => {
    const now = childrenOf(sluice.pid);
    return now.length === 2 && now.includes(survivor) && now[0] !== before[0];
  };
  await expect.poll(isReplaced, patient).toBe(true);
  expect(await metric(sluice, /sluice_worker_restarts_total\{.*kind="process".*\}/)).toBe(1);
  using connection = await sluice.connect();
  await connection.send(optionsRequest("/echo"));
  expect((await connection.readAnswer()).status).toBe(200);

  sluice.signal("SIGTERM");
  expect((await sluice.exited).code).toBe(0);
});
