import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile, type ObjectReport, readTable } from "../../../src/resources/index.ts";
import { clusterScanner, options, rule, scanner, service } from "../../unit/resources/builders.ts";

const names = ["a", "b", "c"] as const;
const name = fc.constantFrom(...names);
const json = fc.jsonValue({ maxDepth: 4 });
const time = fc.constantFrom(
  "2026-01-01T00:00:00Z",
  "2026-02-01T00:00:00Z",
  "2026-03-01T00:00:00Z",
);

/** Values that a field may hold, and some that it may not. */
const mostly = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: json });

const reference = fc.record(
  {
    name: fc.constantFrom("one", "two"),
    ref: fc.record({ kind: fc.constantFrom("IcapScanner", "ClusterIcapScanner"), name }),
    mode: fc.constantFrom("Hold", "Background", "Shadow"),
    timeout: fc.constantFrom("1s", "2m"),
  },
  { requiredKeys: ["name", "ref"] },
);
const someRule = fc
  .tuple(
    fc.constantFrom("r1", "r2"),
    fc.constantFrom("true", 'request.host.inDomain("a.example")', "request.nope", "1 +"),
    fc.constantFrom("Skip", "Scan", "Block", "Monitor"),
  )
  .map((parts) => rule(...parts));
const serviceSpec = fc.record(
  {
    path: fc.constantFrom("/a", "/b", "/c"),
    gateway: fc.constantFrom("default", "dmz"),
    rules: fc.array(mostly(someRule), { maxLength: 2 }),
    scanners: fc.array(mostly(reference), { maxLength: 2 }),
    mode: mostly(fc.constantFrom("Enforce", "Monitor")),
    limits: mostly(fc.record({ maxEntityBytes: fc.constantFrom("1Mi", 5, "nonsense") })),
  },
  { requiredKeys: ["path"] },
);
const services = fc
  .tuple(serviceSpec, name, fc.constantFrom("x", "y"), time)
  .map(([spec, name, namespace, creationTimestamp]) =>
    service(spec, { name, namespace, creationTimestamp }),
  );
const scanners = fc
  .tuple(fc.record({ limits: mostly(fc.constant({})) }), name, fc.constantFrom("x", "y"))
  .map(([spec, name, namespace]) => scanner(spec, { name, namespace }));
const clusterScanners = fc
  .tuple(fc.record({ limits: mostly(fc.constant({})) }), name)
  .map(([spec, name]) => clusterScanner(spec, { name }));

const resource = fc.oneof(
  { weight: 6, arbitrary: services },
  { weight: 2, arbitrary: scanners },
  { weight: 2, arbitrary: clusterScanners },
  { weight: 1, arbitrary: json as fc.Arbitrary<unknown> },
);
const world = fc.array(resource, { maxLength: 12 });

const identity = ({ kind, namespace, name }: ObjectReport) => `${kind}/${namespace}/${name}`;

/** Puts the fields of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(reversed);
  }
  if (value === null || typeof value !== "object") {
    return value;
  }
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, field]) => [key, reversed(field)]));
}

describe("compile", () => {
  it("takes any JSON and reports on each value", () => {
    fc.assert(
      fc.property(fc.array(json), (resources) => {
        expect(compile(resources, options).objects).toHaveLength(resources.length);
      }),
    );
  });

  it("takes any JSON in any place of a resource", () => {
    fc.assert(
      fc.property(json, json, json, (spec, metadata, extra) => {
        for (const kind of ["IcapService", "IcapScanner", "ClusterIcapScanner"]) {
          const resource = { apiVersion: "icap.sluice.dev/v1alpha1", kind, metadata, spec, extra };
          expect(compile([resource], options).objects[0]?.problems).not.toEqual([]);
        }
      }),
    );
  });

  it("makes a table that can be read back", () => {
    fc.assert(
      fc.property(world, (resources) => {
        const { table } = compile(resources, options);
        expect(readTable(JSON.stringify(table))).toEqual({ table });
      }),
    );
  });

  it("says the same whatever the order of the resources", () => {
    fc.assert(
      fc.property(
        world.chain((resources) =>
          fc.tuple(
            fc.constant(resources),
            fc.shuffledSubarray([...resources.keys()], { minLength: resources.length }),
          ),
        ),
        ([resources, order]) => {
          const straight = compile(resources, options);
          const shuffled = compile(
            order.map((index) => resources[index]),
            options,
          );
          expect(shuffled.table).toEqual(straight.table);
          expect(shuffled.objects).toEqual(order.map((index) => straight.objects[index]));
        },
      ),
    );
  });

  it("says the same whatever the order of fields", () => {
    fc.assert(
      fc.property(world, (resources) => {
        const turned = compile(resources.map(reversed), options);
        expect(turned.table.revision).toBe(compile(resources, options).table.revision);
      }),
    );
  });

  it("says the same twice", () => {
    fc.assert(
      fc.property(world, (resources) => {
        expect(compile(resources, options)).toEqual(compile(structuredClone(resources), options));
      }),
    );
  });

  it("serves each path once, and only accepted services", () => {
    fc.assert(
      fc.property(world, (resources) => {
        const { table, objects } = compile(resources, options);
        const accepted = objects.filter(
          (report) => report.accepted && report.kind === "IcapService",
        );
        const paths = table.services.map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
        expect(
          table.services.map(({ namespace, name }) => `IcapService/${namespace}/${name}`).sort(),
        ).toEqual(accepted.map(identity).sort());
      }),
    );
  });

  it("accepts exactly the objects whose first condition says so", () => {
    fc.assert(
      fc.property(world, (resources) => {
        const { objects } = compile(resources, options);
        const byReport = objects.map(({ accepted }) => accepted);
        const byCondition = objects.map(({ conditions }) => conditions[0]?.status === "True");
        expect(byReport).toEqual(byCondition);
      }),
    );
  });

  it("tells of each refused object of this gateway why", () => {
    fc.assert(
      fc.property(world, (resources) => {
        const { objects } = compile(resources, options);
        const refused = objects.filter(({ conditions }) => conditions[0]?.status === "False");
        expect(refused.filter(({ problems }) => problems.length === 0)).toEqual([]);
      }),
    );
  });

  it("lets a broken object change nothing for the others", () => {
    const broken = fc.oneof(
      json as fc.Arbitrary<unknown>,
      fc.constant(service({ methods: [] }, { name: "intruder" })),
      fc.constant(service({ path: "/a", rules: [rule("r", "1 +", "Skip")] }, { name: "intruder" })),
      fc.constant(scanner({ endpoint: {} }, { name: "intruder" })),
    );
    fc.assert(
      fc.property(world, broken, (resources, intruder) => {
        const alone = compile(resources, options);
        const together = compile([...resources, intruder], options);
        expect(together.table).toEqual(alone.table);
        expect(together.objects.slice(0, -1)).toEqual(alone.objects);
      }),
    );
  });

  it("lets a service on a path of its own change nothing for other services", () => {
    fc.assert(
      fc.property(world, (resources) => {
        const alone = compile(resources, options).table.services;
        const newcomer = service({ path: "/newcomer" }, { name: "newcomer" });
        const together = compile([...resources, newcomer], options).table.services;
        expect(together.filter(({ path }) => path !== "/newcomer")).toEqual(alone);
      }),
    );
  });
});
