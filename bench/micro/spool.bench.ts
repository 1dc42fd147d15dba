import { tmpdir } from "node:os";
import { SPOOL_DEFAULTS, SpoolStore } from "../../src/entity/index.ts";
import type { MicroSuite, MicroTask } from "./suite.ts";

const store = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: tmpdir() });
const chunkBytes = 16 * 1024;
const chunk = Buffer.alloc(chunkBytes, "x");

/** Copies the body as it comes, hashes it, gives its memory back. */
function keep(name: string, bytes: number): MicroTask {
  return {
    name,
    bytes,
    run() {
      const spool = store.create(bytes);
      for (let left = bytes; left > 0; left -= chunkBytes) {
        spool.append(chunk, 0, Math.min(left, chunkBytes));
      }
      const body = spool.finishInMemory();
      spool.recycle();
      return body?.sha256;
    },
  };
}

export const suite: MicroSuite = {
  title: "keep and hash a body",
  tasks: [keep("1 KB", 1024), keep("16 KB", 16 * 1024), keep("100 KB", 100 * 1024)],
  close: () => store.close(),
};
