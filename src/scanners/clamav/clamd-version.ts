/** What `VERSION` says of a clamd. */
export interface ClamdVersion {
  readonly engine: string;
  /** Of daily.cvd; undefined when clamd has loaded none. */
  readonly signatures: string | undefined;
  /** ISO 8601. */
  readonly signaturesDate: string | undefined;
}

const versionReply =
  /^ClamAV (?<engine>[\w.+~-]{1,64})(?:\/(?<signatures>\d{1,10})(?:\/(?<date>[\w: ]{1,32}))?)?$/;

/** Reads `ClamAV 1.4.6/27500/Fri Nov 20 08:30:12 2026` and `ClamAV 1.4.6`. */
export function parseVersion(reply: string): ClamdVersion | undefined {
  const { engine, signatures, date } = versionReply.exec(reply)?.groups ?? {};
  if (engine === undefined) return undefined;
  // clamd writes its local time and no zone, as this process most likely has it too.
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return {
    engine,
    signatures,
    signaturesDate: Number.isNaN(time) ? undefined : new Date(time).toISOString(),
  };
}

/** Identity of a clamd's engine and signatures; `own` is that of signatures that no version tells. */
export function epochOf({ engine, signatures }: ClamdVersion, own: string | undefined): string {
  const parts = [`clamav ${engine}`];
  if (signatures !== undefined) parts.push(`daily=${signatures}`);
  if (own !== undefined) parts.push(`own=${own}`);
  return parts.join(";");
}
