/** The one style sheet. No colour says anything that a text does not say too; contrasts are at least 4.5 to 1 on either ground. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --paper: #fff; --ink: #1c2127; --soft: #535d69; --line: #d9dee5; --edge: #7b8694; --link: #0a58a8; --shade: #eef1f5;
  --bad: #a8201a; --bad-ground: #fdeeed; --warn: #744b00; --warn-ground: #fff5df; --good: #17663a; --good-ground: #e8f5ec; --quiet: #4b5663; --quiet-ground: #eef1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121519; --paper: #1a1e24; --ink: #e6e9ed; --soft: #a6b0bc; --line: #2f363f; --edge: #7d8896; --link: #82bbff; --shade: #232931;
    --bad: #ff9d93; --bad-ground: #3a1d1c; --warn: #f1c269; --warn-ground: #33280f; --good: #82d5a0; --good-ground: #15301f; --quiet: #b7c0cb; --quiet-ground: #272e37;
  }
}
* { box-sizing: border-box; }
html { font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); }
a { color: var(--link); text-underline-offset: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .93em; }
.cut { overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 8px; top: -60px; z-index: 1; padding: 8px 14px; background: var(--paper); border: 1px solid var(--edge); border-radius: 4px; }
.skip:focus { top: 8px; }

.top { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; padding: 10px 24px; background: var(--paper); border-bottom: 1px solid var(--line); }
.top strong { font-size: 15px; letter-spacing: .01em; }
.top strong a { color: inherit; text-decoration: none; }
.top .place { flex: 1 1 12em; }
.connection { display: flex; gap: 6px; align-items: center; }
.connection::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--quiet); }
.connection[data-state="live"]::before { background: var(--good); animation: pulse 2.4s ease-in-out infinite; }
.connection[data-state="lost"] { color: var(--bad); font-weight: 600; }
.connection[data-state="lost"]::before { background: var(--bad); border-radius: 1px; }
@keyframes pulse { 50% { opacity: .35; } }
@media (prefers-reduced-motion: reduce) { *, ::before { animation: none !important; transition: none !important; } }

main { max-width: 1440px; margin: 0 auto; padding: 18px 24px 40px; }
h1 { margin: 0; font-size: 21px; line-height: 1.25; font-weight: 650; }
h2 { margin: 26px 0 8px; font-size: 15px; font-weight: 650; }
h3 { margin: 0; font-size: 14px; font-weight: 650; }
p { margin: 4px 0; }
ul { margin: 4px 0; padding-left: 20px; }
footer { max-width: 1440px; margin: 0 auto; padding: 0 24px 24px; color: var(--soft); font-size: 13px; }

.badge { display: inline-flex; gap: 5px; align-items: center; padding: 1px 8px 1px 6px; border: 1px solid currentColor; border-radius: 11px; font-size: 12.5px; font-weight: 600; line-height: 18px; white-space: nowrap; }
.icon { width: 14px; height: 14px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; vertical-align: -2px; }
.bad { color: var(--bad); } .warn { color: var(--warn); } .good { color: var(--good); } .quiet { color: var(--quiet); }
.badge.bad { background: var(--bad-ground); } .badge.warn { background: var(--warn-ground); } .badge.good { background: var(--good-ground); } .badge.quiet { background: var(--quiet-ground); }

.note { margin: 0 0 12px; padding: 10px 14px; border: 1px solid var(--line); border-left: 4px solid var(--edge); border-radius: 4px; background: var(--paper); overflow-wrap: anywhere; }
.note.bad { border-left-color: var(--bad); background: var(--bad-ground); color: var(--ink); } .note.warn { border-left-color: var(--warn); background: var(--warn-ground); color: var(--ink); }
.note.good { border-left-color: var(--good); background: var(--good-ground); color: var(--ink); }
.note h2 { margin: 0 0 2px; font-size: 14px; }
.empty { padding: 40px 20px; text-align: center; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }

.head { display: flex; flex-wrap: wrap; gap: 10px 24px; align-items: end; justify-content: space-between; margin-bottom: 12px; }
.search { display: flex; flex-wrap: wrap; gap: 8px; align-items: end; }
label { display: block; font-size: 12.5px; font-weight: 600; color: var(--soft); }
input:not([type="checkbox"]), select, button { height: 34px; padding: 0 10px; border: 1px solid var(--edge); border-radius: 4px; background: var(--paper); color: var(--ink); font: inherit; }
.search input { width: 22em; max-width: 100%; }
select { max-width: 100%; }
.doctor form > div { min-width: 0; max-width: 100%; }
button { cursor: pointer; font-weight: 600; display: inline-flex; gap: 6px; align-items: center; }
button:hover { background: var(--shade); }
button.main { background: var(--link); border-color: var(--link); color: var(--paper); padding: 0 16px; }
button.main:hover { filter: brightness(1.08); }
.states { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 12px; padding: 0; list-style: none; }
.states a { display: flex; gap: 6px; align-items: center; min-height: 28px; padding: 0 11px; border: 1px solid var(--line); border-radius: 14px; background: var(--paper); color: var(--ink); text-decoration: none; }
.states a:hover { border-color: var(--edge); }
.states a[aria-current] { border-color: var(--link); box-shadow: inset 0 0 0 1px var(--link); font-weight: 650; }
.states .count { color: var(--soft); font-variant-numeric: tabular-nums; }

.frame { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; }
th, td { padding: 8px 12px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; background: var(--shade); color: var(--soft); font-size: 12.5px; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: inherit; min-width: 10.5em; }
tbody tr:hover { background: color-mix(in srgb, var(--shade) 55%, transparent); }
td > .soft, th > .soft { font-size: 13px; }
.name { font-weight: 650; }
.why { display: block; margin-top: 3px; max-width: 62ch; font-size: 13px; overflow-wrap: anywhere; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.counted { overflow-wrap: anywhere; white-space: normal; }
.reaches { min-width: 15em; max-width: 26em; }
.grant { min-width: 165px; }
.state { min-width: 17em; }
time, td > span:is(.good, .bad, .warn, .quiet):not(.why) { white-space: nowrap; }
#result > :first-child { margin-top: 14px; }

.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 10px 28px; margin: 0; padding: 14px 16px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }
.facts dt { font-size: 12.5px; font-weight: 600; color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.back { display: inline-flex; gap: 4px; align-items: center; margin-bottom: 8px; }
.title { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; margin-bottom: 10px; }
.title h1 { overflow-wrap: anywhere; }

.doctor { padding: 14px 16px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }
.doctor form { display: flex; flex-wrap: wrap; gap: 10px 12px; align-items: end; }
.doctor .path { flex: 1 1 16em; }
.doctor .path input { width: 100%; }
.check { display: flex; gap: 8px; align-items: center; color: var(--ink); font-weight: 400; font-size: 14px; min-height: 24px; flex-basis: 100%; }
.check input { width: 18px; height: 18px; margin: 0; accent-color: var(--link); flex: none; }
.steps { margin: 14px 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
.steps > li { display: grid; grid-template-columns: 92px 1fr auto; gap: 2px 12px; padding: 7px 0; border-bottom: 1px solid var(--line); }
.steps .what { overflow-wrap: anywhere; min-width: 0; }
.steps details { grid-column: 2 / -1; min-width: 0; }
summary { cursor: pointer; color: var(--link); width: fit-content; font-size: 13px; min-height: 24px; }
pre { margin: 4px 0; padding: 8px 10px; background: var(--shade); border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
.verdict { margin: 14px 0 0; }
.verdict p { max-width: 90ch; }

@media (max-width: 1230px) {
  .top, main, footer { padding-left: 12px; padding-right: 12px; }
  .frame { background: none; border: 0; border-radius: 0; overflow: visible; }
  table, tbody, tr, th, td { display: block; width: auto; }
  caption { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 0 24px; }
  tbody th, .state, .wide { grid-column: 1 / -1; }
  tbody tr, tbody tr:hover { margin-bottom: 10px; padding: 8px 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }
  th, td { padding: 3px 0; border: 0; }
  td { position: relative; padding-left: 124px; min-height: 27px; }
  td[data-label]::before { content: attr(data-label); position: absolute; left: 0; width: 116px; font-size: 12.5px; font-weight: 600; color: var(--soft); }
  th, td { overflow-wrap: anywhere; }
  th, .reaches, .grant, .state { min-width: 0; max-width: none; }
  .why { max-width: 90ch; }
  .steps > li { grid-template-columns: 1fr auto; }
  .steps .what { grid-column: 1 / -1; grid-row: 2; }
  .steps details { grid-column: 1 / -1; }
  .facts, .doctor { padding: 12px; }
}
@media (max-width: 640px) {
  .head, .search, .search > div, .search input, .search select { width: 100%; }
}
@media (forced-colors: active) { .badge, .note { forced-color-adjust: auto; } .connection::before { background: CanvasText; } }
@media print { .top .connection, .skip, .search, .doctor form { display: none; } }
`;
