import { path } from "./scanner-setting.ts";
import { shippedScanner } from "./shipped-scanner.ts";

/** `sluice scanner sql` */
export const sql = shippedScanner({
  name: "sql",
  summary: "from a query of PostgreSQL, MySQL, MariaDB or SQLite",
  settings: [
    {
      name: "config",
      form: "path",
      fallback: "",
      description: "YAML that says which database, and what it is asked (docs/scanner-sql.md).",
      parse: (text: string) => path(text) || undefined,
    },
  ],
  start: (scanners, settings, server) => scanners.sql({ configFile: settings.config }, server),
});
