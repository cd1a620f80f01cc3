import { FlotillaError } from "@flotilla/runtime";

const shape = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/;
const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

function isUnit(text: string): text is keyof typeof unitsMs {
  return Object.hasOwn(unitsMs, text);
}

/**
 * Reads `250ms`, `1.5s`, `2m`, `1h`; a bare number is milliseconds. Returns milliseconds.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG` naming where it came from
 */
export function parseDuration(value: unknown, where: string): number {
  const match = shape.exec(
    typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "",
  );
  const unit = match?.[2] ?? "ms";
  const ms = isUnit(unit) ? Number(match?.[1]) * unitsMs[unit] : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_CONFIG",
    `${where}: expected a duration such as 250ms, 1.5s or 2m`,
  );
}
