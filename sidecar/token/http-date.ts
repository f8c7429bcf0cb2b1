const dayName = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/** The time that an HTTP-date names, in milliseconds since the epoch; each of its three forms. RFC 9110 section 5.6.7. */
export function httpDateMs(text: string | undefined): number | undefined {
  if (text === undefined || !dayName.test(text)) return undefined;
  // The oldest form names no zone, and would be read as local time.
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
