import { describe, expect, it } from "vitest";
import { compile, formatProblem, type ObjectReport } from "../../../src/resources/index.ts";
import {
  brokenClusterScanners,
  brokenFields,
  brokenScanners,
  contradictions,
} from "./broken-specs.ts";
import { clusterScanner, options, rule, scanner, service, uses, usesShared } from "./builders.ts";

function reports(...resources: unknown[]): readonly ObjectReport[] {
  return compile(resources, options).objects;
}

function problemsOf(resource: unknown): string[] {
  return reports(resource)[0]?.problems.map(formatProblem) ?? [];
}

const reason = (report: ObjectReport | undefined) => report?.conditions.map((one) => one.reason);

describe("an object that is no resource", () => {
  it.each([
    [null, "not a resource: an object with apiVersion icap.sluice.dev/v1alpha1 is expected"],
    ["text", "not a resource: an object with apiVersion icap.sluice.dev/v1alpha1 is expected"],
    [[], "not a resource: an object with apiVersion icap.sluice.dev/v1alpha1 is expected"],
    [{}, "kind: required"],
    [{ kind: 5 }, "kind: must be a string"],
    [{ kind: "IcapServise" }, 'kind: unknown kind "IcapServise", did you mean "IcapService"?'],
    [
      { kind: "Pod" },
      'kind: unknown kind "Pod", known are IcapService, IcapScanner, ClusterIcapScanner',
    ],
  ])("%j is told to be one", (resource, problem) => {
    expect(problemsOf(resource)).toEqual([problem]);
  });

  it("of another version is told which one is known", () => {
    const resource = { ...(service() as object), apiVersion: "icap.sluice.dev/v9" };
    expect(problemsOf(resource)).toEqual(['apiVersion: must be "icap.sluice.dev/v1alpha1"']);
  });
});

describe("a field", () => {
  it.each(brokenFields)("%j is refused with the reason", (spec, problem) => {
    expect(problemsOf(service(spec))).toEqual([problem]);
  });

  it("that is wrong does not hide others that are", () => {
    const problems = problemsOf(
      service({ methods: ["GET"], mode: "Off", clientProfil: "Storage" }),
    );
    expect(problems).toEqual([
      'spec.methods[0]: must be one of "REQMOD", "RESPMOD"',
      'spec.mode: must be one of "Enforce", "Monitor"',
      'spec.clientProfil: unknown field, did you mean "clientProfile"?',
    ]);
  });
});

describe("fields that contradict each other", () => {
  it.each(contradictions)("%j are refused", (spec, problem) => {
    expect(problemsOf(service(spec))).toEqual([problem]);
  });

  it.each(brokenScanners)("%j are refused in a scanner", (spec, problem) => {
    expect(problemsOf(scanner(spec))).toEqual([problem]);
  });

  it.each(brokenClusterScanners)("%j are refused in a cluster scanner", (spec, problem) => {
    expect(problemsOf(clusterScanner(spec))).toEqual([problem]);
  });

  it("are refused in a cluster-wide object that names a namespace", () => {
    const resource = clusterScanner({}, { namespace: "team" } as never);
    expect(problemsOf(resource)).toEqual(["metadata.namespace: unknown field"]);
  });
});

describe("a rule", () => {
  it("that does not type-check keeps the service from being served", () => {
    const rules = [
      rule("a", "true", "Skip"),
      rule("b", "entity.typ == 'x'", "Skip"),
      rule("c", "1 +", "Skip"),
    ];
    const [report] = reports(service({ rules }));
    expect(reason(report)).toEqual(["InvalidRule"]);
    expect(report?.problems.map(formatProblem)).toEqual([
      "spec.rules[1].when: No such key: typ (column 8)",
      "spec.rules[2].when: it ends too early (column 4)",
    ]);
  });
});

describe("services with one path", () => {
  const at = (creationTimestamp: string, name: string, namespace = "team") =>
    service({}, { creationTimestamp, name, namespace });

  it("leave it to the oldest", () => {
    const objects = reports(at("2026-02-01T00:00:00Z", "a"), at("2026-01-01T00:00:00Z", "b"));
    expect(objects.map(reason)).toEqual([["PathConflict"], ["Accepted", "ResolvedRefs"]]);
    expect(objects[0]?.conditions[0]?.message).toBe(
      "spec.path: the path belongs to IcapService team/b",
    );
  });

  it("leave it to the first by namespace and name when they are equally old", () => {
    const time = "2026-01-01T00:00:00Z";
    const objects = reports(at(time, "a", "z-team"), at(time, "c"), at(time, "b"));
    expect(objects.map(({ accepted }) => accepted)).toEqual([false, false, true]);
  });

  it("leave it to a younger one when the oldest is broken", () => {
    const broken = service(
      { methods: [] },
      { creationTimestamp: "2020-01-01T00:00:00Z", name: "x" },
    );
    expect(reports(broken, service()).map(({ accepted }) => accepted)).toEqual([false, true]);
  });

  it("of different gateways do not meet", () => {
    const { objects, table } = compile(
      [service({ gateway: "dmz" }), service({}, { name: "b" })],
      options,
    );
    expect(objects.map(({ accepted, conditions }) => [accepted, conditions.length])).toEqual([
      [false, 0],
      [true, 2],
    ]);
    expect(table.services.map(({ name }) => name)).toEqual(["b"]);
  });
});

describe("objects with one name", () => {
  it("are both refused, since nothing tells which is meant", () => {
    const objects = reports(service(), service({ path: "/b" }));
    expect(objects.map(reason)).toEqual([["DuplicateName"], ["DuplicateName"]]);
    expect(objects[0]?.problems.map(formatProblem)).toEqual([
      "metadata.name: there is more than one IcapService team/a",
    ]);
  });

  it("of different namespaces or kinds do not meet", () => {
    const objects = reports(
      service(),
      service({ path: "/b" }, { namespace: "other" }),
      scanner({}, { name: "a" }),
    );
    expect(objects.every(({ accepted }) => accepted)).toBe(true);
  });
});

describe("a reference to a scanner", () => {
  const user = service({ scanners: [uses("av")] });
  const unresolved = (...resources: unknown[]) => {
    const { table, objects } = compile(resources, options);
    return {
      reason: objects[0]?.conditions[1]?.reason,
      entry: table.services[0]?.scanners[0],
    };
  };

  it("that leads nowhere leaves the service with a scanner that always fails", () => {
    expect(unresolved(user)).toEqual({
      reason: "ScannerNotFound",
      entry: {
        name: "av",
        unresolved: "IcapScanner/team/av is not there",
        mode: "Hold",
        role: "Judge",
        required: true,
        timeoutMs: 60_000,
      },
    });
  });

  it("does not reach into another namespace", () => {
    expect(unresolved(user, scanner({}, { namespace: "other" })).reason).toBe("ScannerNotFound");
  });

  it("to a broken scanner says so", () => {
    expect(unresolved(user, scanner({ endpoint: {} })).reason).toBe("ScannerNotAccepted");
  });

  it("to a scanner that does not admit the namespace says so", () => {
    const selector = { matchLabels: { "kubernetes.io/metadata.name": "other" } };
    const shared = clusterScanner({ allowedNamespaces: { from: "Selector", selector } });
    expect(unresolved(service({ scanners: [usesShared()] }), shared).reason).toBe(
      "ScannerNotPermitted",
    );
  });
});

describe("what a build cannot do", () => {
  const capabilities = {
    scannerProtocols: ["Embedded"],
    scannerModes: ["Hold"],
    combineStrategies: ["AnyBlocks"],
  } as const;

  it.each([
    [scanner(), "spec.protocol.type: protocol ScanV1 is not served by this build"],
    [
      service({ scanners: [usesShared({ mode: "Background" })] }),
      "spec.scanners[0].mode: mode Background is not served by this build",
    ],
    [
      service({ combine: { strategy: "First" } }),
      "spec.combine.strategy: strategy First is not served by this build",
    ],
  ])("is refused with the reason NotServed", (resource, problem) => {
    const [report] = compile([resource, clusterScanner()], { capabilities }).objects;
    expect([reason(report), report?.problems.map(formatProblem)]).toEqual([
      ["NotServed"],
      [problem],
    ]);
  });
});

describe("a condition", () => {
  it("carries the generation that it is about", () => {
    const [report] = reports(service({}, { generation: 7 }));
    expect(report?.conditions.map(({ observedGeneration }) => observedGeneration)).toEqual([7, 7]);
  });

  it("names the first problems and counts the rest", () => {
    const spec = Object.fromEntries("abcdefg".split("").map((key) => [`${key}${key}${key}`, 1]));
    const message = reports(service(spec))[0]?.conditions[0]?.message;
    expect(message).toMatch(/^spec\.aaa: unknown field; .*spec\.eee: unknown field; and 2 more$/);
  });
});
