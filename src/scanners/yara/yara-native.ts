import { createRequire } from "node:module";

/** The part of the native binding that Sluice uses. */
export interface YaraNative {
  /** Throws with the compiler's words when a rule is wrong. */
  compile(source: string, options?: YaraCompilerOptions): YaraRules;
  validate(source: string, options?: YaraCompilerOptions): YaraDiagnosis;
  /** Takes what `serialize` gave, and believes it: of other bytes it makes no error but nonsense. */
  deserialize(compiled: Buffer): YaraRules;
}

export interface YaraCompilerOptions {
  readonly defineVariables?: Readonly<Record<string, string>>;
  readonly enableIncludes?: boolean;
  readonly relaxedReSyntax?: boolean;
}

export interface YaraDiagnosis {
  readonly errors: readonly { readonly message: string }[];
  readonly warnings: readonly { readonly message: string }[];
}

/** Compiled rules. Belongs to the thread that compiled them. */
export interface YaraRules {
  addRuleSources(sources: readonly { source: string; namespace: string }[]): void;
  serialize(): Buffer;
  setTimeout(timeoutMs: number): void;
  setMaxMatchesPerPattern(count: number): void;
  /** Blocks until done; throws "Scan timed out" after the timeout (granularity: one second). */
  scan(data: Buffer, variables?: Readonly<Record<string, string>>): YaraMatch[];
}

export interface YaraMatch {
  readonly ruleIdentifier: string;
  readonly namespace: string;
  readonly meta: Readonly<Record<string, string | number | boolean>>;
  readonly tags: readonly string[];
}

export type YaraAvailability =
  | { readonly available: true; readonly native: YaraNative; readonly version: string }
  | { readonly available: false; readonly reason: string };

/**
 * The builds there are. The binding's main package is not used: the version of it that registries
 * carry is older and scans on the calling thread without a timeout.
 */
const builds: Readonly<Record<string, string>> = {
  "linux-x64": "@litko/yara-x-linux-x64-gnu",
};

/**
 * Loads the native engine if there is one for this platform. Never throws: a machine without it
 * scans with less, and says so.
 */
export function loadYara(
  platform: string = `${process.platform}-${process.arch}`,
  require: (id: string) => unknown = createRequire(import.meta.url),
): YaraAvailability {
  const build = builds[platform];
  if (build === undefined) {
    return { available: false, reason: `YARA-X has no build for ${platform}` };
  }
  try {
    const native = require(build) as YaraNative;
    const { version } = require(`${build}/package.json`) as { version: string };
    return { available: true, native, version };
  } catch (error) {
    const [why] = String(error instanceof Error ? error.message : error).split("\n");
    return { available: false, reason: `YARA-X cannot be loaded on ${platform}: ${why}` };
  }
}
