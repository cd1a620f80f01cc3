/** An error, also of another realm: those of Node.js itself are, where tests run in one of their own, as with Jest. */
export function isErrorLike(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  return "message" in value && typeof value.message === "string" && "stack" in value;
}
