import type { ServiceEntry } from "../resources/index.ts";
import { DeadlineScanner, Screening, type ScreeningMember } from "../scanning/index.ts";
import { strategyOf } from "./combined-scanner.ts";
import type { ScannersByKey } from "./scanner-shelf.ts";
import { UnavailableScanner } from "./unavailable-scanner.ts";

/** The judges of a service as those who may decide on beginnings; undefined when none of them could. */
export function screeningOf(entry: ServiceEntry, scanners: ScannersByKey): Screening | undefined {
  const judges = entry.scanners.filter(({ mode, role }) => mode === "Hold" && role === "Judge");
  const { cleanTtlMs: cleanMs, blockedTtlMs: blockedMs } = entry.cache;
  const cacheTtl = { cleanMs, blockedMs };
  const members = judges.map((listed): ScreeningMember => {
    const { name, scanner, required, timeoutMs, policy } = listed;
    const found = scanner === undefined ? undefined : scanners.get(scanner);
    const asked = found ?? new UnavailableScanner(name, "not in the table");
    const judge = new DeadlineScanner(asked, { timeoutMs, cacheTtl });
    return { scanner: asked, judge, required, timeoutMs, policy };
  });
  if (!members.some(({ scanner }) => scanner.screen !== undefined)) return undefined;
  return new Screening(members, {
    strategy: strategyOf(entry.combine),
    settlesClean: judges.length === entry.scanners.length,
  });
}
