// `expect` is too slow to be called on every step of a long schedule.
export function check(holds: boolean, what: string, facts: unknown): void {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(facts)}`);
}
