import { matching, type Rule } from '../rule.ts';

const pathCharacter = '([!$&-)+-.0-;=@A-Z_a-z~]|%[0-9A-Fa-f]{2})';

export const methodRule: Rule<string> = matching(
  'InvalidAllow',
  '^[A-Z]+(-[A-Z]+)*$',
  'must be an HTTP method in capital letters, such as GET',
);

export const pathPatternRule: Rule<string> = matching(
  'InvalidAllow',
  `^(/(\\*\\*|\\*|${pathCharacter}*))+$`,
  'must be a path pattern: it begins with "/", and each segment is literal, * (one segment) or ** (any number); a * beside other characters and "?" are not understood',
);

export const methodsOrPaths: Rule<{ readonly methods?: unknown; readonly paths?: unknown }> = {
  reason: 'InvalidAllow',
  cel: 'has(self.methods) || has(self.paths)',
  holds: (self) => self.methods !== undefined || self.paths !== undefined,
  message: 'must have methods, paths or both: set one, or remove the rule',
};
