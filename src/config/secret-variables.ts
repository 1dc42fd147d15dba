/** A value of a Secret, or of a ConfigMap, as resources refer to it. */
export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

const PREFIX = "SLUICE_SECRET_";

export const isSecretVariable = (name: string): boolean => name.startsWith(PREFIX);

/** `SLUICE_SECRET_SECURITY_VENDOR_API_KEY` for the key `api-key` of `vendor` in `security`. */
export function secretVariable({ namespace, name, key }: SecretRef): string {
  return (
    PREFIX +
    [namespace, name, key].map((part) => part.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()).join("_")
  );
}

/** What the environment of this process holds for a secret; never a part of the settings, which are printed. */
export function secretFromEnvironment(ref: SecretRef): string | undefined {
  return process.env[secretVariable(ref)];
}
