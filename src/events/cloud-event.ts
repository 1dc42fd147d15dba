import { type LateVerdict, wasDelivered } from "../background/index.ts";

/**
 * An event in the JSON format of CloudEvents 1.0. Written here: eight members of an object, for which
 * the library of the project brings six packages.
 */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: object;
}

/** The verdict on an entity came after the answer. */
const LATE_VERDICT = "dev.sluice.verdict.late";

/**
 * Its `id` and `source` are the same on whatever pod the scan ends, so that one told twice is known. A
 * scan that was told lost may come to its verdict all the same: that is another event.
 */
export function lateVerdictEvent(late: LateVerdict): CloudEvent {
  const { record, verdict, endedAt, recipients } = late;
  const { service, scanner, id, entity, startedAt } = record;
  const { kind, reason, threats, score, message } = verdict;
  return {
    specversion: "1.0",
    id: `${id}-${kind}`,
    source: `/icapservices/${encodeURIComponent(service)}`,
    type: LATE_VERDICT,
    subject: entity.sha256,
    time: isoTime(endedAt),
    datacontenttype: "application/json",
    data: {
      service,
      scanner,
      verdict: kind,
      reason,
      threats,
      score,
      message,
      entity: {
        sha256: entity.sha256,
        size: entity.size,
        mediaType: entity.declaredType,
        fileName: entity.fileName,
      },
      startedAt: isoTime(startedAt),
      delivered: wasDelivered(late),
      recipients: recipients.map(({ at, ...recipient }) => ({ ...recipient, time: isoTime(at) })),
    },
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
