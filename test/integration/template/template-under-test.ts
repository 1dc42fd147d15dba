import { afterEach, beforeEach } from "vitest";
import { SPOOL_DEFAULTS, SpoolStore } from "../../../src/entity/index.ts";
import { compileTemplate, readTemplate } from "../../../src/resources/index.ts";
import type { Scanner } from "../../../src/scanning/index.ts";
import {
  createTemplateScanner,
  type Template,
  type TemplateScannerOptions,
} from "../../../src/scanning/template/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { afterUpload, FakeScanner, type ScannerScript } from "../../support/fake-scanner.ts";
import { scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

export interface Filling {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly baseUrl?: string;
}

/** The template of a YAML text, filled in; throws what is wrong with it. */
export function templateOf(
  yaml: string,
  { params = {}, secrets = {}, baseUrl }: Filling,
): Template {
  const read = readTemplate(yaml);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const given = { params, secrets: Object.keys(secrets), baseUrl };
  const compiled = compileTemplate(read.spec, given);
  if (!("template" in compiled)) throw new Error(JSON.stringify(compiled));
  return compiled.template;
}

/** Answers a request as what it was: one script for each path, without the query. */
export function byPath(scripts: Readonly<Record<string, ScannerScript>>): ScannerScript {
  return afterUpload((request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const script = scripts[path];
    if (script === undefined) return void response.writeHead(404).end("no such path");
    return script(request, response);
  });
}

/** A context with so much time. */
export const within = (ms: number) => ({ ...scanContext(), deadlineAt: performance.now() + ms });

export const options = {
  name: "vendor",
  connections: 4,
  retry: { attempts: 1, budgetPercent: 20, backoffMs: 0 },
  circuitBreaker: { failures: 100, openForMs: 60_000 },
  logger: silentLogger,
} satisfies Partial<TemplateScannerOptions>;

/** A vendor for each test of a `describe`, scanners that ask it, and a place for new content. */
export function useVendor() {
  const scanners: Scanner[] = [];
  let fake: FakeScanner | undefined;
  let spools: SpoolStore | undefined;
  let directory: TempDirectory | undefined;
  beforeEach(async () => {
    fake = await FakeScanner.start();
    directory = new TempDirectory();
    spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: directory.path });
  });
  afterEach(async () => {
    await Promise.all(scanners.splice(0).map((scanner) => scanner.close()));
    await fake?.stop();
    await spools?.close();
    directory?.remove();
  });
  const vendor = (): FakeScanner => {
    if (fake === undefined) throw new Error("the vendor did not start");
    return fake;
  };
  const scannerOf = async (
    yaml: string,
    filling: Filling = {},
    changes: Partial<TemplateScannerOptions> = {},
  ): Promise<Scanner> => {
    if (spools === undefined) throw new Error("there is no place for new content");
    const scanner = await createTemplateScanner({
      ...options,
      template: templateOf(yaml, { baseUrl: vendor().url, ...filling }),
      credentials: { secrets: filling.secrets ?? {} },
      replacements: { spools },
      ...changes,
    });
    scanners.push(scanner);
    return scanner;
  };
  return { vendor, scannerOf };
}
