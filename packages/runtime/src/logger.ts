/** One level of a pino-shaped logger. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The part of pino's interface that is used. A pino instance fits as it is. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const nothing: LogMethod = () => {};

/** Says nothing. */
export const silentLogger: Logger = Object.freeze({
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
});
