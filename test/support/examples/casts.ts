import { authenticationCasts } from './authentication-casts.ts';
import type { Cast } from './cast.ts';
import { grantCasts } from './grant-casts.ts';
import { injectionCasts } from './injection-casts.ts';

/** By the file's name. An example that is not in here has no test, which is a failure. */
export const casts: Readonly<Record<string, Cast>> = { ...grantCasts, ...authenticationCasts, ...injectionCasts };
