/**
 * Cli: the commands of `sluice`. It reads arguments and prints for people; what it starts and asks
 * is handed to it or done by others. It must not know sockets, scanners or the parts of the server.
 *
 * @module
 */
export type { CliContext, Output, RunningApp, StartApp } from "./cli-context.ts";
export { runCli } from "./program.ts";
export { version } from "./version.ts";
