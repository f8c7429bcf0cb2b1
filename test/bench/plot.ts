import type { Judged } from './metrics.ts';
import { spreadOf } from './series.ts';

const [labelWidth, plotWidth, rowHeight, top] = [340, 420, 26, 34];
/** The ratio at the right edge; what is longer is cut off there. */
const widest = 2;

/** One file for light and dark: a viewer that shows it as an image follows the reader's own preference. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; fill: #59636e; }
  .grid { stroke: #d1d9e0; }
  .one { stroke: #59636e; }
  .met { fill: #2f81c7; }
  .missed { fill: #c4622d; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  .goal { stroke: #1a7f37; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .one { stroke: #9198a1; }
    .met { fill: #58a6ff; }
    .missed { fill: #f0883e; }
    .spread { stroke: #e6edf3; }
    .goal { stroke: #3fb950; }
  }`;

/** The ratios to one peer as bars, the spread of the rounds as a line, the goal as a mark. */
export function plot(judged: readonly Judged[], peer: string): string {
  const rows = judged.filter((one) => one.peer === peer);
  const bottom = top + rows.length * rowHeight;
  const [width, height] = [labelWidth + plotWidth + 60, bottom + 44];
  const ticks = [0, 0.5, 1, 1.5, 2].map(
    (ratio) =>
      `<line class="${ratio === 1 ? 'one' : 'grid'}" x1="${x(ratio)}" x2="${x(ratio)}" y1="${top - 6}" y2="${bottom}"/>` +
      `<text class="small" text-anchor="middle" x="${x(ratio)}" y="${top - 12}">${ratio}</text>`,
  );
  const legend = `In ratio to ${peer}: shorter is less. Bar: median; thin line: all rounds; green mark: the goal; orange: not met.`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>What a call through Tokenward costs, in ratio to ${peer}</title>`,
    `<style>${style}\n</style>`,
    ...ticks,
    ...rows.map((row, index) => bar(row, top + index * rowHeight)),
    `<text class="small" x="8" y="${bottom + 26}">${legend}</text>`,
    '</svg>\n',
  ].join('\n');
}

function bar({ label, ratios, goal }: Judged, y: number): string {
  const { median, least, most } = spreadOf(ratios) ?? { median: 0, least: 0, most: 0 };
  const middle = y + rowHeight / 2;
  return [
    `<text x="${labelWidth - 10}" y="${middle + 4}" text-anchor="end">${label}</text>`,
    `<rect class="${median <= goal ? 'met' : 'missed'}" x="${x(0)}" y="${y + 6}" width="${x(median) - x(0)}" height="${rowHeight - 12}"/>`,
    `<line class="spread" x1="${x(least)}" x2="${x(most)}" y1="${middle}" y2="${middle}"/>`,
    `<line class="goal" x1="${x(goal)}" x2="${x(goal)}" y1="${y + 2}" y2="${y + rowHeight - 2}"/>`,
    `<text class="small" x="${x(Math.max(median, most)) + 8}" y="${middle + 4}">${median.toFixed(2)}</text>`,
  ].join('');
}

const x = (ratio: number): number => labelWidth + Math.round((Math.min(ratio, widest) / widest) * plotWidth);
