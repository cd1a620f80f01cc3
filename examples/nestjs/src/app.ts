// One of three instances of an app.
import "reflect-metadata";
import type { Leadership, Member, Session } from "@flotilla/coord";
import { Injectable, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { cleanup } from "../../support/cleanup-job.mjs";
import { FlotillaModule, OnLeader } from "./on-leader.ts";

@Injectable()
class Housekeeping {
  @OnLeader("cleanup")
  async run(leadership: Leadership, session: Session): Promise<void> {
    await cleanup(leadership, session);
  }
}

const { ID: id = "", DATA: dataDir = "", MEMBERS: members = "[]" } = process.env;
const bootstrap: readonly Member[] = JSON.parse(members);
const listen = bootstrap.find((member) => member.id === id)?.address ?? "";

@Module({
  imports: [FlotillaModule.forRoot({ id, dataDir, listen, bootstrap })],
  providers: [Housekeeping],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ["error", "warn"] });
app.enableShutdownHooks(["SIGTERM"]);
