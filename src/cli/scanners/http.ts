import { path, token } from "./scanner-setting.ts";
import { shippedScanner } from "./shipped-scanner.ts";

/** `sluice scanner http` */
export const http = shippedScanner({
  name: "http",
  summary: "in front of any HTTP API",
  settings: [
    {
      name: "template",
      form: "path",
      fallback: "",
      description: "YAML that says how the API is asked (docs/templates.md).",
      parse: path,
    },
    {
      name: "preset",
      form: "name",
      fallback: "",
      description: "Template that comes with Sluice, such as VirusTotal, in place of --template.",
      parse: token,
    },
    {
      name: "url",
      form: "url",
      fallback: "",
      description: "Base URL of the API in place of the template's own.",
      parse: (text: string) =>
        text === "" || /^https?:$/.test(URL.parse(text)?.protocol ?? "") ? text : undefined,
    },
    {
      name: "params",
      form: "json",
      fallback: "{}",
      description: "The template's parameters as a JSON object.",
      parse: jsonObject,
    },
    {
      name: "secrets-directory",
      form: "path",
      fallback: "",
      description: "The template's secrets, a file each by name, as a Secret is mounted.",
      parse: path,
    },
    {
      name: "ca-file",
      form: "path",
      fallback: "",
      description: "Authorities in PEM that the API's certificate is trusted by. [the system's]",
      parse: path,
    },
    {
      name: "work-directory",
      form: "path",
      fallback: "",
      description: "Where large bodies are kept. [the system's for temporary files]",
      parse: path,
    },
  ],
  start: (scanners, settings, server) =>
    scanners.http(
      {
        templateFile: settings.template || undefined,
        preset: settings.preset || undefined,
        url: settings.url || undefined,
        params: settings.params,
        secretsDirectory: settings["secrets-directory"] || undefined,
        caFile: settings["ca-file"] || undefined,
        workDirectory: settings["work-directory"] || undefined,
      },
      server,
    ),
});

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
