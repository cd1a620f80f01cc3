import type { Site } from "../systems/cluster.ts";
import type { RecipeExtent } from "./figure-names.ts";

/** Where figures are measured, and who hears what is not a figure. */
export interface RecipeBench {
  readonly site: Site;
  readonly extent: RecipeExtent;
  readonly zooKeeper: boolean;
  readonly progress: (line: string) => void;
}
