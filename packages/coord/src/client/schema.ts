import { FlotillaError } from "@flotilla/runtime";

/**
 * What validates a value: any library's schema that speaks Standard Schema, version 1, such as those of Zod, Valibot and
 * ArkType (standardschema.dev).
 */
export interface StandardSchema<In = unknown, Out = In> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>;
    /** For inference only. */
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
  };
}

export type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What is wrong with a value: an entry of `details.issues` of `ERR_FLOTILLA_BAD_VALUE`. */
export interface ValueIssue {
  readonly message: string;
  /** Where in the value; empty: all of it. */
  readonly path: readonly (string | number)[];
}

/** Issues told of one value. */
const maxIssues = 20;

/** An error that tells what is wrong with a value. */
export function badValue(issues: readonly ValueIssue[], cause?: unknown): FlotillaError {
  const [first] = issues;
  const where = first === undefined || first.path.length === 0 ? "" : `${first.path.join(".")}: `;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const message = `a value that does not fit: ${where}${first?.message ?? "no reason given"}${more}`;
  return new FlotillaError("ERR_FLOTILLA_BAD_VALUE", message, {
    cause,
    details: { issues: issues.slice(0, maxIssues) },
  });
}

/** The same for what threw while it made or read a value. */
export function unfit(what: string, cause: unknown): FlotillaError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return badValue([{ message: `${what}: ${why}`, path: [] }], cause);
}

/**
 * What a schema makes of a value; at once when the schema answers at once.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE`
 */
export function validated<Out>(schema: StandardSchema<unknown, Out>, value: unknown): Out | Promise<Out> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(outcome) : outcome(result);
}

function outcome<Out>(result: SchemaResult<Out>): Out {
  if (result.issues === undefined) return result.value;
  throw badValue(result.issues.map(({ message, path = [] }) => ({ message, path: path.map(keyOf) })));
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? key : String(key);
}
