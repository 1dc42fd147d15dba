/** What a service has to do: each peer says under which path it does it. */
export const Role = {
  /** 204 as soon as the preview is there. */
  Preview: "preview",
  /** Reads the whole body, then 204. */
  Read: "read",
  /** Sends everything back. */
  Echo: "echo",
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** What the load generator sends; the words of its `--mode`. */
export type LoadMode = "options" | "reqmod" | "preview" | "read" | "echo";

/** One kind of transaction that is measured. */
export interface Mode {
  readonly name: string;
  readonly title: string;
  readonly load: LoadMode;
  readonly role: Role;
  readonly bodyBytes: number;
  readonly status: 200 | 204;
  /** The first bytes of each body differ; the default. */
  readonly unique?: boolean;
  /** Server CPU time per transaction as a share of what c-icap spends: at most this. */
  readonly maxCpuRatio: number;
  /** System calls per transaction, counted with strace: at most this, where it is asserted. */
  readonly maxSyscalls?: number;
}

const kib = 1024;
const mib = 1024 * kib;

/** The targets are those of docs/performance.md. */
export const modes: readonly Mode[] = [
  {
    name: "options",
    title: "OPTIONS",
    load: "options",
    role: Role.Preview,
    bodyBytes: 0,
    status: 200,
    maxCpuRatio: 0.85,
    maxSyscalls: 2.3,
  },
  {
    name: "reqmod",
    title: "REQMOD without body → 204",
    load: "reqmod",
    role: Role.Preview,
    bodyBytes: 0,
    status: 204,
    maxCpuRatio: 0.85,
    maxSyscalls: 2.3,
  },
  {
    name: "preview-1k",
    title: "RESPMOD 1 KB, all in the preview → 204",
    load: "preview",
    role: Role.Preview,
    bodyBytes: kib,
    status: 204,
    maxCpuRatio: 0.7,
    maxSyscalls: 2.3,
  },
  {
    name: "preview-100k",
    title: "RESPMOD 100 KB, preview → 204",
    load: "preview",
    role: Role.Preview,
    bodyBytes: 100 * kib,
    status: 204,
    maxCpuRatio: 0.7,
  },
  {
    name: "echo-1k",
    title: "RESPMOD 1 KB → echo",
    load: "echo",
    role: Role.Echo,
    bodyBytes: kib,
    status: 200,
    maxCpuRatio: 0.5,
  },
  {
    name: "read-100k",
    title: "RESPMOD 100 KB, read all → 204",
    load: "read",
    role: Role.Read,
    bodyBytes: 100 * kib,
    status: 204,
    maxCpuRatio: 0.45,
  },
  {
    name: "echo-100k",
    title: "RESPMOD 100 KB → echo",
    load: "echo",
    role: Role.Echo,
    bodyBytes: 100 * kib,
    status: 200,
    maxCpuRatio: 0.25,
    maxSyscalls: 4.5,
  },
  {
    name: "echo-10m",
    title: "RESPMOD 10 MB → echo",
    load: "echo",
    role: Role.Echo,
    bodyBytes: 10 * mib,
    status: 200,
    maxCpuRatio: 0.25,
  },
];

/** The mode of that name; throws with the names there are. */
export function modeNamed(name: string): Mode {
  const mode = modes.find((candidate) => candidate.name === name);
  if (mode !== undefined) return mode;
  throw new Error(`no mode ${name}; there are ${modes.map((known) => known.name).join(", ")}`);
}
