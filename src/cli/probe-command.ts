import {
  IcapClient,
  IcapClientError,
  type ServiceFacts,
  type ServiceUrl,
} from "../client/index.ts";
import type { CliContext } from "./cli-context.ts";
import { type ClientFlags, clientOptions } from "./client-flags.ts";
import { ExitCode } from "./exit-code.ts";

export interface ProbeFlags extends ClientFlags {
  readonly json?: boolean;
}

/** Asks a service for its OPTIONS and prints what it says. Healthy is: it answered 200. */
export async function probe(
  url: ServiceUrl,
  flags: ProbeFlags,
  context: CliContext,
): Promise<ExitCode> {
  const client = new IcapClient(clientOptions(url, flags));
  try {
    const facts = await client.options();
    context.stdout.write(flags.json ? jsonText(url, facts) : factsText(url, facts));
    return facts.status === 200 ? ExitCode.Ok : ExitCode.Failed;
  } catch (error) {
    if (!(error instanceof IcapClientError)) throw error;
    context.stderr.write(`error: ${error.message}\n`);
    return ExitCode.Failed;
  } finally {
    client.close();
  }
}

function jsonText(url: ServiceUrl, { fields, ...facts }: ServiceFacts): string {
  return `${JSON.stringify({ url: url.uri, ...facts })}\n`;
}

function factsText(url: ServiceUrl, facts: ServiceFacts): string {
  const rows: readonly (readonly [string, string | number | undefined])[] = [
    ["service", facts.service],
    ["methods", facts.methods.join(", ")],
    ["istag", facts.istag],
    ["preview", facts.previewBytes === undefined ? "none" : `${facts.previewBytes} bytes`],
    ["allows 204", facts.allows204 ? "yes" : "no"],
    ["connections", facts.maxConnections],
    ["ttl", facts.optionsTtlSeconds === undefined ? undefined : `${facts.optionsTtlSeconds} s`],
  ];
  const shown = facts.status === 200 ? rows.filter(([, value]) => value !== undefined) : [];
  const lines = shown.map(([label, value]) => `  ${label.padEnd(12)} ${value}`);
  const first = `${url.uri} answered ICAP ${facts.status} ${facts.reason}`.trimEnd();
  return `${[first, ...lines].join("\n").replace(/[^\P{Cc}\n]/gu, "?")}\n`;
}
