import { formatDuration } from "../../config/index.ts";
import { path, span, token } from "./scanner-setting.ts";
import { shippedScanner } from "./shipped-scanner.ts";

/** `sluice scanner clamav` */
export const clamav = shippedScanner({
  name: "clamav",
  summary: "in front of clamd",
  settings: [
    {
      name: "clamd",
      form: "addresses",
      fallback: "127.0.0.1:3310",
      description:
        "Where clamd listens: host:port or unix:/path; several, separated by commas, must be equal.",
      parse: (text: string) => text.split(",").map((one) => one.trim()),
    },
    {
      name: "connect-timeout",
      form: "duration",
      fallback: formatDuration(2000),
      description: "Longest time to connect to a clamd.",
      parse: span,
    },
    {
      name: "probe-interval",
      form: "duration",
      fallback: formatDuration(5000),
      description: "How often each clamd is asked for its version, and so whether it answers.",
      parse: span,
    },
    {
      name: "hand-over-directory",
      form: "path",
      fallback: "",
      description:
        "Directory in memory that clamd sees under the same path: it reads bodies there in place of a stream.",
      parse: path,
    },
    {
      name: "epoch",
      form: "text",
      fallback: "",
      description:
        "Identity of signatures of your own, which clamd tells no version of; change it with them.",
      parse: token,
    },
  ],
  start: (scanners, settings, server) =>
    scanners.clamav(
      {
        clamds: settings.clamd,
        connectTimeoutMs: settings["connect-timeout"],
        probeIntervalMs: settings["probe-interval"],
        ownEpoch: settings.epoch || undefined,
        handOverDirectory: settings["hand-over-directory"] || undefined,
      },
      server,
    ),
});
