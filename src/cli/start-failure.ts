import type { StartError } from "../app/index.ts";
import { ExitCode } from "./exit-code.ts";

/**
 * How Node words a failed `listen`, with its address at the end: `listen EADDRINUSE: address already
 * in use :::1344`; in a worker process `bind EADDRINUSE 127.0.0.1:1344`. Only the message comes with
 * the error from a worker to its primary.
 */
const listenMessage = /^(?:listen|bind) (?<code>E[A-Z]+)\b.*?(?<host>[^\s]*):(?<port>\d+)$/;

/** `ENOENT: no such file or directory, open '/etc/tls/key.pem'` */
const fileMessage = /^E[A-Z]+: (?<reason>[^']+), \w+ '(?<path>.+)'$/s;

/** `error:0480006C:PEM routines::no start line`, of OpenSSL, which names no file. */
const tlsMessage = /^error:[0-9A-F]+:(?<part>[^:]*):[^:]*:(?<reason>.+)$/;

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program has this port; stop it, or choose another port",
  EACCES: "no permission; ports below 1024 are for root, or need CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL: "this machine has no such address",
  EAFNOSUPPORT: "this machine has no IPv6; name an IPv4 address such as 0.0.0.0",
};

/** What a failed start prints and means. */
export interface StartFailure {
  /** Without the last line feed; empty when another process prints it. */
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** Why Sluice could not start: a line, or one for each problem of the resources. */
export function startFailure(error: unknown): StartFailure {
  const { problems, isToldByPrimary } = (error instanceof Error ? error : {}) as StartError;
  if (problems !== undefined) return { text: problems.join("\n"), exitCode: ExitCode.Unusable };
  return { text: isToldByPrimary ? "" : reasonLine(error), exitCode: ExitCode.Failed };
}

function reasonLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { code = "", host = "", port } = listenMessage.exec(message)?.groups ?? {};
  if (port === undefined) return `cannot start: ${wordsOf(message)}`;
  const place = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return `cannot listen on ${place}: ${reasons[code] ?? code}`;
}

function wordsOf(message: string): string {
  const file = fileMessage.exec(message)?.groups;
  if (file !== undefined) return `${file["path"]}: ${file["reason"]}`;
  const tls = tlsMessage.exec(message)?.groups;
  if (tls === undefined) return message;
  return `a certificate or its key cannot be used: ${tls["reason"]} (${tls["part"]})`;
}
