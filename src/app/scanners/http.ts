import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPOOL_DEFAULTS, SpoolStore } from "../../entity/index.ts";
import {
  compileTemplate,
  formatProblem,
  type Problem,
  presetTemplate,
  readTemplate,
  type TemplateSpec,
} from "../../resources/index.ts";
import { createScannerEngine, type ScanEngine } from "../../scanners/index.ts";
import {
  createTemplateScanner,
  type Template,
  type TemplateCredentials,
  templateAbilities,
} from "../../scanning/template/index.ts";
import { followedCredentials } from "../credential-watch.ts";
import type { ScanServerOptions } from "./running-scanner.ts";
import { refuse, startProblem } from "./start-problem.ts";

/** What `sluice scanner http` has beside its server. */
export interface HttpScannerOptions {
  /** One of these. */
  readonly templateFile: string | undefined;
  readonly preset: string | undefined;
  /** Goes before the template's own base URL. */
  readonly url: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  /** A file for each secret, by its name. */
  readonly secretsDirectory: string | undefined;
  /** Authorities in PEM to trust in place of the system's. */
  readonly caFile: string | undefined;
  /** Where large bodies are kept. Left out: the system's temporary directory. */
  readonly workDirectory: string | undefined;
}

const SECRETS_POLL_MS = 5000;
const RETRY = { attempts: 2, budgetPercent: 20, backoffMs: 50 };
const CIRCUIT_BREAKER = { failures: 5, openForMs: 10_000 };

/** Rejects with a `StartError`. */
export async function httpEngine(
  options: HttpScannerOptions,
  { logger, maxConcurrentScans, maxBytes }: ScanServerOptions,
): Promise<ScanEngine> {
  const read = () => credentialsOf(options);
  const first = await read().catch((error: unknown) => refuse([startProblem(error)], error));
  const template = await templateOf(options, Object.keys(first.secrets));
  const directory = options.workDirectory ?? tmpdir();
  const spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory });
  const name = options.preset ?? "http";
  const scanner = await createTemplateScanner({
    name,
    logger,
    template,
    connections: maxConcurrentScans,
    retry: RETRY,
    circuitBreaker: CIRCUIT_BREAKER,
    ...followedCredentials({ read, first, everyMs: SECRETS_POLL_MS, scanner: name, logger }),
    replacements: { spools },
  });
  const { cacheScope } = scanner;
  return createScannerEngine({
    scanner,
    spools,
    maxBytes,
    abilities: {
      ...templateAbilities(template),
      ...(cacheScope !== undefined && { cacheScope }),
    },
    onClose: () => spools.close(),
  });
}

async function templateOf(
  options: HttpScannerOptions,
  secrets: readonly string[],
): Promise<Template> {
  const { params, url } = options;
  const spec = await specOf(options);
  const known = secrets.filter((name) => Object.hasOwn(spec.secrets, name));
  const compiled = compileTemplate(spec, { params, secrets: known, baseUrl: url });
  return "template" in compiled
    ? compiled.template
    : refuse([...compiled.given, ...compiled.problems].map(flagProblem));
}

/** Where a template's values are given on the command line. */
const flagOf: Readonly<Record<string, string>> = {
  params: "--params: ",
  secrets: "--secrets-directory: ",
  baseUrl: "--url: ",
};

function flagProblem(problem: Problem): string {
  return `${flagOf[String(problem.path[0])] ?? ""}${formatProblem(problem)}`;
}

async function specOf({ templateFile, preset }: HttpScannerOptions): Promise<TemplateSpec> {
  if ((templateFile === undefined) === (preset === undefined)) {
    return refuse(["give either --template or --preset"]);
  }
  if (preset !== undefined) {
    const spec = presetTemplate(preset);
    return typeof spec === "string" ? refuse([`--preset: ${spec}`]) : spec;
  }
  const file = templateFile ?? "";
  const text = await readFile(file, "utf8").catch((error: unknown) =>
    refuse([`--template: ${startProblem(error)}`]),
  );
  const read = readTemplate(text);
  return "spec" in read
    ? read.spec
    : refuse(read.problems.map((problem: Problem) => `${file}: ${formatProblem(problem)}`));
}

/** Files of a mounted Secret; what begins with a dot is the kubelet's. */
async function credentialsOf({
  secretsDirectory,
  caFile,
}: HttpScannerOptions): Promise<TemplateCredentials> {
  const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
  return {
    secrets: secretsDirectory === undefined ? {} : await secretsIn(secretsDirectory),
    ...(ca !== undefined && { tls: { ca, minVersion: "TLSv1.2" } }),
  };
}

async function secretsIn(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith("."));
  const entries = names.map(async (name) => {
    const value = (await readFile(join(directory, name), "utf8")).replace(/\r?\n$/, "");
    if (value === "" || /[^\x20-\x7e]/.test(value)) {
      throw new Error(`secret ${name} is empty or holds what no header field can carry`);
    }
    return [name, value] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
