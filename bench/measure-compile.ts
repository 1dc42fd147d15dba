/**
 * `node bench/measure-compile.ts [SERVICES]`: CPU time and memory of compiling many services, each
 * with two scanners and three rules of its own. Collects garbage before and after, so it wants
 * `node --expose-gc`.
 */
import { compile } from "../src/resources/index.ts";
import { print } from "./terminal.ts";

const capabilities = {
  scannerProtocols: ["Embedded", "ScanV1"],
  scannerModes: ["Hold", "Background", "Shadow"],
  combineStrategies: ["AnyBlocks", "First", "Quorum", "Score"],
} as const;

const apiVersion = "icap.sluice.dev/v1alpha1";
const rounds = 5;
const namespaces = 100;

/** Services of many teams: no two rules are the same text, so nothing is saved by remembering. */
function service(index: number): unknown {
  const namespace = `team-${index % namespaces}`;
  return JSON.parse(`{
    "apiVersion": "${apiVersion}", "kind": "IcapService",
    "metadata": { "name": "service-${index}", "namespace": "${namespace}",
      "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 3 },
    "spec": {
      "path": "/team/service-${index}",
      "rules": [
        { "name": "own-hosts", "when": "request.host.inDomain(\\"team-${index}.example\\")", "then": "Skip" },
        { "name": "own-network", "when": "client.ip.inCidr(\\"10.${index % 256}.0.0/16\\")", "then": "Monitor" },
        { "name": "no-programs",
          "when": "entity.type == \\"application/x-dosexec\\" && !(\\"team-${index}\\" in client.groups)",
          "then": "Block", "message": "Programs come from the software portal." }
      ],
      "scanners": [
        { "name": "clamav", "ref": { "kind": "ClusterIcapScanner", "name": "clamav" }, "timeout": "20s" },
        { "name": "own", "ref": { "name": "own" } }
      ],
      "limits": { "maxEntityBytes": "50Mi", "maxConnections": 500 },
      "allowedClients": ["10.0.0.0/8"]
    }
  }`);
}

function scanners(): unknown[] {
  const spec = {
    protocol: { type: "ScanV1" },
    endpoint: { url: "http://scanner.example:8080" },
  };
  const own = Array.from({ length: namespaces }, (_, index) => ({
    apiVersion,
    kind: "IcapScanner",
    metadata: { name: "own", namespace: `team-${index}` },
    spec,
  }));
  const shared = {
    apiVersion,
    kind: "ClusterIcapScanner",
    metadata: { name: "clamav" },
    spec: { ...spec, allowedNamespaces: { from: "All" } },
  };
  return [...own, shared];
}

function measure(resources: readonly unknown[]): string {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const began = process.cpuUsage();
  const compilation = compile(resources, { capabilities });
  const { user, system } = process.cpuUsage(began);
  const refused = compilation.objects.filter(({ accepted }) => !accepted).length;
  const peak = process.memoryUsage().heapUsed - before;
  globalThis.gc?.();
  const kept = process.memoryUsage().heapUsed - before;
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  return `${Math.round((user + system) / 1000)} CPU-ms, heap ${mib(peak)} at the end, ${mib(kept)} kept, ${compilation.table.services.length} served, ${refused} refused`;
}

const count = Number(process.argv[2] ?? 10_000);
const resources = [...Array.from({ length: count }, (_, index) => service(index)), ...scanners()];
for (let round = 0; round < rounds; round += 1) {
  print(measure(resources));
}
