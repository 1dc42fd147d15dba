import { EntityExtractor, EXTRACTION_DEFAULTS } from "../../src/entity/index.ts";
import type { Scanner, Verdict } from "../../src/scanning/index.ts";
import {
  BlockPages,
  Router,
  ScanService,
  type ScanServiceOptions,
  type Service,
} from "../../src/services/index.ts";
import { ServerUnderTest, type ServerUnderTestOptions } from "./server-under-test.ts";

/** A scanner that gives every entity the same verdict. */
export function scannerOf(verdict: Verdict | (() => Promise<Verdict>)): Scanner {
  return {
    name: "test",
    epoch: "1",
    maxBytes: Number.POSITIVE_INFINITY,
    scan: () => (typeof verdict === "function" ? verdict() : Promise.resolve(verdict)),
    close: () => Promise.resolve(),
  };
}

/** As the built-in /scan has it, with what the test changes. */
const ordinary: Omit<ScanServiceOptions, "extractor" | "scanner"> = {
  name: "scan",
  namespace: "",
  path: "/scan",
  methods: ["REQMOD", "RESPMOD"],
  previewBytes: 1024,
  ttlSeconds: 3600,
  maxConnections: 100,
  partial: false,
  generation: "1",
  rules: [],
  maxEntityBytes: 1024 * 1024,
  transactionTimeoutMs: 10_000,
  recordsIdentity: false,
  sharesIdentity: false,
  allowedClients: [],
  on: {
    error: "Block",
    timeout: "Block",
    oversize: "Block",
    unscannable: "Block",
    suspicious: "Allow",
    unknown: "Allow",
    pending: "Block",
  },
  mode: "Enforce",
  clientProfile: "Browser",
  pages: new BlockPages({
    status: 403,
    failureStatus: 503,
    contact: undefined,
    template: undefined,
  }),
  violations: false,
  via: "sluice",
};

export type ScanServiceChanges = Partial<Omit<ScanServiceOptions, "extractor" | "on">> & {
  readonly on?: Partial<ScanServiceOptions["on"]>;
};

/** A running server with services as resources declare them, judged by the scanners of the test. */
export async function startScanning(
  services: readonly ScanServiceChanges[],
  options: ServerUnderTestOptions = {},
): Promise<ServerUnderTest> {
  const under = await ServerUnderTest.start(options);
  const extractor = new EntityExtractor(under.spools, EXTRACTION_DEFAULTS);
  const made: Service[] = services.map((changes) => {
    const on = { ...ordinary.on, ...changes.on };
    return new ScanService({ ...ordinary, scanner: undefined, ...changes, on, extractor });
  });
  under.engine.replaceRouter(new Router(made));
  return under;
}
