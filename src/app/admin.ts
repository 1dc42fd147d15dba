import { AdminServer, type Readiness } from "../admin/index.ts";
import type { Settings } from "../config/index.ts";
import type { Log } from "../telemetry/index.ts";

export interface AdminMeans {
  readonly logger: Log["logger"];
  draining(): boolean;
  metrics(): Promise<string>;
}

/** The admin port, unless it is switched off. */
export async function startAdmin(
  { admin }: Settings,
  means: AdminMeans,
): Promise<AdminServer | undefined> {
  if (admin.address === undefined) return undefined;
  const readiness = (): Readiness =>
    means.draining() ? { ready: false, reasons: ["draining"] } : { ready: true, reasons: [] };
  const adminServer = new AdminServer({
    ...admin.address,
    logger: means.logger,
    sources: { readiness, metrics: means.metrics },
  });
  await adminServer.start();
  return adminServer;
}
