/**
 * Admin: the HTTP side door with health and metrics, for kubelets, scrapers and people. It must not
 * know the server: what is ready and what is counted is told to it by functions.
 *
 * @module
 */
export { AdminServer, type AdminServerOptions } from "./admin-server.ts";
export type { AdminSources, Readiness } from "./endpoints.ts";
