import type { HistoryWriter } from "@flotilla/history";

/** Where clients write down what they do and see. */
export type Notes = Pick<HistoryWriter, "newClient" | "invoke" | "ok" | "fail" | "unknown" | "add" | "amend">;
