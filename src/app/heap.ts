import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8's young generation as small as it starts. Left alone it grows to two halves of 16 MiB
 * under any load and stays so, for objects that all die with their transaction: bodies are in slabs
 * outside of it. Imported first by `main.ts`, because V8 looks at the flag when it thinks of growing.
 */
setFlagsFromString("--semi-space-growth-factor=1");
