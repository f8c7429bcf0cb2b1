/** Every number of the token cache, with its reason. Times are milliseconds of the monotonic clock unless a comment says otherwise. */

/** The lead of a refresh over the token's end grows by up to this fraction, so that replicas that started together drift apart. */
export const softLeadJitter = 0.1;

/** In its last 30 s, or the last tenth of its life if that is shorter, a token may expire under way: requests wait for a fresh one. */
export const hardLeadMs = 30_000;
export const hardLeadFraction = 0.1;

/** How long a request waits for a fresh token before it goes out with the one in its last moments. */
export const expiringWaitMs = 1_000;

/** How long a request without any token waits in all. */
export const callerWaitMs = 30_000;

/** Between the starts of two flights: a token that lives no longer than its own delivery costs one token request a second. */
export const flightSpacingMs = 1_000;

/** No token is believed for longer, whatever `expires_in` says. */
export const longestLifetimeMs = 24 * 86_400_000;

/** A flight is one token request and at most this many more. */
export const retriesPerFlight = 3;

/** A broken connection or a gateway's error mends quickly: 300, 600, 1200 ms. */
export const soonRetry = { firstMs: 300, factor: 2 };

/** A server in trouble wants rest: 1, 3, 9 s. */
export const laterRetry = { firstMs: 1_000, factor: 3 };

/** A longer Retry-After ends the flight: its callers would give up before. */
export const longestRetryAfterInFlightMs = 20_000;

/** A mistaken Retry-After must not silence an alias for a day. */
export const longestRetryAfterMs = 600_000;

/** After a flight that was refused: identity providers lock accounts that try a wrong secret too often. */
export const rejectedBackoff = { firstMs: 5_000, factor: 2, longestMs: 300_000 };

/** After a flight whose endpoint was down: soon enough that nobody notices its return. */
export const outageBackoff = { firstMs: 1_000, factor: 2, longestMs: 30_000 };

/** How long an alias evicts nothing after an API refused a fresh token, too; doubles each time. */
export const rejectionQuiet = { firstMs: 30_000, factor: 2, longestMs: 600_000 };

/** Evictions that helped and may follow each other at once. One bad instance behind the API's balancer refuses at random. */
export const helpfulEvictions = 5;
