import {
  lookUp,
  renderText,
  type TextTemplate,
  wholeReference,
} from "../language/text-template.ts";
import type { NamedTexts, Plan, PlannedRequest } from "../plan/plan.ts";
import { type BodyContent, type RequestBody, requestBody } from "./request-body.ts";
import { allowedUrl } from "./target-url.ts";

export interface OutgoingRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody | undefined;
}

/** What texts and expressions of a request are filled in from. */
export interface RequestValues {
  readonly req: unknown;
  readonly params: unknown;
  readonly state: unknown;
  /** Those that are given. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The variables of expressions. */
  readonly activation: object;
  readonly content: BodyContent | undefined;
}

const USER_AGENT = "sluice";

/** Makes a request. Throws, without a value in the reason, when something has no place in it. */
export function outgoingRequest(
  plan: Plan,
  request: PlannedRequest,
  values: RequestValues,
): OutgoingRequest {
  const filler = new Filling(values);
  const body = requestBody(request.body, filler, values.content);
  const { origin, path } = targetOf(plan, request, filler, values);
  return {
    method: request.method,
    origin,
    path: path + queryOf(request.query, filler, path.includes("?")),
    headers: headersOf(plan, request, filler, body),
    body,
  };
}

class Filling {
  readonly roots: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;

  constructor({ req, params, state, secrets }: RequestValues) {
    this.roots = { req, params, state, secret: secrets };
    this.secrets = secrets;
  }

  readonly text = (template: TextTemplate): string => this.#fill(template, (value) => value);
  /** A list, where the text is one path and that leads to one; else the text alone. */
  texts(template: TextTemplate): readonly string[] {
    const reference = wholeReference(template);
    const value =
      reference?.root === "secret" ? undefined : reference && lookUp(reference, this.roots);
    return Array.isArray(value) && value.every((item) => typeof item === "string")
      ? value
      : [this.text(template)];
  }

  /** In a header field. */
  readonly field = (template: TextTemplate): string => fieldText(this.text(template));
  /** In a URL, where slashes too must not come from outside. */
  readonly part = (template: TextTemplate): string =>
    this.#fill(template, (value) => encodeURIComponent(value.toWellFormed()));

  /** Empty, where it names a secret that is not given. */
  #fill(template: TextTemplate, encode: (value: string) => string): string {
    const lacks = template.references.some(
      ({ root, steps }) => root === "secret" && !Object.hasOwn(this.secrets, steps[0] ?? ""),
    );
    return lacks ? "" : renderText(template, this.roots, encode);
  }
}

function targetOf(
  plan: Plan,
  { target, hosts }: PlannedRequest,
  filler: Filling,
  { activation }: RequestValues,
): { readonly origin: string; readonly path: string } {
  if ("url" in target) return allowedUrl(target.url.evaluate(activation), plan.origin, hosts);
  const path = plan.basePath + filler.part(target.path);
  // "." and ".." as a value would lead to another path than the template's.
  if (URL.parse(path, plan.origin)?.pathname !== path) {
    throw new Error("a value in the path would change the path");
  }
  return { origin: plan.origin, path };
}

function queryOf(query: NamedTexts, filler: Filling, hasQuery: boolean): string {
  const pairs = query
    .flatMap(([name, template]) => filler.texts(template).map((value) => [name, value] as const))
    .filter(([, value]) => value !== "")
    .map(
      ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`,
    );
  return pairs.length === 0 ? "" : `${hasQuery ? "&" : "?"}${pairs.join("&")}`;
}

function headersOf(
  plan: Plan,
  request: PlannedRequest,
  filler: Filling,
  body: RequestBody | undefined,
): Record<string, string> {
  const { secrets } = filler;
  const headers: Record<string, string> = {
    accept: "application/json",
    "accept-encoding": "identity",
    "user-agent": USER_AGENT,
  };
  for (const [name, template] of [...plan.headers, ...request.headers]) {
    const value = filler.field(template);
    if (value !== "") headers[name.toLowerCase()] = value;
  }
  const authorization = basicAuthorization(plan, secrets);
  if (authorization !== undefined) headers["authorization"] = authorization;
  if (body !== undefined) {
    headers["content-type"] = body.contentType;
    headers["content-length"] = String(body.length);
  } else if (request.method !== "GET" && request.method !== "DELETE") {
    headers["content-length"] = "0";
  }
  return headers;
}

/** RFC 7617, in UTF-8; undefined where the template has none, or its secret is not given. */
export function basicAuthorization(
  { basicAuth, template }: Plan,
  secrets: Readonly<Record<string, string>>,
): string | undefined {
  if (basicAuth === undefined) return undefined;
  const { params } = template;
  const filler = new Filling({ ...NOTHING, params, secrets });
  const pair = `${filler.text(basicAuth.username)}:${filler.text(basicAuth.password)}`;
  return pair === ":" ? undefined : `Basic ${Buffer.from(pair).toString("base64")}`;
}

const NOTHING = { req: {}, state: {}, activation: {}, content: undefined };

/**
 * A value in a header field. What would end the field is refused; what is no ASCII is
 * percent-encoded as UTF-8.
 */
function fieldText(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\x00-\x1f\x7f]/.test(value)) {
    throw new Error("a value for a header field holds a control character");
  }
  return value.replace(/[^\x20-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed())).trim();
}
