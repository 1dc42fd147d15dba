const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MINUTES_OF_DAY = 24 * 60;

/** Days of the week and minutes of the day in one time zone. */
export interface TimeWindow {
  readonly days: ReadonlySet<number>;
  readonly fromMinute: number;
  /** Not part of the window. Smaller than `fromMinute` where the window crosses midnight. */
  readonly toMinute: number;
  readonly clock: Intl.DateTimeFormat;
}

/**
 * A window from the texts `Mon-Fri` (or `Sat,Sun`, or `*`), `08:00-18:00` and `Europe/Berlin`.
 * Throws a RangeError that names what is wrong.
 */
export function parseTimeWindow(days: string, hours: string, zone: string): TimeWindow {
  const [from, to, ...rest] = hours.split("-");
  if (from === undefined || to === undefined || rest.length > 0) {
    throw new RangeError(`"${hours}" is not a span of time such as "08:00-18:00"`);
  }
  return {
    days: parseDays(days),
    fromMinute: parseMinute(from),
    toMinute: parseMinute(to),
    clock: clockOf(zone),
  };
}

function clockOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  } catch {
    throw new RangeError(`"${zone}" is not a time zone such as "Europe/Berlin"`);
  }
}

function parseDays(text: string): Set<number> {
  if (text === "*") {
    return new Set(DAYS.keys());
  }
  const days = new Set<number>();
  for (const part of text.split(",")) {
    const [first = "", last = first, ...rest] = part.trim().split("-");
    const from = dayIndex(first);
    const to = dayIndex(last);
    if (from < 0 || to < 0 || rest.length > 0) {
      throw new RangeError(`"${text}" is not a list of days such as "Mon-Fri,Sun" or "*"`);
    }
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === to) {
        break;
      }
    }
  }
  return days;
}

function dayIndex(text: string): number {
  return DAYS.findIndex((day) => day.toLowerCase() === text.trim().toLowerCase());
}

function parseMinute(text: string): number {
  const match = /^([01][0-9]|2[0-4]):([0-5][0-9])$/.exec(text.trim());
  const minute = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  if (!(minute <= MINUTES_OF_DAY)) {
    throw new RangeError(`"${text}" is not a time of day such as "08:00"`);
  }
  return minute;
}

/** Whether a moment lies in the window. Past midnight the window belongs to the day it began on. */
export function isInWindow(
  moment: Date,
  { days, fromMinute, toMinute, clock }: TimeWindow,
): boolean {
  const { day, minute } = wallClock(moment, clock);
  if (fromMinute <= toMinute) {
    return days.has(day) && minute >= fromMinute && minute < toMinute;
  }
  const yesterday = (day + 6) % 7;
  return (days.has(day) && minute >= fromMinute) || (days.has(yesterday) && minute < toMinute);
}

function wallClock(moment: Date, clock: Intl.DateTimeFormat): { day: number; minute: number } {
  let day = 0;
  let minute = 0;
  for (const { type, value } of clock.formatToParts(moment)) {
    if (type === "weekday") {
      day = dayIndex(value);
    } else if (type === "hour") {
      minute += Number(value) * 60;
    } else if (type === "minute") {
      minute += Number(value);
    }
  }
  return { day, minute };
}
