import type { Plan } from "../plan/plan.ts";
import type { WorldResult } from "../world/result.ts";

/** How often a plan may be tried. */
const mostTries = 200;

export interface Shrunk {
  readonly plan: Plan;
  readonly result: WorldResult;
  readonly tries: number;
}

/**
 * Drops faults, then clients, from a failing plan while the same invariant stays broken. Draws are keyed, so
 * what is left mostly goes on as before.
 */
export async function shrink(
  failing: WorldResult,
  run: (plan: Plan) => Promise<WorldResult>,
  onStep: (plan: Plan) => void = () => {},
): Promise<Shrunk> {
  const invariant = failing.violations[0]?.invariant;
  let best = failing;
  let tries = 0;
  const attempt = async (plan: Plan): Promise<boolean> => {
    if (tries >= mostTries) return false;
    tries += 1;
    const result = await run(plan);
    if (!result.violations.some((violation) => violation.invariant === invariant)) return false;
    best = result;
    onStep(plan);
    return true;
  };
  for (
    let size = Math.ceil(best.plan.faults.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = best.plan.faults.length - size; from > -size; from -= size) {
      const start = Math.max(0, from);
      await attempt({
        ...best.plan,
        faults: best.plan.faults.filter((_, at) => at < start || at >= from + size),
      });
    }
  }
  for (let index = best.plan.clients.length - 1; index >= 0 && best.plan.clients.length > 1; index -= 1) {
    const clients = best.plan.clients.map((client, at) => (at === index ? idle(client) : client));
    await attempt({ ...best.plan, clients });
  }
  return { plan: best.plan, result: best, tries };
}

/** Stays in its place, for others are named by theirs, and does nothing. */
function idle(client: Plan["clients"][number]): Plan["clients"][number] {
  const { ttlMs, embeddedIn, diesAtEnd } = client;
  return { ttlMs, embeddedIn, diesAtEnd, lanes: 1, watches: 0, elects: false, registers: false };
}
