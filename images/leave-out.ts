import type { Plugin } from 'rolldown';

/**
 * Conditions of the libraries' that are decided when they are bundled: undici's own, by which Node's copy of it is built without a second,
 * experimental parser, and one that is for its tests.
 */
export const leftOutBranches: Readonly<Record<string, string>> = {
  esbuildDetection: 'true',
  'process.env.JEST_WORKER_ID': 'undefined',
};

/** What undici loads with its HTTP/1.1 client and uses for HTTP/2 and for FormData only, neither of which is sent: 1 MB in every pod. */
const unused = /\/node_modules\/undici\/lib\/(?:dispatcher\/client-h2|web\/fetch\/body|web\/fetch\/formdata|web\/webidl\/index)\.js$/;

/** Puts something in the place of what never runs that says so if it does. */
export const leaveOut: Plugin = {
  name: 'leave-out',
  load: {
    filter: { id: unused },
    handler: (id) =>
      `module.exports = () => { throw new Error(${JSON.stringify(`${id.replace(/^.*node_modules\//, '')} is not bundled`)}); };`,
  },
};
