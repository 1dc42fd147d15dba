import { z } from "zod";
import { SettingsError } from "./settings-error.ts";
import { settingsText } from "./settings-text.ts";

/** Where a secret is: it stands in no settings file itself. */
export const secretReference = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ env: z.string().regex(/^\w+$/, "is no name of a variable") }),
]);
export type SecretReference = z.output<typeof secretReference>;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The secret, read again at each call, for files are rotated. Rejects with a `SettingsError` when
 * it is not there. A line end at the end of a file is not part of it.
 */
export async function readSecret(reference: SecretReference, env: Environment): Promise<string> {
  if ("env" in reference) {
    const value = env[reference.env];
    if (value === undefined) throw new SettingsError([`no variable ${reference.env}`]);
    return value;
  }
  return (await settingsText(reference.file)).replace(/\r?\n$/, "");
}
