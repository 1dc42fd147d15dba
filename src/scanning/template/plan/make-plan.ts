import { createHash } from "node:crypto";
import { VERDICT_WORDS } from "../answer-verdict.ts";
import { cacheScopeOf } from "../cache-scope.ts";
import { resolveBaseUrl } from "../http/base-url.ts";
import { answerLanguage, epochLanguage, questionLanguage } from "../language/template-language.ts";
import type { StepTemplate, Template, TemplateProblem } from "../template.ts";
import type { Plan, PlannedErrorRule, PlannedResult, PlannedStep } from "./plan.ts";
import { ANYTHING, BOOL, CONTENT, NUMBER, PlanParts, STRING } from "./plan-parts.ts";
import { checkHeaderNames, planRequest } from "./plan-request.ts";

const STEP_ROOTS = ["req", "params", "state"];

/** Checks a template and compiles it. Never throws. */
export function makePlan(
  template: Template,
): { readonly plan: Plan } | { readonly problems: readonly TemplateProblem[] } {
  const parts = new PlanParts(Object.keys(template.params), Object.keys(template.secrets));
  const base = resolveBaseUrl(template.baseUrl, template.params);
  if (typeof base === "string") parts.report(["baseUrl"], base);
  const drafts = planEpochAndSteps(parts, template);
  if (parts.problems.length > 0 || typeof base === "string") return { problems: parts.problems };
  const { epoch, steps, stepReads, common, result, errors, endReads } = drafts;
  const all = unionOf([common, ...stepReads, endReads]);
  const reads = new Set([...all].filter((name) => name.startsWith("req.")).map(memberOf));
  const sendsContent = all.has(CONTENT) || reads.has("text");
  return {
    plan: {
      template,
      hash: createHash("sha256").update(JSON.stringify(template)).digest("hex"),
      origin: base.origin,
      basePath: base.path,
      ...drafts.shared,
      steps: steps.map((step, index) => ({
        ...step,
        resumesWith: resumesWith([common, ...stepReads.slice(index), endReads]),
      })),
      result,
      errors,
      epoch,
      reads,
      sendsContent,
      replaces: template.result.content !== undefined,
      judgesHeads: !sendsContent && [...reads].every((name) => OF_THE_MESSAGE.has(name)),
      cacheScope:
        template.cacheScope ??
        cacheScopeOf(reads, { sendsContent, judgesNames: parts.judgesNames }),
    },
  };
}

/** Members of `req` that the heads of a message tell. */
const OF_THE_MESSAGE: ReadonlySet<string> = new Set([
  ...["url", "host", "path", "method", "status", "direction", "service", "policy"],
  ...["clientIp", "user", "groups"],
]);

const memberOf = (name: string): string => name.slice(name.indexOf(".") + 1);

function unionOf(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}

/** What goes on polling needs; undefined when that is the entity itself. */
function resumesWith(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> | undefined {
  const reads = unionOf(sets);
  const needsEntity = reads.has(CONTENT) || reads.has("req.text") || reads.has("req");
  return needsEntity ? undefined : reads;
}

function planEpochAndSteps(parts: PlanParts, template: Template) {
  const epoch = planEpoch(parts, template);
  parts.takeReads();
  const shared = planShared(parts, template);
  const common = parts.takeReads();
  const stepReads: ReadonlySet<string>[] = [];
  const steps = template.steps.map((step, index) => {
    const planned = planStep(parts, step, index, template.result.content?.step);
    stepReads.push(parts.takeReads());
    return planned;
  });
  checkStepNames(parts, template);
  const errors = planErrors(parts, template);
  const result = planResult(parts, template);
  return { epoch, shared, common, steps, stepReads, errors, result, endReads: parts.takeReads() };
}

function planEpoch(parts: PlanParts, { epoch }: Template): Plan["epoch"] {
  if (epoch === undefined) return undefined;
  const place = { path: ["epoch", "request"], language: epochLanguage, roots: ["params"] };
  if (epoch.request.url !== undefined) {
    parts.report(["epoch", "request", "url"], "the epoch is asked for below the base URL");
  }
  return {
    request: planRequest(parts, epoch.request, place),
    value: parts.expression(["epoch", "value"], epoch.value, epochLanguage, ANYTHING),
    everyMs: epoch.everyMs,
  };
}

function planShared(parts: PlanParts, { basicAuth, headers }: Template) {
  const place = { roots: ["params", "secret"] };
  checkHeaderNames(parts, ["headers"], headers);
  return {
    headers: parts.texts(["headers"], headers, place),
    basicAuth: basicAuth && {
      username: parts.text(["basicAuth", "username"], basicAuth.username, place),
      password: parts.text(["basicAuth", "password"], basicAuth.password, place),
    },
  };
}

function planStep(
  parts: PlanParts,
  step: StepTemplate,
  index: number,
  contentStep: string | undefined,
): Omit<PlannedStep, "resumesWith"> {
  const path = ["steps", index];
  const { poll } = step;
  const answer = (field: string, source: string) =>
    parts.expression([...path, ...field.split(".")], source, answerLanguage, BOOL);
  const givesContent = step.name === contentStep;
  if (givesContent && poll !== undefined) {
    parts.report([...path, "poll"], "a step that gives the new content is asked once");
  }
  return {
    name: step.name,
    when: parts.optional([...path, "when"], step.when, questionLanguage, BOOL),
    let: parts.expressions([...path, "let"], step.let, questionLanguage),
    request: planRequest(parts, step.request, {
      path: [...path, "request"],
      language: questionLanguage,
      roots: STEP_ROOTS,
    }),
    expect: answer("expect", step.expect),
    poll: poll && {
      ...poll,
      until: answer("poll.until", poll.until),
      pause: parts.optional([...path, "poll", "pause"], poll.pause, answerLanguage, NUMBER),
    },
    extract: parts.expressions([...path, "extract"], step.extract, answerLanguage),
    done: parts.optional([...path, "done"], step.done, answerLanguage, BOOL),
    givesContent,
  };
}

function checkStepNames(parts: PlanParts, { steps, result }: Template): void {
  const names = steps.map(({ name }) => name);
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) {
      parts.report(["steps", index, "name"], `another step is called ${name}`);
    }
  });
  const wanted = result.content?.step;
  if (wanted !== undefined && !names.includes(wanted)) {
    parts.report(["result", "content", "step"], `no step is called ${wanted}`);
  }
}

function planErrors(parts: PlanParts, { errors }: Template): PlannedErrorRule[] {
  return errors.map((rule, index) => {
    if (rule.reason !== undefined && rule.as !== "Unscannable") {
      parts.report(["errors", index, "reason"], "a reason belongs to Unscannable");
    }
    const path = ["errors", index, "when"];
    return { ...rule, when: parts.expression(path, rule.when, answerLanguage, BOOL) };
  });
}

function planResult(parts: PlanParts, { result }: Template): PlannedResult {
  const { content } = result;
  if (content !== undefined && (content.step === undefined) === (content.base64 === undefined)) {
    parts.report(["result", "content"], "set exactly one of step and base64");
  }
  const verdict = parts.expression(["result", "verdict"], result.verdict, answerLanguage, STRING);
  checkWords(parts, verdict.literals, content !== undefined);
  const optional = (
    name: "reason" | "threats" | "score" | "message" | "ttl",
    gives: readonly string[],
  ) => parts.optional(["result", name], result[name], answerLanguage, gives);
  const ofContent = (name: "base64" | "mediaType") =>
    parts.optional(["result", "content", name], content?.[name], answerLanguage, STRING);
  return {
    verdict,
    reason: optional("reason", STRING),
    threats: optional("threats", ANYTHING),
    score: optional("score", NUMBER),
    message: optional("message", STRING),
    ttl: optional("ttl", ANYTHING),
    base64: ofContent("base64"),
    mediaType: ofContent("mediaType"),
  };
}

function checkWords(parts: PlanParts, words: readonly string[], givesContent: boolean): void {
  for (const word of words) {
    if (!VERDICT_WORDS.has(word)) {
      parts.report(["result", "verdict"], `"${word}" is no verdict`);
    } else if (word === "modified" && !givesContent) {
      parts.report(["result", "verdict"], "modified needs result.content");
    }
  }
}
