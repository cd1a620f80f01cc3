/** What a simulated cluster is made of, for tests of Flotilla itself. Not stable from one version to the next. */
export { Members } from "../members.ts";
