import { describe, expect, it } from "vitest";
import {
  builtinResources,
  changedBuiltinResources,
  compile,
  compileFiles,
  formatFileProblem,
  type SourceFile,
} from "../../../src/resources/index.ts";
import { everything } from "./builders.ts";

const options = { capabilities: everything };

const file = (text: string, name = "services.yaml"): SourceFile => ({ name, text });

function problemsOf(...files: SourceFile[]): string[] {
  return compileFiles(files, options).problems.map(formatFileProblem);
}

const head = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: a }
`;

describe("the problems of files", () => {
  it("are all told at once, by line and field", () => {
    const text = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata:
  name: uploads
spec:
  path: /uploads
  methods:
    - REQMOD
    - GET
  limits:
    maxEntityBytes: 100 MB
  outcomes:
    error: Block
    timout: Block
  rules:
    - name: programs
      when: entity.typ == "application/x-dosexec"
      then: Deny
---
kind: IcapScaner
`;
    expect(problemsOf(file(text))).toEqual([
      'services.yaml:9: spec.methods[1]: must be one of "REQMOD", "RESPMOD"',
      'services.yaml:11: spec.limits.maxEntityBytes: must be a quantity of bytes such as "100Mi", "5M" or 65536',
      'services.yaml:14: spec.outcomes.timout: unknown field, did you mean "timeout"?',
      'services.yaml:18: spec.rules[0].then: must be one of "Skip", "Scan", "Block", "Monitor"',
      'services.yaml:20: kind: unknown kind "IcapScaner", did you mean "IcapScanner"?',
    ]);
  });

  it("name the line of the object where a field is missing", () => {
    expect(problemsOf(file(`\n\n${head}spec:\n  mode: Monitor\n`))).toEqual([
      "services.yaml:6: spec.path: required",
    ]);
  });

  it("name the line of a rule that does not type-check", () => {
    const text = `${head}spec:
  path: /a
  rules:
    - name: one
      when: |
        request.host.inDomain("a.example") &&
        request.nope == 1
      then: Skip
`;
    expect(problemsOf(file(text))).toEqual([
      "services.yaml:8: spec.rules[0].when: No such key: nope (line 2, column 9)",
    ]);
  });

  it("say of a bare true that a condition is a text", () => {
    const text = `${head}spec:\n  path: /a\n  rules: [{ name: all, when: true, then: Skip }]\n`;
    expect(problemsOf(file(text))).toEqual([
      "services.yaml:6: spec.rules[0].when: must be a text: true and false want quotes",
    ]);
  });

  it("come in the order of the files", () => {
    const names = ["z.yaml", "a.yaml"].map((name) => file("kind: Pod", name));
    expect(problemsOf(...names).map((line) => line.split(":")[0])).toEqual(["z.yaml", "a.yaml"]);
  });

  it("name both places of two objects with one name", () => {
    const text = `${head}spec: { path: /a }\n`;
    expect(problemsOf(file(`${text}---\n${text}`, "one.yaml"), file(text, "two.yaml"))).toEqual([
      "one.yaml:3: metadata.name: there is more than one IcapService default/a",
      "one.yaml:8: metadata.name: there is more than one IcapService default/a",
      "two.yaml:3: metadata.name: there is more than one IcapService default/a",
    ]);
  });

  it.each([
    ["a syntax error", "spec: [1", /^services\.yaml:1: Flow sequence/],
    [
      "a field twice",
      `${head}spec: { path: /a, path: /b }`,
      /^services\.yaml:4: Map keys must be unique/,
    ],
    [
      "an unknown tag",
      `${head}spec: { path: !path /a }`,
      /^services\.yaml:4: Unresolved tag: !path/,
    ],
    ["an anchor that is not there", `${head}spec: *nowhere`, /^services\.yaml:1: Unresolved alias/],
  ])("tell of %s", (_what, text, problem) => {
    expect(problemsOf(file(text))[0]).toMatch(problem);
  });

  it("tell of aliases that multiply", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`,
    );
    const text = `a0: &a0 [x, x, x]\n${levels.join("\n")}`;
    expect(problemsOf(file(text))).toEqual([
      "services.yaml:1: Excessive alias count indicates a resource exhaustion attack",
    ]);
  });

  it("tell of a file that is longer than any configuration", () => {
    expect(problemsOf(file("#".repeat(17 * 1024 * 1024)))).toEqual([
      "services.yaml:1: the file is longer than 16777216 characters",
    ]);
  });

  it("tell of a Secret, which has no place there", () => {
    const text = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata: { token: aGVsbG8= }";
    expect(problemsOf(file(text))).toEqual([
      "services.yaml:2: kind: Secrets are not read from resource files: give them by file or environment",
    ]);
  });
});

describe("a file", () => {
  const served = (...files: SourceFile[]) =>
    compileFiles(files, options).table.services.map(({ path }) => path);

  it("may hold several documents, and empty ones", () => {
    const second = head.replace("name: a", "name: b");
    const text = `---\n# nothing\n---\n${head}spec: { path: /a }\n---\n${second}spec: { path: /b }\n---\n`;
    expect(served(file(text))).toEqual(["/a", "/b"]);
  });

  it("may be JSON", () => {
    const text = JSON.stringify({
      apiVersion: "icap.sluice.dev/v1alpha1",
      kind: "IcapService",
      metadata: { name: "a" },
      spec: { path: "/a" },
    });
    expect(served(file(text, "services.json"))).toEqual(["/a"]);
  });

  it("may be what kubectl prints: a List with status and server fields", () => {
    const text = `apiVersion: v1
kind: List
metadata: { resourceVersion: "" }
items:
- apiVersion: icap.sluice.dev/v1alpha1
  kind: IcapService
  metadata:
    name: a
    namespace: team
    uid: 0b3c
    resourceVersion: "7"
    generation: 2
    creationTimestamp: "2026-01-01T00:00:00Z"
    managedFields: [{ manager: kubectl }]
    annotations: { kubectl.kubernetes.io/last-applied-configuration: "{}" }
  spec: { path: /a }
  status: { istag: x }
`;
    expect([served(file(text)), problemsOf(file(text))]).toEqual([["/a"], []]);
  });

  it("names the line of a problem inside a List", () => {
    const text = `apiVersion: v1
kind: List
items:
- ${head.replaceAll("\n", "\n  ")}spec:
    path: a
`;
    expect(problemsOf(file(text))).toEqual([
      "services.yaml:8: spec.path: must be a path such as /scan or /team/uploads",
    ]);
  });

  it("takes on, yes and no for the texts that they are", () => {
    const text = `${head}spec: { path: /a, block: { contact: on } }`;
    const { table } = compileFiles([file(text)], options);
    expect(table.services[0]?.block.contact).toBe("on");
  });

  it("may hold the ConfigMap of a block page", () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: pages }
data: { block: "<p>No" }
---
${head}spec:
  path: /a
  block: { page: { configMapKeyRef: { name: pages, key: block } } }
`;
    const { table, problems } = compileFiles([file(text)], options);
    expect([Object.values(table.pages), problems]).toEqual([["<p>No"], []]);
  });

  it("may hold the Namespaces whose labels admit a scanner", () => {
    const text = `apiVersion: v1
kind: Namespace
metadata: { name: default, labels: { scan: allowed } }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: ClusterIcapScanner
metadata: { name: shared }
spec:
  allowedNamespaces: { from: Selector, selector: { matchLabels: { scan: allowed } } }
  protocol: { type: Embedded }
---
${head}spec:
  path: /a
  scanners: [{ name: s, ref: { kind: ClusterIcapScanner, name: shared } }]
`;
    expect(problemsOf(file(text))).toEqual([]);
  });
});

describe("the built-in resources", () => {
  const { table, problems } = compileFiles([builtinResources()], {
    capabilities: {
      scannerProtocols: ["Embedded"],
      scannerModes: ["Hold"],
      combineStrategies: ["AnyBlocks"],
    },
  });

  it("have no problems, with what the smallest build can do", () => {
    expect(problems).toEqual([]);
  });

  it("offer echo and scan, both with a twin for each method", () => {
    expect(table.services.map(({ path, methods }) => `${path} ${methods}`)).toEqual([
      "/echo REQMOD,RESPMOD",
      "/echo/reqmod REQMOD",
      "/echo/respmod RESPMOD",
      "/scan REQMOD,RESPMOD",
      "/scan/reqmod REQMOD",
      "/scan/respmod RESPMOD",
    ]);
  });

  it("scan in the scan services and nowhere else", () => {
    const scanning = table.services.filter(({ scanners }) => scanners.length > 0);
    expect(scanning.map(({ path }) => path)).toEqual(["/scan", "/scan/reqmod", "/scan/respmod"]);
  });

  it("block whatever could not be checked", () => {
    const policies = table.services.map(({ on }) => on);
    expect(policies).toEqual(
      policies.map(() => ({
        error: "Block",
        timeout: "Block",
        oversize: "Block",
        unscannable: "Block",
        suspicious: "Allow",
        unknown: "Allow",
        pending: "Block",
      })),
    );
  });

  it("take the changes that the process's settings make", () => {
    const changed = changedBuiltinResources({
      service: { limits: { maxEntityBytes: 7 } },
      scannerRef: { timeout: "5s" },
      embedded: { hashList: "/etc/hashes" },
      scannerLimits: { concurrency: 3 },
    });
    const compiled = compile(changed, options);
    expect(compiled.objects.flatMap(({ problems: found }) => found)).toEqual([]);
    expect(compiled.table).toMatchObject({
      services: table.services.map(({ path, scanners }) => ({
        path,
        limits: { maxEntityBytes: 7 },
        scanners: scanners.map(() => ({ timeoutMs: 5000 })),
      })),
      scanners: [{ protocol: { hashList: "/etc/hashes", limits: { concurrency: 3 } } }],
    });
  });
});
