import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  AppendResult,
  type KeptBody,
  SPOOL_DEFAULTS,
  SpoolStore,
  type SpoolStoreOptions,
} from "../../../src/entity/index.ts";

/** A directory of its own for the running test, removed after it. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sluice-entity-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A store in a directory of its own, closed after the running test. */
export async function temporaryStore(
  options: Partial<SpoolStoreOptions> = {},
): Promise<SpoolStore> {
  const directory = options.directory ?? (await temporaryDirectory());
  const store = await SpoolStore.open({
    ...SPOOL_DEFAULTS,
    memoryBytes: 256 * 1024,
    ...options,
    directory,
  });
  onTestFinished(() => store.close());
  return store;
}

/** Bytes that do not compress and differ at every position. */
export function noise(bytes: number, seed = 1): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let state = seed;
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    buffer[at] = state >>> 24;
  }
  return buffer;
}

/** A whole body, kept in a store. */
export async function keep(store: SpoolStore, bytes: Buffer): Promise<KeptBody> {
  const spool = store.create(bytes.length);
  const drained = new Promise<void>((resolve) => {
    spool.onDrain = resolve;
  });
  if (spool.append(bytes, 0, bytes.length) === AppendResult.Pause) await drained;
  const result = await spool.finish();
  if (!result.ok) throw new Error(`not kept: ${result.failure.kind}`);
  return result.body;
}
