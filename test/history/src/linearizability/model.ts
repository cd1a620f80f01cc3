import type { CompiledOp } from "./compile.ts";

/** One path: absent, or a value with its version. */
export interface RegisterState {
  readonly exists: boolean;
  /** Number of the value; -1 when absent. */
  readonly value: number;
  /** -1 when absent. */
  readonly version: number;
  /** Zxid of the last write, or the least it can be. */
  readonly zxid: number;
  /** Whether `zxid` is known and not just bounded from below. */
  readonly exact: boolean;
}

/** Returned by `apply` when the operation cannot happen in that state. */
export const illegal = -1;

/** The model `vreg`: states are interned, so that equal states have equal numbers. */
export class VersionedRegister {
  readonly #states: RegisterState[] = [];
  readonly #ids = new Map<string, number>();
  /** The path was never created. */
  readonly initial: number = this.#intern({ exists: false, value: -1, version: -1, zxid: -1, exact: false });

  /** The state behind a number that `apply` returned. @throws RangeError for any other number. */
  state(id: number): RegisterState {
    const state = this.#states[id];
    if (state === undefined) throw new RangeError(`no state ${id}`);
    return state;
  }

  /** The state after the operation, or `illegal` when its request or its result does not fit. */
  apply(id: number, op: CompiledOp): number {
    const state = this.state(id);
    switch (op.kind) {
      case "read":
        return this.#read(id, state, op);
      case "create":
        return state.exists ? illegal : this.#write(state, op, 0);
      case "set":
        return expects(state, op) ? this.#write(state, op, state.version + 1) : illegal;
      case "delete":
        return expects(state, op) ? this.#delete(state, op) : illegal;
      case "no-node":
        return state.exists ? illegal : id;
      case "node-exists":
        return state.exists ? id : illegal;
      default:
        return state.exists && op.expected >= 0 && op.expected !== state.version ? id : illegal;
    }
  }

  #read(id: number, state: RegisterState, op: CompiledOp): number {
    if (op.exists === -1) return id;
    if ((op.exists === 1) !== state.exists) return illegal;
    if (op.value >= 0 && op.value !== state.value) return illegal;
    if (op.version >= 0 && op.version !== state.version) return illegal;
    if (op.zxid < 0 || !state.exists) return id;
    if (state.exact) return op.zxid === state.zxid ? id : illegal;
    return op.zxid < state.zxid ? illegal : this.#intern({ ...state, zxid: op.zxid, exact: true });
  }

  #write(state: RegisterState, op: CompiledOp, version: number): number {
    if (op.version >= 0 && op.version !== version) return illegal;
    if (op.echoed >= 0 && op.echoed !== op.value) return illegal;
    const zxid = nextZxid(state, op);
    if (zxid === illegal) return illegal;
    return this.#intern({ exists: true, value: op.value, version, zxid, exact: op.zxid >= 0 });
  }

  #delete(state: RegisterState, op: CompiledOp): number {
    const zxid = nextZxid(state, op);
    return zxid === illegal
      ? illegal
      : this.#intern({ exists: false, value: -1, version: -1, zxid, exact: false });
  }

  #intern(state: RegisterState): number {
    const key = `${state.value},${state.version},${state.zxid},${state.exact ? 1 : 0}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#states.push(state) - 1;
    this.#ids.set(key, id);
    return id;
  }
}

function expects(state: RegisterState, op: CompiledOp): boolean {
  return state.exists && (op.expected < 0 || op.expected === state.version);
}

function nextZxid(state: RegisterState, op: CompiledOp): number {
  if (op.zxid < 0) return state.zxid + 1;
  return op.zxid > state.zxid ? op.zxid : illegal;
}
