import type { Logger, LogMethod } from "../logger.ts";
import { isErrorLike } from "./error-like.ts";

/** pino's numbers. */
const levels = { debug: 20, info: 30, warn: 40, error: 50, silent: 100 } as const;

export type LogLevel = keyof typeof levels;

export interface JsonLoggerOptions {
  /** Lines below it are dropped. Default `warn`. */
  readonly level?: LogLevel;
  /** Takes one line with its newline. Default: standard error. */
  readonly write?: (line: string) => void;
}

function plainError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    ...("code" in error ? { code: error.code } : {}),
    stack,
    ...(cause === undefined ? {} : { cause }),
  };
}

/** Makes values printable that JSON does not know. */
function printable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (isErrorLike(value)) return plainError(value);
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, 64)).toString("hex");
  return value;
}

function format(level: number, fields: Readonly<Record<string, unknown>>, message: string): string {
  const head = { level, time: Date.now() };
  try {
    return `${JSON.stringify({ ...head, ...fields, msg: message }, printable)}\n`;
  } catch {
    return `${JSON.stringify({ ...head, msg: message, unprintable: Object.keys(fields) })}\n`;
  }
}

/** One JSON object a line, shaped as pino's. Never throws for what it is given. */
export function jsonLogger(options: JsonLoggerOptions = {}): Logger {
  const lowest = levels[options.level ?? "warn"];
  const write = options.write ?? ((line) => void process.stderr.write(line));
  function method(level: number): LogMethod {
    if (level < lowest) return () => {};
    return (fields, message) => write(format(level, fields, message));
  }
  return {
    debug: method(levels.debug),
    info: method(levels.info),
    warn: method(levels.warn),
    error: method(levels.error),
  };
}
