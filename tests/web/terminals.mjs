// ddil in xterm.js with its image addon in a headless Chromium: every picture covers the cells it is meant for, no
// others, and none with text in them; in every view, after popups, fonts and sizes that change. Prints TAP.
//   node terminals.mjs DDIL NODE_MODULES CHROMIUM
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createRequire } from "node:module";
import path from "node:path";

const [ddil, modules, chromium] = process.argv.slice(2);
const { chromium: browsers } = createRequire(path.join(modules, "x.js"))("playwright-core");
const here = path.dirname(new URL(import.meta.url).pathname);
const work = mkdtempSync(path.join(tmpdir(), "ddil-web."));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
let number = 0, bad = 0;

const page_text = `<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="file://${modules}/@xterm/xterm/css/xterm.css">
<script src="file://${modules}/@xterm/xterm/lib/xterm.js"></script>
<script src="file://${modules}/@xterm/addon-image/lib/addon-image.js"></script>
<body style="margin:0;background:#000"><div id="place"></div>`;

// Runs in the page: what covers what. Cells are [column, row].
function covered() {
  const { term, addon } = window;
  const cell = term._core._renderService.dimensions.css.cell;
  const buffer = term.buffer.active;
  const over = [], tiles = new Map();
  for (let y = 0; y < term.rows; y++) {
    const line = buffer.getLine(buffer.viewportY + y);
    for (let x = 0; x < term.cols; x++) {
      const image = addon.getImageAtBufferCell(x, buffer.viewportY + y);
      if (!image) continue;
      const text = line.getCell(x)?.getChars() ?? "";
      if (text.trim() !== "") over.push([x, y, text]);
      const key = term._core.buffer.lines.get(buffer.viewportY + y)._extendedAttrs[x].imageId;
      const tile = tiles.get(key) ?? { size: [image.width, image.height], left: 1e9, right: -1, top: 1e9, bottom: -1 };
      tile.left = Math.min(tile.left, x); tile.right = Math.max(tile.right, x);
      tile.top = Math.min(tile.top, y); tile.bottom = Math.max(tile.bottom, y);
      tiles.set(key, tile);
    }
  }
  return { over, images: [...tiles.values()], width: cell.width, height: cell.height };
}

class Terminal {
  async open(browser, scale, font) {
    this.context = await browser.newContext({ deviceScaleFactor: scale, viewport: { width: 1400, height: 1000 } });
    this.page = await this.context.newPage();
    const file = path.join(work, "page.html");
    writeFileSync(file, page_text);
    await this.page.goto("file://" + file);
    await this.page.exposeFunction("typed", (text) => this.order({ type: text }));
    await this.page.evaluate((font) => {
      window.term = new Terminal({ cols: 100, rows: 36, fontSize: font, fontFamily: "DejaVu Sans Mono, monospace", allowProposedApi: true,
        windowOptions: { getCellSizePixels: true, getWinSizePixels: true, getWinSizeChars: true } });
      window.addon = new ImageAddon.ImageAddon();
      term.loadAddon(addon);
      term.open(document.getElementById("place"));
      term.onData((text) => typed(text));
      term.onBinary((text) => typed(text));
    }, font);
    this.process = spawn("python3", [path.join(here, "bridge.py"), "100", "36", ddil, "--runs", path.join(work, "runs"), "--readonly"],
      { stdio: ["pipe", "pipe", "inherit"] });
    this.sixels = [];
    this.last = Date.now();
    this.process.stdout.on("data", (bytes) => this.take(bytes));
  }
  order(order) { this.process.stdin.write(JSON.stringify(order) + "\n"); }
  take(bytes) {
    this.last = Date.now();
    this.stream = (this.stream ?? "") + bytes.toString("latin1");
    // "ESC [ row ; column H ESC P ... q \" a ; b ; width ; height": where a picture goes, and its size
    for (const found of this.stream.matchAll(/\x1b\[(\d+);(\d+)H\x1bP[\d;]*q"\d+;\d+;(\d+);(\d+)/g))
      this.sixels.push({ row: found[1] - 1, column: found[2] - 1, width: +found[3], height: +found[4] });
    const keep = this.stream.lastIndexOf("\x1b[");
    this.stream = this.stream.slice(Math.max(keep, this.stream.length - 200));
    const text = bytes.toString("latin1"); // one after the other: none may overtake or be lost
    this.written = (this.written ?? Promise.resolve()).then(() => this.page.evaluate(
      (text) => new Promise((done) => window.term.write(Uint8Array.from(text, (c) => c.charCodeAt(0)), done)), text)).catch((why) => {
      if (!this.closing) console.log("# lost: " + why);
    });
  }
  // Nothing has come for a while, and what came is drawn.
  async settle() {
    const end = Date.now() + 20000;
    await pause(250);
    while (Date.now() - this.last < 700 && Date.now() < end) await pause(50);
    await this.page.evaluate(() => new Promise((done) => window.term.write("", done)));
  }
  async type(text) { this.order({ type: text }); await this.settle(); }
  async close() {
    this.closing = true;
    this.order({ type: "q" });
    await pause(150);
    this.process.stdin.end();
    await this.context.close();
  }
}

// The pictures on screen against the cells they are in. Returns what is wrong.
async function faults(terminal, wanted) {
  const seen = await terminal.page.evaluate(covered);
  const wrong = seen.over.slice(0, 3).map(([x, y, text]) => `"${text}" under a picture at ${x},${y}`);
  for (const tile of seen.images) {
    const [width, height] = tile.size, size = tile.size.join("x");
    const columns = tile.right - tile.left + 1, rows = tile.bottom - tile.top + 1;
    const spare = columns * seen.width - width, below = rows * seen.height - height;
    if (spare < -0.02 || spare >= 1.01) wrong.push(`${size} on ${columns} columns of ${seen.width}: ${spare.toFixed(2)} px left over`);
    if (below < -0.02 || below >= 7) wrong.push(`${size} on ${rows} rows of ${seen.height}: ${below.toFixed(2)} px left over`);
  }
  if (wanted && seen.images.length === 0) wrong.push("no picture on screen");
  if (!wanted && seen.images.length > 0) wrong.push("a picture where none belongs");
  return wrong;
}

async function check(terminal, what, wanted) {
  let wrong = await faults(terminal, wanted);
  for (const end = Date.now() + 15000; wrong.length > 0 && Date.now() < end; wrong = await faults(terminal, wanted)) await pause(200);
  number++;
  if (wrong.length > 0) bad++;
  console.log(`${wrong.length > 0 ? "not ok" : "ok"} ${number} - ${what}`);
  for (const line of wrong) console.log("#   " + line);
}

async function play(browser, scale, font) {
  const terminal = new Terminal();
  const name = `${font} px, scale ${scale}`;
  await terminal.open(browser, scale, font);
  await terminal.settle();
  for (const [key, view, pictures] of [["1", "Runs", false], ["2", "Curves", true], ["3", "Samples", true], ["4", "Paths", true], ["5", "Tweak", false], ["6", "Compare", true]]) {
    await terminal.type(key);
    await check(terminal, `${name}: ${view}`, pictures);
  }
  await terminal.type("3");
  await terminal.type("?");
  await check(terminal, `${name}: a popup over pictures`, false);
  await terminal.type("\x1b");
  await check(terminal, `${name}: after the popup`, true);
  await terminal.page.evaluate((font) => { window.term.options.fontSize = font; }, font + 3);
  await terminal.type("4");
  await terminal.type("3");
  await terminal.settle();
  await check(terminal, `${name}: after another font`, true);
  await terminal.page.evaluate(() => window.term.resize(87, 30));
  terminal.order({ size: [87, 30] });
  await terminal.settle();
  await check(terminal, `${name}: after another size`, true);
  await terminal.type("4");
  await check(terminal, `${name}: Paths in that size`, true);
  await terminal.close();
}

const run = spawn(ddil, ["--runs", path.join(work, "runs"), "run", "ring-pd", "--steps", "200", "-s", "student.pretrain_steps=20"], { stdio: "ignore" });
await new Promise((done) => run.on("exit", done));
const browser = await browsers.launch({ executablePath: chromium, args: ["--no-sandbox", "--allow-file-access-from-files"] });
try {
  for (const scale of [1, 1.25, 2])
    for (const font of [13, 14, 16]) await play(browser, scale, font);
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
console.log(`1..${number}`);
process.exit(bad > 0 ? 1 : 0);
