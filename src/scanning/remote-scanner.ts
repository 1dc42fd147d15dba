import type { Logger } from "../telemetry/index.ts";
import type { CircuitSettings } from "./circuit.ts";

/** How to reach a scanner and to prove who asks; made of secrets, so never logged. */
export interface ScannerCredentials {
  readonly tls?:
    | {
        /** PEM. Left out: the authorities that Node trusts. */
        readonly ca?: string;
        readonly certificate?: { readonly cert: string; readonly key: string };
        readonly serverName?: string;
        readonly minVersion: "TLSv1.2" | "TLSv1.3";
      }
    | undefined;
  /** A field of every request, HTTP or ICAP, for example `authorization`. */
  readonly auth?: { readonly name: string; readonly value: string } | undefined;
}

export interface RetrySettings {
  /** Attempts in all, each at another endpoint where there is one. */
  readonly attempts: number;
  /** Retries may be that much of the scans. */
  readonly budgetPercent: number;
  readonly backoffMs: number;
}

/** What is said of every scanner that is asked over a network, whatever it speaks. */
export interface RemoteScannerOptions<Credentials extends ScannerCredentials = ScannerCredentials> {
  readonly name: string;
  /** To each endpoint. */
  readonly connections: number;
  readonly retry: RetrySettings;
  readonly circuitBreaker: CircuitSettings;
  readonly credentials: Credentials;
  /** Calls with credentials that take the place of those before; returns what ends that. */
  readonly onCredentials?: (use: (credentials: Credentials) => void) => () => void;
  readonly logger: Logger;
}
