import type { Language } from "../../../cel/index.ts";
import { type TextTemplate, wholeReference } from "../language/text-template.ts";
import type { BodyTemplate, RequestTemplate } from "../template.ts";
import { contentsIn, planJson } from "./json-plan.ts";
import type { PlannedBody, PlannedJson, PlannedRequest } from "./plan.ts";
import { type Path, type PlanParts, STRING } from "./plan-parts.ts";

/** Fields that the connection or the body is in charge of (RFC 9110 §7.6.1 and more). */
const OWN_FIELDS = new Set([
  ...["host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["proxy-connection", "proxy-authorization", "expect", "content-length", "content-encoding"],
  "accept-encoding",
]);

const BYTES = "application/octet-stream";

/** Which members of a body belong to which mode. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  field: ["Multipart"],
  fileName: ["Multipart"],
  fields: ["Multipart", "Form"],
  json: ["Json"],
  text: ["Text"],
  contentType: ["Raw", "Multipart", "Json", "Text"],
};
const REQUIRED: Readonly<Record<string, "field" | "fields" | "json" | "text">> = {
  Multipart: "field",
  Form: "fields",
  Json: "json",
  Text: "text",
};

export interface RequestPlace {
  readonly path: Path;
  /** Of `url`. */
  readonly language: Language;
  /** Roots that paths may name, beside `secret` where that has a place. */
  readonly roots: readonly string[];
}

/** Checks a request and takes it apart. */
export function planRequest(
  parts: PlanParts,
  request: RequestTemplate,
  place: RequestPlace,
): PlannedRequest {
  const { path, roots } = place;
  const secretive = { roots: [...roots, "secret"] };
  checkHeaderNames(parts, [...path, "headers"], request.headers);
  if (request.method === "GET" && request.body.mode !== "None") {
    parts.report([...path, "body", "mode"], "a GET request has no body");
  }
  return {
    method: request.method,
    target: planTarget(parts, request, place),
    hosts: request.hosts ?? [],
    query: parts.texts([...path, "query"], request.query, secretive),
    headers: parts.texts([...path, "headers"], request.headers, secretive),
    body: planBody(parts, request.body, { ...place, path: [...path, "body"] }),
  };
}

export function checkHeaderNames(
  parts: PlanParts,
  path: Path,
  headers: Readonly<Record<string, string>> | undefined,
): void {
  for (const name of Object.keys(headers ?? {})) {
    const lower = name.toLowerCase();
    if (lower === "content-type") parts.report([...path, name], "say it as body.contentType");
    else if (OWN_FIELDS.has(lower)) parts.report([...path, name], "is for the connection to say");
  }
}

function planTarget(
  parts: PlanParts,
  request: RequestTemplate,
  { path, language, roots }: RequestPlace,
): PlannedRequest["target"] {
  if ((request.path === undefined) === (request.url === undefined)) {
    parts.report(path, "set exactly one of path and url");
  }
  if (request.url !== undefined) {
    return { url: parts.expression([...path, "url"], request.url, language, STRING) };
  }
  if (request.hosts !== undefined) parts.report([...path, "hosts"], "hosts belong to url");
  const source = request.path ?? "/";
  if (!/^\/(?!\/)[^\s?#\\]*$/.test(source.replace(/\$\{[^}]*\}/g, "x"))) {
    parts.report([...path, "path"], "must begin with one / and have no query, which is said apart");
  }
  return { path: parts.text([...path, "path"], source, { roots }) };
}

function planBody(parts: PlanParts, body: BodyTemplate, place: RequestPlace): PlannedBody {
  const { path, roots } = place;
  checkMembers(parts, body, path);
  const secretive = { roots: [...roots, "secret"] };
  const contentType = (otherwise: string): TextTemplate =>
    parts.text([...path, "contentType"], body.contentType ?? otherwise, { roots });
  switch (body.mode) {
    case "None":
      return { mode: "None" };
    case "Raw":
      parts.sendsContent();
      return { mode: "Raw", contentType: contentType(BYTES) };
    case "Multipart":
      parts.sendsContent();
      return {
        mode: "Multipart",
        contentType: contentType(BYTES),
        field: body.field ?? "file",
        fileName: parts.text([...path, "fileName"], body.fileName ?? "${req.fileName}", { roots }),
        fields: parts.texts([...path, "fields"], body.fields, secretive),
      };
    case "Form":
      return { mode: "Form", fields: parts.texts([...path, "fields"], body.fields, secretive) };
    case "Json": {
      const json = planJsonBody(parts, body.json, place);
      return { mode: "Json", contentType: contentType("application/json"), json };
    }
    case "Text": {
      const text = parts.text([...path, "text"], body.text ?? "", secretive);
      return { mode: "Text", contentType: contentType("text/plain; charset=utf-8"), text };
    }
    default:
      return body.mode satisfies never;
  }
}

function checkMembers(parts: PlanParts, body: BodyTemplate, path: Path): void {
  for (const [member, modes] of Object.entries(MEMBERS)) {
    const isSet = body[member as keyof BodyTemplate] !== undefined;
    if (isSet && !modes.includes(body.mode)) {
      parts.report([...path, member], `${member} belongs to mode ${modes.join(" and ")}`);
    }
  }
  const required = REQUIRED[body.mode];
  if (required !== undefined && body[required] === undefined) {
    parts.report([...path, required], `required with mode ${body.mode}`);
  }
}

function planJsonBody(parts: PlanParts, json: unknown, { path, roots }: RequestPlace): PlannedJson {
  const place = { roots: [...roots, "secret"], takesContent: true };
  const parse = (source: string, below: Path): TextTemplate => {
    const at = [...path, "json", ...below];
    const text = parts.text(at, source, place);
    const holdsContent = text.references.some(
      ({ root, steps }) => root === "req" && steps[0] === "base64",
    );
    if (holdsContent) parts.sendsContent();
    if (holdsContent && wholeReference(text) === undefined) {
      parts.report(at, "${req.base64} must be a text of its own");
    }
    return text;
  };
  try {
    const planned = planJson(json ?? null, parse);
    if (contentsIn(planned) > 1) {
      parts.report([...path, "json"], "${req.base64} may be in it once");
    }
    return planned;
  } catch (error) {
    parts.report([...path, "json"], error instanceof Error ? error.message : String(error));
    return { kind: "constant", value: null };
  }
}
