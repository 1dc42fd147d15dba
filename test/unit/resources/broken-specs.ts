import { rule, uses } from "./builders.ts";

type Broken = readonly (readonly [spec: Readonly<Record<string, unknown>>, problem: string])[];

const named = (name: string, then = "Skip") => rule(name, "true", then);

/** Specs of services with one field that is wrong, and what is said about it. */
export const brokenFields: Broken = [
  [{ limit: {} }, 'spec.limit: unknown field, did you mean "limits"?'],
  [
    { outcomes: { timout: "Block" } },
    'spec.outcomes.timout: unknown field, did you mean "timeout"?',
  ],
  [{ colour: "red" }, "spec.colour: unknown field"],
  [{ on: { error: "Allow" } }, 'spec.on: unknown field, it is called "outcomes"'],
  [
    { true: { error: "Allow" } },
    'spec.true: unknown field, it is called "outcomes" (a YAML 1.1 reader took a bare "on" for true)',
  ],
  [{ path: undefined }, "spec.path: required"],
  [{ path: 5 }, "spec.path: must be a string"],
  [{ path: "scan" }, "spec.path: must be a path such as /scan or /team/uploads"],
  [{ path: "/a/../b c" }, "spec.path: must be a path such as /scan or /team/uploads"],
  [{ methods: [] }, "spec.methods: must have at least 1 entries"],
  [{ methods: ["GET"] }, 'spec.methods[0]: must be one of "REQMOD", "RESPMOD"'],
  [{ methods: ["REQMOD", "REQMOD"] }, "spec.methods[1]: is listed twice"],
  [{ methods: "REQMOD" }, "spec.methods: must be a list"],
  [{ preview: { bytes: 65_537 } }, "spec.preview.bytes: must be at most 65536"],
  [{ preview: { bytes: 1.5 } }, "spec.preview.bytes: must be a whole number"],
  [{ limits: 5 }, "spec.limits: must be an object"],
  [
    { limits: { transactionTimeout: 5 } },
    'spec.limits.transactionTimeout: must be a duration such as "20s", "1m30s" or "250ms"',
  ],
  [
    { limits: { transactionTimeout: "2h" } },
    "spec.limits.transactionTimeout: must be between 100ms and 1h",
  ],
  [
    { limits: { maxEntityBytes: "1Ti" } },
    'spec.limits.maxEntityBytes: must be a quantity of bytes such as "100Mi", "5M" or 65536',
  ],
  [{ limits: { maxEntityBytes: 0 } }, "spec.limits.maxEntityBytes: must be between 1 and 16Gi"],
  [
    { limits: { maxEntityBytes: true } },
    'spec.limits.maxEntityBytes: must be a quantity of bytes such as "100Mi", "5M" or 65536',
  ],
  [
    { allowedClients: ["10.0.0.0/40"] },
    'spec.allowedClients[0]: must be an address or a network such as "10.0.0.0/8" or "fd00::/8"',
  ],
  [{ block: { contact: "" } }, "spec.block.contact: must have at least 1 characters"],
];

/** Specs of services whose fields contradict each other. */
export const contradictions: Broken = [
  [
    { combine: { strategy: "Quorum" } },
    "spec.combine.quorum: quorum belongs to strategy Quorum: set both or neither",
  ],
  [
    { combine: { score: { thresholdPercent: 5 } } },
    "spec.combine.score: score belongs to strategy Score: set both or neither",
  ],
  [{ block: { page: {} } }, "spec.block.page: set exactly one of inline and configMapKeyRef"],
  [{ rules: [named("a"), named("a")] }, "spec.rules: every rule needs a name of its own"],
  [
    { scanners: [uses("a"), uses("a")] },
    "spec.scanners: every scanner entry needs a name of its own",
  ],
  [{ rules: [named("a", "Scan")] }, "spec.rules: a rule says Scan and the service has no scanners"],
  [
    { scanners: [uses("a", { timeout: "soon" })] },
    'spec.scanners[0].timeout: must be a duration such as "20s", "1m30s" or "250ms"',
  ],
  [
    { scanners: [uses("a", { timeout: "2m" })] },
    "spec.scanners: a scanner's timeout is longer than limits.transactionTimeout",
  ],
  [
    {
      scanners: [uses("a"), uses("b", { mode: "Shadow" })],
      combine: { strategy: "Quorum", quorum: { count: 2 } },
    },
    "spec.combine: combine.quorum.count is larger than the number of required judges with mode Hold",
  ],
  [
    {
      scanners: [uses("a"), uses("b", { role: "Modifier" })],
      combine: { strategy: "Quorum", quorum: { count: 2 } },
    },
    "spec.combine: combine.quorum.count is larger than the number of required judges with mode Hold",
  ],
  [
    {
      scanners: [uses("a"), uses("b", { required: false })],
      combine: { strategy: "Quorum", quorum: { count: 2 } },
    },
    "spec.combine: combine.quorum.count is larger than the number of required judges with mode Hold",
  ],
  [
    { scanners: [uses("a", { mode: "Shadow", role: "Modifier" })] },
    "spec.scanners: a modifier needs mode Hold: the answer waits for what it makes",
  ],
];

/** Fields of a scan/v1 scanner that make it wrong. */
export const brokenScanners: Broken = [
  [
    { endpoint: undefined },
    "spec.endpoint: endpoint belongs to protocol ScanV1: set both or neither",
  ],
  [
    { protocol: { type: "Embedded" } },
    "spec.endpoint: endpoint belongs to protocol ScanV1: set both or neither",
  ],
  [
    { protocol: { type: "ScanV1", embedded: {} } },
    "spec.protocol.embedded: embedded belongs to type Embedded",
  ],
  [
    { endpoint: undefined, protocol: { type: "Icap" } },
    "spec.protocol.icap: icap belongs to type Icap: set both or neither",
  ],
  [
    { protocol: { type: "ScanV1", icap: { urls: ["icap://a/b"] } } },
    "spec.protocol.icap: icap belongs to type Icap: set both or neither",
  ],
  [
    { protocol: { type: "Icap", icap: { urls: ["icap://a/b"] } } },
    "spec.endpoint: endpoint belongs to protocol ScanV1: set both or neither",
  ],
  [
    { endpoint: undefined, protocol: { type: "Icap", icap: { urls: ["http://a/b"] } } },
    "spec.protocol.icap.urls[0]: must be an icap or icaps URL with the path of a service, without user and fragment",
  ],
  [{ endpoint: {} }, "spec.endpoint: set exactly one of url, urls and service"],
  [
    { endpoint: { url: "http://a", urls: ["http://b"] } },
    "spec.endpoint: set exactly one of url, urls and service",
  ],
  [
    { endpoint: { url: "http://user:pw@a/" } },
    "spec.endpoint.url: must be an http or https URL without user, query and fragment",
  ],
  [
    { endpoint: { url: "file:///etc/passwd" } },
    "spec.endpoint.url: must be an http or https URL without user, query and fragment",
  ],
  [
    { endpoint: { service: { name: "a", port: 80, namespace: "b" } } },
    "spec.endpoint.service.namespace: unknown field",
  ],
  [
    { auth: { type: "Bearer" } },
    "spec.auth.bearer: bearer belongs to type Bearer: set both or neither",
  ],
  [{ tls: { ca: {} } }, "spec.tls.ca: set exactly one of configMapKeyRef and secretKeyRef"],
  [
    { limits: { rate: "0/s" } },
    'spec.limits.rate: must be a rate such as "100/s", "4/m" or "500/h"',
  ],
];

/** Fields of a cluster scanner that make it wrong. */
export const brokenClusterScanners: Broken = [
  [{ allowedNamespaces: undefined }, "spec.allowedNamespaces: required"],
  [
    { allowedNamespaces: { from: "Selector" } },
    "spec.allowedNamespaces.selector: selector belongs to from Selector: set both or neither",
  ],
  [
    {
      allowedNamespaces: {
        from: "Selector",
        selector: { matchExpressions: [{ key: "a", operator: "In" }] },
      },
    },
    "spec.allowedNamespaces.selector.matchExpressions[0].values: values belong to In and NotIn: set both or neither",
  ],
];
