/**
 * Sockets: listeners, TLS, PROXY protocol, connection limits, deadlines and drain. The only place
 * that knows `node:net` and `node:tls`; must not know what services do.
 *
 * @module
 */
export {
  type DrainOptions,
  IcapServer,
  type IcapServerOptions,
  type IcapServerPorts,
  type ListenAddress,
} from "./icap-server.ts";
export type { TlsOptions } from "./tls-gate.ts";
export { isWorkerProcess, type WorkerDuties, workerProcess } from "./worker-process.ts";
export { WorkerProcesses, type WorkerProcessesOptions } from "./worker-processes.ts";
