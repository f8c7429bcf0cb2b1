/** A name of a source may be anything, and a secret in the wrong place. */
export const printable = (name: string): string => (/^[\w.$/ -]{1,100}$/u.test(name) ? name : '(a name that cannot be shown)');
