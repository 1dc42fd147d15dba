import type { Capabilities, CompileOptions } from "../../../src/resources/index.ts";

export const everything: Capabilities = {
  scannerProtocols: ["Embedded", "ScanV1", "Icap", "Template"],
  scannerModes: ["Hold", "Background", "Shadow"],
  combineStrategies: ["AnyBlocks", "First", "Quorum", "Score"],
};

export const options: CompileOptions = { capabilities: everything };

const apiVersion = "icap.sluice.dev/v1alpha1";

export interface Meta {
  readonly name?: string;
  readonly namespace?: string;
  readonly creationTimestamp?: string;
  readonly generation?: number;
}

type Spec = Readonly<Record<string, unknown>>;

/** A service that echoes at `/a`, but for what is given. */
export function service(spec: Spec = {}, metadata: Meta = {}): unknown {
  return {
    apiVersion,
    kind: "IcapService",
    metadata: { name: "a", namespace: "team", ...metadata },
    spec: { path: "/a", ...spec },
  };
}

/** A scan/v1 scanner, but for what is given. */
export function scanner(spec: Spec = {}, metadata: Meta = {}): unknown {
  return {
    apiVersion,
    kind: "IcapScanner",
    metadata: { name: "av", namespace: "team", ...metadata },
    spec: { protocol: { type: "ScanV1" }, endpoint: { url: "http://av.example" }, ...spec },
  };
}

/** An embedded scanner for all namespaces, but for what is given. */
export function clusterScanner(spec: Spec = {}, metadata: Omit<Meta, "namespace"> = {}): unknown {
  return {
    apiVersion,
    kind: "ClusterIcapScanner",
    metadata: { name: "shared", ...metadata },
    spec: { allowedNamespaces: { from: "All" }, protocol: { type: "Embedded" }, ...spec },
  };
}

/** An entry of a service's `scanners`. */
export function uses(name: string, more: Spec = {}): Spec {
  return { name, ref: { name }, ...more };
}

export function usesShared(more: Spec = {}): Spec {
  return { name: "shared", ref: { kind: "ClusterIcapScanner", name: "shared" }, ...more };
}

/** A rule as it is written in a resource. */
export function rule(name: string, when: string, then: string, more: Spec = {}): Spec {
  return { name, when, then, ...more };
}
