import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type IcapClientOptions, parseServiceUrl, type ServiceUrl } from "../client/index.ts";
import { parseDuration } from "../config/index.ts";
import { version } from "./version.ts";

/** Flags of the commands that ask a server. */
export interface ClientFlags {
  readonly timeout: number;
  readonly tlsCa?: Buffer;
}

export const defaultService = "icap://127.0.0.1:1344/scan";
const connectTimeoutMs = 5000;
/** More than a scan may take by default. */
const defaultTimeoutMs = 90_000;

/** For an option or argument that is the URL of a service. */
export function serviceUrl(text: string): ServiceUrl {
  const url = parseServiceUrl(text);
  if (url !== undefined) return url;
  throw new InvalidArgumentError("It must look like icap://127.0.0.1:1344/scan or icaps://….");
}

function timeout(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("It must be a time such as 500ms, 30s or 2m.");
}

function pemFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

/** Adds the flags to a command. */
export function withClientFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--timeout <time>", "longest silence of the server")
        .argParser(timeout)
        .default(defaultTimeoutMs, "90s"),
    )
    .option("--tls-ca <file>", "certificate authorities to trust (PEM), for icaps", pemFile);
}

export function clientOptions(url: ServiceUrl, { timeout, tlsCa }: ClientFlags): IcapClientOptions {
  return {
    url,
    connectTimeoutMs: Math.min(connectTimeoutMs, timeout),
    idleTimeoutMs: timeout,
    ca: tlsCa,
    userAgent: `sluice/${version}`,
  };
}
