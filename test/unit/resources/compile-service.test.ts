import { describe, expect, it } from "vitest";
import { compile, type ServiceEntry } from "../../../src/resources/index.ts";
import { clusterScanner, options, rule, scanner, service, uses, usesShared } from "./builders.ts";

function entryOf(...resources: unknown[]): ServiceEntry {
  const { table, objects } = compile(resources, options);
  const [entry] = table.services;
  if (entry === undefined) {
    throw new Error(JSON.stringify(objects.map(({ problems }) => problems)));
  }
  return entry;
}

describe("a service that says nothing but its path", () => {
  it("gets the documented defaults", () => {
    expect(entryOf(service())).toEqual({
      namespace: "team",
      name: "a",
      path: "/a",
      methods: ["REQMOD", "RESPMOD"],
      preview: { bytes: 4096 },
      rules: [],
      scanners: [],
      combine: { strategy: "AnyBlocks" },
      limits: { maxEntityBytes: 100 * 2 ** 20, transactionTimeoutMs: 60_000 },
      on: {
        error: "Block",
        timeout: "Block",
        oversize: "Block",
        unscannable: "Block",
        suspicious: "Allow",
        unknown: "Allow",
        pending: "Block",
      },
      block: { status: 403 },
      clientProfile: "Browser",
      mode: "Enforce",
      allowedClients: [],
      shareIdentity: [],
      violationsHeader: "Omit",
      cache: { cleanTtlMs: 3_600_000, blockedTtlMs: 86_400_000 },
      generation: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });
});

const listed = { mode: "Hold", role: "Judge", required: true };

describe("a service", () => {
  it("has its quantities in bytes and its durations in milliseconds", () => {
    const { limits, cache } = entryOf(
      service({
        limits: { maxEntityBytes: "5M", transactionTimeout: "1m30s", maxConnections: 7 },
        cache: { cleanTtl: "250ms", blockedTtl: "0s" },
      }),
    );
    expect({ limits, cache }).toEqual({
      limits: { maxEntityBytes: 5_000_000, transactionTimeoutMs: 90_000, maxConnections: 7 },
      cache: { cleanTtlMs: 250, blockedTtlMs: 0 },
    });
  });

  it("may give bytes as a plain number", () => {
    expect(entryOf(service({ limits: { maxEntityBytes: 4096 } })).limits.maxEntityBytes).toBe(4096);
  });

  it("keeps its rules in order", () => {
    const rules = [rule("z", "true", "Skip"), rule("a", "false", "Block", { message: "No." })];
    expect(entryOf(service({ rules })).rules).toEqual([
      { name: "z", when: "true", action: "Skip" },
      { name: "a", when: "false", action: "Block", message: "No." },
    ]);
  });

  it("keeps its scanners in order, each with the time it has", () => {
    const scanners = [usesShared({ timeout: "5s" }), uses("av")];
    const entry = entryOf(service({ scanners }), scanner(), clusterScanner());
    expect(entry.scanners).toEqual([
      { ...listed, name: "shared", scanner: "ClusterIcapScanner/shared", timeoutMs: 5000 },
      { ...listed, name: "av", scanner: "IcapScanner/team/av", timeoutMs: 60_000 },
    ]);
  });

  it.each([
    [undefined, 900_000],
    ["2h", 7_200_000],
  ])("gives a scanner in the background time beyond the transaction: %s", (timeout, timeoutMs) => {
    const scanners = [uses("av", { mode: "Background", ...(timeout && { timeout }) })];
    const entry = entryOf(service({ scanners }), scanner());
    expect(entry.scanners).toMatchObject([{ mode: "Background", timeoutMs }]);
  });

  it("says of a scanner whether it is needed and what it may do", () => {
    const scanners = [uses("av", { role: "Modifier", required: false })];
    const entry = entryOf(service({ scanners }), scanner());
    expect(entry.scanners).toMatchObject([{ role: "Modifier", required: false }]);
  });

  it("tells a scanner its profile, and no other", () => {
    const scanners = [usesShared({ policy: "strict" }), uses("av")];
    const entry = entryOf(service({ scanners }), scanner(), clusterScanner());
    expect(entry.scanners.map(({ policy }) => policy)).toEqual(["strict", undefined]);
  });

  it("carries how verdicts are combined", () => {
    const scanners = [uses("av"), usesShared()];
    const combine = { strategy: "Quorum", quorum: { count: 2 } };
    const entry = entryOf(service({ scanners, combine }), scanner(), clusterScanner());
    expect(entry.combine).toEqual({ strategy: "Quorum", quorumCount: 2 });
  });

  it("gets the default namespace when it names none", () => {
    const resource = {
      apiVersion: "icap.sluice.dev/v1alpha1",
      kind: "IcapService",
      metadata: { name: "a" },
      spec: { path: "/a" },
    };
    const { table } = compile([resource], { ...options, defaultNamespace: "laptop" });
    expect(table.services[0]?.namespace).toBe("laptop");
  });
});

describe("the page of a service", () => {
  const page = (text: unknown) => ({ block: { page: text } });

  it("travels once, under its hash", () => {
    const { table } = compile(
      [
        service(page({ inline: "<p>No" })),
        service({ ...page({ inline: "<p>No" }), path: "/b" }, { name: "b" }),
      ],
      options,
    );
    const hash = table.services[0]?.block.page ?? "";
    expect([table.pages, table.services[1]?.block.page]).toEqual([{ [hash]: "<p>No" }, hash]);
  });

  it("comes from a ConfigMap of the service's namespace", () => {
    const configMaps = new Map([["team/pages", { "block.html": "<p>Blocked" }]]);
    const reference = { configMapKeyRef: { name: "pages", key: "block.html" } };
    const { table } = compile([service(page(reference))], { ...options, configMaps });
    expect(Object.values(table.pages)).toEqual(["<p>Blocked"]);
  });

  it.each([
    ["the ConfigMap", "other", "block.html"],
    ["the key", "pages", "toString"],
  ])("is the built-in one, with a condition, when %s is missing", (_what, name, key) => {
    const configMaps = new Map([["team/pages", { "block.html": "" }]]);
    const reference = { configMapKeyRef: { name, key } };
    const { table, objects } = compile([service(page(reference))], { ...options, configMaps });
    expect(table.services[0]?.block).toEqual({ status: 403 });
    expect(objects[0]?.conditions).toEqual([
      { type: "Accepted", status: "True", reason: "Accepted", message: "" },
      {
        type: "ResolvedRefs",
        status: "False",
        reason: "ConfigMapNotFound",
        message: `spec.block.page.configMapKeyRef: ConfigMap team/${name} with key ${key} is not there: the built-in page is served`,
      },
    ]);
  });
});

describe("the generation of a service", () => {
  const base = { scanners: [uses("av")] };
  const generation = (spec: Record<string, unknown>, ...others: unknown[]) =>
    entryOf(service({ ...base, ...spec }), ...(others.length > 0 ? others : [scanner()]))
      .generation;

  it.each([
    ["a rule", { rules: [rule("r", "true", "Skip")] }],
    ["an outcome", { outcomes: { error: "Allow" } }],
    ["the scanners", { scanners: [uses("av", { mode: "Shadow" })] }],
    ["the profile of a scanner", { scanners: [uses("av", { policy: "strict" })] }],
    ["what scanners are told of the user", { shareIdentity: ["Scanners"] }],
    ["the mode", { mode: "Monitor" }],
    ["the profile", { clientProfile: "Storage" }],
    ["the block page", { block: { contact: "helpdesk" } }],
    ["the largest entity", { limits: { maxEntityBytes: "1Ki" } }],
    ["the preview, on which rules decide", { preview: { bytes: 0 } }],
  ])("changes with %s", (_what, spec) => {
    expect(generation(spec)).not.toBe(generation({}));
  });

  it.each([
    ["who may ask", { allowedClients: ["10.0.0.0/8"] }],
    [
      "the time",
      { limits: { transactionTimeout: "10s" }, scanners: [uses("av", { timeout: "9s" })] },
    ],
    ["the connections", { limits: { maxConnections: 3 } }],
    ["the cache", { cache: { cleanTtl: "1m" } }],
    ["what is logged", { shareIdentity: ["Logs"] }],
  ])("stays with %s", (_what, spec) => {
    expect(generation(spec)).toBe(generation({}));
  });

  it("stays when the scanner moves, whose epoch tells what it is", () => {
    const moved = scanner({ endpoint: { url: "http://elsewhere.example" } });
    expect(generation({}, moved)).toBe(generation({}));
  });

  it("changes when the scanner goes", () => {
    expect(entryOf(service(base)).generation).not.toBe(generation({}));
  });
});
