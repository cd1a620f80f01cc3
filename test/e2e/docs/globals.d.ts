import type {
  ConditionalStore,
  Coord,
  CoordNode,
  Instance,
  Session,
  SqlValue,
  StandardSchema,
} from "@flotilla/coord";

// What code blocks of the documentation take from the app around them.
declare global {
  function report(run: { epoch: number; signal: AbortSignal }): Promise<void>;
  function rollOut(run: { signal: AbortSignal }): Promise<void>;
  function move(): Promise<void>;
  function membersOf(name: string, options: { signal: AbortSignal }): Promise<string[]>;
  function sql(text: string, values: readonly SqlValue[]): Promise<number>;
  const bucket: ConditionalStore<string, string>;
  const balancer: { update(instances: readonly Instance[]): void };
  const plan: StandardSchema<{ tasks: number }>;
  const node: CoordNode;
  const coord: Coord;
  const session: Session;
}
