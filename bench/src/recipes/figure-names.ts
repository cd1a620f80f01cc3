/** What `bench recipes` can measure, in the order in which it does. */
export const recipeFigures = ["counter", "queue", "cron", "shards", "keeper"] as const;
export type RecipeFigure = (typeof recipeFigures)[number];

/** How long each is measured. */
export interface RecipeExtent {
  readonly measureMs: number;
}

/** What to measure, and how to tell. */
export interface RecipeOptions extends RecipeExtent {
  readonly only: readonly RecipeFigure[];
  /** Measure ZooKeeper beside it where that has the like. */
  readonly zooKeeper: boolean;
  readonly json: boolean;
}
