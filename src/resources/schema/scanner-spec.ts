import { z } from "zod";
import { withCelRules } from "./cel-rule.ts";
import {
  dnsLabel,
  duration,
  keyRef,
  objectName,
  quantity,
  rate,
  setOf,
  withDefaults,
} from "./fields.ts";
import { templateReference } from "./template-spec.ts";

const embedded = z.strictObject({
  rulesDirectory: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .meta({ example: "/etc/sluice/rules" })
    .describe("Directory of YARA rules in place of the built-in ones, as the process sees it."),
  hashList: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .meta({ example: "/etc/sluice/blocked.sha256" })
    .describe(
      "File with one SHA-256 a line, optionally followed by a name; listed entities are blocked.",
    ),
});

const ICAP_URL_FORM =
  "must be an icap or icaps URL with the path of a service, without user and fragment";

// What the pattern lets through, such as a port above 65535, no URL is made of here.
const icapUrl = z
  .string()
  .max(2048)
  .regex(
    /^icaps?:\/\/([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]+(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$/,
    { error: ICAP_URL_FORM, abort: true },
  )
  .refine((text) => URL.canParse(text), ICAP_URL_FORM);

const icap = z.strictObject({
  urls: setOf(icapUrl, 16)
    .min(1)
    .meta({ example: ["icap://av.corp.example:1344/avscan"] })
    .describe("The service, as equal servers offer it."),
  method: z
    .enum(["Auto", "REQMOD", "RESPMOD"])
    .default("Auto")
    .describe(
      "How entities are sent. Auto: as they came, or by the method that the server offers where it offers one only.",
    ),
  replaced: z
    .enum(["Blocked", "Modified"])
    .default("Blocked")
    .describe(
      "What other content with HTTP status 200 is, where the server does not say that it repaired something. Blocked: a block page. Modified: new content for the entity.",
    ),
  share: setOf(z.enum(["Url", "Identity"]), 2)
    .default([])
    .describe(
      "What the server is told beside the content, its name and its type. Identity only where the service shares it, too. Verdicts then count as depending on it.",
    ),
  maxBytes: quantity({ min: "1", max: "10Gi" })
    .optional()
    .meta({ example: "5Mi" })
    .describe(
      "Larger entities are `unscannable`. Set it to the server's own limit: many let pass unscanned what is above theirs. Left out: the process's `scan.maxEntityBytes`.",
    ),
});

const protocol = withCelRules(
  z.strictObject({
    type: z
      .enum(["Embedded", "ScanV1", "Icap", "Template"])
      .describe(
        "Embedded: the engines inside the process. ScanV1: a scanner that speaks scan/v1 over HTTP. Icap: another ICAP server. Template: any HTTP API, asked as a template says.",
      ),
    embedded: embedded.optional().describe("With type Embedded, and only then."),
    icap: icap.optional().describe("With type Icap, and only then."),
    template: templateReference.optional().describe("With type Template, and only then."),
  }),
  [
    {
      rule: "self.type == 'Embedded' || !has(self.embedded)",
      message: "embedded belongs to type Embedded",
      fieldPath: ".embedded",
    },
    {
      rule: "(self.type == 'Icap') == has(self.icap)",
      message: "icap belongs to type Icap: set both or neither",
      fieldPath: ".icap",
    },
    {
      rule: "(self.type == 'Template') == has(self.template)",
      message: "template belongs to type Template: set both or neither",
      fieldPath: ".template",
    },
  ],
);

const URL_FORM = "must be an http or https URL without user, query and fragment";

const url = z
  .string()
  .max(2048)
  .regex(
    /^https?:\/\/([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$/,
    { error: URL_FORM, abort: true },
  )
  .refine((text) => URL.canParse(text), URL_FORM);

const serviceBackend = {
  name: dnsLabel().describe("Name of the Kubernetes Service."),
  port: z.int().min(1).max(65_535).describe("Port of the Service."),
  scheme: z.enum(["http", "https"]).default("http").describe("How to speak to it."),
};

const endpointOf = <T extends z.ZodType>(service: T) =>
  withCelRules(
    z.strictObject({
      url: url
        .optional()
        .meta({ example: "http://clamav.security:8080" })
        .describe(
          "Base URL of the scanner; `/v1/scan` is added with ScanV1, the template's paths with Template.",
        ),
      urls: setOf(url, 16).min(1).optional().describe("Base URLs of equal replicas. With ScanV1."),
      service: service.optional(),
    }),
    [
      {
        rule: "[has(self.url), has(self.urls), has(self.service)].filter(x, x).size() == 1",
        message: "set exactly one of url, urls and service",
      },
    ],
  ).describe(
    "Where the scanner is. With protocol ScanV1, and with Template in place of the template's base URL.",
  );

const limits = withDefaults(
  z.strictObject({
    concurrency: z.int().min(1).max(4096).default(32).describe("Scans at a time, for each pod."),
    queue: z
      .int()
      .min(0)
      .max(65_536)
      .default(256)
      .describe("Scans that wait for their turn, for each pod; one more is an `error`."),
    rate: rate()
      .optional()
      .meta({ example: "100/s" })
      .describe("Scans within a time, for each pod. Left out: no limit."),
  }),
).describe("What the scanner is asked to bear.");

const retry = withDefaults(
  z.strictObject({
    attempts: z
      .int()
      .min(1)
      .max(5)
      .default(2)
      .describe("Attempts in all, each at another endpoint where there is one. 1: no retry."),
    budgetPercent: z
      .int()
      .min(0)
      .max(100)
      .default(20)
      .meta({ unit: "percent" })
      .describe("Share of the scans that may be retries."),
    backoff: duration({ min: "0s", max: "30s" })
      .default("50ms")
      .describe("Pause before a retry, jittered."),
  }),
).describe("Retries, only where nothing can be lost twice.");

const circuitBreaker = withDefaults(
  z.strictObject({
    failures: z
      .int()
      .min(1)
      .max(1000)
      .default(5)
      .describe("Failures in a row after which the scanner is not asked for a while."),
    openFor: duration({ min: "100ms", max: "10m" })
      .default("10s")
      .describe("How long it is not asked; then one scan probes it."),
    silentAfter: duration({ min: "100ms", max: "10m" })
      .default("1s")
      .describe(
        "A scan that is out of time without an answer counts as a failure where it waited so long. For a slow scanner, more than it takes.",
      ),
  }),
).describe("When the scanner is left alone.");

const tls = z
  .strictObject({
    ca: withCelRules(
      z.strictObject({
        configMapKeyRef: keyRef("ConfigMap")
          .optional()
          .describe("PEM certificates in a ConfigMap."),
        secretKeyRef: keyRef("Secret").optional().describe("PEM certificates in a Secret."),
      }),
      [
        {
          rule: "has(self.configMapKeyRef) != has(self.secretKeyRef)",
          message: "set exactly one of configMapKeyRef and secretKeyRef",
        },
      ],
    )
      .optional()
      .describe("Certificate authorities to trust in place of the system's."),
    clientCertificate: z
      .strictObject({ name: objectName().describe("Name of a Secret with tls.crt and tls.key.") })
      .meta({ "x-kubernetes-map-type": "atomic" })
      .optional()
      .describe("Certificate to show to the scanner (mTLS)."),
    serverName: objectName()
      .optional()
      .describe(
        "Name that the scanner's certificate must carry, where it is not the host of the URL.",
      ),
    minVersion: z
      .enum(["TLSv1.2", "TLSv1.3"])
      .default("TLSv1.2")
      .describe("Oldest TLS version to accept."),
  })
  .describe("TLS towards the scanner, for https endpoints.");

const auth = withCelRules(
  z.strictObject({
    type: z.enum(["Bearer", "Basic", "Header"]).describe("How to authenticate."),
    bearer: z
      .strictObject({ tokenRef: keyRef("Secret").describe("The token.") })
      .optional()
      .describe("With type Bearer, and only then."),
    basic: z
      .strictObject({
        username: z
          .string()
          .min(1)
          .max(256)
          .regex(/^[^:\p{Cc}]+$/u, "must not contain a colon or control characters")
          .describe("User name."),
        passwordRef: keyRef("Secret").describe("The password."),
      })
      .optional()
      .describe("With type Basic, and only then."),
    header: z
      .strictObject({
        name: z
          .string()
          .min(1)
          .max(64)
          .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "must be a header name")
          .meta({ example: "X-Api-Key" })
          .describe("Name of the header."),
        valueRef: keyRef("Secret").describe("Its value."),
      })
      .optional()
      .describe("With type Header, and only then."),
  }),
  [
    {
      rule: "(self.type == 'Bearer') == has(self.bearer)",
      message: "bearer belongs to type Bearer: set both or neither",
      fieldPath: ".bearer",
    },
    {
      rule: "(self.type == 'Basic') == has(self.basic)",
      message: "basic belongs to type Basic: set both or neither",
      fieldPath: ".basic",
    },
    {
      rule: "(self.type == 'Header') == has(self.header)",
      message: "header belongs to type Header: set both or neither",
      fieldPath: ".header",
    },
  ],
).describe("Credentials. Secrets are read from the scanner's namespace.");

const fieldsFor = <T extends z.ZodType>(service: T) => ({
  protocol: protocol.describe("How the scanner is spoken to."),
  endpoint: endpointOf(service).optional(),
  limits,
  retry,
  circuitBreaker,
  tls: tls.optional(),
  auth: auth.optional(),
});

const SPEC_RULES = [
  {
    rule: "self.protocol.type == 'Template' || (self.protocol.type == 'ScanV1') == has(self.endpoint)",
    message: "endpoint belongs to protocol ScanV1: set both or neither",
    fieldPath: ".endpoint",
  },
  {
    rule: "self.protocol.type != 'Template' || !has(self.endpoint) || !has(self.endpoint.urls)",
    message: "protocol Template takes one url or a service",
    fieldPath: ".endpoint",
  },
  {
    rule: "self.protocol.type != 'Embedded' || (!has(self.tls) && !has(self.auth))",
    message: "tls and auth have no meaning for protocol Embedded",
    fieldPath: ".protocol",
  },
] as const;

/** `spec` of an IcapScanner. */
export const scannerSpec = withCelRules(
  z.strictObject(
    fieldsFor(z.strictObject(serviceBackend).describe("A Service of the same namespace.")),
  ),
  SPEC_RULES,
);

const labelValue = z.string().max(63);
const labelKey = z.string().min(1).max(317);

const labelSelector = z
  .strictObject({
    matchLabels: z
      .record(labelKey, labelValue)
      .optional()
      .meta({ maxProperties: 32, example: { "icap.sluice.dev/scanners": "allowed" } })
      .describe("Labels that must be there with these values."),
    matchExpressions: z
      .array(
        withCelRules(
          z.strictObject({
            key: labelKey.describe("Label."),
            operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("How to compare."),
            values: setOf(labelValue, 64).default([]).describe("With In and NotIn, and only then."),
          }),
          [
            {
              rule: "(self.operator in ['In', 'NotIn']) == (size(self.values) > 0)",
              message: "values belong to In and NotIn: set both or neither",
              fieldPath: ".values",
            },
          ],
        ),
      )
      .max(16)
      .optional()
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe("Conditions that must all hold."),
  })
  .describe("Labels of the namespaces. `kubernetes.io/metadata.name` selects by name.");

const allowedNamespaces = withCelRules(
  z.strictObject({
    from: z
      .enum(["All", "Selector"])
      .describe("All: every namespace. Selector: those that `selector` picks."),
    selector: labelSelector
      .optional()
      .describe("With from Selector, and only then. An empty selector picks every namespace."),
  }),
  [
    {
      rule: "(self.from == 'Selector') == has(self.selector)",
      message: "selector belongs to from Selector: set both or neither",
      fieldPath: ".selector",
    },
  ],
).describe("Namespaces whose services may use the scanner.");

/** `spec` of a ClusterIcapScanner. */
export const clusterScannerSpec = withCelRules(
  z.strictObject({
    allowedNamespaces,
    ...fieldsFor(
      z
        .strictObject({
          namespace: dnsLabel().describe("Namespace of the Service."),
          ...serviceBackend,
        })
        .describe("A Service anywhere in the cluster."),
    ),
  }),
  SPEC_RULES,
);

export type ScannerSpec = z.output<typeof scannerSpec>;
export type ClusterScannerSpec = z.output<typeof clusterScannerSpec>;
