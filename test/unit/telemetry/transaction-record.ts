import type { TransactionRecord } from "../../../src/telemetry/index.ts";

/** A record with every field, so that a field added to the type must be added here. */
export const fullRecord: Required<TransactionRecord> = {
  incidentId: "01JD8QZ5",
  service: "scan",
  method: "RESPMOD",
  icapStatus: 200,
  outcome: "blocked",
  cause: "verdict",
  peer: "192.0.2.1",
  clientIp: "192.0.2.77",
  user: "ada",
  groups: ["staff"],
  httpMethod: "GET",
  host: "example.com",
  entityType: "application/zip",
  entitySize: 70_000,
  sha256: "0".repeat(64),
  verdict: "blocked",
  threats: ["EICAR-Test-File"],
  errorCode: "ICAP_ERR_NONE",
  bytesIn: 1200,
  bytesOut: 3400,
  durationMs: 12.345_678_9,
  scanMs: 4.000_000_1,
};
