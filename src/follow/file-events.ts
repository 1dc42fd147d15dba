import { statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/**
 * Calls back when the system tells of a change at one of the paths. No more than a hint: events miss
 * NFS, and symlink swaps on some systems. Returns what ends that.
 *
 * @param onDeaf called for a path of which no events come
 */
export function watchPaths(
  paths: readonly string[],
  onEvent: () => void,
  onDeaf: (path: string, err: unknown) => void,
): () => void {
  const ends = paths.map((path) => {
    try {
      return watchPath(path, onEvent);
    } catch (err) {
      onDeaf(path, err);
      return () => {};
    }
  });
  return () => {
    for (const end of ends) end();
  };
}

/**
 * Watches directories: a file that an editor or a swapped link replaces is another file, of which its
 * own watcher would not hear.
 */
function watchPath(path: string, onEvent: () => void): () => void {
  const isDirectory = statSync(path).isDirectory();
  const watched = isDirectory ? path : dirname(path);
  const watcher = watch(watched, { persistent: false }, (_event, name) => {
    if (isDirectory || concerns(name, basename(path))) onEvent();
  });
  watcher.on("error", () => watcher.close());
  return () => watcher.close();
}

/** Whether an event in a directory may be about a file in it: `..data` is what Kubernetes swaps. */
function concerns(changed: string | null, name: string): boolean {
  return changed === null || changed === name || changed.startsWith("..");
}
