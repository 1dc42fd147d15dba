import { describe, expect, it } from "vitest";
import {
  compile,
  presetNames,
  presetTemplate,
  readTable,
  type ScannerEntry,
} from "../../../src/resources/index.ts";
import { options, scanner, service, uses } from "./builders.ts";

const steps = [{ name: "scan", request: { method: "POST", path: "/scan", body: { mode: "Raw" } } }];
const result = { verdict: "res.json.infected ? 'blocked' : 'clean'" };
const inline = { baseUrl: "https://av.example/api", steps, result };

function compiled(template: object, more: object = {}, settings = options) {
  const spec = { endpoint: undefined, protocol: { type: "Template", template }, ...more };
  return compile([service({ scanners: [uses("av")] }), scanner(spec)], settings);
}

type TemplateEntry = Extract<ScannerEntry["protocol"], { type: "Template" }>;

function entryOf(template: object, more: object = {}): TemplateEntry {
  const protocol = compiled(template, more).table.scanners[0]?.protocol;
  if (protocol?.type !== "Template") throw new Error("there is no scanner with a template");
  return protocol;
}

/** The problems of a template, each with its path. */
function problemsOf(template: object, more: object = {}): string[] {
  const [, report] = compiled(template, more).objects;
  return (report?.problems ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const at = "spec.protocol.template";
/** A template with one step that is so. */
const withStep = (step: object) => ({ inline: { ...inline, steps: [{ ...steps[0], ...step }] } });
const withRequest = (request: object) => withStep({ request: { path: "/", ...request } });

describe("a scanner with a template", () => {
  it.each(["*", "*.", " ", "https://files.example", "a.b:", "a..b", "u@a.b"])(
    "has no host such as %j",
    (host) => {
      const request = withRequest({ path: undefined, url: "'/x'", hosts: [host] });
      expect(problemsOf(request)).toEqual([
        `${at}.inline.steps.0.request.hosts.0: must be a host such as files.example.com, *.example.com or a.b:8443`,
      ]);
    },
  );

  it("is written out in the table, with its defaults in the units of a program", () => {
    const { template } = entryOf({ inline });
    expect(template).toMatchObject({
      baseUrl: "https://av.example/api",
      addresses: "Any",
      limits: { maxBytes: 2 ** 30, requestTimeoutMs: 60_000 },
      steps: [{ name: "scan", expect: "res.status >= 200 && res.status < 300" }],
      errors: [],
    });
  });

  it("has the endpoint of its own before the template's", () => {
    const more = { endpoint: { url: "http://10.0.0.7:8080/v2" } };
    expect(entryOf({ inline }, more).template.baseUrl).toBe("http://10.0.0.7:8080/v2");
  });

  it("may be a Service", () => {
    const more = { endpoint: { service: { name: "av", port: 80 } } };
    expect(entryOf({ inline }, more).template.baseUrl).toMatch(/^http:\/\/av\.\w+\.svc:80$/);
  });

  it("takes no list of replicas", () => {
    const more = { endpoint: { urls: ["http://a.example"] } };
    expect(problemsOf({ inline }, more)).toEqual([
      "spec.endpoint: protocol Template takes one url or a service",
    ]);
  });

  it("has the values of its parameters, and where its secrets are, not what they are", () => {
    const { template, secrets } = entryOf({
      inline: {
        ...inline,
        params: { n: { type: "Integer", default: 1 }, mode: { type: "String", default: "fast" } },
        secrets: { apiKey: {} },
      },
      params: { n: 3 },
      secrets: { apiKey: { secretKeyRef: { name: "vendor", key: "api-key" } } },
    });
    expect(template.params).toEqual({ n: 3, mode: "fast" });
    expect(secrets["apiKey"]).toMatchObject({ name: "vendor", key: "api-key" });
  });

  it("survives the way to another process", () => {
    const { table } = compiled({ preset: "ClamavRest" }, { endpoint: { url: "http://av:9000" } });
    expect(readTable(JSON.stringify(table))).toEqual({ table });
  });

  it("changes its hash with its template", () => {
    const hashOf = (template: object) => compiled(template).table.scanners[0]?.hash;
    const other = { ...inline, result: { verdict: "'clean'" } };
    expect(hashOf({ inline })).toBe(hashOf({ inline }));
    expect(hashOf({ inline })).not.toBe(hashOf({ inline: other }));
  });

  it("cannot resolve a Secret that is not there", () => {
    const template = {
      inline: { ...inline, secrets: { apiKey: {} } },
      secrets: { apiKey: { secretKeyRef: { name: "vendor", key: "api-key" } } },
    };
    const [, report] = compiled(template, {}, { ...options, secrets: new Map() }).objects;
    expect(report?.problems.map(({ path }) => path.join("."))).toEqual([
      `${at}.secrets.apiKey.secretKeyRef`,
    ]);
  });

  it("is not accepted with a wrong template, for that reason", () => {
    const [, report] = compiled(withStep({ expect: "res." })).objects;
    const accepted = report?.conditions.find(({ type }) => type === "Accepted");
    expect(accepted).toMatchObject({ status: "False", reason: "InvalidTemplate" });
  });

  it.each<[string, object, string]>([
    ["neither preset nor inline", {}, ": set exactly one of preset and inline"],
    ["both", { preset: "Opa", inline }, ": set exactly one of preset and inline"],
    [
      "an unknown preset",
      { preset: "ViruTotal" },
      '.preset: there is no such preset, did you mean "VirusTotal"?',
    ],
    ["a missing secret", { preset: "VirusTotal" }, ".secrets.apiKey: required"],
    [
      "an unknown parameter",
      {
        inline: { ...inline, params: { level: { type: "Integer", default: 1 } } },
        params: { levl: 2 },
      },
      '.params.levl: the template has no such name, did you mean "level"?',
    ],
    [
      "a parameter of another type",
      {
        inline: { ...inline, params: { level: { type: "Integer", default: 1 } } },
        params: { level: "2" },
      },
      ".params.level: must be a whole number",
    ],
    [
      "a parameter out of its list",
      {
        inline: {
          ...inline,
          params: { region: { type: "String", default: "eu", enum: ["eu", "us"] } },
        },
        params: { region: "moon" },
      },
      '.params.region: must be one of "eu", "us"',
    ],
    [
      "a required parameter that is not given",
      { inline: { ...inline, params: { level: { type: "Integer" } } } },
      ".params.level: required",
    ],
    [
      "a default of another type",
      {
        inline: { ...inline, params: { level: { type: "Integer", default: "x" } } },
        params: { level: 1 },
      },
      ".inline.params.level.default: must be a whole number",
    ],
    [
      "no base URL",
      { inline: { steps, result } },
      ".inline.baseUrl: there is none, and the scanner has no endpoint either",
    ],
    [
      "a host out of the request",
      { inline: { ...inline, baseUrl: "https://${req.host}/" } },
      ".inline.baseUrl: may be made of params only: the host is for the configuration to say",
    ],
    [
      "a host that a parameter would change",
      {
        inline: { ...inline, baseUrl: "https://${params.r}.x/", params: { r: { type: "String" } } },
        params: { r: "evil.example/" },
      },
      ".inline.baseUrl: a parameter in it is no part of a host name",
    ],
    [
      "an expression that does not parse",
      withStep({ expect: "res.status ==" }),
      ".inline.steps.0.expect: it ends too early (column 14)",
    ],
    [
      "an expression of another type",
      withStep({ expect: "res.status" }),
      ".inline.steps.0.expect: the expression gives int, and must give bool",
    ],
    [
      "an answer before there is one",
      withStep({ when: "res.status == 200" }),
      ".inline.steps.0.when: Unknown variable: res (column 1)",
    ],
    [
      "a member that req does not have",
      withStep({ when: "req.shax != ''" }),
      ".inline.steps.0.when: No such key: shax (column 5)",
    ],
    [
      "an undeclared parameter in an expression",
      withStep({ when: "params.deep" }),
      ".inline.steps.0.when: params.deep is not declared in params",
    ],
    [
      "state that no step makes",
      withStep({ when: "state.id != ''" }),
      ".inline.steps.0.when: state.id is made by no step before",
    ],
    [
      "a secret in CEL",
      withStep({ when: "secret.apiKey != ''" }),
      ".inline.steps.0.when: Unknown variable: secret (column 1)",
    ],
    [
      "matches()",
      withStep({ expect: "res.text.matches('(a+)+$')" }),
      ".inline.steps.0.expect: matches() can run for minutes on a crafted text: use re(), which cannot",
    ],
    [
      "a secret in the path",
      withRequest({ path: "/${secret.apiKey}" }),
      ".inline.steps.0.request.path: ${secret.apiKey}: secret has no place here",
    ],
    [
      "an undeclared secret",
      withRequest({ headers: { "X-Key": "${secret.apiKey}" } }),
      ".inline.steps.0.request.headers.X-Key: ${secret.apiKey} is not declared in secrets",
    ],
    [
      "logic in a text",
      withRequest({ path: "/${req.size + 1}" }),
      '.inline.steps.0.request.path: "${req.size + 1}" is not a path such as ${req.sha256}; logic belongs into expressions',
    ],
    [
      "a place that has no end",
      withRequest({ headers: { "X-Hash": "${req.sha256" } }),
      '.inline.steps.0.request.headers.X-Hash: "${" has no end; "$${" stands for the signs themselves',
    ],
    [
      "a path without a slash",
      withRequest({ path: "${req.url}" }),
      ".inline.steps.0.request.path: must begin with one / and have no query, which is said apart",
    ],
    [
      "a path that is another host",
      withRequest({ path: "//evil.example" }),
      ".inline.steps.0.request.path: must begin with one / and have no query, which is said apart",
    ],
    [
      "path and url",
      withRequest({ url: "'http://x'" }),
      ".inline.steps.0.request: set exactly one of path and url",
    ],
    [
      "a header field of the connection",
      withRequest({ headers: { Host: "evil.example" } }),
      ".inline.steps.0.request.headers.Host: is for the connection to say",
    ],
    [
      "a body with GET",
      withRequest({ body: { mode: "Raw" } }),
      ".inline.steps.0.request.body.mode: a GET request has no body",
    ],
    [
      "a member of another mode",
      withRequest({ method: "POST", body: { mode: "Raw", field: "file" } }),
      ".inline.steps.0.request.body.field: field belongs to mode Multipart",
    ],
    [
      "a mode without its member",
      withRequest({ method: "POST", body: { mode: "Json" } }),
      ".inline.steps.0.request.body.json: required with mode Json",
    ],
    [
      "the bytes amid a text",
      withRequest({ method: "POST", body: { mode: "Json", json: { a: "x${req.base64}" } } }),
      ".inline.steps.0.request.body.json.a: ${req.base64} must be a text of its own",
    ],
    [
      "the bytes twice",
      withRequest({
        method: "POST",
        body: { mode: "Json", json: ["${req.base64}", "${req.base64}"] },
      }),
      ".inline.steps.0.request.body.json: ${req.base64} may be in it once",
    ],
    [
      "the bytes in a header field",
      withRequest({ headers: { "X-Body": "${req.base64}" } }),
      ".inline.steps.0.request.headers.X-Body: ${req.base64} must be a text of body.json of its own",
    ],
    [
      "steps of one name",
      { inline: { ...inline, steps: [steps[0], steps[0]] } },
      ".inline.steps.1.name: another step is called scan",
    ],
    [
      "new content of no step",
      { inline: { ...inline, result: { ...result, content: { step: "rebuild" } } } },
      ".inline.result.content.step: no step is called rebuild",
    ],
    [
      "a word that is no verdict",
      {
        inline: {
          ...inline,
          result: { verdict: "res.json.a ? 'blocked' : res.json.b ? 'claen' : 'clean'" },
        },
      },
      '.inline.result.verdict: "claen" is no verdict',
    ],
    [
      "a verdict that brings content without content",
      { inline: { ...inline, result: { verdict: "res.json.a ? ('modified') : 'clean'" } } },
      ".inline.result.verdict: modified needs result.content",
    ],
    [
      "a reason that has no place",
      { inline: { ...inline, errors: [{ when: "true", as: "Busy", reason: "size" }] } },
      ".inline.errors.0.reason: a reason belongs to Unscannable",
    ],
  ])("is told of %s", (_name, template, problem) => {
    expect(problemsOf(template)).toContain(`${at}${problem}`);
  });
});

describe("the presets", () => {
  it("are found", () => {
    expect(presetNames()).toContain("ClamavRest");
  });

  it.each(presetNames())("hold a template that can be read: %s", (name) => {
    expect(presetTemplate(name)).toHaveProperty("steps");
  });

  it("are read by their names alone", () => {
    expect(presetTemplate("../Builtin")).toBe("there is no such preset");
  });
});
