/** Who said no. */
type Blame = 'nobody' | 'credential' | 'network' | 'tokenEndpoint' | 'api' | 'allow';

/** Every verdict, with who it is that says no. Scripts may rely on the codes; a test of the gallery shows each. */
export const verdicts = {
  works: { blame: 'nobody' },
} as const satisfies Record<string, { blame: Blame }>;

export type VerdictCode = keyof typeof verdicts;

/** The process's exit code, by who said no; 2 and 70 as for every command. */
export const exitCodeOf: Readonly<Record<Blame, number>> = { nobody: 0, credential: 1, allow: 1, network: 3, tokenEndpoint: 4, api: 5 };
