import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Entity, readContent, SPOOL_DEFAULTS, SpoolStore } from "../../src/entity/index.ts";
import { compileTemplate, presetTemplate } from "../../src/resources/index.ts";
import {
  type ScanContext,
  type Scanner,
  SizeGuard,
  type Verdict,
} from "../../src/scanning/index.ts";
import { createTemplateScanner } from "../../src/scanning/template/index.ts";
import { entityOf, scanContext } from "../support/samples/entities.ts";
import { TempDirectory } from "../support/temp-directory.ts";
import type { Vendor, VendorCase } from "./vendors/vendor.ts";
import { type Behaviour, VendorServer } from "./vendors/vendor-server.ts";

/** What no vendor says, and what must never let anything pass. */
const nonsense: readonly (readonly [name: string, behaviour: Behaviour])[] = [
  ["500", () => ({ status: 500, body: { error: "internal" } })],
  ["502 of a proxy", () => ({ status: 502, body: "<html>Bad Gateway</html>" })],
  ["a page", () => ({ body: "<html>Please log in</html>" })],
  ["nothing", () => ({})],
  ["half a document", () => ({ headers: { "content-type": "application/json" }, body: '{"da' })],
  ["a document of another kind", () => ({ body: { status: "ok", message: "hello" } })],
  ["a list of another kind", () => ({ body: [{ status: "ok" }] })],
  ["null", () => ({ headers: { "content-type": "application/json" }, body: "null" })],
  ["a way elsewhere", () => ({ status: 302, headers: { location: "http://127.0.0.1:1/" } })],
];

const PASSING: readonly Verdict["kind"][] = ["clean", "modified", "unknown"];

/** What each preset has to make of its vendor's answers, and of what no vendor should answer. */
export function describePreset(vendor: Vendor): void {
  const { preset, fixture, cases } = vendor;

  describe(`preset ${preset}`, () => {
    const directory = new TempDirectory();
    const made: Scanner[] = [];
    const log: string[] = [];
    let spools: SpoolStore;
    beforeAll(async () => {
      spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: directory.path });
    });
    afterAll(async () => {
      await Promise.all(made.map((scanner) => scanner.close()));
      await spools.close();
      directory.remove();
    });

    async function create(url: string, more: Partial<Pick<Vendor, "params" | "secrets">> = {}) {
      const secrets = more.secrets ?? vendor.secrets;
      const write = (message: string, fields: object = {}): void => {
        log.push(message, JSON.stringify(fields));
      };
      const scanner = await createTemplateScanner({
        name: "vendor",
        template: templateOf(vendor, url, more.params ?? {}),
        connections: 4,
        retry: { attempts: 1, budgetPercent: 0, backoffMs: 0 },
        circuitBreaker: { failures: 1000, openForMs: 1000 },
        credentials: { secrets },
        logger: { debug: write, info: write, warn: write, error: write },
        replacements: { spools },
      });
      made.push(scanner);
      return scanner;
    }

    const guarded =
      (behaviour: Behaviour): Behaviour =>
      (request) =>
        vendor.admits?.(request) === false
          ? (vendor.refusal ?? { status: 401 })
          : behaviour(request);

    async function run(one: VendorCase) {
      await using server = await VendorServer.start(guarded(withEpoch(vendor, one.does)));
      const scanner = await create(server.url, { params: one.params ?? {} });
      const entity = entityFor(one);
      // As a server has it: who takes less is not asked.
      const guarding = new SizeGuard(scanner, { maxBytes: Number.POSITIVE_INFINITY });
      const verdict = await guarding.scan(entity, contextOf(one));
      const calls = server.calls.filter((call) => call !== vendor.epoch?.call);
      return { verdict, calls, requests: server.requests };
    }

    it("is written from a description that it names, with the day", () => {
      expect(fixture.source.every((source) => URL.canParse(source))).toBe(true);
      expect(fixture.read).toMatch(/^2026-\d\d-\d\d$/);
    });

    it.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
      const { verdict, calls, requests } = await run(one);
      expect(verdict).toMatchObject(one.says);
      if (one.calls !== undefined) expect(calls).toEqual(one.calls);
      expect(await newContent(verdict)).toBe(one.becomes);
      verdict.replacement?.dispose();
      const addresses = requests.map(({ call, query }) => `${call}?${query}`).join("\n");
      for (const secret of Object.values(vendor.secrets)) expect(addresses).not.toContain(secret);
    });

    for (const one of cases.filter(({ isPolled }) => isPolled)) {
      it("is pending when the time is up, and then followed by another pod", async () => {
        await using server = await VendorServer.start(guarded(withEpoch(vendor, one.does)));
        const params = one.params ?? {};
        const scanner = await create(server.url, { params });
        const deadlineAt = performance.now();
        const first = await scanner.scan(entityFor(one), { ...contextOf(one), deadlineAt });
        expect(first).toMatchObject({ kind: "pending", job: expect.stringMatching(/./) });
        for (const secret of Object.values(vendor.secrets)) expect(first.job).not.toContain(secret);
        const other = await create(server.url, { params });
        const { signal } = new AbortController();
        expect(await other.follow?.(first.job ?? "", { signal })).toMatchObject(one.says);
      });
    }

    if (vendor.admits !== undefined) {
      it("says error, and keeps the key to itself, where the vendor refuses it", async () => {
        const secrets = Object.fromEntries(
          Object.keys(vendor.secrets).map((name) => [name, `refused-${name}`]),
        );
        const echo: Behaviour = (request) => ({
          ...vendor.refusal,
          body: {
            error: `refused: ${JSON.stringify(request.headers)}`,
            ...asObject(vendor.refusal?.body),
          },
        });
        await using server = await VendorServer.start(echo);
        const scanner = await create(server.url, { secrets });
        const verdict = await scanner.scan(entityFor({}), contextOf({}));
        expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
        expect(verdict.message).toContain("refused");
        for (const secret of Object.values(secrets)) {
          expect(JSON.stringify([verdict, log])).not.toContain(secret);
        }
      });
    }

    it.each(nonsense)("lets nothing pass on %s", async (name, behaviour) => {
      await using server = await VendorServer.start(behaviour);
      const scanner = await create(server.url);
      const verdict = await scanner.scan(entityFor({}), contextOf({}));
      expect([name, PASSING.includes(verdict.kind)]).toEqual([name, false]);
      expect(verdict.kind).toBe("error");
    });

    it.each([
      ["map", {}],
      ["list", []],
    ])("takes an empty %s for clean only where the vendor means it so", async (kind, body) => {
      await using server = await VendorServer.start(() => ({ body }));
      const scanner = await create(server.url);
      const verdict = await scanner.scan(entityFor({}), contextOf({}));
      expect(verdict.kind).toBe(vendor.cleanIsEmpty === kind ? "clean" : "error");
    });

    it("says error of a server that hangs up", async () => {
      await using server = await VendorServer.start(() => ({ body: {} }));
      const scanner = await create(server.url);
      await server[Symbol.asyncDispose]();
      const { kind } = await scanner.scan(entityFor({}), contextOf({}));
      expect(kind).toBe("error");
    });

    it("says overload of a limit that is used up, and leaves the vendor alone", async () => {
      const limit: Behaviour = () => ({ status: 429, headers: { "retry-after": "60" }, body: {} });
      await using server = await VendorServer.start(limit);
      const scanner = await create(server.url);
      const before = server.calls.length;
      for (let i = 0; i < 2; i += 1) {
        const deadlineAt = performance.now() + 500;
        const verdict = await scanner.scan(entityFor({}), { ...contextOf({}), deadlineAt });
        expect(verdict).toMatchObject({ kind: "error", reason: "overload" });
      }
      expect(server.calls.length).toBe(before + 1);
    });

    const { epoch } = vendor;
    if (epoch !== undefined) {
      it("knows the engine's version", async () => {
        await using server = await VendorServer.start(guarded(withEpoch(vendor, () => ({}))));
        const scanner = await create(server.url);
        expect(scanner.epoch).toContain(epoch.is);
      });
    }
  });
}

function templateOf(vendor: Vendor, baseUrl: string, params: Readonly<Record<string, unknown>>) {
  const spec = presetTemplate(vendor.preset);
  if (typeof spec === "string") throw new Error(spec);
  // As the preset is, but for how long it pauses.
  const steps = spec.steps.map((step) =>
    step.poll === undefined
      ? step
      : { ...step, poll: { ...step.poll, interval: "50ms", maxInterval: "50ms" } },
  );
  const given = {
    params: { ...vendor.params, ...params },
    secrets: Object.keys(vendor.secrets),
    baseUrl,
  };
  const compiled = compileTemplate({ ...spec, steps }, given);
  if ("problems" in compiled) throw new Error(JSON.stringify(compiled));
  return compiled.template;
}

function withEpoch({ epoch }: Vendor, behaviour: Behaviour): Behaviour {
  return (request) => (request.call === epoch?.call ? { body: epoch.answer } : behaviour(request));
}

function contextOf(one: Partial<VendorCase>): ScanContext {
  const url = "url" in one ? one.url : "http://files.example/report";
  const host = url === undefined ? undefined : "files.example";
  return { ...scanContext(), url, host, takesReplacement: true };
}

function entityFor({ content = "content", about }: Partial<VendorCase>): Entity {
  return entityOf(content, { declaredType: "text/plain", ...about });
}

const asObject = (value: unknown): object =>
  typeof value === "object" && value !== null ? value : {};

async function newContent({ replacement }: Verdict): Promise<string | undefined> {
  if (replacement === undefined) return undefined;
  let text = "";
  for await (const piece of readContent(replacement.body.content)) text += piece.toString("latin1");
  return text;
}
