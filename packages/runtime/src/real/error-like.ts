/** An error, also of another realm: those of Node.js itself are, where tests run in one of their own, as with Jest. */
export function isErrorLike(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  return "message" in value && typeof value.message === "string" && "stack" in value;
}

/** What an error says; of one that says nothing and stands for several, such as those of each address of a name, what they say. */
export function wordsOf(error: unknown): string {
  if (!isErrorLike(error)) return String(error);
  // Others have errors that are none, such as what a library found wrong with a value.
  if (error.message !== "" || !("errors" in error && Array.isArray(error.errors))) return error.message;
  return [...new Set(error.errors.map(wordsOf))].join("; ");
}
