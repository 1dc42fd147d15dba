/**
 * `npm run fuzz`: searches for bytes that break the parsers, FUZZ_SECONDS (10) for each target, from
 * FUZZ_SEED (random, printed). A find is written to test/fuzz/corpus, where every test run tries it
 * again. The search runs in a thread of its own, so that an input that never ends is a find as well.
 */
import { createHash, randomInt } from "node:crypto";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { runCampaign } from "./campaign.ts";
import { keepInput, seedsOf, targets } from "./seeds.ts";

const MAX_INPUT_BYTES = 65_536;
/** Generous, since the machine may be busy: an input takes well below a millisecond. */
const HANGS_AFTER_MS = 20_000;

interface Search {
  readonly target: string;
  readonly seconds: number;
  readonly seed: number;
  /** Number of inputs tried, length of the one under way, and its bytes. */
  readonly progress: SharedArrayBuffer;
}
interface Report {
  readonly tried: number;
  readonly ways: number;
  readonly find: { readonly input: Uint8Array; readonly error: string } | undefined;
}

function search({ target, seconds, seed, progress }: Search): Report {
  const counters = new Int32Array(progress, 0, 2);
  const bytes = Buffer.from(progress, 8);
  const endsAt = performance.now() + seconds * 1000;
  const { tried, ways, find } = runCampaign({
    target: targets[target] ?? (() => ""),
    seeds: seedsOf(target),
    seed,
    goesOn: (input, count) => {
      counters[1] = input.copy(bytes);
      Atomics.store(counters, 0, count);
      return performance.now() < endsAt;
    },
  });
  return { tried, ways, find: find && { input: find.input, error: String(find.error) } };
}

async function supervise(request: Search): Promise<Report> {
  const worker = new Worker(new URL(import.meta.url), { workerData: request });
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  worker.once("message", resolve);
  worker.once("error", reject);
  const counters = new Int32Array(request.progress, 0, 2);
  let seen = -1;
  const watch = setInterval(() => {
    const tried = Atomics.load(counters, 0);
    if (tried === seen) {
      const input = Buffer.from(request.progress, 8, counters[1]);
      resolve({ tried, ways: 0, find: { input, error: `no end after ${HANGS_AFTER_MS} ms` } });
    }
    seen = tried;
  }, HANGS_AFTER_MS);
  try {
    return await promise;
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}

async function main(): Promise<void> {
  const seconds = Number(process.env["FUZZ_SECONDS"] ?? 10);
  const seed = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
  for (const target of Object.keys(targets)) {
    const progress = new SharedArrayBuffer(8 + MAX_INPUT_BYTES);
    const { tried, ways, find } = await supervise({ target, seconds, seed, progress });
    process.stdout.write(`${target}: ${tried} inputs, ${ways} ways, seed ${seed}\n`);
    if (find === undefined) continue;
    const input = Buffer.from(find.input);
    const name = `find-${createHash("sha256").update(input).digest("hex").slice(0, 8)}`;
    process.stdout.write(`found: ${find.error}\nkept in ${keepInput(target, name, input)}\n`);
    process.exitCode = 1;
  }
}

if (isMainThread) await main();
else parentPort?.postMessage(search(workerData as Search));
