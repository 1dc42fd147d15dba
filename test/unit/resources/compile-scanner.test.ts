import { describe, expect, it } from "vitest";
import { type CompileOptions, compile, type ScannerEntry } from "../../../src/resources/index.ts";
import { clusterScanner, options, scanner, service, uses, usesShared } from "./builders.ts";

function entryOf(resource: unknown, more: Partial<CompileOptions> = {}): ScannerEntry | undefined {
  const user = service({ scanners: [uses("av")] });
  return compile([user, resource], { ...options, ...more }).table.scanners[0];
}

describe("a scan/v1 scanner", () => {
  it("gets the documented defaults", () => {
    expect(entryOf(scanner())).toEqual({
      key: "IcapScanner/team/av",
      name: "av",
      protocol: {
        type: "ScanV1",
        urls: ["http://av.example"],
        limits: { concurrency: 32, queue: 256 },
        retry: { attempts: 2, budgetPercent: 20, backoffMs: 50 },
        circuitBreaker: { failures: 5, openForMs: 10_000, silentAfterMs: 1000 },
      },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("may have several URLs, whose order means nothing", () => {
    const urls = ["http://b.example", "http://a.example"];
    const { protocol } = entryOf(scanner({ endpoint: { urls } })) ?? {};
    expect(protocol).toMatchObject({ urls: ["http://a.example", "http://b.example"] });
  });

  it.each([
    "http://[::1",
    "http://::1",
    "http://a..b",
    "http://a:",
    "http://a:65536",
    "http://[1.2.3.4]",
    "http://256.1.1.1",
  ])("is not at %s, of which no URL can be made", (url) => {
    const user = service({ scanners: [uses("av")] });
    const { objects } = compile([user, scanner({ endpoint: { url } })], options);
    expect(objects[1]?.problems).toMatchObject([
      { message: "must be an http or https URL without user, query and fragment" },
    ]);
  });

  it("may be a Service of its own namespace", () => {
    const endpoint = { service: { name: "clamav", port: 8080, scheme: "https" } };
    expect(entryOf(scanner({ endpoint }))?.protocol).toMatchObject({
      urls: ["https://clamav.team.svc:8080"],
    });
  });

  it("has its rate as a count within a time", () => {
    expect(entryOf(scanner({ limits: { rate: "4/m" } }))?.protocol.limits.rate).toEqual({
      count: 4,
      perMs: 60_000,
    });
  });

  it.each([
    [
      { type: "Bearer", bearer: { tokenRef: { name: "s", key: "t" } } },
      { type: "Bearer", token: { namespace: "team", name: "s", key: "t" } },
    ],
    [
      { type: "Basic", basic: { username: "u", passwordRef: { name: "s", key: "p" } } },
      { type: "Basic", username: "u", password: { namespace: "team", name: "s", key: "p" } },
    ],
    [
      { type: "Header", header: { name: "X-Key", valueRef: { name: "s", key: "v" } } },
      { type: "Header", name: "X-Key", value: { namespace: "team", name: "s", key: "v" } },
    ],
  ])("names the Secret of its credentials and never what it holds: %j", (auth, expected) => {
    expect(entryOf(scanner({ auth }))?.protocol).toMatchObject({ auth: expected });
  });

  it("names what TLS needs", () => {
    const tls = {
      ca: { configMapKeyRef: { name: "ca", key: "ca.crt" } },
      clientCertificate: { name: "client" },
      serverName: "av.internal",
      minVersion: "TLSv1.3",
    };
    expect(entryOf(scanner({ tls }))?.protocol).toMatchObject({
      tls: {
        ca: { configMap: { namespace: "team", name: "ca", key: "ca.crt" } },
        clientCertificate: { namespace: "team", name: "client" },
        serverName: "av.internal",
        minVersion: "TLSv1.3",
      },
    });
  });
});

describe("certificate authorities of a ConfigMap", () => {
  const tls = { ca: { configMapKeyRef: { name: "ca", key: "ca.crt" } }, minVersion: "TLSv1.2" };
  const configMaps = (pem: string) => new Map([["team/ca", { "ca.crt": pem }]]);

  it("are in the table where the ConfigMap is known", () => {
    const entry = entryOf(scanner({ tls }), { configMaps: configMaps("PEM") });
    expect(entry?.protocol).toMatchObject({ tls: { ca: { pem: "PEM" } } });
    expect(entry).not.toHaveProperty("unresolved");
  });

  it("change the scanner's hash when they change", () => {
    const hashOf = (pem: string) =>
      entryOf(scanner({ tls }), { configMaps: configMaps(pem) })?.hash;
    expect(hashOf("1")).not.toBe(hashOf("2"));
  });

  it("are missed when the ConfigMap is not there", () => {
    const entry = entryOf(scanner({ tls }), { configMaps: new Map() });
    expect(entry?.unresolved).toBe("ConfigMap team/ca with key ca.crt is not there");
  });
});

describe("an embedded scanner", () => {
  it("carries its rules and its hash list", () => {
    const embedded = { rulesDirectory: "/rules", hashList: "/bad.sha256" };
    const resource = scanner({ protocol: { type: "Embedded", embedded }, endpoint: undefined });
    expect(entryOf(resource)?.protocol).toEqual({
      type: "Embedded",
      limits: { concurrency: 32, queue: 256 },
      rulesDirectory: "/rules",
      hashList: "/bad.sha256",
    });
  });
});

describe("a Secret", () => {
  const auth = { type: "Bearer", bearer: { tokenRef: { name: "s", key: "token" } } };
  const secret = (version: string, ...keys: string[]) => new Map([["team/s", { keys, version }]]);

  it("changes the scanner's hash when its content changes", () => {
    const hashes = ["1", "2"].map(
      (version) => entryOf(scanner({ auth }), { secrets: secret(version, "token") })?.hash,
    );
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it.each([
    ["is not there", new Map()],
    ["lacks the key", secret("1", "password")],
  ])("makes the scanner fail, with a condition, when it %s", (_what, secrets) => {
    const { table, objects } = compile([service({ scanners: [uses("av")] }), scanner({ auth })], {
      ...options,
      secrets,
    });
    const message = "Secret team/s with key token is not there";
    expect(table.scanners[0]?.unresolved).toBe(message);
    expect(objects[1]?.conditions[1]).toEqual({
      type: "ResolvedRefs",
      status: "False",
      reason: "SecretNotFound",
      message: `spec.auth.bearer.tokenRef: ${message}`,
    });
  });

  it("of a ClusterIcapScanner is looked for in the namespace set apart for them", () => {
    const resource = clusterScanner({
      protocol: { type: "ScanV1" },
      endpoint: { url: "http://av.example" },
      auth,
    });
    const { objects } = compile([resource], {
      ...options,
      secrets: new Map([["sluice/s", { keys: ["token"], version: "1" }]]),
      clusterNamespace: "sluice",
    });
    expect(objects[0]?.problems).toEqual([]);
  });
});

describe("the table", () => {
  it("holds the scanners that services use and no others", () => {
    const { table } = compile(
      [scanner(), clusterScanner(), service({ scanners: [uses("av")] })],
      options,
    );
    expect(table.scanners.map(({ key }) => key)).toEqual(["IcapScanner/team/av"]);
  });

  it("tells for each scanner how many services use it", () => {
    const { objects } = compile(
      [
        clusterScanner(),
        service({ scanners: [usesShared()] }),
        service({ path: "/b", scanners: [usesShared()] }, { name: "b" }),
      ],
      options,
    );
    expect(objects.map(({ usedBy }) => usedBy)).toEqual([2, 0, 0]);
  });
});

describe("a ClusterIcapScanner", () => {
  const labels = new Map([["team", { tier: "gold", region: "eu" }]]);
  const refused = (selector: unknown) => {
    const shared = clusterScanner({ allowedNamespaces: { from: "Selector", selector } });
    const { table } = compile([shared, service({ scanners: [usesShared()] })], {
      ...options,
      namespaces: labels,
    });
    return table.services[0]?.scanners[0]?.scanner === undefined;
  };

  it.each([
    ["labels that match", { matchLabels: { tier: "gold" } }],
    ["the namespace's name", { matchLabels: { "kubernetes.io/metadata.name": "team" } }],
    ["In", { matchExpressions: [{ key: "tier", operator: "In", values: ["gold", "silver"] }] }],
    ["NotIn", { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["bronze"] }] }],
    [
      "NotIn of a label that is not there",
      { matchExpressions: [{ key: "x", operator: "NotIn", values: ["y"] }] },
    ],
    ["Exists", { matchExpressions: [{ key: "tier", operator: "Exists" }] }],
    ["DoesNotExist", { matchExpressions: [{ key: "x", operator: "DoesNotExist" }] }],
    ["the empty selector", {}],
  ])("admits a namespace by %s", (_what, selector) => {
    expect(refused(selector)).toBe(false);
  });

  it.each([
    ["another value", { matchLabels: { tier: "silver" } }],
    ["a label that is not there", { matchLabels: { constructor: "x" } }],
    ["one of two labels", { matchLabels: { tier: "gold", region: "us" } }],
    ["In", { matchExpressions: [{ key: "tier", operator: "In", values: ["silver"] }] }],
    ["NotIn", { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["gold"] }] }],
    ["Exists", { matchExpressions: [{ key: "x", operator: "Exists" }] }],
    ["DoesNotExist", { matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }],
  ])("refuses a namespace by %s", (_what, selector) => {
    expect(refused(selector)).toBe(true);
  });
});
