import { request } from "node:http";
import { afterEach, expect, it } from "vitest";
import type { RunningScanner } from "../../../src/app/scanners/scanner-server.ts";
import { atEnd, type Behaviour, FakeClamd } from "./fake-clamd.ts";
import { scan, startScanner, urlOf } from "./scanner-under-test.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function scannerOf(onStream: Behaviour, onSession: Behaviour) {
  const fake = await FakeClamd.start(onStream, onSession);
  cleanups.push(() => fake.stop());
  const scanner: RunningScanner = await startScanner([fake.flag], { drainTimeoutMs: 0 });
  cleanups.push(() => scanner.drain());
  return { fake, scanner };
}

const alone: Behaviour = atEnd((socket) => socket.end("stream: Test.Alone FOUND\0"));
const streamsIn = (received: Buffer): number =>
  received.toString("latin1").split("zINSTREAM\0").length - 1;

it("a session is ended when it rests, before clamd does", async () => {
  const rested = Promise.withResolvers<void>();
  const { scanner } = await scannerOf(alone, (socket, received) => {
    socket.once("end", () => rested.resolve());
    if (streamsIn(received) === 1) socket.write("1: stream: OK\0");
  });
  expect((await scan(scanner, "small")).document.verdict).toBe("clean");
  await rested.promise;
  expect((await scan(scanner, "small")).document.verdict).toBe("clean");
});

it("a session has 32 scans at most: more go on connections of their own", async () => {
  const full = Promise.withResolvers<void>();
  const { fake, scanner } = await scannerOf(alone, (_socket, received) => {
    if (streamsIn(received) === 32) full.resolve();
    expect(streamsIn(received)).toBeLessThanOrEqual(32);
  });
  const held = Array.from({ length: 32 }, () => {
    const upload = request(urlOf(scanner), { method: "POST", agent: false });
    upload.on("error", () => {}).end("small");
    return upload;
  });
  await full.promise;
  const { document } = await scan(scanner, "small");
  expect(document.threats).toEqual([{ name: "Test.Alone", engine: "clamav" }]);
  expect(fake.streams).toBe(1);
  for (const upload of held) upload.destroy();
});

it("a body of no known length has a connection of its own, and is not kept whole", async () => {
  let sessions = 0;
  const { scanner } = await scannerOf(alone, () => {
    sessions += 1;
  });
  const { document } = await scan(scanner, [Buffer.from("one"), Buffer.from("two")]);
  expect(document.threats).toEqual([{ name: "Test.Alone", engine: "clamav" }]);
  expect(sessions).toBe(0);
});

it("a verdict has the epoch of the engine that was asked, also when another has taken over", async () => {
  const fake = await FakeClamd.start(
    atEnd((socket) => {
      fake.signatures = 27_501;
      // The scanner has heard of the new engine before this answer comes.
      const probed = fake.probes + 2;
      const wait = setInterval(() => {
        if (fake.probes < probed) return;
        clearInterval(wait);
        socket.end("stream: OK\0");
      }, 5);
    }),
  );
  cleanups.push(() => fake.stop());
  const scanner = await startScanner([fake.flag], { drainTimeoutMs: 0 });
  cleanups.push(() => scanner.drain());
  const { headers } = await scan(scanner, [Buffer.from("body")]);
  expect(headers["scan-epoch"]).toContain("27500");
  expect((await scan(scanner, [Buffer.from("body")])).headers["scan-epoch"]).toContain("27501");
});
