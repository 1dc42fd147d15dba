import { createRuleChecker } from "../../services/rules/index.ts";
import { compareText } from "../content-hash.ts";
import { clip } from "../problem.ts";
import type { IcapService } from "../schema/kinds.ts";
import { type RoutingTable, sealTable } from "../table.ts";
import { AcceptedReason, type Finding, type ResolvedRefsReason } from "./conditions.ts";
import { type Candidate, identify } from "./identify.ts";
import { type CompileOptions, type Setting, settingOf } from "./options.ts";
import { type ObjectReport, reportOf } from "./report.ts";
import {
  type CompiledScanner,
  compileScanner,
  refuseScanner,
  type ScannerResource,
  scannerKey,
  unresolvedOf,
} from "./scanner.ts";
import { type CompiledService, compileService, refuseService } from "./service.ts";

export interface Compilation {
  readonly table: RoutingTable;
  /** One report for each input, in the order of the inputs. */
  readonly objects: readonly ObjectReport[];
}

/**
 * Compiles resources to the table that a server loads. Pure, total and deterministic: any JSON
 * goes in, the order of the inputs means nothing, and an object that is broken changes nothing for
 * the others, except that a service whose scanner is broken gets a scanner that always fails.
 */
export function compile(resources: readonly unknown[], options: CompileOptions): Compilation {
  const setting = settingOf(options);
  const candidates = resources.map((input) => identify(input, setting.defaultNamespace));
  const findings = new Map<Candidate, Finding<AcceptedReason>[]>();
  for (const twin of duplicates(candidates)) {
    findings.set(twin, [duplicateFinding(twin)]);
  }
  const scanners = compileScanners(candidates, setting, findings);
  const services = compileServices(candidates, setting, { findings, lookup: scanners.lookup });
  const used = countUses([...services.values()]);
  const unresolved = new Map([...scanners.unresolved]);
  for (const [candidate, { unresolved: missing }] of services) {
    unresolved.set(candidate, missing);
  }
  return {
    table: tableOf([...services.values()], [...scanners.compiled.values()], setting),
    objects: candidates.map((candidate) =>
      reportOf(candidate, {
        isElsewhere: isOfAnotherGateway(candidate, setting),
        refused: findings.get(candidate) ?? [],
        unresolved: unresolved.get(candidate) ?? [],
        usedBy: used.get(keyOf(candidate)) ?? 0,
      }),
    ),
  };
}

type Findings = Map<Candidate, Finding<AcceptedReason>[]>;

function keyOf({ kind = "", namespace, name = "" }: Candidate): string {
  return scannerKey(kind, namespace, name);
}

/** Objects of one kind with one name: nothing tells which is meant, so none is. */
function duplicates(candidates: readonly Candidate[]): Candidate[] {
  const groups = Map.groupBy(
    candidates.filter(({ kind, name }) => kind !== undefined && name !== undefined),
    ({ kind, namespace, name }) => `${kind}/${namespace}/${name}`,
  );
  return [...groups.values()].filter((group) => group.length > 1).flat();
}

function duplicateFinding({ kind, namespace, name = "" }: Candidate): Finding<AcceptedReason> {
  const full = namespace === "" ? clip(name) : `${clip(namespace)}/${clip(name)}`;
  return {
    reason: AcceptedReason.DuplicateName,
    path: ["metadata", "name"],
    message: `there is more than one ${kind} ${full}`,
  };
}

interface Scanners {
  readonly compiled: ReadonlyMap<string, CompiledScanner>;
  readonly unresolved: ReadonlyMap<Candidate, readonly Finding<ResolvedRefsReason>[]>;
  readonly lookup: (key: string) => CompiledScanner | "refused" | undefined;
}

function isScanner(resource: Candidate["resource"]): resource is ScannerResource {
  return resource !== undefined && resource.kind !== "IcapService";
}

function compileScanners(
  candidates: readonly Candidate[],
  setting: Setting,
  findings: Findings,
): Scanners {
  const compiled = new Map<string, CompiledScanner>();
  const unresolved = new Map<Candidate, readonly Finding<ResolvedRefsReason>[]>();
  for (const candidate of candidates) {
    const { resource, namespace } = candidate;
    if (!isScanner(resource) || findings.has(candidate)) {
      continue;
    }
    const refusals = refuseScanner(resource, namespace, setting);
    if (refusals.length > 0) {
      findings.set(candidate, refusals);
      continue;
    }
    const missing = unresolvedOf(resource, namespace, setting);
    unresolved.set(candidate, missing);
    compiled.set(keyOf(candidate), compileScanner(resource, namespace, setting, missing));
  }
  const known = new Set(candidates.map(keyOf));
  return {
    compiled,
    unresolved,
    lookup: (key) => compiled.get(key) ?? (known.has(key) ? "refused" : undefined),
  };
}

function isService(
  candidate: Candidate,
): candidate is Candidate & { readonly resource: IcapService } {
  return candidate.resource?.kind === "IcapService";
}

function isOfAnotherGateway(candidate: Candidate, { gateway }: Setting): boolean {
  return isService(candidate) && candidate.resource.spec.gateway !== gateway;
}

function compileServices(
  candidates: readonly Candidate[],
  setting: Setting,
  { findings, lookup }: { readonly findings: Findings; readonly lookup: Scanners["lookup"] },
): Map<Candidate, CompiledService> {
  const checkRule = createRuleChecker();
  const valid = candidates.filter(isService).filter((candidate) => {
    if (isOfAnotherGateway(candidate, setting) || findings.has(candidate)) {
      return false;
    }
    const refusals = refuseService(candidate.resource, setting, checkRule);
    if (refusals.length > 0) {
      findings.set(candidate, refusals);
    }
    return refusals.length === 0;
  });
  const compiled = new Map<Candidate, CompiledService>();
  for (const group of Map.groupBy(valid, ({ resource }) => resource.spec.path).values()) {
    const [winner, ...losers] = group.sort(byAge);
    if (winner !== undefined) {
      compiled.set(winner, compileService(winner.resource, winner.namespace, setting, lookup));
      for (const loser of losers) {
        findings.set(loser, [conflict(winner)]);
      }
    }
  }
  return compiled;
}

/** The oldest first; objects without a time (files) count as oldest; then by namespace and name. */
function byAge(a: Candidate, b: Candidate): number {
  return (
    compareText(createdAt(a), createdAt(b)) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name ?? "", b.name ?? "")
  );
}

function createdAt({ resource }: Candidate): string {
  return resource?.metadata.creationTimestamp ?? "";
}

function conflict({ namespace, name }: Candidate): Finding<AcceptedReason> {
  return {
    reason: AcceptedReason.PathConflict,
    path: ["spec", "path"],
    message: `the path belongs to IcapService ${namespace}/${name}`,
  };
}

function countUses(services: readonly CompiledService[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const { entry } of services) {
    for (const key of new Set(entry.scanners.map(({ scanner }) => scanner))) {
      if (key !== undefined) {
        uses.set(key, (uses.get(key) ?? 0) + 1);
      }
    }
  }
  return uses;
}

function tableOf(
  services: readonly CompiledService[],
  scanners: readonly CompiledScanner[],
  { gateway }: Setting,
): RoutingTable {
  const used = countUses(services);
  const pages = services.flatMap(({ page }) => (page === undefined ? [] : [page]));
  return sealTable({
    format: 1,
    gateway,
    services: services.map(({ entry }) => entry).sort((a, b) => compareText(a.path, b.path)),
    scanners: scanners
      .map(({ entry }) => entry)
      .filter(({ key }) => used.has(key))
      .sort((a, b) => compareText(a.key, b.key)),
    pages: Object.fromEntries(
      pages.map(({ hash, text }) => [hash, text] as const).sort(([a], [b]) => compareText(a, b)),
    ),
  });
}
