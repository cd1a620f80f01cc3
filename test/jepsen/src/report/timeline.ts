import type { OpRecord } from "@flotilla/history";
import type { Struck } from "../faults/injector.ts";

const width = 1_200;
const left = 110;
const bandHeight = 14;
const rowHeight = 10;
const bucketMs = 100;
const colours = { ok: "#2f9e63", fail: "#e0a030", unknown: "#c0392b" } as const;
type Outcome = keyof typeof colours;

/** A picture of a run: faults as bands over what became of operations, a row for each session, in tenths of a second. */
export function timeline(ops: readonly OpRecord[], faults: readonly Struck[], title: string): string {
  const endMs = Math.max(
    1,
    ...faults.map(({ toMs }) => toMs),
    ...ops.map(({ invoke_ns, return_ns }) => (return_ns ?? invoke_ns) / 1e6),
  );
  const x = (ms: number): number => Math.round(left + (ms / endMs) * (width - left - 10));
  const top = 30 + faults.length * bandHeight;
  const sessions = bySession(ops);
  const height = top + sessions.size * rowHeight + 30;
  const bands = faults.map((fault, k) => drawBand(fault, 26 + k * bandHeight, height, x));
  const rows = [...sessions.values()].map((own, k) => drawRow(own, top + k * rowHeight, x));
  const seconds = Array.from({ length: Math.ceil(endMs / 1_000) }, (_, s) =>
    label(x(s * 1_000), height - 8, `${s} s`),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="10">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    label(10, 16, title),
    ...bands,
    ...rows,
    ...seconds,
    "</svg>\n",
  ].join("\n");
}

function bySession(ops: readonly OpRecord[]): Map<string, OpRecord[]> {
  const sessions = new Map<string, OpRecord[]>();
  for (const op of ops) {
    const own = sessions.get(op.session ?? "") ?? [];
    own.push(op);
    sessions.set(op.session ?? "", own);
  }
  return sessions;
}

function drawBand(
  { kind, targets, fromMs, toMs }: Struck,
  y: number,
  height: number,
  x: (ms: number) => number,
): string {
  const from = x(fromMs);
  const span = Math.max(2, x(toMs) - from);
  return [
    `<rect x="${from}" y="${y}" width="${span}" height="${height - y - 20}" fill="#4a6fa5" opacity="0.12"/>`,
    `<rect x="${from}" y="${y}" width="${span}" height="10" fill="#4a6fa5"/>`,
    label(from + span + 3, y + 9, `${kind} ${targets.join(" ")}`),
  ].join("");
}

/** One session: how many operations ended in each span of time as the height, the worst outcome as the colour. */
function drawRow(ops: readonly OpRecord[], y: number, x: (ms: number) => number): string {
  const worst = new Map<number, { outcome: Outcome; count: number }>();
  for (const { invoke_ns, return_ns, outcome, result } of ops) {
    const bucket = Math.floor((return_ns ?? invoke_ns) / 1e6 / bucketMs);
    const seen = outcome === "fail" && isObservation(result?.error) ? "ok" : outcome;
    const entry = worst.get(bucket) ?? { outcome: "ok", count: 0 };
    worst.set(bucket, { outcome: heavier(entry.outcome, seen), count: entry.count + 1 });
  }
  return [...worst]
    .map(([bucket, { outcome, count }]) => {
      const from = x(bucket * bucketMs);
      const span = Math.max(1, x((bucket + 1) * bucketMs) - from);
      const tall = Math.min(rowHeight - 1, 1 + count);
      return `<rect x="${from}" y="${y + rowHeight - tall}" width="${span}" height="${tall}" fill="${colours[outcome]}"/>`;
    })
    .join("");
}

/** True for a refusal that tells something of the tree: the operation was answered. */
export function isObservation(error: string | undefined): boolean {
  return error === "NO_NODE" || error === "NODE_EXISTS" || error === "BAD_VERSION";
}

function heavier(a: Outcome, b: Outcome): Outcome {
  const order: readonly Outcome[] = ["ok", "fail", "unknown"];
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}

function label(x: number, y: number, words: string): string {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" fill="#333">${safe}</text>`;
}
