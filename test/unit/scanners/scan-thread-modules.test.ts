import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";

/** Starts a scan thread and tells which packages and modules of Node it loaded at its start. */
const listing = `
  const { registerHooks } = require("node:module");
  const { parentPort, workerData } = require("node:worker_threads");
  const outside = [];
  registerHooks({
    resolve(specifier, context, next) {
      if (!/^[./]|^file:/.test(specifier)) outside.push(specifier);
      return next(specifier, context);
    },
  });
  import(workerData.entry).then(
    () => parentPort.postMessage({ outside }),
    (error) => parentPort.postMessage({ outside, error: String(error) }),
  );
`;

it("a scan thread loads no package at its start: each would be loaded in every thread", async () => {
  const entry = new URL("../../../src/scanners/embedded/scan-worker.ts", import.meta.url).href;
  const workerData = {
    entry,
    ...{ nativeEngine: false, rules: [], limits: {}, directory: "", memberMemoryBytes: 1 },
    ...{ windowBytes: 1, engineTimeoutMs: 1, hashList: undefined },
    ...{ inbox: new SharedArrayBuffer(1), cancelled: new SharedArrayBuffer(4) },
  };
  const thread = new Worker(listing, { eval: true, workerData });
  const messages: { outside?: string[]; kind?: string }[] = [];
  while (messages.every((message) => message.outside === undefined)) {
    messages.push(...((await once(thread, "message")) as typeof messages));
  }
  await thread.terminate();
  expect(messages.map((message) => message.kind)).toContain("ready");
  const outside = messages.flatMap((message) => message.outside ?? []);
  expect(outside.filter((specifier) => !specifier.startsWith("node:"))).toEqual([]);
}, 60_000);
