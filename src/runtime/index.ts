/**
 * The routing table brought to life: scanners that live from table to table, services made of its
 * entries, and the swap from one table to the next. Must not know sockets or the process's settings.
 *
 * @module
 */
export { Runtime, type RuntimeParts } from "./runtime.ts";
export { type RememberScanner, type ScannerMaker, ScannerShelf } from "./scanner-shelf.ts";
export {
  type CheckedResources,
  checkResources,
  compiledTable,
  type LastGood,
  loadResourceFiles,
  RefusedResources,
  ServedResources,
  type ServedResourcesOptions,
} from "./served-resources.ts";
export { ServiceFactory, type ServiceFactoryOptions } from "./service-factory.ts";
