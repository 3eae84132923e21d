/**
 * `npm run demo | npm run --silent picture > docs/demo.svg`: what the demo has said, as a picture of a terminal. The lines
 * that tell the story are taken as they stand, paths shortened and long ones cut; nothing is written that was not said.
 */
import { text } from "node:stream/consumers";
import stringWidth from "string-width";

const columns = 118;
const mostLines = 80;
const [line, letter, edge] = [17, 7.8, 16];

/** Lines of the log, of progress, of what may follow, and what an administrator is left with. */
const left = [
  /^\{/u,
  /^(?:copying|streaming|verifying|ready|soaking): /u,
  /^next: /u,
  /^left on the/u,
  /^lag /u,
  /^\S.* headgate (?:status|report)/u,
];

/** What is shown whole, up to the next command; of the rest the lines that tell its outcome. */
const whole = [
  /^\$ headgate (?:cutover|complete)/u,
  /^A release/u,
  /^The source serves/u,
  /^The application's own receipts/u,
];
const telling = [
  /^\$ /u,
  /^The shop has/u,
  /^Ready,/u,
  /^(?:Somebody has|What was written past|Every row of both)/u,
  /^\S+ \(.*\): (?:missing|different|extra)/u,
  /^20\d+_shop: /u,
  /^\d+ errors, /u,
  /of \d+ tables equal/u,
  /s in all\.$/u,
];

function shown(said: string): readonly string[] {
  const lines: string[] = [];
  const seen = new Set<string>();
  let everything = false;
  for (const raw of said.split("\n")) {
    const each = raw.replaceAll(/\S*\/\.stack\/demo\//gu, "").trimEnd();
    if (left.some((pattern) => pattern.test(each))) continue;
    const begins = whole.some((pattern) => pattern.test(each));
    if (begins || each.startsWith("$ ") || each.startsWith("Both sides")) everything = begins;
    // The steps of a cutover once: the second time they are the same.
    const step = /^done +\S+/u.exec(each)?.[0];
    if (step !== undefined && seen.has(step)) continue;
    if (step !== undefined) seen.add(step);
    if (each === "" || (!everything && !telling.some((pattern) => pattern.test(each)))) continue;
    if (/^\$ headgate (?:run|cutover|complete)\b/u.test(each)) lines.push("");
    lines.push(...broken(each));
  }
  return lines;
}

/** Broken between words; what is more than two lines is cut. */
function broken(each: string): readonly string[] {
  if (stringWidth(each) <= columns) return [each];
  const room = each.slice(0, columns);
  const at = room.lastIndexOf(" ");
  const first = each.slice(0, at > 0 ? at : columns);
  const rest = `  ${each.slice(first.length).trimStart()}`;
  return [first, stringWidth(rest) <= columns ? rest : `${rest.slice(0, columns - 2)} …`];
}

function colour(each: string): string {
  if (each.startsWith("$ ")) return "#ffffff";
  if (
    /missing|different|^rolling|DIFFERENT|differ in|slow|^Pages|^Somebody/u.test(each) &&
    !/no row differs|0 rows? differ/u.test(each)
  )
    return "#ff9e8a";
  if (/^done|equal|exactly once|repaired|^Proof|completed/u.test(each)) return "#9ed99b";
  return "#c9d1d9";
}

function escaped(each: string): string {
  return each.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function picture(lines: readonly string[]): string {
  const [width, height] = [Math.ceil(columns * letter) + 2 * edge, lines.length * line + 2 * edge + 20];
  const drawn = lines.map((each, at) =>
    each === ""
      ? ""
      : `<text x="${String(edge)}" y="${String(edge + 30 + at * line)}" fill="${colour(each)}"${each.startsWith("$ ") ? ' font-weight="bold"' : ""}>${escaped(each)}</text>\n`,
  );
  const dots = ["#ff5f56", "#ffbd2e", "#27c93f"].map(
    (fill, at) => `<circle cx="${String(edge + 6 + at * 18)}" cy="16" r="5" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" width="${String(width)}" height="${String(height)}" role="img" aria-label="What npm run demo says, shortened">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${dots.join("")}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="12.5" xml:space="preserve">
${drawn.join("")}</g>
</svg>
`;
}

const lines = shown(await text(process.stdin));
if (lines.length > mostLines)
  process.stderr.write(`${String(lines.length)} lines: more than ${String(mostLines)}.\n`);
process.stdout.write(picture(lines));
