/** Where an ICAP service is. */
export interface ServiceUrl {
  /** As ICAP requests name it: `icap://host:port/path?query`. */
  readonly uri: string;
  /** `host:port` as a header carries it; IPv6 in brackets. */
  readonly authority: string;
  /** Name or address to connect to; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

const defaultPorts = { "icap:": 1344, "icaps:": 11_344 } as const;

const isIcapScheme = (scheme: string): scheme is keyof typeof defaultPorts =>
  Object.hasOwn(defaultPorts, scheme);

/** Reads `icap://host[:port]/path` or `icaps://…`; undefined for anything else. User info is dropped. */
export function parseServiceUrl(text: string): ServiceUrl | undefined {
  const url = URL.parse(text);
  if (url === null || url.hostname === "" || !isIcapScheme(url.protocol)) return;
  const port = url.port === "" ? defaultPorts[url.protocol] : Number(url.port);
  const authority = `${url.hostname}:${port}`;
  return {
    uri: `${url.protocol}//${authority}${url.pathname}${url.search}`,
    authority,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    isTls: url.protocol === "icaps:",
  };
}
