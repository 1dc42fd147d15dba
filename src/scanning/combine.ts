import { errorVerdict, type Threat, type Verdict, VerdictKind, VerdictReason } from "./verdict.ts";

/**
 * From worst to best. One scanner that blocks is enough; a scanner that failed, or could not look
 * inside, is never outvoted by one that found nothing.
 */
const worstFirst: readonly VerdictKind[] = [
  VerdictKind.Blocked,
  VerdictKind.Error,
  VerdictKind.Unscannable,
  VerdictKind.Suspicious,
  VerdictKind.Pending,
  VerdictKind.Modified,
  VerdictKind.Unknown,
  VerdictKind.Clean,
];

/**
 * One verdict out of several that all hold: the worst kind wins and gives reason and message (the
 * first of that kind); the threats of all are kept, in the given order, each once, and `also` names
 * the other kinds. An `error` by timeout and one without are two kinds here, since a service's policy
 * tells them apart: the timeout is named first and `error` is in `also`.
 * Pure. Of no verdict at all it makes `error`: silence is not consent.
 *
 * @example
 * combineVerdicts([clean, blocked]).kind // "blocked"
 */
export function combineVerdicts(verdicts: readonly Verdict[]): Verdict {
  const first = verdicts[0];
  if (first === undefined) {
    return errorVerdict(VerdictReason.EngineError, "no scanner gave a verdict");
  }
  if (verdicts.length === 1) return first;
  let worst = first;
  for (const verdict of verdicts) {
    if (rank(verdict) < rank(worst)) worst = verdict;
  }
  const also = otherKinds(verdicts, worst);
  const combined = { ...worst, threats: distinctThreats(verdicts) };
  return also.length === 0 ? combined : { ...combined, also };
}

/** The threats of all, in the given order, each once. */
export function distinctThreats(verdicts: readonly Verdict[]): Threat[] {
  const threats = new Map<string, Threat>();
  for (const threat of verdicts.flatMap((verdict) => verdict.threats)) {
    const key = JSON.stringify([threat.engine, threat.path, threat.name]);
    if (!threats.has(key)) threats.set(key, threat);
  }
  return [...threats.values()];
}

function otherKinds(verdicts: readonly Verdict[], worst: Verdict): VerdictKind[] {
  const kinds = new Set(verdicts.flatMap(({ kind, also = [] }) => [kind, ...also]));
  if (!(isTimeout(worst) && verdicts.some(hasOtherError))) kinds.delete(worst.kind);
  kinds.delete(VerdictKind.Clean);
  return worstFirst.filter((kind) => kinds.has(kind));
}

/** In halves, so that a timeout goes before other errors. */
function rank(verdict: Verdict): number {
  return worstFirst.indexOf(verdict.kind) - (isTimeout(verdict) ? 0.5 : 0);
}

function isTimeout({ kind, reason }: Verdict): boolean {
  return kind === VerdictKind.Error && reason === VerdictReason.Timeout;
}

function hasOtherError(verdict: Verdict): boolean {
  const isError = verdict.kind === VerdictKind.Error && !isTimeout(verdict);
  return isError || verdict.also?.includes(VerdictKind.Error) === true;
}
