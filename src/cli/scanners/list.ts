import { path } from "./scanner-setting.ts";
import { shippedScanner } from "./shipped-scanner.ts";

/** `sluice scanner list` */
export const list = shippedScanner({
  name: "list",
  summary: "from lists of hashes, hosts, domains and URLs",
  settings: [
    {
      name: "config",
      form: "path",
      fallback: "",
      description: "YAML that says which lists, and what each means (docs/scanner-list.md).",
      parse: path,
    },
    {
      name: "domains",
      form: "paths",
      fallback: "",
      description: "Lists of hosts, domains and URLs to block; several, separated by commas.",
      parse: paths,
    },
    {
      name: "hashes",
      form: "paths",
      fallback: "",
      description: "Lists of hashes to block.",
      parse: paths,
    },
    {
      name: "allow-domains",
      form: "paths",
      fallback: "",
      description: "Lists of exceptions from --domains.",
      parse: paths,
    },
    {
      name: "allow-hashes",
      form: "paths",
      fallback: "",
      description: "Lists of exceptions from --hashes.",
      parse: paths,
    },
  ],
  start: (scanners, settings, server) =>
    scanners.list(
      {
        configFile: settings.config || undefined,
        names: settings.domains,
        hashes: settings.hashes,
        allowNames: settings["allow-domains"],
        allowHashes: settings["allow-hashes"],
      },
      server,
    ),
});

function paths(text: string): readonly string[] | undefined {
  const all = text.split(",").map((one) => one.trim());
  if (text === "") return [];
  return all.some((one) => one === "" || one.includes("\0")) ? undefined : all;
}
