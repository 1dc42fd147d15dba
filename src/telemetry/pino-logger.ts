import { type DestinationStream, pino } from "pino";
import type { LogFields, Logger, LogLevel } from "./logger.ts";

/** Lines wait until this much is there, or until this much time has passed. */
const bufferBytes = 4096;
const flushIntervalMs = 100;
/**
 * One write is under way at a time and ends in a later turn of the event loop, so it must take all
 * that a busy turn logs. It stays below the capacity of a pipe (64 KiB on Linux), so that it is not
 * torn apart as long as the reader keeps up, also when several processes share the pipe.
 */
const maxWriteBytes = 32 * 1024;
/** Lines that a stuck reader of the log may leave waiting; what comes on top is dropped and counted. */
const maxWaitingBytes = 4 * 1024 * 1024;

/** Longest text that a line repeats from outside; a head may be far longer. */
const maxTextLength = 256;

export interface LogOptions {
  readonly level: LogLevel;
  /** File descriptor to write to; standard output when left out. */
  readonly fd?: number;
  /** Fields of every line, for example the number of the worker process. */
  readonly base?: LogFields;
}

export interface Log {
  readonly logger: Logger;
  /** Lines lost so far because nobody read them in time. */
  readonly droppedLines: number;
  /** Whether a line of this level would be written: asked once, not per line. */
  writes(level: LogLevel): boolean;
  /** Writes what waits, now and blocking: for the end of the process. */
  flush(): void;
}

/** JSON lines, buffered; the buffer is also written when the process exits or dies of an error. */
export function createLog(options: LogOptions): Log {
  const destination = pino.destination({
    dest: options.fd ?? 1,
    sync: false,
    minLength: bufferBytes,
    maxWrite: maxWriteBytes,
    maxLength: maxWaitingBytes,
    periodicFlush: flushIntervalMs,
  });
  let droppedLines = 0;
  const countDrop = (): void => {
    droppedLines += 1;
  };
  destination.on("drop", countDrop);
  // A full disk or a vanished reader costs lines, never the server; pino itself handles EPIPE.
  destination.on("error", countDrop);
  const { logger, writes } = createLogTo(destination, options);
  return {
    logger,
    writes,
    get droppedLines() {
      return droppedLines;
    },
    flush: () => destination.flushSync(),
  };
}

/** As `createLog`, into any stream and unbuffered. */
export function createLogTo(destination: DestinationStream, options: LogOptions): Log {
  const sink = pino(
    {
      level: options.level,
      base: options.base ?? null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers,
    },
    destination,
  );
  const isSilent = options.level === "silent";
  const auditSink = sink.child({}, { level: isSilent ? "silent" : "info" });
  return {
    logger: {
      audit: (level, message, fields) => auditSink[level](fields, message),
      debug: (message, fields) => sink.debug(fields, message),
      info: (message, fields) => sink.info(fields, message),
      warn: (message, fields) => sink.warn(fields, message),
      error: (message, fields) => sink.error(fields, message),
    },
    writes: (level) => level !== "silent" && sink.isLevelEnabled(level),
    droppedLines: 0,
    flush: () => {},
  };
}

const cut = (text: unknown): unknown =>
  typeof text === "string" && text.length > maxTextLength
    ? `${text.slice(0, maxTextLength)}…`
    : text;

const cutAll = (texts: unknown): unknown => (Array.isArray(texts) ? texts.map(cut) : texts);

/** To the microsecond: what clocks add beyond that is noise. */
const rounded = (ms: unknown): unknown =>
  typeof ms === "number" ? Math.round(ms * 1000) / 1000 : ms;

/** By field name, wherever it is logged: strings from outside are bounded, times are readable. */
const serializers = {
  httpMethod: cut,
  host: cut,
  user: cut,
  clientIp: cut,
  entityType: cut,
  errorMessage: cut,
  groups: cutAll,
  threats: cutAll,
  durationMs: rounded,
  scanMs: rounded,
};
