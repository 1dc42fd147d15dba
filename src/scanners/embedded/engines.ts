import { createHash } from "node:crypto";
import type { ContentEngine } from "../content/content-engine.ts";
import { EicarEngine } from "../content/eicar.ts";
import { TypeRules } from "../content/type-rules.ts";
import { countRules, readRuleFiles, rulesDigest } from "../yara/rule-files.ts";
import { YaraEngine } from "../yara/yara-engine.ts";
import { loadYara, type YaraAvailability } from "../yara/yara-native.ts";
import type { EngineReport, ThreadOptions } from "./scan-job.ts";

/** Counts up when the code around the engines (types, archives) comes to judge the same bytes differently. */
const INSPECTION_VERSION = 1;

export interface Engines {
  readonly engines: readonly ContentEngine[];
  readonly report: EngineReport;
}

/**
 * The engines of a scan thread but the hash list: YARA where there is a build of it, else the
 * EICAR matcher; type rules either way. Throws when the rules are wrong.
 */
export function makeEngines(
  options: Pick<ThreadOptions, "rulesDirectories" | "limits" | "windowBytes" | "engineTimeoutMs">,
  yara: YaraAvailability = loadYara(),
): Engines {
  const sources = readRuleFiles(options.rulesDirectories);
  const base = yara.available
    ? new YaraEngine({
        native: yara.native,
        sources,
        timeoutMs: options.engineTimeoutMs,
        windowBytes: options.windowBytes,
      })
    : new EicarEngine();
  const version = yara.available ? yara.version : undefined;
  const decisive = [INSPECTION_VERSION, base.name, version, options.limits, options.windowBytes];
  return {
    engines: [new TypeRules(), base],
    report: {
      engine: base.name,
      version,
      rules: yara.available ? countRules(sources) : 0,
      digest: createHash("sha256")
        .update(JSON.stringify(decisive))
        .update(yara.available ? rulesDigest(sources) : "")
        .digest("hex"),
      unavailable: yara.available ? undefined : yara.reason,
    },
  };
}
