import { readFile } from "node:fs/promises";
import { getSystemErrorMessage } from "node:util";
import { SettingsError } from "./settings-error.ts";

/** The text of a file that settings name. Rejects with a `SettingsError` that says why not. */
export async function settingsText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    const reason = errno === undefined ? message : getSystemErrorMessage(errno);
    throw new SettingsError([`${path}: cannot be read: ${reason}`]);
  }
}
