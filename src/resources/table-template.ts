import { z } from "zod";

const ms = z.int().min(0);
const texts = z.record(z.string(), z.string());
const text = z.string();

const request = z.strictObject({
  method: z.enum(["GET", "POST", "PUT", "DELETE"]),
  path: text.optional(),
  url: text.optional(),
  hosts: z.array(text).optional(),
  query: texts.optional(),
  headers: texts.optional(),
  body: z.strictObject({
    mode: z.enum(["None", "Raw", "Multipart", "Form", "Json", "Text"]),
    contentType: text.optional(),
    field: text.optional(),
    fileName: text.optional(),
    fields: texts.optional(),
    json: z.unknown().optional(),
    text: text.optional(),
  }),
});

const step = z.strictObject({
  name: text,
  when: text.optional(),
  let: texts.optional(),
  request,
  expect: text,
  poll: z
    .strictObject({
      until: text,
      intervalMs: ms,
      backoffPercent: z.int(),
      maxIntervalMs: ms,
      timeoutMs: ms,
      pause: text.optional(),
    })
    .optional(),
  extract: texts.optional(),
  done: text.optional(),
});

/** A template with its parameters in the routing table: the preset written out, without secrets. */
export const tableTemplate = z.strictObject({
  baseUrl: text,
  addresses: z.enum(["Any", "PublicOnly"]),
  params: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.strictObject({ optional: z.boolean() })),
  basicAuth: z.strictObject({ username: text, password: text }).optional(),
  headers: texts.optional(),
  limits: z.strictObject({
    maxBytes: z.int(),
    textBytes: z.int(),
    responseBytes: z.int(),
    contentBytes: z.int(),
    requestTimeoutMs: ms,
    connectTimeoutMs: ms,
  }),
  cacheScope: z
    .enum(["content", "content+type", "content+name", "content+url", "url", "host", "user", "none"])
    .optional(),
  epoch: z.strictObject({ request, value: text, everyMs: ms }).optional(),
  steps: z.array(step),
  result: z.strictObject({
    verdict: text,
    reason: text.optional(),
    threats: text.optional(),
    score: text.optional(),
    message: text.optional(),
    ttl: text.optional(),
    content: z
      .strictObject({
        step: text.optional(),
        base64: text.optional(),
        mediaType: text.optional(),
      })
      .optional(),
  }),
  errors: z.array(
    z.strictObject({
      when: text,
      as: z.enum(["Busy", "Unscannable", "Unknown", "Timeout", "Error"]),
      reason: z.enum(["type", "size", "encrypted", "archive-limit", "malformed"]).optional(),
      message: text.optional(),
    }),
  ),
});
