import { type Fields, fieldValue, fieldValues } from "../protocol/index.ts";
import { type Threat, VerdictReason } from "../scanning/index.ts";

/** What the ICAP fields of an answer say was found. */
export interface ReportedFinding {
  readonly threats: readonly Threat[];
  readonly reason: VerdictReason;
  /** All of it was taken out of the content that came with the answer. */
  readonly isRepaired: boolean;
}

// Draft-stecher-icap-subid-00 and its implementations.
const reasons: Readonly<Record<string, VerdictReason>> = {
  "0": VerdictReason.Malware,
  "1": VerdictReason.Policy,
  "2": VerdictReason.ArchiveLimit,
};
const REPAIRED = "1";
/** Fields that name a threat and nothing else. */
const NAME_FIELDS = ["x-virus-id", "x-virus-name"];
/** Fields of McAfee/Skyhigh, MetaDefender and others for what was blocked without a threat. */
const BLOCK_FIELDS = ["x-blocked", "x-block-reason", "x-blocked-reason", "x-wwblockresult"];
const FACTS_OF_VIOLATION = 4;
const MAX_THREATS = 32;
const MAX_NAME_LENGTH = 256;

/** Undefined when no field says that anything was found. */
export function reportedFinding(fields: Fields): ReportedFinding | undefined {
  const infections = fieldValues(fields, "x-infection-found").filter(isTelling);
  if (infections.length > 0) return ofInfections(infections, fields);
  const name = NAME_FIELDS.map((field) => fieldValue(fields, field)).find(isTelling);
  const violations = violationsOf(fields);
  if (name !== undefined || violations.length > 0) {
    const threats = violations.length > 0 ? violations : [threatOf(name ?? "")];
    return { threats, reason: VerdictReason.Malware, isRepaired: false };
  }
  return ofBlock(fields);
}

// X-Infection-Found: Type=0; Resolution=2; Threat=EICAR-Test-File;
function ofInfections(values: readonly string[], fields: Fields): ReportedFinding {
  const parameter = (value: string, name: string): string | undefined =>
    new RegExp(`(?:^|[;\\s])${name}=([^;]*)`, "i").exec(value)?.[1]?.trim();
  const named = values.map((value) => threatOf(parameter(value, "Threat") ?? value));
  const violations = violationsOf(fields);
  return {
    threats: violations.length > named.length ? violations : named.slice(0, MAX_THREATS),
    reason: reasons[parameter(values[0] as string, "Type") ?? "0"] ?? VerdictReason.Malware,
    isRepaired: values.every((value) => parameter(value, "Resolution") === REPAIRED),
  };
}

/**
 * A count and four facts for each: file, threat, number of the problem, resolution. They stood on
 * lines of their own, which are joined by now, so that names with a blank in them cannot be told apart.
 */
function violationsOf(fields: Fields): Threat[] {
  const value = fieldValue(fields, "x-violations-found");
  if (!isTelling(value)) return [];
  const [count = "", ...facts] = value.trim().split(/\s+/);
  if (Number(count) * FACTS_OF_VIOLATION !== facts.length) return [threatOf(facts.join(" "))];
  const threats: Threat[] = [];
  for (let at = 0; at < facts.length && threats.length < MAX_THREATS; at += FACTS_OF_VIOLATION) {
    const path = facts[at] as string;
    threats.push({ ...threatOf(facts[at + 1] as string), ...(path !== "-" && { path }) });
  }
  return threats;
}

function ofBlock(fields: Fields): ReportedFinding | undefined {
  const why = BLOCK_FIELDS.map((field) => fieldValue(fields, field)).find(isTelling);
  const info = fieldValue(fields, "x-response-info")?.trim().toLowerCase();
  if (why === undefined && info !== "blocked") return undefined;
  const name = why ?? fieldValue(fields, "x-response-desc") ?? "";
  return { threats: [threatOf(name)], reason: VerdictReason.Policy, isRepaired: false };
}

/** Servers may send the field with nothing in it, or with a count of none. */
function isTelling(value: string | undefined): value is string {
  return value !== undefined && !/^\s*(?:0|none|false|no|-)?\s*$/i.test(value);
}

const threatOf = (name: string): Threat => ({
  name: name.trim().slice(0, MAX_NAME_LENGTH) || "unnamed",
});
