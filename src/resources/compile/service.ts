import { quantityBytes } from "../../cel/index.ts";
import { type RuleChecker, ruleProblems } from "../../services/rules/index.ts";
import { contentHash } from "../content-hash.ts";
import type { IcapService } from "../schema/kinds.ts";
import { durationMs } from "../schema/units.ts";
import type { ServiceEntry } from "../table.ts";
import { AcceptedReason, type Finding, ResolvedRefsReason } from "./conditions.ts";
import type { Setting } from "./options.ts";
import { type CompiledScanner, missingConfigMap, scannerKey } from "./scanner.ts";

/** The scanners as a service finds them: compiled, or there and refused, or not there. */
export type ScannerLookup = (key: string) => CompiledScanner | "refused" | undefined;

type ServiceScanner = ServiceEntry["scanners"][number];

/** Why a service that fits the schema is not served; empty when it is. */
export function refuseService(
  { spec }: IcapService,
  { capabilities }: Setting,
  checkRule: RuleChecker,
): Finding<AcceptedReason>[] {
  const notServed = (path: Finding<AcceptedReason>["path"], what: string) => ({
    reason: AcceptedReason.NotServed,
    path,
    message: `${what} is not served by this build`,
  });
  const { strategy } = spec.combine;
  return [
    ...ruleProblems(spec.rules, checkRule).map(({ index, message }) => ({
      reason: AcceptedReason.InvalidRule,
      path: ["spec", "rules", index, "when"],
      message,
    })),
    ...spec.scanners.flatMap(({ mode }, index) =>
      capabilities.scannerModes.includes(mode)
        ? []
        : [notServed(["spec", "scanners", index, "mode"], `mode ${mode}`)],
    ),
    ...(capabilities.combineStrategies.includes(strategy)
      ? []
      : [notServed(["spec", "combine", "strategy"], `strategy ${strategy}`)]),
  ];
}

export interface CompiledService {
  readonly entry: ServiceEntry;
  readonly unresolved: readonly Finding<ResolvedRefsReason>[];
  /** Template of the block page, under its hash. */
  readonly page: { readonly hash: string; readonly text: string } | undefined;
}

/** The effective form of an accepted service. */
export function compileService(
  { spec, metadata }: IcapService,
  namespace: string,
  setting: Setting,
  lookup: ScannerLookup,
): CompiledService {
  const resolved = spec.scanners.map((reference, index) =>
    resolveScanner(reference, { namespace, index, lookup, spec }),
  );
  const page = pageOf(spec, namespace, setting);
  const missingPage = missingConfigMap(
    spec.block.page?.configMapKeyRef,
    namespace,
    ["spec", "block", "page", "configMapKeyRef"],
    setting,
  );
  const body = effectiveOf(spec, {
    namespace,
    name: metadata.name,
    page: page?.hash,
    scanners: resolved.map(({ entry }) => entry),
  });
  return {
    entry: { ...body, generation: generationOf(body) },
    unresolved: [
      ...resolved.map(({ finding }) => finding),
      missingPage && {
        ...missingPage,
        message: `${missingPage.message}: the built-in page is served`,
      },
    ].filter((finding) => finding !== undefined),
    page,
  };
}

function effectiveOf(
  spec: IcapService["spec"],
  found: Pick<ServiceEntry, "namespace" | "name" | "scanners"> & {
    readonly page: string | undefined;
  },
): Omit<ServiceEntry, "generation"> {
  const { namespace, name, scanners, page } = found;
  const { limits, combine, block, cache } = spec;
  return {
    namespace,
    name,
    path: spec.path,
    methods: [...spec.methods].sort(),
    preview: { bytes: spec.preview.bytes },
    rules: spec.rules.map(({ name: rule, when, then, message }) => ({
      name: rule,
      when,
      action: then,
      ...(message !== undefined && { message }),
    })),
    scanners,
    combine: {
      strategy: combine.strategy,
      ...(combine.quorum !== undefined && { quorumCount: combine.quorum.count }),
      ...(combine.score !== undefined && { thresholdPercent: combine.score.thresholdPercent }),
    },
    limits: {
      maxEntityBytes: quantityBytes(limits.maxEntityBytes),
      transactionTimeoutMs: durationMs(limits.transactionTimeout),
      ...(limits.maxConnections !== undefined && { maxConnections: limits.maxConnections }),
    },
    on: spec.outcomes,
    block: {
      status: block.status,
      ...(page !== undefined && { page }),
      ...(block.contact !== undefined && { contact: block.contact }),
    },
    clientProfile: spec.clientProfile,
    mode: spec.mode,
    allowedClients: [...spec.allowedClients].sort(),
    shareIdentity: [...spec.shareIdentity].sort(),
    violationsHeader: spec.violationsHeader,
    cache: { cleanTtlMs: durationMs(cache.cleanTtl), blockedTtlMs: durationMs(cache.blockedTtl) },
  };
}

/**
 * Identity of everything that decides what is answered to a message; what scanners are told about
 * the user is part of it. Left out: who may ask, how long it may take, how long it is remembered,
 * what is logged; and the inside of the scanners, which the ISTag covers by their epochs.
 */
function generationOf(body: Omit<ServiceEntry, "generation">): string {
  const { allowedClients, cache, shareIdentity, limits, scanners, ...judging } = body;
  return contentHash({
    ...judging,
    scanners: scanners.map(({ timeoutMs, ...scanner }) => scanner),
    maxEntityBytes: limits.maxEntityBytes,
    sharesIdentity: shareIdentity.includes("Scanners"),
  });
}

/** Sandboxes take minutes, and have queues. */
const BACKGROUND_TIMEOUT = "15m";

interface ResolvedScanner {
  readonly entry: ServiceScanner;
  readonly finding: Finding<ResolvedRefsReason> | undefined;
}

interface Referrer {
  readonly namespace: string;
  readonly index: number;
  readonly lookup: ScannerLookup;
  readonly spec: IcapService["spec"];
}

function resolveScanner(
  reference: IcapService["spec"]["scanners"][number],
  { namespace, index, lookup, spec }: Referrer,
): ResolvedScanner {
  const { name, ref, mode, role, required, timeout, policy } = reference;
  const longest = mode === "Background" ? BACKGROUND_TIMEOUT : spec.limits.transactionTimeout;
  const timeoutMs = durationMs(timeout ?? longest);
  const listed = { name, mode, role, required, timeoutMs };
  const key = scannerKey(ref.kind, namespace, ref.name);
  const found = lookup(key);
  if (found !== undefined && found !== "refused" && found.admits(namespace)) {
    const entry = { ...listed, scanner: key, ...(policy !== undefined && { policy }) };
    return { entry, finding: undefined };
  }
  const finding = { ...whyNot(found, key, namespace), path: ["spec", "scanners", index, "ref"] };
  return { entry: { ...listed, unresolved: finding.message }, finding };
}

function whyNot(found: ReturnType<ScannerLookup>, key: string, namespace: string) {
  if (found === undefined) {
    return { reason: ResolvedRefsReason.ScannerNotFound, message: `${key} is not there` };
  }
  if (found === "refused") {
    return { reason: ResolvedRefsReason.ScannerNotAccepted, message: `${key} is not accepted` };
  }
  return {
    reason: ResolvedRefsReason.ScannerNotPermitted,
    message: `${key} does not admit services of namespace ${namespace}`,
  };
}

function pageOf(
  { block }: IcapService["spec"],
  namespace: string,
  { configMaps }: Setting,
): CompiledService["page"] {
  const { inline, configMapKeyRef } = block.page ?? {};
  const text = inline ?? textOf(configMapKeyRef, namespace, configMaps);
  return text === undefined ? undefined : { hash: contentHash(text), text };
}

function textOf(
  ref: { readonly name: string; readonly key: string } | undefined,
  namespace: string,
  configMaps: Setting["configMaps"],
): string | undefined {
  const data = ref === undefined ? undefined : configMaps?.get(`${namespace}/${ref.name}`);
  return data !== undefined && ref !== undefined && Object.hasOwn(data, ref.key)
    ? data[ref.key]
    : undefined;
}
