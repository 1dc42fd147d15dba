/**
 * The URL of a module to start a worker with. The compiler rewrites `.ts` in imports but not in
 * URLs, so the ending is that of the file this runs from.
 *
 * @example
 * new Worker(workerEntry(import.meta.url, "./scan-worker"));
 */
export function workerEntry(base: string, module: string): URL {
  return new URL(`${module}${base.endsWith(".ts") ? ".ts" : ".js"}`, base);
}
