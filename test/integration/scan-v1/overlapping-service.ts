import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach } from "vitest";
import {
  createScanV1Scanner,
  DeadlineScanner,
  OverlappingScanner,
  type Scanner,
} from "../../../src/scanning/index.ts";
import { FakeScanner, type ScannerScript } from "../../support/fake-scanner.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { icapHead } from "../../support/icap-request.ts";
import { type ScanServiceChanges, startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest, ServerUnderTestOptions } from "../../support/server-under-test.ts";
import { chunk } from "../../support/wire-text.ts";
import { options } from "./scanner-under-test.ts";

export const OVERLAP_BYTES = 4096;
const MIB = 1024 * 1024;
export const piece = (bytes: number, letter = "x"): string => letter.repeat(bytes);
export const takesChunks = { protocol: "scan/v1", requires: { contentLength: false } };
const overlapping = { maxEarly: 4, maxWaitMs: 60_000, pauseMs: 60_000 };

/** Tells of a request as soon as its head is there, and answers when told to. */
export function watched(then: ScannerScript) {
  const { promise: asked, resolve } = Promise.withResolvers<IncomingMessage>();
  const script: ScannerScript = (request, response) => {
    resolve(request);
    return then(request, response);
  };
  return { asked, script };
}

/** The upload was broken off. */
export function closeOf(request: IncomingMessage): Promise<void> {
  request.on("error", () => {});
  return new Promise((resolve) => request.once("close", resolve));
}

/** A server with a scanner that is replaced for each test of a `describe`. */
export function useOverlap() {
  let fake: FakeScanner;
  let under: ServerUnderTest | undefined;
  const cleanups: (() => unknown)[] = [];
  beforeEach(async () => {
    fake = await FakeScanner.start();
    fake.info = takesChunks;
  });
  afterEach(async () => {
    await under?.close();
    under = undefined;
    for (const cleanup of cleanups.splice(0)) await cleanup();
    await fake.stop();
  });

  async function scannerOf(
    one: FakeScanner,
    changes: Partial<typeof overlapping> & { attempts?: number; timeoutMs?: number } = {},
  ): Promise<Scanner> {
    const { attempts = 1, timeoutMs = 10_000, ...early } = changes;
    const remote = await createScanV1Scanner({
      ...options,
      urls: [one.url],
      retry: { attempts, budgetPercent: 100, backoffMs: 0 },
    });
    const scanner = new OverlappingScanner(remote, { ...overlapping, ...early });
    cleanups.push(() => scanner.close());
    return new DeadlineScanner(scanner, { timeoutMs });
  }

  async function serve(
    scanner: Scanner,
    changes: ScanServiceChanges = {},
    more: ServerUnderTestOptions = {},
  ): Promise<ServerUnderTest> {
    const service = { maxEntityBytes: 64 * MIB, ...changes, scanner };
    under = await startScanning([service], { overlapBytes: OVERLAP_BYTES, ...more });
    return under;
  }

  /** The head of a message and so much of its body. */
  async function begin(server: ServerUnderTest, ...pieces: string[]): Promise<IcapConnection> {
    const connection = await server.connect();
    const head = icapHead({
      method: "RESPMOD",
      path: "/scan",
      fields: ["Allow: 204"],
      body: "",
    });
    await connection.send(head, ...pieces.map(chunk));
    return connection;
  }

  const running = (): FakeScanner => fake;
  return { running, scannerOf, serve, begin };
}
