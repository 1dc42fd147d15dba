import { path } from "./scanner-setting.ts";
import { shippedScanner } from "./shipped-scanner.ts";

/** `sluice scanner exec` */
export const exec = shippedScanner({
  name: "exec",
  summary: "in front of any program",
  settings: [
    {
      name: "config",
      form: "path",
      fallback: "",
      description: "YAML that says which program, and what its end means (docs/scanner-exec.md).",
      parse: (text: string) => path(text) || undefined,
    },
    {
      name: "work-directory",
      form: "path",
      fallback: "",
      description:
        "Where each scan gets a directory of its own; best in memory. [the system's for temporary files]",
      parse: path,
    },
  ],
  start: (scanners, settings, server) =>
    scanners.exec(
      {
        configFile: settings.config,
        workDirectory: settings["work-directory"] || undefined,
      },
      server,
    ),
});
