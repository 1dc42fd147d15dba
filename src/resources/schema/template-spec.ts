import { z } from "zod";
import { withCelRules } from "./cel-rule.ts";
import { duration, keyRef, quantity, withDefaults } from "./fields.ts";

/** Names that expressions and `${}` use: `params.minPositives`, `secret.apiKey`, `state.id`. */
const identifier = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z][A-Za-z0-9]*$/, "must be a name such as apiKey: letters and digits");

const expression = () => z.string().min(1).max(2048).meta({ unit: "CEL" });
const text = () => z.string().max(4096).meta({ unit: "text with ${}" });

/** Any JSON; what may stand where is checked with the rest of the template. */
const json = () => z.unknown().meta({ "x-kubernetes-preserve-unknown-fields": true });

const headerName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "must be a header name");

const headers = (description: string) =>
  z.record(headerName, text()).meta({ maxProperties: 32 }).describe(description);

const fields = (description: string) =>
  z.record(z.string().min(1).max(128), text()).meta({ maxProperties: 32 }).describe(description);

const body = z.strictObject({
  mode: z
    .enum(["None", "Raw", "Multipart", "Form", "Json", "Text"])
    .default("None")
    .describe(
      "None: no body. Raw: the entity's bytes. Multipart: the bytes as a file in multipart/form-data. Form: fields, URL-encoded. Json: a JSON document. Text: a text. Each goes with a Content-Length.",
    ),
  contentType: text()
    .optional()
    .meta({ example: "application/octet-stream" })
    .describe(
      "Content-Type of the body, of the file with Multipart. Left out: application/octet-stream for bytes, else what the mode says.",
    ),
  field: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ example: "file" })
    .describe("Name of the file's field. With Multipart, and only then."),
  fileName: text()
    .optional()
    .meta({ example: "${req.sha256}" })
    .describe(
      "Name of the file, sent as plain ASCII (`filename=`, never `filename*=`). Left out: the entity's own. With Multipart, and only then.",
    ),
  fields: fields(
    "Text fields, those of Multipart before the file. An empty one is not sent. With Multipart and Form, and only then.",
  ).optional(),
  json: json()
    .optional()
    .meta({
      example: { timeout: "10000", object: "${req.base64}" },
      "x-kubernetes-preserve-unknown-fields": true,
    })
    .describe(
      "The document. A text that is one `${}` and nothing else becomes the value itself, whatever its type; `${req.base64}`, at most once, the entity's bytes. With Json, and only then.",
    ),
  text: text().optional().describe("The text, sent as UTF-8. With Text, and only then."),
});

/** A name, perhaps of all below it, or an address; with a port or without. */
const HOST_PATTERN =
  /^((\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/;

const request = z.strictObject({
  method: z.enum(["GET", "POST", "PUT", "DELETE"]).default("GET").describe("HTTP method."),
  path: text()
    .optional()
    .meta({ example: "/files/${req.sha256}" })
    .describe(
      "Below the base URL. What `${}` puts in is percent-encoded, slashes too. Either this or `url`.",
    ),
  url: expression()
    .optional()
    .meta({ example: "state.uploadUrl" })
    .describe(
      "A whole URL that an earlier answer gave. Its host must be one of `hosts` or that of the base URL, its scheme that of the base URL.",
    ),
  hosts: z
    .array(
      z
        .string()
        .max(253)
        .regex(HOST_PATTERN, "must be a host such as files.example.com, *.example.com or a.b:8443"),
    )
    .min(1)
    .max(8)
    .optional()
    .meta({ example: ["*.virustotal.com"], "x-kubernetes-list-type": "set" })
    .describe(
      "Hosts that `url` may name beside that of the base URL, with their port where it is not the scheme's. `*.` stands for any name below. With `url`, and only then.",
    ),
  query: fields("Query parameters. An empty one is not sent.").optional(),
  headers: headers(
    "Header fields, in addition to those of the template. An empty one is not sent.",
  ).optional(),
  body: withDefaults(body).describe("What is sent."),
});

const poll = z.strictObject({
  until: expression()
    .meta({ example: "res.json.status == 'completed'" })
    .describe("Holds when the answer is the last one."),
  interval: duration({ min: "50ms", max: "10m" })
    .default("5s")
    .describe("Pause before the request is sent again; the first request is sent at once."),
  backoffPercent: z
    .int()
    .min(100)
    .max(400)
    .default(100)
    .meta({ unit: "percent" })
    .describe("Each pause in percent of the one before."),
  maxInterval: duration({ min: "50ms", max: "10m" }).default("30s").describe("Longest pause."),
  timeout: duration({ min: "100ms", max: "24h" })
    .default("30m")
    .describe("After this long, counted from the first request, the scan has failed."),
  pause: expression()
    .optional()
    .meta({ example: "double(res.json.pollPause)" })
    .describe(
      "Seconds to wait, where the answer tells. A Retry-After is honoured without this, in any case.",
    ),
});

const expressions = (description: string) =>
  z.record(identifier(), expression()).meta({ maxProperties: 16 }).describe(description);

const step = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "must be a DNS label: a-z, 0-9 and -")
    .describe("Name of the step, for errors and for `result.content.step`."),
  when: expression()
    .optional()
    .meta({ example: "params.uploadUnknown" })
    .describe("The step is passed over when this does not hold. Sees no `res`, but `state`."),
  let: expressions("Values for `state`, made before the request. Sees no `res`.").optional(),
  request: request.describe("What is asked."),
  expect: expression()
    .default("res.status >= 200 && res.status < 300")
    .describe("What holds of an answer that can be used; any other is mapped by `errors`."),
  poll: poll.optional().describe("Asks again and again until the answer is there."),
  extract: expressions("Values for `state`, taken from the answer.").optional(),
  done: expression()
    .optional()
    .meta({ example: "res.status == 200" })
    .describe("When this holds, the steps that follow are left out."),
});

const content = z.strictObject({
  step: z
    .string()
    .max(63)
    .optional()
    .describe(
      "The step whose answer's body is the new content. Its `res` has no `json` and no `text`.",
    ),
  base64: expression()
    .optional()
    .meta({ example: "res.json.Content" })
    .describe(
      "The new content in Base64, at most `limits.responseBytes` of it. Either this or `step`.",
    ),
  mediaType: expression()
    .optional()
    .describe("Media type of the new content. Left out: the old one's."),
});

const VERDICTS = "clean, blocked, suspicious, unscannable, unknown, modified or error";

const result = z.strictObject({
  verdict: expression()
    .meta({ example: "res.json.infected ? 'blocked' : 'clean'" })
    .describe(`The verdict, a text: ${VERDICTS}. Any other is an error.`),
  reason: expression()
    .optional()
    .describe("A word of scan/v1, such as `'dlp'`; any other counts as left out."),
  threats: expression()
    .optional()
    .meta({ example: "res.json.viruses.map(v, {'name': v})" })
    .describe("What was found: texts, or maps with `name` and, if known, `path`, `engine`, `ref`."),
  score: expression().optional().describe("How sure it is that the entity is bad, 0 to 1."),
  message: expression().optional().describe("One sentence for a person."),
  ttl: expression()
    .optional()
    .describe("How long the verdict may be remembered: seconds, or a duration. 0: not at all."),
  content: content
    .optional()
    .describe("New content in place of the entity, with the verdict `modified`."),
});

const errorRule = z.strictObject({
  when: expression().describe(
    "Of an answer that was not expected. The first rule that holds counts.",
  ),
  as: z
    .enum(["Busy", "Unscannable", "Unknown", "Timeout", "Error"])
    .describe(
      "Busy: more work than it takes on. Unscannable: it cannot look inside. Unknown: it has no opinion. Timeout: it ran out of time. Error: anything else.",
    ),
  reason: z
    .enum(["type", "size", "encrypted", "archive-limit", "malformed"])
    .optional()
    .describe("Why, with Unscannable."),
  message: z.string().max(256).optional().describe("One sentence for the log."),
});

const param = z.strictObject({
  type: z
    .enum(["String", "Integer", "Number", "Boolean", "StringList"])
    .describe("What the value must be."),
  default: json().optional().describe("Left out: the parameter must be given."),
  enum: z
    .array(z.string().max(256))
    .min(1)
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("The only values, of String."),
  description: z.string().max(1024).optional().describe("What it is for."),
});

const secret = z.strictObject({
  optional: z
    .boolean()
    .default(false)
    .describe("It need not be given; texts that name it are then empty, so not sent."),
  description: z.string().max(1024).optional().describe("What it is for."),
});

const epoch = z.strictObject({
  request: request.describe("The request that tells the engine's version; without the entity."),
  value: expression()
    .meta({ example: "res.json.version + '/' + res.json.signatures" })
    .describe("The version, a text or number."),
  every: duration({ min: "10s", max: "24h" }).default("10m").describe("How often it is asked."),
});

const limits = withDefaults(
  z.strictObject({
    maxBytes: quantity({ min: "1", max: "10Gi" })
      .default("1Gi")
      .describe("Larger entities are `unscannable`, where their bytes would be sent."),
    textBytes: quantity({ min: "1Ki", max: "16Mi" })
      .default("1Mi")
      .describe("Larger entities are `unscannable`, where a step sends `req.text`."),
    responseBytes: quantity({ min: "1Ki", max: "16Mi" })
      .default("1Mi")
      .describe("Longer answers are an error."),
    contentBytes: quantity({ min: "1Ki", max: "10Gi" })
      .default("256Mi")
      .describe("Longer new content is an error."),
    requestTimeout: duration({ min: "100ms", max: "30m" })
      .default("60s")
      .describe("Longest wait for the answer to one request."),
    connectTimeout: duration({ min: "100ms", max: "60s" })
      .default("2s")
      .describe("Longest wait for a connection."),
  }),
).describe("Bounds.");

/**
 * How a scanner with an HTTP API of its own is asked, and what its answers mean: the document of a
 * preset, of `spec.protocol.template.inline` and of `sluice scanner http --template`.
 */
export const templateSpec = z.strictObject({
  description: z.string().max(2048).optional().describe("What it is for, and for whom."),
  baseUrl: z
    .string()
    .max(2048)
    .optional()
    .meta({ example: "https://${params.region}.scanner.example/api/v2" })
    .describe(
      "Where the API is: scheme, host, port and path, made of `params` at most. The scanner's own endpoint goes before it. Left out: the endpoint must be given.",
    ),
  addresses: z
    .enum(["Any", "PublicOnly"])
    .default("Any")
    .describe(
      "Addresses that are connected to. Any: but link-local ones, where clouds keep metadata. PublicOnly: no private and no loopback ones either.",
    ),
  params: z
    .record(identifier(), param)
    .meta({ maxProperties: 32 })
    .default({})
    .describe("What may be set from outside, as `params.*`."),
  secrets: z
    .record(identifier(), secret)
    .meta({ maxProperties: 8 })
    .default({})
    .describe("What must be kept secret, as `${secret.*}` in headers, query and body only."),
  basicAuth: z
    .strictObject({
      username: text().describe("User name."),
      password: text().meta({ example: "${secret.password}" }).describe("Password."),
    })
    .optional()
    .describe("HTTP Basic with every request."),
  headers: headers("Header fields of every request. An empty one is not sent.").optional(),
  limits,
  cacheScope: z
    .enum(["content", "content+type", "content+name", "content+url", "url", "host", "user", "none"])
    .optional()
    .describe("What verdicts depend on. Left out: what the template reads of `req`."),
  epoch: epoch
    .optional()
    .describe("Identity of the engine with its signatures. Left out: that of the template."),
  steps: z
    .array(step)
    .min(1)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Requests, in order."),
  result: result.describe("What the last answer means."),
  errors: z
    .array(errorRule)
    .max(16)
    .default([])
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe(
      "What answers mean that were not expected. When none holds: 429 and 503 Busy, 408 and 504 Timeout, 413 and 415 Unscannable, else Error.",
    ),
});

/** `spec.protocol.template`: which template, and what it is filled in with. */
export const templateReference = withCelRules(
  z.strictObject({
    preset: z
      .string()
      .max(63)
      .regex(/^[A-Z][A-Za-z0-9]*$/, "must be the name of a preset, such as VirusTotal")
      .optional()
      .meta({ example: "VirusTotal" })
      .describe("Name of a template that comes with Sluice. Either this or `inline`."),
    inline: templateSpec.optional().describe("A template of your own."),
    params: z
      .record(identifier(), z.unknown().meta({ "x-kubernetes-preserve-unknown-fields": true }))
      .meta({ maxProperties: 32, example: { minPositives: 3 } })
      .default({})
      .describe("Values of the template's parameters."),
    secrets: z
      .record(
        identifier(),
        z.strictObject({ secretKeyRef: keyRef("Secret").describe("Where the secret is.") }),
      )
      .meta({
        maxProperties: 8,
        example: { apiKey: { secretKeyRef: { name: "virustotal", key: "api-key" } } },
      })
      .default({})
      .describe("The template's secrets."),
  }),
  [
    {
      rule: "has(self.preset) != has(self.inline)",
      message: "set exactly one of preset and inline",
    },
  ],
);

export type TemplateSpec = z.output<typeof templateSpec>;
