import type { Site } from "../systems/cluster.ts";
import type { CoordExtent } from "./figure-names.ts";

/** Where figures are measured, and who hears what is not a figure. */
export interface CoordBench {
  readonly site: Site;
  readonly extent: CoordExtent;
  readonly zooKeeper: boolean;
  readonly progress: (line: string) => void;
}

/** Milliseconds for people. */
export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
