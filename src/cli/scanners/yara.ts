import { tmpdir } from "node:os";
import { formatDuration } from "../../config/index.ts";
import { count, path, span } from "./scanner-setting.ts";
import { shippedScanner } from "./shipped-scanner.ts";

/** `sluice scanner yara` */
export const yara = shippedScanner({
  name: "yara",
  summary: "with YARA rules",
  settings: [
    {
      name: "rules",
      form: "paths",
      fallback: "",
      description:
        "Files of rules, and directories of .yar and .yara files; several, separated by commas.",
      parse: (text: string) =>
        text
          .split(",")
          .map((one) => one.trim())
          .filter((one) => one !== ""),
    },
    {
      name: "shipped-rules",
      form: "yes|no",
      fallback: "yes",
      description: "Whether the rules that come with Sluice are used as well.",
      parse: (text: string) => (text === "yes" || text === "no" ? text : undefined),
    },
    {
      name: "poll-interval",
      form: "duration",
      fallback: formatDuration(5000),
      description: "How often the rules are looked at for a change.",
      parse: span,
    },
    {
      name: "cache-directory",
      form: "path",
      fallback: "",
      description: "Where compiled rules are kept for the next start; nobody else may write there.",
      parse: path,
    },
    {
      name: "work-directory",
      form: "path",
      fallback: tmpdir(),
      description: "Where bodies too large for memory are kept while they are scanned.",
      parse: path,
    },
    {
      name: "threads",
      form: "count",
      fallback: "",
      description: "Threads that scan. [one less than there are processors]",
      parse: (text: string) => (text === "" ? ("auto" as const) : count(text)),
    },
  ],
  start: (scanners, settings, server) =>
    scanners.yara(
      {
        rules: settings.rules,
        shippedRules: settings["shipped-rules"] === "yes",
        pollMs: settings["poll-interval"],
        cacheDirectory: settings["cache-directory"] || undefined,
        workDirectory: settings["work-directory"],
        threads: settings.threads === "auto" ? undefined : settings.threads,
      },
      server,
    ),
});
