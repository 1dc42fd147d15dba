import type { ScanServerOptions } from "../../app/index.ts";
import { formatDuration, formatSize } from "../../config/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import {
  count,
  duration,
  path,
  type ScannerSetting,
  type SettingValues,
  size,
  span,
} from "./scanner-setting.ts";

const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
type LogLevel = (typeof logLevels)[number];

/** What every shipped scanner has. */
export const serverSettings = [
  {
    name: "listen",
    form: "address",
    fallback: "127.0.0.1:8080",
    description: "Where scan/v1 is served; :8080 is every address.",
    parse: parseListen,
  },
  {
    name: "token-file",
    form: "path",
    fallback: "",
    description: "Bearer tokens, one a line; without one of them nobody scans.",
    parse: path,
  },
  {
    name: "tls-cert",
    form: "path",
    fallback: "",
    description: "Certificate chain in PEM, for HTTPS; needs --tls-key.",
    parse: path,
  },
  {
    name: "tls-key",
    form: "path",
    fallback: "",
    description: "Private key of --tls-cert in PEM.",
    parse: path,
  },
  {
    name: "tls-client-ca",
    form: "path",
    fallback: "",
    description: "Authorities in PEM; without a certificate of one of them nobody scans.",
    parse: path,
  },
  {
    name: "max-bytes",
    form: "size",
    fallback: formatSize(100 * 1024 ** 2),
    description: "Larger bodies are answered 413, which Sluice takes for unscannable.",
    parse: size,
  },
  {
    name: "concurrency",
    form: "count",
    fallback: "64",
    description: "Scans at a time; what comes on top is answered 503.",
    parse: count,
  },
  {
    name: "scan-timeout",
    form: "duration",
    fallback: formatDuration(120_000),
    description: "Longest time for a scan; a client may ask for less by Scan-Deadline-Ms.",
    parse: span,
  },
  {
    name: "drain-delay",
    form: "duration",
    fallback: formatDuration(5000),
    description: "How long requests are still taken after SIGTERM, while /readyz says no.",
    parse: duration,
  },
  {
    name: "drain-timeout",
    form: "duration",
    fallback: formatDuration(30_000),
    description: "How long scans under way may take after that.",
    parse: duration,
  },
  {
    name: "log-level",
    form: logLevels.join("|"),
    fallback: "info",
    description: "Least level that is logged.",
    parse: (text: string): LogLevel | undefined => logLevels.find((level) => level === text),
  },
] as const satisfies readonly ScannerSetting[];

export type ServerSettings = SettingValues<typeof serverSettings>;

/** What is wrong with settings that are right each for itself. */
export function contradictions(settings: ServerSettings): readonly string[] {
  const { "tls-cert": cert, "tls-key": key, "tls-client-ca": ca } = settings;
  const problems: string[] = [];
  if ((cert === "") !== (key === "")) problems.push("--tls-cert and --tls-key need each other");
  if (ca !== "" && cert === "") problems.push("--tls-client-ca needs --tls-cert");
  return problems;
}

export function scanServerOptions(settings: ServerSettings, logger: Logger): ScanServerOptions {
  return {
    ...settings.listen,
    maxBytes: settings["max-bytes"],
    maxConcurrentScans: settings.concurrency,
    scanTimeoutMs: settings["scan-timeout"],
    drainDelayMs: settings["drain-delay"],
    drainTimeoutMs: settings["drain-timeout"],
    logger,
    access: {
      tokenFile: settings["token-file"] || undefined,
      tls:
        settings["tls-cert"] === ""
          ? undefined
          : {
              certFile: settings["tls-cert"],
              keyFile: settings["tls-key"],
              clientCaFile: settings["tls-client-ca"] || undefined,
            },
    },
  };
}

function parseListen(text: string): { host: string; port: number } | undefined {
  const pattern = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[\w.-]*)):(?<port>\d{1,5})$/i;
  const { v6, name, port } = pattern.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) return undefined;
  return { host: (v6 ?? name) || "::", port: Number(port) };
}
