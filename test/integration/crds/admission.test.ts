import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { builtinResources, compile, KINDS } from "../../../src/resources/index.ts";
import {
  brokenClusterScanners,
  brokenFields,
  brokenScanners,
  contradictions,
} from "../../unit/resources/broken-specs.ts";
import { clusterScanner, options, scanner, service, uses } from "../../unit/resources/builders.ts";
import { describeWithApiServer } from "./api-server.ts";

const group = "/apis/icap.sluice.dev/v1alpha1";

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

function collectionOf({ kind, metadata }: Named): string {
  const { plural, scope } = KINDS.find((definition) => definition.kind === kind) ?? {};
  return scope === "Cluster"
    ? `${group}/${plural}`
    : `${group}/namespaces/${metadata.namespace ?? "default"}/${plural}`;
}

/** Objects as a file would have them: without fields that are undefined. */
const asWritten = (resource: unknown) => JSON.parse(JSON.stringify(resource)) as Named;

const broken = [
  ...[...brokenFields, ...contradictions].map(([spec]) => service(spec)),
  ...brokenScanners.map(([spec]) => scanner(spec)),
  ...brokenClusterScanners.map(([spec]) => clusterScanner(spec)),
]
  .map(asWritten)
  .map((resource) => [JSON.stringify(resource.spec), resource] as const);

const builtin = parseAllDocuments(builtinResources().text).map(
  (document) => document.toJS() as Named,
);

describeWithApiServer("the CRDs in an API server", (ask) => {
  const dryRun = (resource: Named) =>
    ask("POST", `${collectionOf(resource)}?dryRun=All&fieldValidation=Strict`, resource);
  const create = (resource: unknown) => {
    const named = asWritten(resource);
    return ask("POST", `${collectionOf(named)}?fieldValidation=Strict`, named);
  };

  it.each(broken)("refuse what the compiler refuses: %s", async (_spec, resource) => {
    const { status, body } = await dryRun(resource);
    expect([400, 422], JSON.stringify(body)).toContain(status);
  });

  it.each(
    builtin.map((resource) => [`${resource.kind} ${resource.metadata.name}`, resource] as const),
  )("take the built-in %s", async (_name, resource) => {
    const { status, body } = await dryRun(resource);
    expect(status, JSON.stringify(body)).toBe(201);
  });

  it.each([
    [
      "a service",
      service({ scanners: [uses("av", { timeout: "5s" })], limits: { maxEntityBytes: 7 } }),
    ],
    ["a scanner", scanner({ limits: { rate: "4/m" } })],
    ["a cluster scanner", clusterScanner()],
  ])("fill in the same defaults as the compiler: %s", async (_what, resource) => {
    const named = asWritten(resource);
    const { body } = await dryRun(named);
    const definition = KINDS.find(({ kind }) => kind === named.kind);
    expect(body["spec"]).toEqual(definition?.spec.parse(named.spec));
  });

  it("say the same message as the compiler for a contradiction", async () => {
    const resource = asWritten(service({ combine: { strategy: "Quorum" } }));
    const { body } = await dryRun(resource);
    const [problem] = compile([resource], options).objects[0]?.problems ?? [];
    expect(body["message"]).toContain(`spec.combine.quorum: Invalid value: ${problem?.message}`);
  });

  it("keep the path of a service as it was created", async () => {
    const first = await create(service({}, { name: "fixed", namespace: "default" }));
    const changed = { ...first.body, spec: { path: "/elsewhere" } };
    const { status, body } = await ask(
      "PUT",
      `${group}/namespaces/default/icapservices/fixed`,
      changed,
    );
    expect([status, body["message"]]).toEqual([
      422,
      expect.stringContaining("path cannot be changed: create another IcapService"),
    ]);
  });

  it("find services by gateway", async () => {
    await create(service({ gateway: "dmz" }, { name: "outer", namespace: "gateways" }));
    await create(service({}, { name: "inner", namespace: "gateways" }));
    const { body } = await ask(
      "GET",
      `${group}/namespaces/gateways/icapservices?fieldSelector=spec.gateway%3Ddmz`,
    );
    const names = (body["items"] as Named[]).map(({ metadata }) => metadata.name);
    expect(names).toEqual(["outer"]);
  });

  it("take conditions in the status, and nothing that is not declared", async () => {
    const { body } = await create(service({}, { name: "told", namespace: "default" }));
    const path = `${group}/namespaces/default/icapservices/told/status`;
    const condition = {
      type: "Accepted",
      status: "True",
      reason: "Accepted",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    const status = { observedGeneration: 1, conditions: [condition], istag: "x" };
    const good = await ask("PUT", path, { ...body, status });
    const bad = await ask("PUT", path, {
      ...good.body,
      status: { conditions: [{ ...condition, status: "Perhaps" }] },
    });
    expect([good.status, bad.status]).toEqual([200, 422]);
  });

  it("have the short names and the category", async () => {
    const { body } = await ask("GET", group);
    const resources = body["resources"] as {
      name: string;
      shortNames?: string[];
      categories?: string[];
    }[];
    const told = resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, shortNames, categories }) => [name, shortNames, categories]);
    expect(told.sort()).toEqual([
      ["clustericapscanners", ["clustericapscan"], ["icap"]],
      ["icapscanners", ["icapscan"], ["icap"]],
      ["icapservices", ["icapsvc"], ["icap"]],
    ]);
  });
});
