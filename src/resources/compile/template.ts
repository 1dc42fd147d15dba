import { parseDocument } from "yaml";
import { quantityBytes } from "../../cel/index.ts";
import {
  type StepTemplate,
  type Template,
  templateProblems,
} from "../../scanning/template/index.ts";
import { presetNames, presetText } from "../presets.ts";
import type { Problem } from "../problem.ts";
import { problemsOf } from "../schema/issues.ts";
import { nearest } from "../schema/suggest.ts";
import { type TemplateSpec, templateSpec } from "../schema/template-spec.ts";
import { durationMs } from "../schema/units.ts";
import { type GivenValues, paramProblem, resolveValues } from "./template-values.ts";

/** What a template is filled in with. */
export interface TemplateSettings extends GivenValues {
  /** Goes before the template's own base URL. */
  readonly baseUrl: string | undefined;
}

/** Problems of the template itself have its paths; those of what it was given, `params` and `secrets`. */
export type CompiledTemplate =
  | { readonly template: Template }
  | { readonly problems: readonly Problem[]; readonly given: readonly Problem[] };

/** A template with its parameters, checked to the last expression. */
export function compileTemplate(spec: TemplateSpec, settings: TemplateSettings): CompiledTemplate {
  const { params, problems: given } = resolveValues(spec, settings);
  const template = templateOf(spec, params, settings.baseUrl);
  const problems = [...defaultProblems(spec), ...templateProblems(template)];
  return problems.length + given.length > 0 ? { problems, given } : { template };
}

/** The template of a text in YAML; its parameters are not looked at. */
export function readTemplate(
  text: string,
): { readonly spec: TemplateSpec } | { readonly problems: readonly Problem[] } {
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    return { problems: [{ path: [], message: error.message.split("\n", 1)[0] ?? "is no YAML" }] };
  }
  const parsed = templateSpec.safeParse(document.toJS());
  return parsed.success
    ? { spec: parsed.data }
    : { problems: problemsOf(parsed.error, templateSpec) };
}

/** The template that a preset is; a text says why there is none. */
export function presetTemplate(name: string): TemplateSpec | string {
  const text = presetText(name);
  if (text === undefined) {
    const suggestion = nearest(name, presetNames());
    const hint = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
    return `there is no such preset${hint}`;
  }
  const read = readTemplate(text);
  if ("spec" in read) return read.spec;
  const [first] = read.problems;
  return `the preset is broken at ${first?.path.join(".")}: ${first?.message}`;
}

function defaultProblems({ params }: TemplateSpec): Problem[] {
  return Object.entries(params).flatMap(([name, spec]) => {
    const message = spec.default === undefined ? undefined : paramProblem(spec.default, spec);
    return message === undefined ? [] : [{ path: ["params", name, "default"], message }];
  });
}

function templateOf(
  spec: TemplateSpec,
  params: Readonly<Record<string, unknown>>,
  baseUrl: string | undefined,
): Template {
  const { limits, epoch, basicAuth, headers, cacheScope } = spec;
  const secrets = Object.entries(spec.secrets).map(([name, { optional }]) => [name, { optional }]);
  return {
    baseUrl: baseUrl ?? spec.baseUrl ?? "",
    addresses: spec.addresses,
    params,
    secrets: Object.fromEntries(secrets),
    ...(basicAuth !== undefined && { basicAuth }),
    ...(headers !== undefined && { headers }),
    limits: {
      maxBytes: quantityBytes(limits.maxBytes),
      textBytes: quantityBytes(limits.textBytes),
      responseBytes: quantityBytes(limits.responseBytes),
      contentBytes: quantityBytes(limits.contentBytes),
      requestTimeoutMs: durationMs(limits.requestTimeout),
      connectTimeoutMs: durationMs(limits.connectTimeout),
    },
    ...(cacheScope !== undefined && { cacheScope }),
    ...(epoch !== undefined && {
      epoch: {
        request: epoch.request,
        value: epoch.value,
        everyMs: durationMs(epoch.every),
      },
    }),
    steps: spec.steps.map(stepOf),
    result: spec.result,
    errors: spec.errors,
  };
}

function stepOf({ poll, request, ...step }: TemplateSpec["steps"][number]): StepTemplate {
  return {
    ...step,
    request,
    ...(poll !== undefined && {
      poll: {
        until: poll.until,
        intervalMs: durationMs(poll.interval),
        backoffPercent: poll.backoffPercent,
        maxIntervalMs: Math.max(durationMs(poll.maxInterval), durationMs(poll.interval)),
        timeoutMs: durationMs(poll.timeout),
        ...(poll.pause !== undefined && { pause: poll.pause }),
      },
    }),
  };
}
