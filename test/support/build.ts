import { build } from '../../images/build.ts';

/** vitest's hook before the first test of a project: what the process tests start is the bundle of these sources. */
export const setup = build;
