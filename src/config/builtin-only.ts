import type { EffectiveSetting } from "./load.ts";
import type { Settings } from "./settings.ts";

/** What resources say for themselves; the rest of `services` and `scan` holds for all of them. */
const builtinOnly =
  /^(services\.(preview|on\..+|violationsHeader|logIdentity|block\..+)|scan\.(rulesDirectory|hashList))$/;

/**
 * Settings that somebody set and that nothing reads: they describe the built-in services, and
 * resource files take the place of those.
 */
export function ignoredSettings(
  { resources }: Settings,
  effective: readonly EffectiveSetting[],
): readonly EffectiveSetting[] {
  if (resources.files.length === 0) return [];
  return effective.filter(({ path, origin }) => origin !== "default" && builtinOnly.test(path));
}
