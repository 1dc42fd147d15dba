import { type SettingEntry, settingEntries } from "../config/index.ts";

/** The flags of all settings, section by section, for `serve --help`. */
export function settingsHelp(columns: number): string {
  const sections = Map.groupBy(settingEntries, ({ path }) => path.split(".")[0] ?? path);
  const blocks = [...sections.values()].map((entries) =>
    entries.map((entry) => flagHelp(entry, columns)).join("\n"),
  );
  return `
Settings. Each is also a variable (--drain-delay is SLUICE_DRAIN_DELAY) and a line of the
file (drain: {delay: 5s}); a flag wins over a variable, a variable over the file.

  -c, --config <file>
      Settings file (YAML); the variable is SLUICE_CONFIG.
  -f <path>
      Resources to serve in place of the built-in services: --resources-files.

${blocks.join("\n\n")}

Examples:
  sluice serve
  sluice serve --listen-icap 127.0.0.1:1344 --log-level warn
  sluice config settings > sluice.yaml; sluice serve --config sluice.yaml

Exit status: 0 after SIGTERM or SIGINT, when all transactions have ended; 1 when it could not
start, crashed, or was cut short by a second signal; 2 when settings are wrong.`;
}

function flagHelp({ flag, setting }: SettingEntry, columns: number): string {
  const form = setting.form.replaceAll("`", "").replaceAll(", ", "|");
  const usage = setting.type === "toggle" ? `--[no-]${flag}` : `--${flag} <${form}>`;
  const fallback = setting.default === undefined ? "" : ` [${String(setting.default) || "none"}]`;
  const description = setting.description.replaceAll("`", "");
  return `  ${usage}${fallback}\n${wrapped(description, columns - 6, "      ")}`;
}

/** Breaks a text at spaces into lines of at most `width` characters. */
function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => indent + each).join("\n");
}
