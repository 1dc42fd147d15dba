/**
 * Admin: the HTTP side door with health and metrics, for kubelets, scrapers and people, and with the API
 * for operators. It must not know the server or the cache: what is ready, what is counted and what
 * can be done is told to it by functions.
 *
 * @module
 */
export { AdminServer, type AdminServerOptions } from "./admin-server.ts";
export { AdminTls } from "./admin-tls.ts";
export { AdminTokens } from "./admin-tokens.ts";
export { CacheApi } from "./cache-api.ts";
export {
  type CacheLookup,
  type CacheOperator,
  type CacheState,
  type KeptOverride,
  OperationError,
  OperationFault,
  type OverrideChange,
  type OverrideList,
  type PurgeDone,
  type TierState,
} from "./cache-operator.ts";
export type { AdminSources, Readiness } from "./endpoints.ts";
