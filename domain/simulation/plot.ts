import type { Month } from "./month.ts";

/** A bar of dollars. */
export interface Bar {
  what: string;
  usd: number;
  /** Painted in the colour of the line above. */
  own?: boolean;
}

const WIDTH = 860;
const LEFT = 70;
const RIGHT = 20;
const LINES = { top: 60, height: 230 };
const BARS = { top: 370, height: 24, gap: 8, left: 220 };
const FONT = 'font-family="sans-serif" font-size="12"';

/** The month as a picture (SVG): nodes billed and nodes at work, hour by hour, and under it what the month costs by each rule. */
export function plotMonth(month: Month, title: string, bars: readonly Bar[]): string {
  const height = BARS.top + bars.length * (BARS.height + BARS.gap) + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(LEFT, 24, title, 'font-size="15" font-weight="bold"'),
    ...lines(month),
    ...dollars(bars, month.billed.length),
    "</svg>",
    "",
  ].join("\n");
}

function lines({ billed, worked, total }: Month): string[] {
  const width = WIDTH - LEFT - RIGHT;
  const x = (hour: number): number => LEFT + (hour / billed.length) * width;
  const y = (nodes: number): number => LINES.top + LINES.height * (1 - nodes / total.nodes);
  const path = (values: readonly number[]): string =>
    values.map((value, hour) => `${hour === 0 ? "M" : "L"}${x(hour + 0.5).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const bottom = y(0);
  const marks: string[] = [];
  for (let share = 0; share <= 1; share += 0.25) {
    const at = y(share * total.nodes);
    marks.push(`<path d="M${LEFT} ${at.toFixed(1)}H${WIDTH - RIGHT}" stroke="#dddddd"/>`);
    marks.push(text(LEFT - 6, at + 4, String(Math.round(share * total.nodes)), 'text-anchor="end"'));
  }
  for (let hour = 0; hour < billed.length; hour += 168)
    marks.push(text(x(hour), bottom + 18, `day ${hour / 24 + 1}`, 'text-anchor="middle"'));
  return [
    ...marks,
    `<path d="${path(worked)}L${x(billed.length - 0.5).toFixed(1)} ${bottom}L${x(0.5).toFixed(1)} ${bottom}Z" fill="#9ecae1"/>`,
    `<path d="${path(billed)}" fill="none" stroke="#d94801" stroke-width="1.5"/>`,
    `<path d="M${LEFT} ${y(total.nodes)}H${WIDTH - RIGHT}" stroke="#555555" stroke-dasharray="5 4"/>`,
    text(
      LEFT,
      46,
      "nodes billed: never stopped (dashed), with Windlass (line); nodes at work (area)",
      'fill="#333333"',
    ),
  ];
}

function dollars(bars: readonly Bar[], hours: number): string[] {
  const most = Math.max(...bars.map(({ usd }) => usd), 1);
  const width = WIDTH - BARS.left - RIGHT - 90;
  const shown = (usd: number): string => `$${Math.round(usd).toLocaleString("en-US")}`;
  return [
    text(LEFT, BARS.top - 12, `US dollars for these ${hours} hours, by the rule`, 'fill="#333333"'),
    ...bars.flatMap(({ what, usd, own }, index) => {
      const top = BARS.top + index * (BARS.height + BARS.gap);
      const length = Math.max(1, (usd / most) * width);
      return [
        text(BARS.left - 8, top + 16, what, 'text-anchor="end"'),
        `<rect x="${BARS.left}" y="${top}" width="${length.toFixed(1)}" height="${BARS.height}" fill="${own ? "#d94801" : "#fdae6b"}"/>`,
        text(BARS.left + length + 6, top + 16, shown(usd), ""),
      ];
    }),
  ];
}

function text(x: number, y: number, words: string, more: string): string {
  const font = more.includes("font-size") ? 'font-family="sans-serif"' : FONT;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${font} ${more}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
