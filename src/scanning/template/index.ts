/**
 * Any vendor's HTTP API as a scanner: a template says how it is asked and what its answers mean
 * (docs/templates.md). Checking a template needs nothing but CEL; the HTTP client is loaded with the
 * first scanner.
 *
 * Must not know: resources, presets, where secrets are kept.
 *
 * @module
 */
import type { Scanner } from "../index.ts";
import { makePlan } from "./plan/make-plan.ts";
import type { Template, TemplateProblem } from "./template.ts";
import type { TemplateScannerOptions } from "./template-scanner.ts";

export { TEMPLATE_FUNCTIONS, TEMPLATE_VARIABLES } from "./language/template-language.ts";
export type {
  BodyTemplate,
  ErrorTemplate,
  PollTemplate,
  RequestTemplate,
  StepTemplate,
  Template,
  TemplateProblem,
} from "./template.ts";
export type { TemplateCredentials, TemplateScannerOptions } from "./template-scanner.ts";

/** What a scanner made of a template needs and does, for `GET /v1/info` of one served. */
export interface TemplateAbilities {
  /** Without `content`, the bytes of an entity are not read. */
  readonly inputs: readonly ("content" | "hash" | "url" | "headers")[];
  readonly replaces: boolean;
  /** It polls what another process could go on with. */
  readonly defers: boolean;
  /** When it can judge. */
  readonly stages: readonly ("headers" | "full")[];
}

/** What is wrong with a template; empty when nothing is. */
export function templateProblems(template: Template): readonly TemplateProblem[] {
  const made = makePlan(template);
  return "problems" in made ? made.problems : [];
}

/** As in template-scanner.ts. */
export async function createTemplateScanner(options: TemplateScannerOptions): Promise<Scanner> {
  const engine = await import("./template-scanner.ts");
  return engine.createTemplateScanner(options);
}

/** Of a template that is right. */
export function templateAbilities(template: Template): TemplateAbilities {
  const made = makePlan(template);
  if ("problems" in made) {
    return { inputs: ["content"], replaces: false, defers: false, stages: ["full"] };
  }
  const { sendsContent, reads, replaces, judgesHeads, steps } = made.plan;
  const defers = steps.some(
    ({ poll, resumesWith }) => poll !== undefined && resumesWith !== undefined,
  );
  const readsAny = (...names: readonly string[]) => names.some((name) => reads.has(name));
  const needsBytes = sendsContent || readsAny("sha1", "md5");
  const inputs = [
    needsBytes ? ("content" as const) : undefined,
    readsAny("sha256", "size") ? ("hash" as const) : undefined,
    readsAny("url", "host", "path") ? ("url" as const) : undefined,
    readsAny("method", "status", "clientIp", "user", "groups") ? ("headers" as const) : undefined,
  ].filter((input) => input !== undefined);
  return { inputs, replaces, defers, stages: judgesHeads ? ["headers", "full"] : ["full"] };
}
