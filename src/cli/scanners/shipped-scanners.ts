import { clamav } from "./clamav.ts";
import { exec } from "./exec.ts";
import { http } from "./http.ts";
import { list } from "./list.ts";
import type { ShippedScanner } from "./shipped-scanner.ts";
import { sql } from "./sql.ts";
import { yara } from "./yara.ts";

/** Every `sluice scanner …`, in the order of the help. */
export const shippedScanners: readonly ShippedScanner[] = [clamav, exec, http, list, sql, yara];
