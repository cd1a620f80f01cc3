import type { CompiledOp } from "./compile.ts";
import type { VersionedRegister } from "./model.ts";
import type { DeadEnd } from "./search.ts";

/** Says in words how far the search came and what did not fit; one fact a line. */
export function explainDeadEnd(
  path: string,
  total: number,
  model: VersionedRegister,
  deadEnd: DeadEnd | null,
): string {
  if (deadEnd === null) return `${path}: the search never turned back`;
  const held = deadEnd.oldest;
  const state = model.state(deadEnd.state);
  const shown = state.exists
    ? `version ${state.version}, zxid ${state.exact ? "" : "at least "}${state.zxid}`
    : "absent";
  return [
    `${path}: at best ${deadEnd.linearized} of ${total} operations found a place`,
    ...deadEnd.last.map((op) => `  placed ${describe(op)}`),
    `  state is then: ${shown}`,
    `  no place for ${describe(deadEnd.stuck)}`,
    ...(held === null || held === deadEnd.stuck ? [] : [`  nothing later fits before ${describe(held)}`]),
  ].join("\n");
}

function describe({ record }: CompiledOp): string {
  const { id, client, op, outcome, result, invoke_ns, return_ns } = record;
  const { type, path: _path, ...request } = op;
  const answer = result === null ? "" : ` ${JSON.stringify(result)}`;
  return `#${id} client ${client} [${invoke_ns}, ${return_ns ?? "…"}] ${type} ${JSON.stringify(request)} -> ${outcome}${answer}`;
}
