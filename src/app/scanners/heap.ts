import { setFlagsFromString } from "node:v8";

/**
 * Lets the heap grow to five times what lives in it before it is collected whole. A scanner's heap is
 * small and the bodies that pass through count with it: left alone, V8 collects five times a second
 * under load, which is half of the scanner's CPU time.
 */
export function letHeapGrow(): void {
  setFlagsFromString("--heap-growing-percent=400");
}
