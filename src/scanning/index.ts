/**
 * Who judges: the `Scanner` port, the verdict, behaviour added by decoration, and the combination
 * of several scanners' verdicts into one.
 *
 * Must not know: ICAP, services and their policy (what a verdict leads to), or any engine. A
 * scanner here is a promise of a verdict and nothing else.
 *
 * @module
 */
export type { Member, ScannerAnswer } from "./ask.ts";
export { Circuit, type CircuitSettings } from "./circuit.ts";
export { CircuitBreaker } from "./circuit-breaker.ts";
export { combineVerdicts } from "./combine.ts";
export { ConcurrencyLimit, type ConcurrencyLimitOptions } from "./concurrency-limit.ts";
export { DeadlineScanner, type DeadlineScannerOptions } from "./deadline-scanner.ts";
export { DecoratedScanner } from "./decorated-scanner.ts";
export { type ArrivingEntity, EarlyScans } from "./early-scans.ts";
export { ModifyingScanner, type ModifyingScannerOptions } from "./modifying-scanner.ts";
export { isNotNeeded, NOT_NEEDED } from "./not-needed.ts";
export { OverlappingScanner } from "./overlapping-scanner.ts";
export { pause } from "./pause.ts";
export { PolicyScanner } from "./policy-scanner.ts";
export { RateLimit, type RateLimitOptions } from "./rate-limit.ts";
export type { RemoteScannerOptions, ScannerCredentials } from "./remote-scanner.ts";
export { Retries } from "./retries.ts";
export type { ConformanceOptions, ConformanceResult } from "./scan-v1/conformance.ts";
export { checkConformance, createScanV1Scanner } from "./scan-v1/on-demand.ts";
export { type ContentKeeper, keepContent } from "./scan-v1/replaced-content.ts";
export type { ScanV1Options } from "./scan-v1/scan-v1-scanner.ts";
export {
  type Beginning,
  type ClientIdentity,
  type Decision,
  type FollowContext,
  type JudgedContext,
  type JudgedEntity,
  type ScanContext,
  type Scanner,
  ScanStage,
} from "./scanner.ts";
export { ScannerSet, type ScannerSetOptions } from "./scanner-set.ts";
export { Screening, type ScreeningMember } from "./screening.ts";
export {
  type ShadowAnswer,
  ShadowedScanner,
  type ShadowedScannerOptions,
} from "./shadowed-scanner.ts";
export { isOutOfTime } from "./silence.ts";
export { SizeGuard, type SizeGuardOptions } from "./size-guard.ts";
export { type CombineStrategy, isOpinion } from "./strategy.ts";
export {
  type CacheAdvice,
  CacheScope,
  errorVerdict,
  type Replacement,
  type Threat,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "./verdict.ts";
