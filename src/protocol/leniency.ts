/** Named relaxations of the grammar. Each names the peer that needs it; the rest of RFC 3507 is strict. */
export interface Leniency {
  /** Accept a request without `Host`: rspamd's RESPMOD has none (RFC 3507 §4.3.2 asks for it). */
  readonly missingHost: boolean;
  /** Accept `Name : value`. No known client needs it; it is a request-smuggling hazard (RFC 7230 §3.2.4). */
  readonly spaceBeforeColon: boolean;
  /** Accept `OPTIONS /echo ICAP/1.0`: hand-written probes (RFC 3507 §4.2 asks for an absolute URI). */
  readonly relativeUri: boolean;
  /** Drop a header section listed after the body: ownCloud's McAfee mode sends `res-body=N, req-hdr=M`. */
  readonly sectionAfterBody: boolean;
}

export const DEFAULT_LENIENCY: Leniency = {
  missingHost: true,
  spaceBeforeColon: false,
  relativeUri: false,
  sectionAfterBody: true,
};
