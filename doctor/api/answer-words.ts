import { type Challenge, readChallenges } from './challenges.ts';
import type { ApiAnswer } from './send-api-request.ts';

/** What an API's answer says of its reason. Written by somebody else: to be redacted before any of it is shown. */
export interface AnswerWords {
  readonly challenges: readonly Challenge[];
  /** The challenge for a bearer token, if there is one: RFC 6750 section 3. */
  readonly bearer: Challenge | undefined;
  /** `error` of that challenge, or of the body. */
  readonly error: string | undefined;
  /** All that is said in words, without markup, and of what is long the beginning. */
  readonly text: string;
  /** The same as it came. */
  readonly raw: string;
}

const longestText = 2000;

export function readAnswerWords({ headers, content }: ApiAnswer): AnswerWords {
  const challenges = readChallenges(headers['www-authenticate']);
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  const described = challenges.flatMap(({ parameters }) => parameters.get('error_description') ?? []);
  const members = content.kind === 'members' ? content.members : {};
  const said = content.kind === 'members' ? wordsIn(members) : content.kind === 'html' || content.kind === 'text' ? [content.text] : [];
  const raw = [...described, ...said].join('; ');
  const error = bearer?.parameters.get('error') ?? nameOf(members['error']);
  return { challenges, bearer, error, text: plainText(raw).slice(0, longestText), raw };
}

export function plainText(markup: string): string {
  const text = markup.replaceAll(/<(?:script|style)\b[\s\S]*?<\/|<[^<>]*>/gi, ' ');
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Where APIs put a reason: OAuth (RFC 6749), problem details (RFC 9457), OData, SAP, Apigee, Spring, Express. */
const telling =
  /^(?:error|error_?description|message|msg|detail|details|title|reason|errormessage|fault|faultstring|value|innererror|errors|code|errorcode)$/i;

function wordsIn(value: unknown, depth = 0): string[] {
  if (depth > 4 || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (!telling.test(name) && !Array.isArray(value)) return [];
    return typeof inner === 'string' ? [inner] : wordsIn(inner, depth + 1);
  });
}

function nameOf(error: unknown): string | undefined {
  return typeof error === 'string' && /^[A-Za-z][\w.-]{0,63}$/.test(error) ? error : undefined;
}
