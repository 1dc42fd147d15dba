import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { CliContext } from "../cli-context.ts";
import { ExitCode } from "../exit-code.ts";
import { fileProblem } from "../file-problem.ts";
import { bearerToken, UsageError } from "../token.ts";
import { type AdminAccess, AdminError, askAdmin } from "./admin-client.ts";
import {
  changeText,
  type LookupAnswer,
  lookupText,
  type OverridesAnswer,
  type OverrideText,
  overridesText,
  type PurgeAnswer,
  purgeText,
  type StatsAnswer,
  statsText,
} from "./cache-texts.ts";

/** Flags of all commands that ask the admin port. */
export interface AdminFlags {
  readonly adminUrl?: string;
  readonly tokenFile?: string;
  readonly tlsCa?: string;
  readonly json?: boolean;
}

export interface LookupFlags extends AdminFlags {
  readonly type?: string;
  readonly name?: string;
}

export interface PurgeFlags extends AdminFlags {
  readonly scanner?: string;
  readonly sha256?: string;
  /** Milliseconds since 1970. */
  readonly before?: number;
  readonly yes?: boolean;
}

export interface OverrideFlags extends AdminFlags {
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly until?: number;
  /** Milliseconds from now. */
  readonly for?: number;
  readonly author?: string;
  readonly service?: readonly string[];
}

export const DEFAULT_ADMIN_URL = "http://127.0.0.1:9344";

export function cacheStats(flags: AdminFlags, context: CliContext): Promise<ExitCode> {
  return answering(flags, context, async (access) => ({
    answer: await askAdmin(access, "GET", "stats"),
    text: (answer) => statsText(answer as StatsAnswer),
  }));
}

export function cacheLookup(
  what: string,
  flags: LookupFlags,
  context: CliContext,
): Promise<ExitCode> {
  return answering(flags, context, async (access) => {
    const query = new URLSearchParams();
    if (flags.type !== undefined) query.set("type", flags.type);
    if (flags.name !== undefined) query.set("name", flags.name);
    const path = `lookup/${await sha256Of(what)}${query.size === 0 ? "" : `?${query}`}`;
    return {
      answer: await askAdmin(access, "GET", path),
      text: (answer) => lookupText(answer as LookupAnswer),
    };
  });
}

export function cachePurge(flags: PurgeFlags, context: CliContext): Promise<ExitCode> {
  return answering(flags, context, async (access) => {
    const { scanner, sha256, before, yes } = flags;
    const isNarrow = scanner !== undefined || sha256 !== undefined;
    if (!isNarrow && yes !== true) {
      throw new UsageError(
        "this would purge the verdicts of all scanners on all contents: add --yes, or narrow it with --scanner or --sha256",
      );
    }
    const order = {
      ...(scanner !== undefined && { scanner }),
      ...(sha256 !== undefined && { sha256: await sha256Of(sha256) }),
      ...(before !== undefined && { before: new Date(before).toISOString() }),
      ...(!isNarrow && { all: true }),
    };
    return {
      answer: await askAdmin(access, "POST", "purge", order),
      text: (answer) => purgeText(answer as PurgeAnswer),
    };
  });
}

export function listOverrides(flags: AdminFlags, context: CliContext): Promise<ExitCode> {
  return answering(flags, context, async (access) => ({
    answer: await askAdmin(access, "GET", "overrides"),
    text: (answer) => overridesText(answer as OverridesAnswer),
  }));
}

export function setOverride(
  action: "allow" | "block",
  what: string,
  flags: OverrideFlags,
  context: CliContext,
): Promise<ExitCode> {
  return answering(flags, context, async (access) => {
    const { reason, author, service } = flags;
    const order = {
      action,
      reason,
      expiresAt: new Date(endOf(flags)).toISOString(),
      ...(author !== undefined && { author }),
      ...(service !== undefined && { services: service }),
    };
    return {
      answer: await askAdmin(access, "PUT", `overrides/${await sha256Of(what)}`, order),
      text: (answer) => {
        const { storage, override } = answer as { storage: string; override: OverrideText };
        return changeText(storage, override);
      },
    };
  });
}

export function removeOverride(
  what: string,
  flags: AdminFlags,
  context: CliContext,
): Promise<ExitCode> {
  return answering(flags, context, async (access) => ({
    answer: await askAdmin(access, "DELETE", `overrides/${await sha256Of(what)}`),
    text: (answer) => {
      const { action, sha256 } = (answer as { removed: OverrideText }).removed;
      return `removed: ${sha256} is no longer ${action === "allow" ? "allowed" : "blocked"}\n`;
    },
  }));
}

interface Done {
  readonly answer: unknown;
  readonly text: (answer: unknown) => string;
}

async function answering(
  flags: AdminFlags,
  context: CliContext,
  run: (access: AdminAccess) => Promise<Done>,
): Promise<ExitCode> {
  const { stdout, stderr } = context;
  try {
    const { answer, text } = await run(accessOf(flags, context));
    stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : text(answer));
    return ExitCode.Ok;
  } catch (error) {
    if (!(error instanceof AdminError || error instanceof UsageError)) throw error;
    stderr.write(`error: ${error.message.replace(/\p{Cc}/gu, "?")}\n`);
    return error instanceof UsageError ? ExitCode.Unusable : ExitCode.Failed;
  }
}

function accessOf({ adminUrl, tokenFile, tlsCa }: AdminFlags, context: CliContext): AdminAccess {
  const { env, readFile } = context.sourcesFor([]);
  const address = adminUrl ?? env["SLUICE_ADMIN_URL"] ?? DEFAULT_ADMIN_URL;
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${address} is no URL such as ${DEFAULT_ADMIN_URL}`);
  }
  const token = bearerToken(tokenFile, "SLUICE_ADMIN_TOKEN", context);
  if (token === undefined) {
    throw new UsageError("a token is needed: --token-file, or the variable SLUICE_ADMIN_TOKEN");
  }
  return { url, token, ca: tlsCa === undefined ? undefined : textIn(tlsCa, readFile) };
}

function textIn(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new UsageError(`${path}: ${fileProblem(error)}`);
  }
}

const SHA256 = /^[0-9a-f]{64}$/i;

/** Of a file, unless it is a hash already. */
async function sha256Of(what: string): Promise<string> {
  if (SHA256.test(what)) return what.toLowerCase();
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(what), hash);
  } catch (error) {
    throw new UsageError(
      `${what} is neither a SHA-256 (64 hexadecimal digits) nor a file: ${fileProblem(error)}`,
    );
  }
  return hash.digest("hex");
}

function endOf({ until, for: lasting }: OverrideFlags): number {
  if ((until === undefined) === (lasting === undefined)) {
    throw new UsageError("say how long: --for 7d, or --until 2027-01-31T12:00:00Z");
  }
  return until ?? Date.now() + (lasting ?? 0);
}
