import { z } from "zod";
import { ClientProfile, OutcomeAction, ServiceMode } from "../../services/rules/index.ts";
import { withCelRules } from "./cel-rule.ts";
import {
  dnsLabel,
  duration,
  keyRef,
  network,
  objectName,
  quantity,
  setOf,
  withDefaults,
} from "./fields.ts";

const PATH_PATTERN = /^(\/[A-Za-z0-9._~-]{1,64}){1,8}$/;

const preview = withDefaults(
  z.strictObject({
    bytes: z
      .int()
      .min(0)
      .max(65_536)
      .default(4096)
      .meta({ unit: "bytes" })
      .describe(
        "Bytes of the body that the client sends first. Rules see the type of the entity from them, and a decision at this point spares the rest. 0 asks for the headers alone.",
      ),
  }),
).describe("What OPTIONS offers as preview.");

const rule = z.strictObject({
  name: dnsLabel().describe("Unique within the service; shown in the log and in metrics."),
  when: z
    .string("must be a text: true and false want quotes")
    .min(1)
    .max(2048)
    .meta({ example: 'request.host.inDomain("corp.example")' })
    .describe("CEL expression of type bool. Variables and functions: docs/rules.md."),
  // biome-ignore lint/suspicious/noThenProperty: `then` is the field's name in the API; nothing awaits it
  then: z
    .enum(["Skip", "Scan", "Block", "Monitor"])
    .describe(
      "Skip: pass unscanned. Scan: go on to the scanners. Block: answer with the block page. Monitor: log and count the match, then try the next rule.",
    ),
  message: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .meta({ example: "Programs may be downloaded from the software portal only." })
    .describe("One or two sentences for the person who reads the block page."),
});

const scannerRef = z
  .strictObject({
    kind: z
      .enum(["IcapScanner", "ClusterIcapScanner"])
      .default("IcapScanner")
      .describe("IcapScanner: one of the same namespace."),
    name: objectName().describe("Name of the scanner."),
  })
  .meta({ "x-kubernetes-map-type": "atomic" });

const serviceScanner = z.strictObject({
  name: dnsLabel().describe("Unique within the service; shown in the log and in metrics."),
  ref: scannerRef.describe("The scanner."),
  mode: z
    .enum(["Hold", "Background", "Shadow"])
    .default("Hold")
    .describe(
      "Hold: the answer waits for the verdict. Background: unless the verdict is known the answer is `outcomes.pending`; the scan goes on, and its verdict counts from the next request on (docs/background.md). Shadow: the verdict is logged and never counts.",
    ),
  role: z
    .enum(["Judge", "Modifier"])
    .default("Judge")
    .describe(
      "Judge: says what the entity is, at the same time as the other judges. Modifier: replaces the entity, after the judges let it pass, in the order of the list.",
    ),
  required: z
    .boolean()
    .default(true)
    .describe(
      "false: only its opinion counts. That it failed, ran out of time, could not look inside or has no opinion is logged and counted in a metric, and changes nothing.",
    ),
  timeout: duration({ min: "10ms", max: "24h" })
    .optional()
    .meta({ example: "20s" })
    .describe(
      "Time for this scanner, at most `limits.transactionTimeout`, and all of that when it is left out; with mode Background longer, and 15m when it is left out.",
    ),
  policy: z
    .string()
    .max(128)
    .regex(/^[!-~]([ -~]*[!-~])?$/, "must be visible ASCII")
    .optional()
    .meta({ example: "strict" })
    .describe(
      "Profile that the scanner is asked for, such as a rule set; it knows what the name means.",
    ),
});

const combine = withDefaults(
  withCelRules(
    z.strictObject({
      strategy: z
        .enum(["AnyBlocks", "First", "Quorum", "Score"])
        .default("AnyBlocks")
        .describe(
          "AnyBlocks: one blocking judge is enough. First: the first judge with an opinion counts. Quorum: `quorum.count` judges must block. Score: the highest score must reach `score.thresholdPercent`. What becomes of failures: docs/combining.md.",
        ),
      quorum: z
        .strictObject({
          count: z.int().min(1).max(16).describe("Judges that must block."),
        })
        .optional()
        .describe("With strategy Quorum, and only then."),
      score: z
        .strictObject({
          thresholdPercent: z
            .int()
            .min(1)
            .max(100)
            .meta({ unit: "percent" })
            .describe("Score from which on the entity is blocked."),
        })
        .optional()
        .describe("With strategy Score, and only then."),
    }),
    [
      {
        rule: "(self.strategy == 'Quorum') == has(self.quorum)",
        message: "quorum belongs to strategy Quorum: set both or neither",
        fieldPath: ".quorum",
      },
      {
        rule: "(self.strategy == 'Score') == has(self.score)",
        message: "score belongs to strategy Score: set both or neither",
        fieldPath: ".score",
      },
    ],
  ),
).describe("How the verdicts of several judges become one.");

const limits = withDefaults(
  z.strictObject({
    maxEntityBytes: quantity({ min: "1", max: "16Gi" })
      .default("100Mi")
      .describe("A larger entity is `oversize`."),
    transactionTimeout: duration({ min: "100ms", max: "1h" })
      .default("60s")
      .describe("Time for one transaction, from its first byte. Keep it below the client's own."),
    maxConnections: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .meta({ example: 500 })
      .describe("Announced to clients as `Max-Connections`. Left out: the server's own limit."),
  }),
).describe("Bounds of one transaction.");

const outcome = (fallback: "Allow" | "Block", text: string) =>
  z
    .enum(Object.values(OutcomeAction) as [OutcomeAction, ...OutcomeAction[]])
    .default(fallback)
    .describe(text);

const outcomes = withDefaults(
  z.strictObject({
    error: outcome("Block", "A scanner, a rule or the server failed."),
    timeout: outcome("Block", "The time ran out."),
    oversize: outcome("Block", "The entity is larger than `limits.maxEntityBytes`."),
    unscannable: outcome(
      "Block",
      "A scanner could not look inside: encrypted, too deep, too large for it.",
    ),
    suspicious: outcome("Allow", "A scanner has a suspicion and no proof."),
    unknown: outcome("Allow", "A scanner has no opinion."),
    pending: outcome(
      "Block",
      "A scan has not ended yet: one in mode Background, or one whose scanner has asked for patience beyond its time.",
    ),
  }),
).describe(
  "What happens when it is not known that an entity is clean. Allow: it passes. Block: the block page. Error: the client is told that the check failed. Every combination: docs/outcomes.md.",
);

const cache = withDefaults(
  z.strictObject({
    cleanTtl: duration({ min: "0s", max: "720h" })
      .default("1h")
      .describe("How long a clean verdict is remembered. 0s: not at all."),
    blockedTtl: duration({ min: "0s", max: "720h" })
      .default("24h")
      .describe("How long a blocking verdict is remembered. 0s: not at all."),
  }),
).describe("How long verdicts are remembered.");

const blockPage = withCelRules(
  z.strictObject({
    inline: z.string().min(1).max(65_536).optional().describe("The HTML template itself."),
    configMapKeyRef: keyRef("ConfigMap")
      .optional()
      .describe("A key of a ConfigMap that holds the template."),
  }),
  [
    {
      rule: "has(self.inline) != has(self.configMapKeyRef)",
      message: "set exactly one of inline and configMapKeyRef",
    },
  ],
);

const block = withDefaults(
  z.strictObject({
    status: z.int().min(400).max(599).default(403).describe("HTTP status of the block page."),
    page: blockPage.optional().describe("A template in place of the built-in page."),
    contact: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({ example: "helpdesk@corp.example" })
      .describe("Whom the block page tells the reader to ask: an address, a URL or a sentence."),
  }),
).describe("The answer to a blocked message.");

/** `spec` of an IcapService. */
export const serviceSpec = withCelRules(
  z.strictObject({
    gateway: dnsLabel().default("default").describe("The gateway (release) that serves it."),
    path: withCelRules(
      z
        .string()
        .max(128)
        .regex(PATH_PATTERN, "must be a path such as /scan or /team/uploads")
        .meta({ example: "/downloads" }),
      [
        {
          rule: "self == oldSelf",
          message: "path cannot be changed: create another IcapService and delete this one",
        },
      ],
    ).describe(
      "ICAP path. One path of a gateway belongs to one service: the oldest keeps it. Cannot be changed.",
    ),
    methods: setOf(z.enum(["REQMOD", "RESPMOD"]), 2)
      .min(1)
      .default(["REQMOD", "RESPMOD"])
      .describe("Methods that are offered; another one answers 405."),
    preview,
    rules: z
      .array(rule)
      .max(64)
      .default([])
      .meta({ "x-kubernetes-list-type": "atomic" })
      .describe(
        "Decisions before scanning, in order; the first match decides. Without a match: Scan.",
      ),
    scanners: z
      .array(serviceScanner)
      .max(16)
      .default([])
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .describe("Who judges entities. Without scanners nothing is scanned."),
    combine,
    limits,
    outcomes,
    cache,
    block,
    clientProfile: z
      .enum(Object.values(ClientProfile) as [ClientProfile, ...ClientProfile[]])
      .default("Browser")
      .describe(
        "Browser: a failure is told as an HTTP page. Storage: as an ICAP error, which a NAS or mail gateway queues and repeats.",
      ),
    mode: z
      .enum(Object.values(ServiceMode) as [ServiceMode, ...ServiceMode[]])
      .default("Enforce")
      .describe(
        "Monitor: everything is judged, logged and counted, and every answer is unmodified.",
      ),
    allowedClients: setOf(network(), 64)
      .default([])
      .meta({ example: ["10.0.0.0/8"] })
      .describe("ICAP clients that may use the service. Empty: all."),
    shareIdentity: setOf(z.enum(["Logs", "Scanners"]), 2)
      .default([])
      .describe(
        "Where the end user's address, name and groups may go. Rules see them in any case.",
      ),
    violationsHeader: z
      .enum(["Omit", "Send"])
      .default("Omit")
      .describe(
        "Whether blocked answers carry `X-Violations-Found`, which names files and threats.",
      ),
  }),
  [
    {
      rule: "self.rules.all(r, self.rules.exists_one(o, o.name == r.name))",
      message: "every rule needs a name of its own",
      fieldPath: ".rules",
    },
    {
      rule: "self.scanners.all(s, self.scanners.exists_one(o, o.name == s.name))",
      message: "every scanner entry needs a name of its own",
      fieldPath: ".scanners",
    },
    {
      rule: "size(self.scanners) > 0 || self.rules.all(r, r.then != 'Scan')",
      message: "a rule says Scan and the service has no scanners",
      fieldPath: ".rules",
    },
    {
      rule: "self.scanners.all(s, s.mode == 'Background' || !has(s.timeout) || duration(s.timeout) <= duration(self.limits.transactionTimeout))",
      message: "a scanner's timeout is longer than limits.transactionTimeout",
      fieldPath: ".scanners",
    },
    {
      rule: "!has(self.combine.quorum) || self.combine.quorum.count <= size(self.scanners.filter(s, s.mode == 'Hold' && s.role == 'Judge' && s.required))",
      message: "combine.quorum.count is larger than the number of required judges with mode Hold",
      fieldPath: ".combine",
    },
    {
      rule: "self.scanners.all(s, s.role == 'Judge' || s.mode == 'Hold')",
      message: "a modifier needs mode Hold: the answer waits for what it makes",
      fieldPath: ".scanners",
    },
  ],
);

export type ServiceSpec = z.output<typeof serviceSpec>;
