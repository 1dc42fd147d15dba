import type { Threat, VerdictReason } from "../../scanning/index.ts";
import type { Cause } from "../../telemetry/index.ts";
import type { BlockStatus } from "./block-status.ts";
import { displayedAddress, displayedText } from "./displayed-text.ts";

/** What happened, as the service knows it. Everything but `cause`, `reason`, `direction` and `time` is untrusted. */
export interface BlockInfo {
  readonly cause: Cause;
  /** In place of the status that is set for such pages. */
  readonly status?: BlockStatus | undefined;
  /** The verdict's reason, or that of the policy rule. */
  readonly reason?: VerdictReason | undefined;
  readonly direction: "reqmod" | "respmod";
  readonly threats: readonly Threat[];
  readonly incidentId: string;
  /** Name of the service, for whoever looks into it. */
  readonly service: string;
  readonly time: Date;
  readonly url?: string | undefined;
  readonly fileName?: string | undefined;
  /** One sentence of the rule or the scanner, shown as a note. */
  readonly message?: string | undefined;
}

/** The part of a page that differs from one incident to the next, fit to be shown. */
export interface PageFacts {
  readonly incident: string;
  readonly service: string;
  /** In the form of the logs, so that reader and help desk speak of the same second. */
  readonly time: string;
  readonly timeIso: string;
  readonly file: string | undefined;
  readonly address: string | undefined;
  readonly note: string | undefined;
  readonly threats: readonly ShownThreat[];
}

export interface ShownThreat {
  readonly name: string;
  readonly path: string | undefined;
  readonly engine: string | undefined;
}

const maxLength = { name: 128, fileName: 200, address: 300, message: 500, incident: 64 } as const;
const maxThreats = 5;

export function pageFacts(info: BlockInfo): PageFacts {
  const iso = info.time.toISOString();
  return {
    incident: displayedText(info.incidentId, maxLength.incident),
    service: displayedText(info.service, maxLength.name),
    time: `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`,
    timeIso: iso,
    file: shown(info.fileName, maxLength.fileName),
    address: info.url ? displayedAddress(info.url, maxLength.address) : undefined,
    note: shown(info.message, maxLength.message),
    threats: info.threats.slice(0, maxThreats).map(shownThreat),
  };
}

function shownThreat(threat: Threat): ShownThreat {
  return {
    name: displayedText(threat.name, maxLength.name),
    path: shown(threat.path, maxLength.fileName),
    engine: shown(threat.engine, maxLength.name),
  };
}

function shown(value: string | undefined, length: number): string | undefined {
  return value === undefined ? undefined : displayedText(value, length) || undefined;
}
