import { createHash } from "node:crypto";
import type { ContentEngine } from "../content/content-engine.ts";
import { EicarEngine } from "../content/eicar.ts";
import { TypeRules } from "../content/type-rules.ts";
import { CompiledRules } from "../yara/compiled-rules.ts";
import { countRules, rulesDigest } from "../yara/rule-files.ts";
import { YaraEngine } from "../yara/yara-engine.ts";
import { loadYara, type YaraAvailability } from "../yara/yara-native.ts";
import type { EngineReport, ThreadOptions } from "./scan-job.ts";

/** Counts up when the code around the engines (types, archives) comes to judge the same bytes differently. */
const INSPECTION_VERSION = 1;

export interface Engines {
  readonly engines: readonly ContentEngine[];
  readonly report: EngineReport;
}

export type EngineOptions = Pick<
  ThreadOptions,
  "nativeEngine" | "rules" | "rulesCache" | "limits" | "windowBytes" | "engineTimeoutMs"
>;

/**
 * The engines of a scan thread but the hash list: YARA where there is a build of it, else the
 * EICAR matcher; type rules either way. Throws when the rules are wrong.
 */
export function makeEngines(options: EngineOptions, load: typeof loadYara = loadYara): Engines {
  const yara: YaraAvailability = options.nativeEngine ? load() : switchedOff;
  if (!yara.available) return withoutYara(options, yara.reason);
  const { native, version } = yara;
  const { rules: sources, rulesCache, engineTimeoutMs: timeoutMs, windowBytes } = options;
  const digest = rulesDigest(sources);
  const cache =
    rulesCache === undefined ? undefined : new CompiledRules(rulesCache, digest, version);
  const engine = new YaraEngine({ native, sources, timeoutMs, windowBytes, cache });
  return {
    engines: [new TypeRules(), engine],
    report: {
      engine: engine.name,
      version,
      rules: countRules(sources),
      digest: digestOf(options, [version, digest]),
      unavailable: undefined,
    },
  };
}

const switchedOff: YaraAvailability = { available: false, reason: "YARA-X is switched off" };

function withoutYara(options: EngineOptions, unavailable: string): Engines {
  const engine = new EicarEngine();
  return {
    engines: [new TypeRules(), engine],
    report: {
      engine: engine.name,
      version: undefined,
      rules: 0,
      digest: digestOf(options, []),
      unavailable,
    },
  };
}

/** Over all that decides verdicts, and nothing that differs between machines. */
function digestOf({ limits, windowBytes }: EngineOptions, parts: readonly string[]): string {
  const decisive = [INSPECTION_VERSION, Object.entries(limits).sort(), windowBytes, parts];
  return createHash("sha256").update(JSON.stringify(decisive)).digest("hex");
}
