import { Cause } from "../telemetry/index.ts";
import type { Outcome } from "./outcome.ts";
import { allowedReport } from "./report-headers.ts";
import type { Examination } from "./service.ts";

/** Fields of an ordinary unmodified answer. */
export const UNTOUCHED_FIELDS = allowedReport;

/** Nothing was there to be judged. */
export const UNTOUCHED_OUTCOME: Outcome = {
  kind: "unmodified",
  report: { cause: Cause.None, fields: UNTOUCHED_FIELDS },
};

/** Of services without rules and scanners: nothing is looked at. */
export const UNTOUCHED: Examination = {
  decide: () => UNTOUCHED_OUTCOME,
  judge: () => Promise.resolve(UNTOUCHED_OUTCOME),
};
