import { styleText } from 'node:util';

/** What the demo shows its reader: one step after the other, each a call, its answer and what the servers saw. */
export interface Transcript {
  line(text?: string): void;
  step(title: string): void;
  /** What the workload sends. */
  sent(text: string): void;
  /** What it gets back. */
  got(text: string): void;
  /** What is to be noticed about it. */
  note(text: string): void;
  failed(text: string): void;
}

const width = 120;

export function createTranscript(write: (text: string) => void, coloured: boolean): Transcript {
  let steps = 0;
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    coloured ? styleText(style, text, { validateStream: false }) : text;
  const marked = (mark: string, text: string) =>
    text
      .split('\n')
      .flatMap(wrap)
      .map((line, index) => `   ${index === 0 ? mark : ' '} ${line}\n`)
      .join('');
  return {
    line: (text = '') => write(`${text}\n`),
    step(title) {
      steps += 1;
      write(`\n${paint('bold', `${steps}. ${title}`)}\n`);
    },
    sent: (text) => write(paint('cyan', marked('>', text))),
    got: (text) => write(marked('<', text)),
    note: (text) => write(paint('green', marked('✓', text))),
    failed: (text) => write(paint('red', marked('✗', text))),
  };
}

/** Breaks a line at spaces; a word that is too long stays whole, so that a URL can be copied. */
function wrap(line: string): string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = indent;
  for (const word of line.slice(indent.length).split(' ')) {
    if (current.trim() !== '' && current.length + word.length > width) {
      lines.push(current.trimEnd());
      current = `${indent}  `;
    }
    current += `${word} `;
  }
  return [...lines, current.trimEnd()];
}
