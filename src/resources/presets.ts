import { readdirSync, readFileSync } from "node:fs";

const directory = new URL("./presets/", import.meta.url);

/** `ClamavRest` is the file `clamav-rest.yaml`. */
function fileOf(name: string): string {
  return `${name.replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}.yaml`;
}

function nameOf(file: string): string {
  const words = file.replace(/\.yaml$/, "").split("-");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** The names of all presets, in the order of the alphabet. */
export function presetNames(): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map(nameOf);
}

/** The text of a preset; undefined when there is none of that name. */
export function presetText(name: string): string | undefined {
  return presetNames().includes(name)
    ? readFileSync(new URL(fileOf(name), directory), "utf8")
    : undefined;
}
