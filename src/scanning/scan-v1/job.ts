import { z } from "zod";

const MAX_PATH_LENGTH = 768;

const scanJob = z.strictObject({
  /** The base URL that the scanner's configuration names. */
  url: z.string(),
  /** The replica, where the name of the URL stands for several. */
  address: z.string().optional(),
  /** Where the scan is asked about, with its query. */
  path: z.string().startsWith("/").max(MAX_PATH_LENGTH),
});

/** Where a scan that was answered 202 can be asked about, by any pod. Holds no secret. */
export type ScanJob = z.output<typeof scanJob>;

/** Undefined when the scanner's path is too long to be kept: then nobody can follow. */
export function encodeJob({ url, address, path }: ScanJob): string | undefined {
  if (path.length > MAX_PATH_LENGTH) return undefined;
  return JSON.stringify({ url, ...(address !== undefined && { address }), path });
}

/**
 * What `encodeJob` made. A job comes from a store that others may write to: whoever asks about it
 * must know the URL and the address as its own, and never ask another. Undefined for anything else.
 */
export function decodeJob(text: string): ScanJob | undefined {
  try {
    return scanJob.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
