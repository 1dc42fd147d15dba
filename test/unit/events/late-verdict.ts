import type { LateVerdict } from "../../../src/background/index.ts";
import { verdictOf } from "../../support/job-scanner.ts";

/** A threat that somebody has received, with all that can be told of it. */
export function lateVerdict(more: Partial<LateVerdict> = {}): LateVerdict {
  return {
    record: {
      form: 1,
      id: "0f2b1a4e-8a56-4f4e-9a34-0f2dbb3e7d0e",
      scannerKey: "IcapScanner/a/cape",
      scanner: "sandbox",
      service: "downloads",
      epoch: "1",
      entity: {
        sha256: "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
        size: 68,
        declaredType: "application/octet-stream",
        fileName: "invoice.exe",
      },
      context: {},
      startedAt: Date.UTC(2026, 10, 22, 7, 1, 58, 20),
      expiresAt: Date.UTC(2026, 10, 22, 7, 16, 58),
      job: "a job is nobody else's business",
    },
    verdict: verdictOf("blocked", {
      reason: "sandbox",
      threats: [{ name: "Trojan.Generic", engine: "cape" }],
      score: 0.9,
      message: "It wrote to the registry.",
    }),
    endedAt: Date.UTC(2026, 10, 22, 7, 4, 11, 532),
    recipients: [
      {
        transactionId: "01JD9K3V8Q6Y1T0Z5W2X7R4M3N",
        service: "downloads",
        at: Date.UTC(2026, 10, 22, 7, 1, 58, 20),
        url: "http://files.example/invoice.exe",
        clientIp: "10.1.2.3",
        user: "anna",
        delivered: true,
      },
    ],
    ...more,
  };
}
