import { compile } from "../../src/resources/index.ts";
import type { MicroSuite } from "./suite.ts";

const options = {
  capabilities: {
    scannerProtocols: ["Embedded"],
    scannerModes: ["Hold"],
    combineStrategies: ["AnyBlocks"],
  },
} as const;

const scanner = {
  apiVersion: "icap.sluice.dev/v1alpha1",
  kind: "ClusterIcapScanner",
  metadata: { name: "embedded" },
  spec: { allowedNamespaces: { from: "All" }, protocol: { type: "Embedded" } },
};

function service(index: number): unknown {
  return {
    apiVersion: "icap.sluice.dev/v1alpha1",
    kind: "IcapService",
    metadata: { name: `service-${index}`, namespace: "team" },
    spec: {
      path: `/service-${index}`,
      scanners: [
        { name: "embedded", ref: { kind: "ClusterIcapScanner", name: "embedded" }, timeout: "20s" },
      ],
      limits: { maxEntityBytes: "50Mi" },
    },
  };
}

const one = [scanner, service(0)];
const twenty = [scanner, ...Array.from({ length: 20 }, (_, index) => service(index))];

export const suite: MicroSuite = {
  title: "compile resources",
  tasks: [
    { name: "1 service", run: () => compile(one, options) },
    { name: "20 services", run: () => compile(twenty, options) },
  ],
};
