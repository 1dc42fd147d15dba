/**
 * Runs the function when this process ends. The worker processes of vitest are ended by SIGTERM,
 * which emits no "exit"; other programs, such as scripts/try.ts, handle that signal themselves.
 */
export function atExit(cleanUp: () => void): void {
  process.once("exit", cleanUp);
  if (process.env["VITEST"] === undefined) return;
  process.once("SIGTERM", () => {
    cleanUp();
    // The next one, with no listener left, has the default effect.
    process.kill(process.pid, "SIGTERM");
  });
}
