import type { Metric } from "@flotilla/raft";

/**
 * Metrics in the text format of Prometheus, version 0.0.4: to be served as
 * `text/plain; version=0.0.4; charset=utf-8`.
 */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics.map((metric) => `${linesOf(metric).join("\n")}\n`).join("");
}

function linesOf(metric: Metric): readonly string[] {
  const { name, help, type } = metric;
  const head = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  if (metric.type !== "histogram")
    return [
      ...head,
      ...metric.samples.map(({ labels, value }) => `${name}${labelsOf(labels)} ${numberOf(value)}`),
    ];
  const { bounds, counts, sum, count } = metric.buckets;
  const buckets = bounds.map(
    (bound, k) => `${name}_bucket{le="${numberOf(bound)}"} ${numberOf(counts[k] ?? 0)}`,
  );
  return [
    ...head,
    ...buckets,
    `${name}_bucket{le="+Inf"} ${numberOf(count)}`,
    `${name}_sum ${numberOf(sum)}`,
    `${name}_count ${numberOf(count)}`,
  ];
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberOf(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", String.raw`\\`).replaceAll("\n", String.raw`\n`);
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', String.raw`\"`);
}
