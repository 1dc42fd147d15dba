import { availableParallelism, tmpdir } from "node:os";
import { ARCHIVE_LIMITS, type ArchiveLimits } from "../archive/limits.ts";
import type { HashListData } from "../list/hashes/hash-list.ts";
import { HashListFile } from "../list/hashes/hash-list-file.ts";
import { type RuleSource, readRuleFiles, shippedRulesDirectory } from "../yara/rule-files.ts";
import { type EmbeddedScanner, PooledScanner } from "./pooled-scanner.ts";
import type { ThreadSettings } from "./scan-thread.ts";
import { ThreadPool } from "./thread-pool.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

export interface EmbeddedScannerOptions {
  /** Threads that scan. Default: one less than there are processors, at least one. */
  readonly threads?: number;
  /** Scans that may wait for a thread; the next one is answered `error`/`overload`. Default: 1000. */
  readonly queue?: number;
  /** How long a scan may wait and work together. Default: 30 s. */
  readonly timeoutMs?: number;
  /** Entities above this are `unscannable`/`size`. Default: 100 MiB. */
  readonly maxBytes?: number;
  /** Whether YARA-X, native code, is used where there is a build of it. Default: true. */
  readonly nativeEngine?: boolean;
  /** A directory of YARA rules of one's own. */
  readonly rulesDirectory?: string;
  /** Whether the rules that come with Sluice are used as well. Default: true. */
  readonly shippedRules?: boolean;
  /** The text of rules, in place of those of the two options above. */
  readonly rules?: readonly RuleSource[];
  /** A directory for compiled rules, so that the next start need not compile them. */
  readonly rulesCacheDirectory?: string | undefined;
  /** A file of SHA-256 hashes to block; read again when it changes. */
  readonly hashListPath?: string;
  /** How often the hash list is looked at for a change; 0: never. Default: 5 s. */
  readonly hashListPollMs?: number;
  /** How far archives are looked into. */
  readonly archiveLimits?: Partial<ArchiveLimits>;
  /** Where members of archives too large for memory are kept. Default: the system's directory. */
  readonly temporaryDirectory?: string;
  /** Content up to this is given to YARA in one piece, larger content in pieces. Default: 8 MiB. */
  readonly windowBytes?: number;
  /** A thread is replaced after so many scans. Default: 10,000. */
  readonly recycleAfter?: number;
  /** Called with what the operator should know: a thread lost, a hash list that cannot be read. */
  readonly onProblem?: (message: string) => void;
}

/** Entities up to this are handed to a thread through memory that is used again and again. */
const INBOX_BYTES = MiB;
/** Members of archives above this go to a file. */
const MEMBER_MEMORY_BYTES = MiB;
/** Longest YARA scan of one piece. */
const ENGINE_TIMEOUT_MS = 10_000;
const GRACE_MS = 2000;
const MAX_HEAP_MB = 192;

/**
 * The scanner that needs nothing: YARA rules, a hash list and type rules over the entity and all
 * that is in it, in threads of this process. Where YARA has no build for the platform it scans with
 * the rest, and `describe().degraded` says so. Rejects when the rules or the hash list cannot be
 * used, for that is a mistake of whoever configured them.
 *
 * @example
 * const scanner = await createEmbeddedScanner({ rulesDirectory: "/etc/sluice/rules" });
 * const verdict = await scanner.scan(entity, context);
 */
export async function createEmbeddedScanner(
  options: EmbeddedScannerOptions = {},
): Promise<EmbeddedScanner> {
  const onProblem = options.onProblem ?? (() => {});
  const rules = options.rules ?? readRuleFiles(rulesDirectories(options));
  const hashList = await openHashList(options, onProblem);
  const pool = new ThreadPool({
    size: options.threads ?? Math.max(1, availableParallelism() - 1),
    queue: options.queue ?? 1000,
    timeoutMs: options.timeoutMs ?? 30_000,
    recycleAfter: options.recycleAfter ?? 10_000,
    onThreadLost: onProblem,
    settings: threadSettings(options, rules, hashList?.data),
  });
  hashList?.onChange((_list, data) => pool.useHashList(data));
  try {
    const report = await pool.start();
    const maxBytes = options.maxBytes ?? 100 * MiB;
    return new PooledScanner({ pool, hashList, report, maxBytes });
  } catch (error) {
    hashList?.close();
    await pool.close();
    throw error;
  }
}

function rulesDirectories({ rulesDirectory, shippedRules }: EmbeddedScannerOptions): string[] {
  const shipped = shippedRules === false ? [] : [shippedRulesDirectory()];
  return rulesDirectory === undefined ? shipped : [...shipped, rulesDirectory];
}

async function openHashList(
  { hashListPath, hashListPollMs }: EmbeddedScannerOptions,
  onProblem: (message: string) => void,
): Promise<HashListFile | undefined> {
  if (hashListPath === undefined) return undefined;
  const polling = hashListPollMs === undefined ? {} : { pollMs: hashListPollMs };
  return HashListFile.open({ path: hashListPath, onProblem, ...polling });
}

function threadSettings(
  options: EmbeddedScannerOptions,
  rules: readonly RuleSource[],
  hashList: HashListData | undefined,
): ThreadSettings {
  return {
    inboxBytes: INBOX_BYTES,
    graceMs: GRACE_MS,
    maxHeapMb: MAX_HEAP_MB,
    thread: {
      nativeEngine: options.nativeEngine ?? true,
      rules,
      rulesCache: options.rulesCacheDirectory,
      limits: { ...ARCHIVE_LIMITS, ...options.archiveLimits },
      directory: options.temporaryDirectory ?? tmpdir(),
      memberMemoryBytes: MEMBER_MEMORY_BYTES,
      windowBytes: options.windowBytes ?? 8 * MiB,
      engineTimeoutMs: ENGINE_TIMEOUT_MS,
      hashList,
    },
  };
}
