import { textArg } from "./fault-context.ts";
import type { Firing } from "./fault-context.ts";

/** Who belongs to the cluster changes: see `MemberWish`. */
export function members({ world, fault, random, whenOver }: Firing): string | null {
  let isOver = false;
  const struck = world.churn.begin(textArg(fault, "how"), random, () => isOver);
  if (struck !== null) whenOver(() => (isOver = true));
  return struck;
}
