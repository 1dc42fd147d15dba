import type { Entity } from "../entity/index.ts";
import { fieldValue, icapError } from "../protocol/index.ts";
import type { Verdict, VerdictReason } from "../scanning/index.ts";
import type { Cause, OutcomeKind } from "../telemetry/index.ts";
import { type BlockPages, blockAnswer } from "./block-page/index.ts";
import type { Message } from "./message.ts";
import { modifiedHead } from "./modified-head.ts";
import type { HttpReplacement, Outcome, OutcomeReport } from "./outcome.ts";
import type { Override } from "./overrides.ts";
import type { RebuiltBody } from "./rebuilt-body.ts";
import { allowedReportFor, blockedReport, errorReport, repairedReport } from "./report-headers.ts";
import {
  AnswerForm,
  decideOutcome,
  type Finding,
  type OutcomeDecision,
  type OutcomeSettings,
} from "./rules/index.ts";
import type { MessageSource } from "./service.ts";

export interface OutcomeMakerOptions extends OutcomeSettings {
  readonly service: string;
  readonly pages: BlockPages;
  /** Send `X-Violations-Found`. */
  readonly violations: boolean;
  /** This server in `Via`. */
  readonly via: string;
}

/** What is told of an entity; of one that was judged by its beginning there is no hash. */
type AboutEntity = Pick<Entity, "fileName" | "declaredType" | "detectedType"> &
  Partial<Pick<Entity, "sha256">>;

/** All that came out about a message. */
export interface Findings {
  readonly finding: Finding;
  readonly verdict?: Verdict | undefined;
  readonly reason?: VerdictReason | undefined;
  /** One sentence for the reader of a page: the rule's. */
  readonly message?: string | undefined;
  /** The entity that the finding is about. */
  readonly entity?: AboutEntity | undefined;
  readonly rule?: string | undefined;
  readonly monitored?: readonly string[] | undefined;
  /** What an operator had said of an entity of the message. */
  readonly override?: Override | undefined;
  readonly scanMs?: number | undefined;
  /** The new body, with the finding `modified`; whoever makes the outcome takes it over. */
  readonly rebuilt?: RebuiltBody | undefined;
}

const LENIENT_FIRST: readonly OutcomeKind[] = ["unmodified", "modified", "failed", "blocked"];

/** Turns what was found into the outcome that the service's settings ask for. */
export class OutcomeMaker {
  readonly #options: OutcomeMakerOptions;

  constructor(options: OutcomeMakerOptions) {
    this.#options = options;
  }

  /** Of several findings the one with the strictest outcome under the service's settings; first of equals. */
  strictest(findings: readonly [Finding, ...Finding[]]): Finding {
    let strictest = findings[0];
    for (const finding of findings) {
      if (this.#strictness(finding) > this.#strictness(strictest)) strictest = finding;
    }
    return strictest;
  }

  #strictness(finding: Finding): number {
    const { outcome, withheld } = decideOutcome(finding, this.#options);
    return LENIENT_FIRST.indexOf(withheld ?? outcome);
  }

  make(message: Message, findings: Findings, source: MessageSource): Outcome {
    const decision = decideOutcome(findings.finding, this.#options);
    const { cause, withheld } = decision;
    if (decision.answer !== AnswerForm.Replacement) findings.rebuilt?.dispose();
    switch (decision.answer) {
      case AnswerForm.Unmodified:
        return unmodified(findings, cause, withheld);
      case AnswerForm.BlockPage:
      case AnswerForm.FailurePage: {
        const replacement = this.#page(message, {
          findings,
          decision,
          incidentId: source.incidentId,
        });
        const report = reportOf(findings, cause, this.#blockedFields(findings, cause));
        return decision.answer === AnswerForm.BlockPage
          ? { kind: "blocked", replacement, report }
          : { kind: "failed", answer: replacement, report };
      }
      case AnswerForm.IcapError: {
        const code =
          decision.icapStatus === 503 ? "ICAP_ERR_SCAN_UNAVAILABLE" : "ICAP_ERR_SCAN_FAILED";
        const fields = errorReport({ cause, reason: reasonOf(findings), threats: [] });
        return {
          kind: "failed",
          answer: icapError(code, cause),
          report: reportOf(findings, cause, fields),
        };
      }
      case AnswerForm.Replacement:
        return this.#modified(message, findings, cause);
      default:
        return decision.answer satisfies never;
    }
  }

  #modified(message: Message, findings: Findings, cause: Cause): Outcome {
    const { rebuilt } = findings;
    // The finding says that there is one: without it nothing must pass.
    if (rebuilt === undefined) throw new TypeError("modified without new content");
    const { via, violations } = this.#options;
    const fields = repairedReport(this.#reported(findings, cause), { violations });
    // RFC 3507 §5: of a request the directives stand in the ICAP head. The next body is another.
    const caching = message.icap.method === "REQMOD" ? "Cache-Control: no-store\r\n" : "";
    return {
      kind: "modified",
      head: modifiedHead(message, rebuilt, via),
      body: { kind: "replaced", content: rebuilt },
      report: reportOf(findings, cause, fields + caching),
    };
  }

  #page(
    message: Message,
    about: { findings: Findings; decision: OutcomeDecision; incidentId: string },
  ): HttpReplacement {
    const { findings, decision, incidentId } = about;
    const { fields } = message.request;
    const page = this.#options.pages.render(
      {
        cause: decision.cause,
        reason: reasonOf(findings),
        direction: message.icap.method === "REQMOD" ? "reqmod" : "respmod",
        threats: findings.verdict?.threats ?? [],
        incidentId,
        service: this.#options.service,
        time: new Date(),
        url: message.url,
        fileName: findings.entity?.fileName,
        message: findings.message,
        status: decision.httpStatus,
      },
      {
        accept: fieldValue(fields, "accept"),
        acceptLanguage: fieldValue(fields, "accept-language"),
      },
    );
    return blockAnswer(page, {
      date: new Date().toUTCString(),
      via: this.#options.via,
      bodyless: message.requestLine?.method === "HEAD",
    });
  }

  #blockedFields(findings: Findings, cause: Cause): string {
    const { violations } = this.#options;
    return blockedReport(this.#reported(findings, cause), { violations });
  }

  #reported(findings: Findings, cause: Cause): Parameters<typeof blockedReport>[0] {
    return {
      cause,
      reason: reasonOf(findings),
      threats: findings.verdict?.threats ?? [],
      fileName: findings.entity?.fileName,
    };
  }
}

function unmodified(findings: Findings, cause: Cause, withheld: OutcomeKind | undefined): Outcome {
  const report = reportOf(findings, cause, allowedReportFor(cause));
  return { kind: "unmodified", report: { ...report, withheld } };
}

function reasonOf(findings: Findings): VerdictReason | undefined {
  return findings.reason ?? findings.verdict?.reason;
}

function reportOf(findings: Findings, cause: Cause, fields: string): OutcomeReport {
  return {
    cause,
    fields,
    verdict: findings.verdict,
    entityType: findings.entity?.detectedType ?? findings.entity?.declaredType,
    sha256: findings.entity?.sha256,
    scanMs: findings.scanMs,
    rule: findings.rule,
    monitored: findings.monitored,
    override: findings.override,
  };
}
