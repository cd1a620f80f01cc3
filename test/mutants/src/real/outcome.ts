/** What one run of real processes said. */
export interface Outcome {
  /** The invariant that was seen to be broken; `crash` when the run came to nothing; null when all was good. */
  readonly by: string | null;
  readonly message: string;
}

/**
 * The first broken invariant of the total in the last line.
 * @param printed by `npm run jepsen -- --json`
 * @param complained on its standard error
 */
export function outcomeOf(printed: string, complained: string): Outcome {
  const total: unknown = parsed(printed.trimEnd().split("\n").at(-1) ?? "");
  if (typeof total !== "object" || total === null || !("violations" in total)) return crash(complained);
  const { violations } = total;
  if (!Array.isArray(violations)) return crash(complained);
  const [first]: unknown[] = violations;
  if (typeof first !== "object" || first === null) return { by: null, message: "" };
  const { invariant = "", message = "" } = first as { invariant?: unknown; message?: unknown };
  return { by: String(invariant), message: String(message).slice(0, 300) };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function crash(message: string): Outcome {
  return { by: "crash", message };
}
