import {
  errorVerdict,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../index.ts";
import type { Answer } from "./http/exchange.ts";
import type { PlannedErrorRule } from "./plan/plan.ts";

/** What an answer means that was not expected. */
export interface Refusal {
  readonly verdict: Verdict;
  /** It takes on no more now: asking later may help. */
  readonly isBusy: boolean;
}

/** The first rule that holds; else what the status says. A rule that fails makes it an error. */
export function refusalOf(
  rules: readonly PlannedErrorRule[],
  answer: Answer,
  activation: object,
): Refusal {
  const rule = rules.find(({ when }) => when.evaluate(activation) === true);
  const as = rule?.as ?? byStatus(answer.status);
  const said = `it answered ${answer.status}`;
  return {
    isBusy: as === "Busy",
    verdict: verdictAs(as, rule?.reason ?? reasonByStatus(answer.status), rule?.message ?? said),
  };
}

type As = PlannedErrorRule["as"];

function byStatus(status: number): As {
  switch (status) {
    case 429:
    case 503:
      return "Busy";
    case 408:
    case 504:
      return "Timeout";
    case 413:
    case 415:
      return "Unscannable";
    default:
      return "Error";
  }
}

function reasonByStatus(status: number): VerdictReason {
  if (status === 413) return VerdictReason.Size;
  return status === 415 ? VerdictReason.Type : VerdictReason.Malformed;
}

function verdictAs(as: As, reason: VerdictReason, message: string): Verdict {
  switch (as) {
    case "Busy":
      return errorVerdict(VerdictReason.Overload, message);
    case "Timeout":
      return errorVerdict(VerdictReason.Timeout, message);
    case "Unscannable":
      return unscannableVerdict(reason, message);
    case "Unknown":
      return { kind: VerdictKind.Unknown, threats: [], message };
    case "Error":
      return errorVerdict(VerdictReason.EngineError, message);
    default:
      return as satisfies never;
  }
}
