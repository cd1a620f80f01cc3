import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";

/** Longest that a close waits for one thing to be given back, ms. */
export const partingMs: number = 1_000;

type Duty = () => Promise<void>;

/** By the signal, which is the same however a session is wrapped. */
const duties = new WeakMap<AbortSignal, Set<Duty>>();
const parting = new WeakSet<AbortSignal>();

/** Has something done before the session is closed in order. Returns how to take that back. */
export function beforeClose({ signal }: Session, duty: Duty): () => void {
  const known = duties.get(signal) ?? new Set();
  duties.set(signal, known);
  known.add(duty);
  return () => known.delete(duty);
}

/**
 * Does what is to be done before the session is closed, all at once; from now on nothing more is taken. A session that
 * cannot reach a server is not waited for.
 */
export async function part({ signal, state }: Session): Promise<void> {
  parting.add(signal);
  if (state !== "connected") return;
  await Promise.allSettled([...(duties.get(signal) ?? [])].map((duty) => duty()));
}

/** @throws FlotillaError `ERR_FLOTILLA_CLOSED` once the session is about to be closed */
export function requireStaying({ signal }: Session): void {
  if (parting.has(signal)) throw new FlotillaError("ERR_FLOTILLA_CLOSED", "the session is being closed");
}
